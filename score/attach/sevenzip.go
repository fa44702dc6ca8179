package attach

import (
	"bytes"
	"errors"
	"io"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"
)

// Bounds of what a 7z archive says of itself. Its header is packed, too, and its numbers are the sender's.
const (
	maxHeader  = 1 << 20
	maxFolders = 2000
	maxEntries = 20_000
	maxCoders  = 4
)

// szAES is the method of encryption, AES-256 with SHA-256.
const szAES = "\x06\xf1\x07\x01"

var (
	errCoder     = errors.New("packed by a method that is not read")
	errEncrypted = errors.New("encrypted")
	errHeader    = errors.New("its header is broken")
	errNotRead   = errors.New("too much was read before it")
)

// folder is files that 7z packed as one stream, through one or more coders.
type folder struct {
	coders []coder // in the order in which they are undone
	packed []byte
	sizes  []uint64 // of the files inside
	summed bool     // it has a checksum of its own
}

type coder struct {
	method     string
	properties []byte
	place      int    // in the folder
	size       uint64 // of what it gives
}

// szFile is a file of a 7z archive. Those that hold nothing are in no folder.
type szFile struct {
	name  string
	empty bool
}

// sevenZip reads a 7z archive (7zFormat.txt of the LZMA SDK). A library is not used: the one there is makes tables as
// long as the header asks, up to hundreds of gigabytes, and dictionaries up to four.
func (w *work) sevenZip(it item) {
	folders, files, err := w.szHeader(it.body)
	if errors.Is(err, errEncrypted) {
		w.report.Encrypted = true
		return
	}
	if err != nil {
		w.unreadable(it, "7z: "+err.Error())
		return
	}
	for _, f := range files {
		if f.empty && !w.countMember(it.name, f.name) {
			return
		}
		if f.empty {
			w.judgeName(strings.ToLower(f.name), "", it.depth+1)
		}
	}
	files = slices.DeleteFunc(files, func(f szFile) bool { return f.empty })
	for _, f := range folders {
		n := min(len(f.sizes), len(files))
		if !w.szFolder(it, f, files[:n]) {
			return
		}
		files = files[n:]
	}
	w.follows(it, szRest(it.body))
}

// szRest is what follows the archive: its header stands at its end.
func szRest(body []byte) []byte {
	c := cursor{rest: body}
	c.skip(12)
	offset, size := c.uint64(), c.uint64()
	c.skip(4)
	c.skip(offset)
	c.skip(size)
	return c.rest
}

// szFolder looks at the files of a folder. It answers false when there were enough.
func (w *work) szFolder(it item, f folder, files []szFile) bool {
	var s stream
	err := errNotRead
	if w.left > 0 && w.files > 0 { // a decoder costs memory
		s, err = w.undo(f)
	}
	w.report.Encrypted = w.report.Encrypted || errors.Is(err, errEncrypted)
	if errors.Is(err, errCoder) {
		w.unreadable(it, "7z: "+err.Error())
	}
	for i, file := range files {
		if !w.countMember(it.name, file.name) {
			return false
		}
		if err != nil && err != errNotRead {
			w.judgeName(strings.ToLower(file.name), "", it.depth+1)
			continue
		}
		if !w.admit(file.name, it.depth) || err != nil {
			continue
		}
		part := stream{io.LimitReader(s, int64(min(f.sizes[i], 1<<40))), s.from, s.cost}
		w.inspectPacked(file.name, part, it.depth)
		rest, _ := io.CopyN(io.Discard, part, max(0, w.left/s.cost)) // to where the next file begins
		w.pay(part, rest)
	}
	return true
}

