package attach

import (
	"strings"
)

// Attributes that are read (MS-OXTNEF, section 2.1.3.3).
const (
	attBody       = 0x0002800c
	attRendData   = 0x00069002 // the next file begins
	attProperties = 0x00069003 // of the message
	attFile       = 0x00069005 // properties of the file
	attTitle      = 0x00018010
	attData       = 0x0006800f
)

const maxAttributes = 4000

// interfaceMessage is IID_IMessage: what an attached object begins with that is a message.
const interfaceMessage = "\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"

// tnef unpacks the message and the files of a winmail.dat (MS-OXTNEF, section 2.1.3).
func (w *work) tnef(it item) { w.tnefLevel(it, 0) }

func (w *work) tnefLevel(it item, level int) {
	c := cursor{rest: it.body}
	c.skip(6)
	var m mail
	var f outlookFile
	flush := func() {
		if f.data != nil || len(f.names) > 0 {
			w.outlookFile(it, f)
		}
		f = outlookFile{}
	}
	for range maxAttributes {
		c.skip(1) // level
		attribute, size := c.uint32(), uint64(c.uint32())
		value := c.next(size)
		if c.skip(2); c.short && value == nil {
			break
		}
		switch attribute {
		case attBody:
			m.keep(propBody, typeString8, value)
		case attRendData:
			flush()
		case attTitle:
			f.names = append(f.names, strings.TrimRight(string(value), "\x00"))
		case attData:
			f.data = value
		case attProperties:
			m.cut = !properties(value, m.keep) || m.cut
		case attFile:
			m.cut = !properties(value, func(id, kind uint16, value []byte) {
				w.tnefFile(it, &f, property{id, kind, value}, level)
			}) || m.cut
		}
	}
	m.cut = m.cut || !c.short && len(c.rest) > 0
	flush()
	w.outlookMail(it, m)
}

// property is one of MAPI's.
type property struct {
	id, kind uint16
	value    []byte
}

// tnefFile takes a property of an attached file.
func (w *work) tnefFile(it item, f *outlookFile, p property, level int) {
	switch {
	case p.id != propData:
		f.keepName(p.id, p.kind, p.value)
	case p.kind == typeBinary:
		f.data = p.value
	case p.kind == typeObject && len(p.value) > 16 && string(p.value[:16]) == interfaceMessage:
		if level >= maxOutlook {
			w.notRead("Of the messages in %q only the first %d levels were read.", it.name, maxOutlook)
			return
		}
		w.tnefLevel(item{name: it.name, body: p.value[16:], depth: it.depth}, level+1)
	case p.kind == typeObject && len(p.value) > 16:
		f.data = p.value[16:]
	}
}

// properties reads a list of properties (MS-OXTNEF, section 2.1.3.4), and calls see with each that has no fixed size.
// It answers false where there are more than are read.
func properties(b []byte, see func(id, kind uint16, value []byte)) bool {
	c := cursor{rest: b}
	count := c.uint32()
	for range min(count, maxProperties) {
		kind, id := c.uint16(), c.uint16()
		if id >= 0x8000 && !propertyName(&c) || c.short {
			return true
		}
		values := uint32(1)
		size, fixed := propertySize(kind &^ 0x1000)
		if !fixed || kind&0x1000 != 0 {
			values = c.uint32()
		}
		for range min(values, maxProperties) {
			if !fixed {
				size = uint64(c.uint32())
			}
			value := c.next(size)
			if c.skip(-size & 3); c.short {
				return true
			}
			if !fixed {
				see(id, kind&^0x1000, value)
			}
		}
		if values > maxProperties {
			return false
		}
	}
	return count <= maxProperties
}

// propertyName passes over the name that a property has beside its number.
func propertyName(c *cursor) bool {
	c.skip(16)
	if c.uint32() == 0 {
		c.skip(4)
		return !c.short
	}
	size := uint64(c.uint32())
	c.skip(size + -size&3)
	return !c.short
}

// propertySize is the size of a value, where its type settles that.
func propertySize(kind uint16) (size uint64, fixed bool) {
	switch kind {
	case 0x0002, 0x000b:
		return 2, true
	case 0x0003, 0x0004, 0x000a:
		return 4, true
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040:
		return 8, true
	case 0x0048:
		return 16, true
	}
	return 0, false
}
