package attach

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"clawback/internal/cfb"
)

// Properties that are read of a message or of a file that is attached to it (MS-OXPROPS, section 2).
const (
	propHeaders   = 0x007d
	propBody      = 0x1000
	propRTF       = 0x1009 // compressed
	propHTML      = 0x1013
	propShown     = 0x3001
	propData      = 0x3701
	propShortName = 0x3704
	propLongName  = 0x3707
)

// Types of properties (MS-OXCDATA, section 2.11.1).
const (
	typeObject  = 0x000d
	typeString8 = 0x001e
	typeUnicode = 0x001f
	typeBinary  = 0x0102
)

const (
	maxProperty   = 1 << 20 // of a text
	maxProperties = 4000
	maxOutlook    = 8 // messages in messages
	maxShownName  = 64 << 10
)

// outlookFile is a file that is attached to a message of Outlook's own.
type outlookFile struct {
	names []string // the one that Outlook shows first
	data  []byte
}

// mail is what a message of Outlook's own says, in the form that mail has elsewhere.
type mail struct {
	plain, html []byte
	cut         bool // there was more than is read
}

func (m *mail) keep(id, kind uint16, value []byte) {
	switch id {
	case propBody:
		m.plain = append(m.plain, text16(kind, value)...)
	case propHTML:
		m.html = append(m.html, text16(kind, value)...)
	case propRTF:
		text := decompressRTF(value)
		m.cut = m.cut || len(text) >= maxProperty
		m.plain = append(append(m.plain, '\n'), addressesOf(text)...)
	}
}

// keepName adds a name of a file.
func (f *outlookFile) keepName(id, kind uint16, value []byte) {
	name := strings.TrimRight(text16(kind, value), "\x00")
	switch {
	case name == "":
	case id == propLongName:
		f.names = append([]string{name}, f.names...)
	case id == propShortName || id == propShown:
		f.names = append(f.names, name)
	}
}

// text16 is a property that is text, in UTF-8.
func text16(kind uint16, value []byte) string {
	if kind != typeUnicode {
		return string(value)
	}
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(value[2*i:])
	}
	return string(utf16.Decode(units))
}

// outlookMail hands on the texts of a message.
func (w *work) outlookMail(it item, m mail) {
	if m.cut {
		w.notRead("The message %q was not read to its end.", it.name)
	}
	if len(bytes.TrimSpace(m.plain)) == 0 && len(bytes.TrimSpace(m.html)) == 0 {
		return
	}
	var raw bytes.Buffer
	raw.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_\"\r\n")
	for _, part := range []struct {
		media string
		body  []byte
	}{{"text/plain", m.plain}, {"text/html", m.html}} {
		if len(part.body) > 0 {
			fmt.Fprintf(&raw, "\r\n--=_\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: "+
				"base64\r\n\r\n%s",
				part.media, base64.StdEncoding.EncodeToString(part.body))
		}
	}
	raw.WriteString("\r\n--=_--\r\n")
	w.message(item{name: it.name, body: raw.Bytes(), depth: it.depth})
}

// outlookFile looks at a file that is attached to such a message.
func (w *work) outlookFile(it item, f outlookFile) {
	if len(f.names) == 0 {
		f.names = []string{"attachment"}
	}
	if !w.countMember(it.name, f.names[0]) {
		return
	}
	for _, other := range f.names[1:] {
		w.judgeName(strings.ToLower(other), "", it.depth+1)
	}
	w.inspectStored(f.names[0], f.data, it.depth)
}

// msgEntry reports whether an entry of a compound file is one that only messages have (MS-OXMSG, section 2.2).
func msgEntry(e cfb.Entry) bool { return strings.HasPrefix(e.Name, "__properties_version1.0") }

// msg looks at a message in Outlook's format: its texts, and what is attached to it.
func (w *work) msg(it item, doc *cfb.File, children []cfb.Entry, level int) {
	var m mail
	for _, e := range children {
		id, kind, ok := msgProperty(e)
		if ok && !e.Storage && (id == propBody || id == propHTML || id == propRTF) {
			w.part(it.name, plain(doc.Open(e)), maxProperty, func(b []byte) { m.keep(id, kind, b) })
		}
	}
	w.outlookMail(it, m)
	for _, e := range children {
		if e.Storage && strings.HasPrefix(e.Name, "__attach_version1.0_#") {
			w.msgFile(it, doc, e, level)
		}
	}
}

// msgFile looks at what is attached: a file, a message, or an object.
func (w *work) msgFile(it item, doc *cfb.File, storage cfb.Entry, level int) {
	var f outlookFile
	var object []cfb.Entry
	for _, e := range doc.Children(storage) {
		id, kind, ok := msgProperty(e)
		switch {
		case !ok:
		case e.Storage && id == propData:
			object = doc.Children(e)
		case id == propData && kind == typeBinary:
			w.part(it.name, plain(doc.Open(e)), maxInner, func(b []byte) { f.data = bytes.Clone(b) })
		case !e.Storage:
			w.part(it.name, plain(doc.Open(e)), maxShownName, func(b []byte) { f.keepName(id, kind, b) })
		}
	}
	if object == nil {
		w.outlookFile(it, f)
		return
	}
	if level >= maxOutlook {
		w.notRead("Of the messages in %q only the first %d levels were read.", it.name, maxOutlook)
		return
	}
	w.msg(it, doc, object, level+1)
}

// msgProperty is what the name of an entry says of it (MS-OXMSG, section 2.1.2).
func msgProperty(e cfb.Entry) (id, kind uint16, ok bool) {
	tag, ok := strings.CutPrefix(e.Name, "__substg1.0_")
	if !ok || len(tag) != 8 {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(tag, "%04x%04x", &id, &kind)
	return id, kind, err == nil
}

// rtfStart is what compressed RTF may refer to before it has said anything (MS-OXRTFCP, section 2.1.2.1).
const rtfStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript " +
	"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n" +
	"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF undoes the compression of MS-OXRTFCP, at most 1 MiB of it.
func decompressRTF(b []byte) []byte {
	c := cursor{rest: b}
	c.skip(8)
	if kind := c.uint32(); kind == 0x414c454d { // "MELA": as it stands
		c.skip(4)
		return c.rest
	}
	c.skip(4)
	const size = 4096
	var window [size]byte
	at := copy(window[:], rtfStart)
	var out []byte
	put := func(v byte) {
		out = append(out, v)
		window[at%size] = v
		at++
	}
	for len(c.rest) > 0 && len(out) < maxProperty {
		for control, bit := c.uint8(), 0; bit < 8 && len(c.rest) > 0; bit++ {
			if control>>bit&1 == 0 {
				put(c.uint8())
				continue
			}
			reference := c.next(2)
			if reference == nil {
				return out
			}
			from, length := int(reference[0])<<4|int(reference[1])>>4, int(reference[1]&15)+2
			if from == at%size {
				return out // the end
			}
			for i := range length {
				put(window[(from+i)%size])
			}
		}
	}
	return out
}

// addressesOf are the addresses of the web in a text of marks, one a line.
func addressesOf(b []byte) (all []byte) {
	for {
		at := bytes.Index(b, []byte("://"))
		if at < 0 {
			return all
		}
		start := at
		for start > 0 && at-start < 6 && 'a' <= b[start-1]|0x20 && b[start-1]|0x20 <= 'z' {
			start--
		}
		end := bytes.IndexAny(b[at:], " \t\r\n<>\"'{}\\")
		if end < 0 {
			end = len(b) - at
		}
		all = append(append(all, b[start:at+end]...), '\n')
		b = b[at+end:]
	}
}
