package words

// machine finds all phrases in a text in one pass (Aho and Corasick, 1975). It is built once and only read after that.
type machine struct {
	class [256]uint8
	width int
	next  []int32 // state*width + class
	ends  [][]int32
}

// build makes the machine of the phrases; a phrase is named by its index.
func build(phrases []string) *machine {
	m := &machine{}
	for _, p := range phrases {
		for i := 0; i < len(p); i++ {
			if m.class[p[i]] == 0 {
				m.width++
				m.class[p[i]] = uint8(m.width)
			}
		}
	}
	m.width++
	m.state()
	for id, p := range phrases {
		m.add(p, int32(id))
	}
	m.link()
	return m
}

func (m *machine) state() int32 {
	m.next = append(m.next, make([]int32, m.width)...)
	m.ends = append(m.ends, nil)
	return int32(len(m.ends) - 1)
}

func (m *machine) add(phrase string, id int32) {
	at := int32(0)
	for i := 0; i < len(phrase); i++ {
		slot := int(at)*m.width + int(m.class[phrase[i]])
		if m.next[slot] == 0 {
			to := m.state()
			m.next[slot] = to
		}
		at = m.next[slot]
	}
	m.ends[at] = append(m.ends[at], id)
}

// link turns the tree into a machine that never goes back in the text.
func (m *machine) link() {
	fail := make([]int32, len(m.ends))
	queue := make([]int32, 0, len(m.ends))
	for c := range m.width {
		if to := m.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for head := 0; head < len(queue); head++ {
		at := queue[head]
		m.ends[at] = append(m.ends[at], m.ends[fail[at]]...)
		for c := range m.width {
			slot := int(at)*m.width + c
			back := m.next[int(fail[at])*m.width+c]
			if to := m.next[slot]; to != 0 {
				fail[to] = back
				queue = append(queue, to)
				continue
			}
			m.next[slot] = back
		}
	}
}

// find calls hit with each phrase that ends at an octet of text, and where.
func (m *machine) find(text string, hit func(id int32, end int)) {
	at := int32(0)
	for i := 0; i < len(text); i++ {
		at = m.next[int(at)*m.width+int(m.class[text[i]])]
		for _, id := range m.ends[at] {
			hit(id, i+1)
		}
	}
}
