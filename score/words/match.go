package words

import "strings"

// machine finds all phrases in a text in one pass (Aho and Corasick, 1975). It is built once and only read after that.
//
// The states lie in the order of their depth, since most of a text is read in the few near the start, and a row of them
// is named by where it begins, with the lowest bit set where phrases end there: so a byte of text costs one look at the
// table.
type machine struct {
	class [256]uint8
	width int
	next  []int32   // row of the state + class: the next state's row, times two, plus one where phrases end
	ends  [][]int32 // by row, divided by width
	words bool      // every phrase begins with a space: what begins otherwise is passed over
	space int32     // the state behind a space, where every phrase begins
	// Bits of the four bytes behind that space, hashed; a word whose bit is not set begins no phrase.
	first [firsts / 64]uint64
}

// firsts is how many hashes of words' beginnings are told apart. It fits the nearest cache, as the table of states does
// not.
const firsts = 1 << 15

// beginning is the hash of the four bytes at the start of a word.
func beginning(word string) uint32 {
	n := uint32(word[0]) | uint32(word[1])<<8 | uint32(word[2])<<16 | uint32(word[3])<<24
	return n * 2654435761 >> 17 // Knuth's multiplicative hash
}

// tree is the phrases while the machine is built.
type tree struct {
	next  [][]int32 // state, class: the next state
	ends  [][]int32
	width int
}

// build makes the machine of the phrases; a phrase is named by its index.
func build(phrases []string) *machine {
	m := &machine{words: true}
	for _, p := range phrases {
		m.words = m.words && strings.HasPrefix(p, " ")
		for i := 0; i < len(p); i++ {
			if m.class[p[i]] == 0 {
				m.width++
				m.class[p[i]] = uint8(m.width)
			}
		}
	}
	m.width++
	t := &tree{width: m.width}
	t.state()
	for id, p := range phrases {
		t.add(p, &m.class, int32(id))
	}
	m.layOut(t, t.link())
	if m.words {
		m.space = m.next[m.class[' ']] >> 1
		for _, p := range phrases {
			m.begins(p[1:])
		}
	}
	return m
}

// begins notes how a phrase begins, whatever follows it where it is short.
func (m *machine) begins(phrase string) {
	switch len(phrase) {
	case 0, 1, 2:
		for i := range m.first {
			m.first[i] = ^uint64(0)
		}
	case 3:
		for c := range 256 {
			m.begins(phrase + string([]byte{byte(c)}))
		}
	default:
		h := beginning(phrase)
		m.first[h/64] |= 1 << (h % 64)
	}
}

func (t *tree) state() int32 {
	t.next = append(t.next, make([]int32, t.width))
	t.ends = append(t.ends, nil)
	return int32(len(t.ends) - 1)
}

func (t *tree) add(phrase string, class *[256]uint8, id int32) {
	at := int32(0)
	for i := 0; i < len(phrase); i++ {
		c := class[phrase[i]]
		if t.next[at][c] == 0 {
			to := t.state()
			t.next[at][c] = to
		}
		at = t.next[at][c]
	}
	t.ends[at] = append(t.ends[at], id)
}

// link turns the tree into one that never goes back in the text, and gives the states in the order of their depth.
func (t *tree) link() []int32 {
	fail := make([]int32, len(t.ends))
	order := make([]int32, 1, len(t.ends))
	for _, to := range t.next[0] {
		if to != 0 {
			order = append(order, to)
		}
	}
	for head := 1; head < len(order); head++ {
		at := order[head]
		t.ends[at] = append(t.ends[at], t.ends[fail[at]]...)
		for c, to := range t.next[at] {
			back := t.next[fail[at]][c]
			if to != 0 {
				fail[to] = back
				order = append(order, to)
				continue
			}
			t.next[at][c] = back
		}
	}
	return order
}

// layOut lays out the states of a tree in their order.
func (m *machine) layOut(t *tree, order []int32) {
	place := make([]int32, len(order))
	for i, state := range order {
		place[state] = int32(i)
	}
	m.next = make([]int32, 0, len(order)*m.width)
	m.ends = make([][]int32, 0, len(order))
	for _, state := range order {
		m.ends = append(m.ends, t.ends[state])
		for _, to := range t.next[state] {
			entry := 2 * place[to] * int32(m.width)
			if len(t.ends[to]) > 0 {
				entry++
			}
			m.next = append(m.next, entry)
		}
	}
}

// find calls hit with each phrase that ends at a byte of text, and where.
func (m *machine) find(text string, hit func(id int32, end int)) {
	at := int32(0)
	for i := 0; i < len(text); i++ {
		if m.words && (at == 0 || at == m.space) {
			if i = m.skip(text, i, at == 0); i == len(text) {
				return
			}
			at = m.space
		}
		entry := m.next[at+int32(m.class[text[i]])]
		at = entry >> 1
		if entry&1 == 0 {
			continue
		}
		for _, id := range m.ends[int(at)/m.width] {
			hit(id, i+1)
		}
	}
}

// skip is where to go on in a text: at the first byte of a word that may begin a phrase. Within a word it passes over
// what is left of that.
func (m *machine) skip(text string, i int, within bool) int {
	for {
		for within && i < len(text) && text[i] != ' ' {
			i++
		}
		if within && i < len(text) {
			i++
		}
		if len(text)-i < 4 {
			return i
		}
		if h := beginning(text[i:]); m.first[h/64]&(1<<(h%64)) != 0 {
			return i
		}
		within = true
	}
}
