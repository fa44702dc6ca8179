// Package outlooktest writes .msg and winmail.dat files for tests, as Outlook does.
//
// Reads: nothing.
//
// Writes: nothing.
//
// Invariants: what it writes is read by other programs too (msgconvert, tnef, ytnef).
//
// On failure: there is none.
//
// Standards: MS-CFB, MS-OXMSG, MS-OXTNEF.
package outlooktest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Message is one in Outlook's own format.
type Message struct {
	ID       string // Message-ID
	Header   string // with which it was delivered
	Subject  string
	Body     string
	Attached []Message
	Files    []string // octets of the files that are attached
}

// property is a property whose value has no fixed size.
type property struct {
	id, kind uint16
	value    []byte
}

const (
	unicode = 0x001f
	octets  = 0x0102
)

func text(id uint16, s string) property {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return property{id, unicode, b}
}

// properties are those of the message itself; what is "" is left out.
func (m Message) properties() (list []property) {
	for _, p := range []struct {
		id uint16
		s  string
	}{{0x001a, "IPM.Note"}, {0x0037, m.Subject}, {0x007d, m.Header}, {0x1000, m.Body}, {0x1035, m.ID}} {
		if p.s != "" {
			list = append(list, text(p.id, p.s))
		}
	}
	return list
}

// MSG is the message as a .msg file.
func (m Message) MSG() []byte {
	root := node{name: "Root Entry", storage: true, children: m.storage(32)}
	return compound(root)
}

// storage is what a message's storage holds. MS-OXMSG, section 2.2.
func (m Message) storage(header int) (list []node) {
	list = m.streams(header)
	n := 0
	attach := func(children ...node) {
		list = append(list, node{name: fmt.Sprintf("__attach_version1.0_#%08X", n), storage: true, children: children})
		n++
	}
	for _, a := range m.Attached {
		object := node{name: "__substg1.0_3701000D", storage: true, children: a.storage(24)}
		attach(append(streams(8, property{0x3707, unicode, text(0, "a.msg").value}), object)...)
	}
	for _, f := range m.Files {
		attach(streams(8, property{0x3701, octets, []byte(f)})...)
	}
	return list
}

func (m Message) streams(header int) []node { return streams(header, m.properties()...) }

// streams are properties with the stream that lists them. MS-OXMSG, section 2.4.
func streams(header int, list ...property) (nodes []node) {
	index := make([]byte, header)
	for _, p := range list {
		index = binary.LittleEndian.AppendUint16(index, p.kind)
		index = binary.LittleEndian.AppendUint16(index, p.id)
		index = binary.LittleEndian.AppendUint32(index, 6)
		size := len(p.value)
		if p.kind == unicode {
			size += 2
		}
		index = binary.LittleEndian.AppendUint64(index, uint64(size))
		nodes = append(nodes, node{name: fmt.Sprintf("__substg1.0_%04X%04X", p.id, p.kind), data: p.value})
	}
	return append(nodes, node{name: "__properties_version1.0", data: index})
}

// Part is a file as the part of a MIME message that ends a multipart's header with its blank line.
func Part(kind, name string, file []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: %s; name=%q\r\nContent-Disposition: attachment; "+
		"filename=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n", kind, name, name)
	for line := range lines(file) {
		b.WriteString(line + "\r\n")
	}
	return b.String()
}
