package outlooktest

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	sector     = 512
	endOfChain = 0xfffffffe
	none       = 0xffffffff
)

// node is a storage or a stream of a compound file.
type node struct {
	name     string
	storage  bool
	children []node
	data     []byte
}

// writer lays a compound file out: sectors after the header, in the order in which they are added.
type writer struct {
	sectors []byte
	fat     []uint32
	mini    []byte
	miniFAT []uint32
	entries [][]byte
}

// compound writes a file. MS-CFB, section 2.
func compound(root node) []byte {
	w := &writer{}
	w.add(root)
	start := w.chain(w.mini)
	put(w.entries[0], 116, start, uint32(len(w.mini)))
	directory := w.chain(slices.Concat(w.entries...))
	miniFAT := w.chain(octetsOf(w.miniFAT))
	tables := (len(w.fat) + sector/4) / (sector/4 - 1)
	h := make([]byte, sector)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for at, v := range map[int]uint16{24: 0x3e, 26: 3, 28: 0xfffe, 30: 9, 32: 6} {
		binary.LittleEndian.PutUint16(h[at:], v)
	}
	put(h, 44, uint32(tables), directory)
	put(h, 56, 4096, miniFAT, uint32((len(w.miniFAT)*4+sector-1)/sector), endOfChain, 0)
	for i := range 109 {
		put(h, 76+4*i, none)
	}
	for i := range tables {
		put(h, 76+4*i, uint32(len(w.fat)))
		w.fat = append(w.fat, 0xfffffffd)
	}
	table := octetsOf(w.fat)
	for len(table) < tables*sector {
		table = append(table, 0xff)
	}
	return slices.Concat(h, w.sectors, table)
}

// add writes a node and what is in it, and answers its number.
func (w *writer) add(n node) uint32 {
	at := uint32(len(w.entries))
	w.entries = append(w.entries, entry(n, at == 0))
	switch {
	case n.storage:
		put(w.entries[at], 76, w.tree(w.sorted(n.children)))
	case len(n.data) == 0:
		put(w.entries[at], 116, endOfChain, 0)
	case len(n.data) < 4096:
		first := len(w.miniFAT)
		for i := 0; i < len(n.data); i += 64 {
			w.miniFAT = append(w.miniFAT, uint32(len(w.miniFAT)+1))
		}
		w.miniFAT[len(w.miniFAT)-1] = endOfChain
		w.mini = append(append(w.mini, n.data...), make([]byte, -len(n.data)&63)...)
		put(w.entries[at], 116, uint32(first), uint32(len(n.data)))
	default:
		put(w.entries[at], 116, w.chain(n.data), uint32(len(n.data)))
	}
	return at
}

func (w *writer) sorted(children []node) (at []uint32) {
	children = slices.SortedFunc(slices.Values(children), func(a, b node) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)),
			strings.Compare(strings.ToUpper(a.name), strings.ToUpper(b.name)))
	})
	for _, c := range children {
		at = append(at, w.add(c))
	}
	return at
}

// tree makes siblings a binary tree, and answers its root.
func (w *writer) tree(sorted []uint32) uint32 {
	if len(sorted) == 0 {
		return none
	}
	middle := len(sorted) / 2
	root := sorted[middle]
	put(w.entries[root], 68, w.tree(sorted[:middle]), w.tree(sorted[middle+1:]))
	return root
}

func entry(n node, root bool) []byte {
	b := make([]byte, 128)
	units := utf16.Encode([]rune(n.name))
	for i, u := range units {
		binary.LittleEndian.PutUint16(b[2*i:], u)
	}
	binary.LittleEndian.PutUint16(b[64:], uint16(2*len(units)+2))
	kind := byte(2)
	if n.storage {
		kind = 1
	}
	if root {
		kind = 5
	}
	b[66], b[67] = kind, 1
	put(b, 68, none, none, none)
	return b
}

// chain adds sectors, and answers the first of them.
func (w *writer) chain(data []byte) uint32 {
	if len(data) == 0 {
		return endOfChain
	}
	first := uint32(len(w.fat))
	for i := 0; i < len(data); i += sector {
		w.fat = append(w.fat, uint32(len(w.fat)+1))
	}
	w.fat[len(w.fat)-1] = endOfChain
	w.sectors = append(append(w.sectors, data...), make([]byte, -len(data)&(sector-1))...)
	return first
}

func put(b []byte, at int, values ...uint32) {
	for i, v := range values {
		binary.LittleEndian.PutUint32(b[at+4*i:], v)
	}
}

func octetsOf(values []uint32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// lines is base64 in lines of 76.
func lines(b []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for piece := range slices.Chunk(b, 57) {
			if !yield(base64.StdEncoding.EncodeToString(piece)) {
				return
			}
		}
	}
}

// Document is a compound file with streams at paths such as "Macros/VBA/Module1", as the old Office wrote them.
func Document(streams map[string][]byte) []byte {
	root := node{name: "Root Entry", storage: true}
	for path, data := range streams {
		at := &root
		names := strings.Split(path, "/")
		for _, name := range names[:len(names)-1] {
			i := slices.IndexFunc(at.children, func(n node) bool { return n.name == name })
			if i < 0 {
				i = len(at.children)
				at.children = append(at.children, node{name: name, storage: true})
			}
			at = &at.children[i]
		}
		at.children = append(at.children, node{name: names[len(names)-1], data: data})
	}
	return compound(root)
}

// Nested is a compound file of storages, each within the one before.
func Nested(depth int) []byte {
	inner := node{name: "s", storage: true}
	for range depth {
		inner = node{name: "s", storage: true, children: []node{inner}}
	}
	return compound(inner)
}
