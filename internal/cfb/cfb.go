// Package cfb reads compound files, in which Outlook and the old Office keep storages and streams; pure and bounded.
//
// It is not mscfb because that holds a path of names for each entry: storages nested deeply in a file of 1 MB cost it
// 500 MB, and four times as much for twice the size.
//
// Reads: an io.Reader, once, to its end or to a limit.
//
// Writes: nothing.
//
// Invariants: the octets of a file are held once; each directory entry is handed out once, and all streams together
// give no more octets than the file has, so that loops and shared sectors cost nothing; nothing is recursive.
//
// On failure: what is no compound file is an error; a broken one is read as far as it goes.
//
// Standards: MS-CFB.
package cfb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic is how a compound file begins.
const Magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

const (
	chunk      = 64 << 10 // a multiple of every sector size
	headerSize = 512
	miniSector = 64
	miniCutoff = 4096 // shorter streams lie in mini sectors
	entrySize  = 128
	maxEntries = 1 << 15
)

var (
	errFormat = errors.New("not a compound file")
	errLimit  = errors.New("larger than is read")
)

// File is a compound file in memory.
type File struct {
	chunks  [][]byte
	size    int64
	sector  int64
	wide    bool // sizes have 64 bits: version 4
	fat     []uint32
	miniFAT []uint32
	entries []uint32 // sectors of the directory
	mini    []uint32 // sectors of the stream that holds the mini sectors
	left    int64    // octets that streams may still give
	seen    []bool   // entries that were handed out
}

// Read holds what r gives, up to a limit of octets.
func Read(r io.Reader, limit int64) (*File, error) {
	f := &File{}
	r = io.LimitReader(r, limit+1)
	for {
		b := make([]byte, chunk)
		n, err := io.ReadFull(r, b)
		f.chunks, f.size = append(f.chunks, b[:n]), f.size+int64(n)
		if f.size > limit {
			return nil, fmt.Errorf("%w: %d octets", errLimit, limit)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read compound file: %w", err)
		}
	}
	return f, f.header()
}

// Of looks at a compound file that is in memory. The octets must not change meanwhile.
func Of(body []byte) (*File, error) {
	f := &File{size: int64(len(body))}
	for len(body) > chunk {
		f.chunks, body = append(f.chunks, body[:chunk]), body[chunk:]
	}
	f.chunks = append(f.chunks, body)
	return f, f.header()
}

// Size is how many octets are held.
func (f *File) Size() int64 { return f.size }

// header reads the tables. MS-CFB, section 2.2.
func (f *File) header() error {
	f.left = f.size
	if f.size < headerSize || string(f.chunks[0][:8]) != Magic {
		return errFormat
	}
	h := f.chunks[0][:headerSize]
	switch shift := binary.LittleEndian.Uint16(h[30:]); shift {
	case 9, 12:
		f.sector, f.wide = 1<<shift, shift == 12
	default:
		return fmt.Errorf("%w: sectors of 2^%d octets", errFormat, shift)
	}
	f.readFAT(h)
	f.entries = f.chain(number(h, 48))
	for _, s := range f.chain(number(h, 60)) {
		f.miniFAT = append(f.miniFAT, numbers(f.at(s))...)
	}
	f.seen = make([]bool, min(maxEntries, len(f.entries)*int(f.sector)/entrySize))
	if root, ok := f.entryOnce(0); ok {
		f.mini = f.chain(root.start)
	}
	return nil
}

// readFAT reads which sector follows which. Its own sectors stand in the header, then in a chain. MS-CFB, section 2.5.
func (f *File) readFAT(h []byte) {
	list, next := numbers(h[76:]), number(h, 68)
	for range f.sectors() {
		more := numbers(f.at(next))
		if len(more) == 0 {
			break
		}
		list, next = append(list, more[:len(more)-1]...), more[len(more)-1]
	}
	for _, s := range list {
		if len(f.fat) >= f.sectors() {
			return
		}
		f.fat = append(f.fat, numbers(f.at(s))...)
	}
}

// sectors is how many there are at most.
func (f *File) sectors() int { return int((f.size + f.sector - 1) / f.sector) }

// at is one sector, the last one perhaps cut short; empty when there is none.
func (f *File) at(n uint32) []byte {
	from := (int64(n) + 1) * f.sector
	if from >= f.size {
		return nil
	}
	c := f.chunks[from/chunk]
	from %= chunk
	return c[from:min(from+f.sector, int64(len(c)))]
}

// chain is the sectors of a stream, without end markers; no longer than the file, whatever its tables say.
func (f *File) chain(start uint32) (list []uint32) {
	for n := start; int64(n) < int64(len(f.fat)) && len(list) < f.sectors(); n = f.fat[n] {
		list = append(list, n)
	}
	return list
}

func number(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

func numbers(b []byte) []uint32 {
	list := make([]uint32, len(b)/4)
	for i := range list {
		list[i] = number(b, i*4)
	}
	return list
}
