package outlooktest

import (
	"encoding/binary"
	"slices"
)

// TNEF is the message as a winmail.dat. MS-OXTNEF, section 2.1.3.
func (m Message) TNEF() []byte {
	b := append([]byte("\x78\x9f\x3e\x22"), 1, 0)
	b = append(b, attribute(1, 0x00089006, []byte{0, 0, 1, 0})...)                // attTnefVersion
	b = append(b, attribute(1, 0x00069007, []byte{0xe4, 4, 0, 0, 0, 0, 0, 0})...) // attOemCodepage
	b = append(b, attribute(1, 0x00069003, list(append(fixed(), m.values()...)...))...)
	attach := func(values ...[]byte) {
		b = append(b, attribute(2, 0x00069002, make([]byte, 14))...)
		b = append(b, attribute(2, 0x00069005, list(values...))...)
	}
	for _, a := range m.Attached {
		object := append([]byte("\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"), a.TNEF()...)
		attach(value(text(0x3001, "a message")), value(property{0x3701, 0x000d, object}))
	}
	for _, f := range m.Files {
		b = append(b, attribute(2, 0x00069002, make([]byte, 14))...)
		b = append(b, attribute(2, 0x0006800f, []byte(f))...)
		b = append(b, attribute(2, 0x00069005, list(value(text(0x3707, "file.bin"))))...)
	}
	return b
}

func (m Message) values() (list [][]byte) {
	for _, p := range m.properties() {
		list = append(list, value(p))
	}
	return list
}

// fixed are properties of other kinds and with names, which a reader has to pass over.
func fixed() [][]byte {
	guid := []byte("0123456789abcdef")
	number := slices.Concat(guid, u32(0), u32(0x8510))
	word := slices.Concat(guid, u32(1), u32(8), wide("Key"))
	return [][]byte{
		slices.Concat(tag(0x0017, 0x0003), u32(1)),          // a long
		slices.Concat(tag(0x0e1b, 0x000b), u32(1)),          // a truth value, padded
		slices.Concat(tag(0x0039, 0x0040), make([]byte, 8)), // a time
		slices.Concat(tag(0x1e82, 0x0048), guid),
		slices.Concat(tag(0x1e80, 0x1003), u32(2), u32(1), u32(2)), // several longs
		slices.Concat(tag(0x1e81, 0x101f), u32(2), u32(4), wide("a"), u32(2), wide(""), make([]byte, 2)),
		slices.Concat(tag(0x8001, 0x0002), number, u32(7)),
		slices.Concat(tag(0x8002, 0x001f), word, u32(1), u32(6), wide("ab"), make([]byte, 2)),
	}
}

// wide is text that ends with a NUL.
func wide(s string) []byte { return text(0, s+"\x00").value }

func tag(id, kind uint16) []byte {
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), id)
}

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// value is a property of which there is one value.
func value(p property) []byte {
	b := p.value
	if p.kind == unicode {
		b = append(slices.Clone(b), 0, 0)
	}
	return slices.Concat(tag(p.id, p.kind), u32(1), u32(uint32(len(b))), b, make([]byte, -len(b)&3))
}

func list(values ...[]byte) []byte {
	return slices.Concat(append([][]byte{u32(uint32(len(values)))}, values...)...)
}

func attribute(level byte, id uint32, data []byte) []byte {
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	b := slices.Concat([]byte{level}, u32(id), u32(uint32(len(data))), data)
	return binary.LittleEndian.AppendUint16(b, sum)
}
