package attach

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// rarFile is a file of a RAR archive.
type rarFile struct {
	names     []string
	stored    []byte // its bytes, where they are not packed
	encrypted bool
}

// rar reads the names in a RAR archive, and files that are stored as they are. What is packed is not unpacked: in RAR
// 4 it may ask for 256 MiB and run programs, in RAR 5 for eight thousand filters over one window, and the library
// there is (nwaples/rardecode) bounds neither.
func (w *work) rar(it item) {
	see := func(f rarFile) bool {
		if !w.countMember(it.name, f.names[0]) {
			return false
		}
		w.report.Encrypted = w.report.Encrypted || f.encrypted
		for _, other := range f.names[1:] {
			w.judgeName(strings.ToLower(other), "", it.depth+1)
		}
		if f.stored == nil || f.encrypted {
			w.judgeName(strings.ToLower(f.names[0]), "", it.depth+1)
			return true
		}
		w.inspectStored(f.names[0], f.stored, it.depth)
		return true
	}
	var locked bool
	var rest []byte
	if bytes.HasPrefix(it.body, []byte("Rar!\x1a\x07\x01\x00")) {
		locked, rest = w.rar5(it.name, it.body[8:], see)
	} else {
		locked, rest = w.rar4(it.name, it.body[min(7, len(it.body)):], see)
	}
	w.report.Encrypted = w.report.Encrypted || locked
	w.follows(it, rest)
}

// rar5 walks over the blocks (RAR 5.0 archive format, "Archive blocks"). It answers whether the headers themselves
// are encrypted, and what follows the end.
func (w *work) rar5(name string, body []byte, see func(rarFile) bool) (locked bool, rest []byte) {
	c := cursor{rest: body}
	for range w.entries(name) {
		c.skip(4) // checksum
		header := cursor{rest: c.next(c.varint())}
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
		case header.short:
			return false, nil
		case kind == 5: // end
			return false, c.rest
		case kind == 4: // encryption of all headers after it
			return true, nil
		case kind == 2 || kind == 3: // a file, or what belongs to one: a stream of NTFS has a name, too
			if f := rar5File(header, extra, content); kind == 2 || f.names[0] == "STM" {
				if !see(f) {
					return false, nil
				}
			}
		}
		c.skip(data)
	}
	return false, nil
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
	f.names = []string{string(c.next(c.varint()))}
	records := cursor{rest: c.next(min(extra, uint64(len(c.rest))))}
	for len(records.rest) > 0 {
		record := cursor{rest: records.next(records.varint())}
		switch record.varint() {
		case 1:
			f.encrypted = true
		case 5: // leads to another file, which may lie elsewhere
			record.skip(1)
			record.varint()
			f.names = append(f.names, string(record.next(record.varint())))
		case 7: // of a stream: its name
			f.names = append(f.names, string(record.rest))
		}
	}
	return f
}

// rar4 walks over the blocks of the older format (technote.txt of RAR 4).
func (w *work) rar4(name string, body []byte, see func(rarFile) bool) (locked bool, rest []byte) {
	c := cursor{rest: body}
	for range w.entries(name) {
		c.skip(2) // checksum
		kind, flags, size := c.uint8(), c.uint16(), c.uint16()
		header := cursor{rest: c.next(uint64(max(size, 7)) - 7)}
		var data uint64
		if flags&0x8000 != 0 || kind == 0x74 {
			data = uint64(header.uint32())
		}
		content := c.rest[:min(data, uint64(len(c.rest)))]
		switch {
		case c.short:
			return false, nil
		case kind == 0x7b: // end
			return false, c.rest
		case kind == 0x73 && flags&0x80 != 0: // headers are encrypted
			return true, nil
		case kind == 0x74:
			if !see(rar4File(header, flags, content)) {
				return false, nil
			}
		}
		c.skip(data)
	}
	return false, nil
}

func rar4File(c cursor, flags uint16, content []byte) rarFile {
	var f rarFile
	c.skip(4 + 1 + 4 + 4 + 1) // unpacked size, system, checksum, time, version
	method, length := c.uint8(), c.uint16()
	c.skip(4) // attributes
	if flags&0x100 != 0 {
		c.skip(8) // high halves of the sizes
	}
	name, packed, wide := bytes.Cut(c.next(uint64(length)), []byte{0})
	f.names, f.encrypted = []string{string(name)}, flags&4 != 0
	if wide && flags&0x200 != 0 { // the name that Windows shows
		f.names = append([]string{rar4Name(name, packed)}, f.names...)
	}
	if method == 0x30 {
		f.stored = content
	}
	return f
}

// rar4Name unpacks a name in UTF-16 that is written as its difference from the plain one (unrar, encname.cpp).
func rar4Name(plain, packed []byte) string {
	c := cursor{rest: packed}
	high := uint16(c.uint8()) << 8
	var name []uint16
	at := func(i int) uint16 {
		if i < len(plain) {
			return uint16(plain[i])
		}
		return 0
	}
	for len(c.rest) > 0 && len(name) < maxName {
		for flags, bits := c.uint8(), 0; bits < 8 && len(c.rest) > 0; flags, bits = flags<<2, bits+2 {
			switch flags >> 6 {
			case 0:
				name = append(name, uint16(c.uint8()))
			case 1:
				name = append(name, uint16(c.uint8())|high)
			case 2:
				name = append(name, c.uint16())
			case 3:
				name = rar4Run(name, &c, high, at)
			}
		}
	}
	return string(utf16.Decode(name))
}

// rar4Run repeats letters of the plain name, changed by a distance or as they are.
func rar4Run(name []uint16, c *cursor, high uint16, plain func(int) uint16) []uint16 {
	length := c.uint8()
	var change uint16
	if length&0x80 != 0 {
		change = uint16(c.uint8())
	} else {
		high = 0
	}
	for range int(length&0x7f) + 2 {
		name = append(name, (plain(len(name))+change)&0xff|high)
	}
	return name
}
