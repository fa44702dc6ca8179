// Package outlook finds the messages that travel in Outlook's own formats, .msg files and winmail.dat; pure and
// bounded.
//
// Such a message is no MIME: what tells which it is are its Message-ID and the header with which it was delivered, and
// Outlook keeps both as properties.
//
// Reads: an io.Reader, once.
//
// Writes: nothing.
//
// Invariants: of a property at most maxHeader octets are held, of a winmail.dat no more at all; messages within
// messages are followed to maxDepth; the work is bounded by the octets that are there, whatever their numbers say.
//
// On failure: a broken file is read as far as it goes; what is none has nothing in it.
//
// Standards: MS-OXMSG, MS-OXTNEF, MS-OXPROPS.
package outlook

import "io"

// Found is told what is in a file.
type Found struct {
	Message func(Message)   // a message, before what is attached to it
	File    func(io.Reader) // an attached file, to be read before it returns
}

// Message is what is known of a message.
type Message struct {
	ID     string // Message-ID, as it stands
	Header []byte // with which it was delivered
}

const (
	maxDepth  = 8
	maxID     = 4 << 10
	maxHeader = 512 << 10
)

// The properties that are read. MS-OXPROPS, section 2.
const (
	internetMessageID = 0x1035
	transportHeaders  = 0x007d
	attachData        = 0x3701
)

// The types of properties that are read. MS-OXCDATA, section 2.11.1.
const (
	typeObject  = 0x000d
	typeString8 = 0x001e
	typeUnicode = 0x001f
	typeBinary  = 0x0102
)

// keep takes a property of a message, where it is one that is known.
func (m *Message) keep(id, kind uint16, value io.Reader) {
	switch {
	case kind != typeString8 && kind != typeUnicode:
	case id == internetMessageID:
		m.ID = string(text(kind, value, maxID))
	case id == transportHeaders:
		m.Header = text(kind, value, maxHeader)
	}
}

func (m Message) known() bool { return m.ID != "" || len(m.Header) > 0 }

// text reads a property that is text. What is asked for is ASCII, or octets of a header as they stand.
func text(kind uint16, value io.Reader, most int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(value, most)) // what could be read is looked at
	if kind != typeUnicode {
		return trimmed(b)
	}
	ascii := b[:0]
	for i := 0; i+1 < len(b); i += 2 {
		if b[i+1] != 0 || b[i] >= 0x80 {
			b[i] = '?'
		}
		ascii = append(ascii, b[i])
	}
	return trimmed(ascii)
}

// trimmed ends text at its first NUL.
func trimmed(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
