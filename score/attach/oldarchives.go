package attach

import (
	"bytes"
	"strings"
)

// oldArchive reads the names in an LZH, ARJ or ACE archive, and LZH files that are stored as they are.
func (w *work) oldArchive(it item) {
	name, body, depth := it.name, it.body, it.depth
	w.addFinding("rare_archive",
		"The file %q is an archive of a kind that few programs still write and many still open.", name)
	see := func(inner string, stored []byte) bool {
		if !w.countMember(name, inner) {
			return false
		}
		if stored == nil {
			w.judgeName(strings.ToLower(inner), "", depth+1)
			return true
		}
		w.inspectStored(inner, stored, depth)
		return true
	}
	var locked bool
	switch Sniff(body) {
	case "lzh":
		w.lzh(name, body, see)
	case "arj":
		locked = w.arj(name, body, see)
	case "ace":
		locked = w.ace(name, body, see)
	}
	w.report.Encrypted = w.report.Encrypted || locked
}

// lzh walks over the files (header.doc of LHa for UNIX: levels 0, 1 and 2).
func (w *work) lzh(name string, body []byte, see func(string, []byte) bool) {
	for range w.entries(name) {
		c := cursor{rest: body}
		size := uint64(c.uint16())
		method := string(c.next(5))
		packed := uint64(c.uint32())
		c.skip(4 + 4 + 1) // size, time, attributes
		level := c.uint8()
		var name string
		switch level {
		case 0, 1:
			size = size&0xff + 2 // then a checksum
			name = string(c.next(uint64(c.uint8())))
		case 2:
			c.skip(2 + 1) // checksum, system
			name = lzhName(&c)
		default:
			return
		}
		data := cursor{rest: body}
		data.skip(size)
		content := data.next(packed)
		if c.short || data.short || size < 20 {
			return
		}
		if level == 1 || method != "-lh0-" {
			content = nil // packed, or with more headers before it
		}
		if !see(name, content) {
			return
		}
		body = data.rest
	}
}

// lzhName finds the name among the extended headers.
func lzhName(c *cursor) string {
	for !c.short {
		size := uint64(c.uint16())
		if size < 3 {
			return ""
		}
		kind, value := c.uint8(), c.next(size-3)
		if kind == 1 {
			return string(value)
		}
	}
	return ""
}

// arj walks over the files (ARJ technote). It answers whether one is encrypted.
func (w *work) arj(name string, body []byte, see func(string, []byte) bool) (locked bool) {
	c := cursor{rest: body}
	for range w.entries(name) {
		c.skip(2)
		header := cursor{rest: c.next(uint64(c.uint16()))}
		c.skip(4) // checksum
		for n := uint64(c.uint16()); n != 0 && !c.short; n = uint64(c.uint16()) {
			c.skip(n + 4) // an extended header and its checksum
		}
		first := cursor{rest: header.next(uint64(header.uint8()) - 1)}
		first.skip(3) // versions, system
		flags := first.uint8()
		first.skip(1) // method
		kind := first.uint8()
		first.skip(1 + 4) // reserved, time
		packed := uint64(first.uint32())
		name := header.text()
		if c.short || first.short || header.short {
			return locked
		}
		if kind == 2 { // the archive itself
			continue
		}
		locked = locked || flags&1 != 0
		if !see(name, nil) {
			return locked
		}
		c.skip(packed)
	}
	return locked
}

// ace walks over the blocks of an ACE archive, as acefile (Daniel Roethlisberger) documents them. It answers whether
// one is encrypted.
func (w *work) ace(name string, body []byte, see func(string, []byte) bool) (locked bool) {
	c := cursor{rest: body}
	for range w.entries(name) {
		c.skip(2) // checksum
		header := cursor{rest: c.next(uint64(c.uint16()))}
		kind, flags := header.uint8(), header.uint16()
		var data uint64
		if flags&1 != 0 {
			data = uint64(header.uint32())
		}
		if c.short || header.short {
			return locked
		}
		if kind == 1 {
			header.skip(4 + 4 + 4 + 4 + 4 + 2) // size, time, attributes, checksum, method, reserved
			locked = locked || flags&0x4000 != 0
			if !see(string(bytes.TrimRight(header.next(uint64(header.uint16())), "\x00")), nil) {
				return locked
			}
		}
		c.skip(data)
	}
	return locked
}
