package cfb

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// Entry is a storage or a stream.
type Entry struct {
	Name    string
	Storage bool
	Size    int64 // of a stream, as it says

	start, left, right, child uint32
}

// Root is the storage that holds all others.
func (f *File) Root() Entry {
	root, _ := f.entry(0)
	root.Storage = true
	return root
}

// Children are the entries of a storage, in their order. An entry that was handed out before is not among them.
func (f *File) Children(of Entry) (list []Entry) {
	var open []Entry
	for at := of.child; ; { // the entries of a storage are a binary tree: MS-CFB, section 2.6.4
		if e, ok := f.entryOnce(at); ok {
			open = append(open, e)
			at = e.left
			continue
		}
		if len(open) == 0 {
			return list
		}
		e := open[len(open)-1]
		open = open[:len(open)-1]
		list, at = append(list, e), e.right
	}
}

// entryOnce gives an entry once.
func (f *File) entryOnce(i uint32) (Entry, bool) {
	if int64(i) >= int64(len(f.seen)) || f.seen[i] {
		return Entry{}, false
	}
	f.seen[i] = true
	return f.entry(i)
}

// entry reads one directory entry. MS-CFB, section 2.6.1.
func (f *File) entry(i uint32) (Entry, bool) {
	each := uint32(f.sector / entrySize)
	if int(i/each) >= len(f.entries) {
		return Entry{}, false
	}
	b := f.at(f.entries[i/each])
	from := int(i%each) * entrySize
	if len(b) < from+entrySize {
		return Entry{}, false
	}
	b = b[from : from+entrySize]
	e := Entry{
		Name: name(b), Storage: b[66] == 1 || b[66] == 5,
		left: number(b, 68), right: number(b, 72), child: number(b, 76), start: number(b, 116),
		Size: int64(number(b, 120)),
	}
	if f.wide {
		e.Size = max(0, int64(binary.LittleEndian.Uint64(b[120:])))
	}
	return e, b[66] != 0
}

func name(b []byte) string {
	units := make([]uint16, min(31, max(0, int(binary.LittleEndian.Uint16(b[64:]))/2-1)))
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// Open reads a stream.
func (f *File) Open(e Entry) io.Reader {
	if e.Storage {
		return &stream{file: f}
	}
	return &stream{file: f, next: e.start, left: e.Size, mini: e.Size < miniCutoff}
}

// stream reads sector by sector.
type stream struct {
	file *File
	next uint32
	left int64 // of the size that the stream says
	mini bool
	rest []byte
}

func (s *stream) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		s.rest = s.sector()
		s.rest = s.rest[:min(int64(len(s.rest)), s.left, s.file.left)]
		s.left, s.file.left = s.left-int64(len(s.rest)), s.file.left-int64(len(s.rest))
	}
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// sector takes the next one; none at the end.
func (s *stream) sector() []byte {
	f, n := s.file, int64(s.next)
	table := f.fat
	if s.mini {
		table = f.miniFAT
	}
	if s.left <= 0 || n >= int64(len(table)) {
		return nil
	}
	s.next = table[n]
	if !s.mini {
		return f.at(uint32(n))
	}
	at := n * miniSector
	if at/f.sector >= int64(len(f.mini)) {
		return nil
	}
	b := f.at(f.mini[at/f.sector])
	at %= f.sector
	return b[min(at, int64(len(b))):min(at+miniSector, int64(len(b)))]
}