// undo is the stream of a folder, unpacked.
func (w *work) undo(f folder) (stream, error) {
	s, raw := stream{cost: costCopy}, f.packed
	for i, c := range f.coders {
		switch {
		case c.method == szAES:
			return s, errEncrypted
		case i > 0 && programFilter(c.method):
			// A filter for programs: it changes the targets of jumps, nothing that is looked at here.
		case i > 0:
			return s, errCoder
		case c.method == "\x00":
			s = plain(bytes.NewReader(raw))
		case c.method == "\x21" && len(c.properties) == 1:
			s = w.lzma2(c.properties[0], c.size, raw)
		case c.method == "\x03\x01\x01":
			s = w.lzma(c.properties, c.size, raw)
		case c.method == "\x04\x01\x08":
			s = w.deflatedAlone(raw) // one of its own: files in this folder may be archives
		case c.method == "\x04\x02\x02":
			s = w.bzipped(raw)
		default:
			return s, errCoder
		}
	}
	return s, nil
}

// programFilter reports whether a method is a filter for programs of some processor. BCJ2 is none: it has four streams.
func programFilter(method string) bool {
	return strings.HasPrefix(method, "\x03\x03") && method != "\x03\x03\x01\x1b" ||
		len(method) == 1 && method[0] >= 4 && method[0] <= 0x0b
}

// szHeader reads what is in the archive, through the packed header where it is packed.
func (w *work) szHeader(body []byte) ([]folder, []szFile, error) {
	c := cursor{rest: body}
	c.skip(12)
	offset, size := c.uint64(), c.uint64()
	c.skip(4)
	data := c.rest
	c.skip(offset)
	c = cursor{rest: c.next(size)}
	for range 4 {
		switch c.uint8() {
		case 0x01: // header
			return szContents(&c, data)
		case 0x17: // packed header
			folders := szStreams(&c, data)
			if len(folders) != 1 || c.short {
				return nil, nil, errHeader
			}
			s, err := w.undo(folders[0])
			if err != nil {
				return nil, nil, err
			}
			w.decode(s, maxHeader, func(b []byte, _ bool) { c = cursor{rest: bytes.Clone(b)} })
		default:
			return nil, nil, errHeader
		}
	}
	return nil, nil, errHeader
}

func szContents(c *cursor, data []byte) ([]folder, []szFile, error) {
	var folders []folder
	kind := c.uint8()
	if kind == 0x04 { // main streams
		folders = szStreams(c, data)
		kind = c.uint8()
	}
	if kind != 0x05 || c.short {
		return nil, nil, errHeader
	}
	files := szFiles(c)
	if files == nil {
		return nil, nil, errHeader
	}
	return folders, files, nil
}

// number reads a number as 7z writes it: as many high bits of the first octet as there are octets after it.
func (c *cursor) number() uint64 {
	first := c.uint8()
	more := bits.LeadingZeros8(^first)
	var v uint64
	for i := range more {
		v |= uint64(c.uint8()) << (8 * i)
	}
	if more < 7 {
		v |= uint64(first&(1<<(7-more)-1)) << (8 * more)
	}
	return v
}

// count reads a number of things that have at least an octet each, and are no more than most.
func (c *cursor) count(most int) int {
	n := c.number()
	if n > uint64(most) || n > uint64(len(c.rest)) {
		c.rest, c.short = nil, true
		return 0
	}
	return int(n)
}

// szFiles reads the names, and which files hold nothing.
func szFiles(c *cursor) []szFile {
	files := make([]szFile, c.count(maxEntries))
	for !c.short {
		kind := c.uint8()
		if kind == 0 {
			return files
		}
		value := cursor{rest: c.next(c.number())}
		switch kind {
		case 0x0e:
			for i := range files {
				files[i].empty = i/8 < len(value.rest) && value.rest[i/8]&(0x80>>(i%8)) != 0
			}
		case 0x11:
			value.skip(1)
			szNames(files, value.rest)
		}
	}
	return nil
}

func szNames(files []szFile, b []byte) {
	var name []uint16
	for i := 0; i+1 < len(b) && len(files) > 0; i += 2 {
		if unit := uint16(b[i]) | uint16(b[i+1])<<8; unit != 0 {
			name = append(name, unit)
			continue
		}
		files[0].name = string(utf16.Decode(name))
		files, name = files[1:], name[:0]
	}
}
