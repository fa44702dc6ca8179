package attach

import (
	"bytes"
	"strings"
)

// rarFile is a file of a RAR archive.
type rarFile struct {
	name      string
	stored    []byte // its octets, where they are not packed
	encrypted bool
}

// rar reads the names in a RAR archive, and files that are stored as they are. What is packed is not unpacked: in RAR 4 it may ask for
// 256 MiB and run programs, in RAR 5 for eight thousand filters over one window, and the library there is (nwaples/rardecode) bounds neither.
func (w *work) rar(name string, body []byte, depth int) {
	see := func(f rarFile) bool {
		if !w.member(name, f.name) {
			return false
		}
		w.report.Encrypted = w.report.Encrypted || f.encrypted
		if f.stored == nil || f.encrypted {
			w.name(strings.ToLower(f.name), "", depth+1)
			return true
		}
		w.inside(strings.ToLower(f.name), f.stored, depth)
		return true
	}
	var locked bool
	if bytes.HasPrefix(body, []byte("Rar!\x1a\x07\x01\x00")) {
		locked = rar5(body[8:], see)
	} else {
		locked = rar4(body[min(7, len(body)):], see)
	}
	w.report.Encrypted = w.report.Encrypted || locked
}

// rar5 walks over the blocks (RAR 5.0 archive format, "Archive blocks"). It answers whether the headers themselves are encrypted.
func rar5(body []byte, see func(rarFile) bool) (locked bool) {
	c := cursor{rest: body}
	for range maxEntries {
		c.skip(4) // checksum
		header := cursor{rest: c.take(c.varint())}
		kind, flags := header.varint(), header.varint()
		var extra, data uint64
		if flags&1 != 0 {
			extra = header.varint()
		}
		if flags&2 != 0 {
			data = header.varint()
		}
		content := c.rest[:min(data, uint64(len(c.rest)))]
		switch {
		case header.short || kind == 5: // end
			return false
		case kind == 4: // encryption of all headers after it
			return true
		case kind == 2:
			if !see(rar5File(header, extra, content)) {
				return false
			}
		}
		c.skip(data)
	}
	return false
}

// rar5File reads a file header.
func rar5File(c cursor, extra uint64, content []byte) rarFile {
	var f rarFile
	flags := c.varint()
	c.varint() // unpacked size
	c.varint() // attributes
	if flags&2 != 0 {
		c.skip(4) // time
	}
	if flags&4 != 0 {
		c.skip(4) // checksum
	}
	if method := c.varint() >> 7 & 7; method == 0 {
		f.stored = content
	}
	c.varint() // operating system
	f.name = string(c.take(c.varint()))
	records := cursor{rest: c.take(min(extra, uint64(len(c.rest))))}
	for len(records.rest) > 0 {
		record := cursor{rest: records.take(records.varint())}
		f.encrypted = f.encrypted || record.varint() == 1
	}
	return f
}

// rar4 walks over the blocks of the older format (technote.txt of RAR 4).
func rar4(body []byte, see func(rarFile) bool) (locked bool) {
	c := cursor{rest: body}
	for range maxEntries {
		c.skip(2) // checksum
		kind, flags, size := c.octet(), c.uint16(), c.uint16()
		header := cursor{rest: c.take(uint64(max(size, 7)) - 7)}
		var data uint64
		if flags&0x8000 != 0 || kind == 0x74 {
			data = uint64(header.uint32())
		}
		content := c.rest[:min(data, uint64(len(c.rest)))]
		switch {
		case c.short || kind == 0x7b: // end
			return false
		case kind == 0x73 && flags&0x80 != 0: // headers are encrypted
			return true
		case kind == 0x74:
			if !see(rar4File(header, flags, content)) {
				return false
			}
		}
		c.skip(data)
	}
	return false
}

func rar4File(c cursor, flags uint16, content []byte) rarFile {
	var f rarFile
	c.skip(4 + 1 + 4 + 4 + 1) // unpacked size, system, checksum, time, version
	method, length := c.octet(), c.uint16()
	c.skip(4) // attributes
	if flags&0x100 != 0 {
		c.skip(8) // high halves of the sizes
	}
	name, _, _ := bytes.Cut(c.take(uint64(length)), []byte{0}) // a second form after a zero
	f.name, f.encrypted = string(name), flags&4 != 0
	if method == 0x30 {
		f.stored = content
	}
	return f
}
