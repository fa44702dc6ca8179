// Package extract takes a message apart once, into a bounded structure that the detectors read.
//
// Reads the octets of one message, which a stranger wrote.
//
// Writes nothing.
//
// Invariants:
//   - I1 whatever the octets are, the work and the memory are bounded: octets read, header fields, parts, depth, text,
//     links (Limits).
//   - I2 nothing is ever refused: what is broken is in Forgiven, and read as a mail program would show it (rfc822).
//   - I3 the same octets give the same structure.
//   - I4 a limit that was reached is in NotRead.
//
// On failure: an error only when the reader fails.
//
// Standards: RFC 5322, RFC 2045 to 2047, RFC 2231.
package extract

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"clawback/rfc822"
)

// Limits bound what is looked at. The zero value of a field means its default.
type Limits struct {
	Octets int64 // of the message; what is beyond is not read
	Parts  int
	Depth  int
	Text   int // octets of text of each kind
	Source int // octets of HTML, of all bodies and attached pages
	Links  int

	// Frozen reads as was done when the narrow rule for MALICIOUS was closed.
	Frozen bool
}

// Default are the limits that the scorer uses.
func Default() Limits {
	return Limits{Octets: 24 << 20, Parts: 300, Depth: 20, Text: 512 << 10, Source: 3 << 20, Links: 2000}
}

// Mail is a message taken apart.
type Mail struct {
	Header    Header
	From      []Address
	Sender    []Address
	ReplyTo   []Address
	To        []Address
	Cc        []Address
	Return    string // Return-Path
	Subject   string
	MessageID string

	Parts        []Part    // leaves, in order
	Plain        string    // text of the text/plain bodies
	HTML         HTML      // of the text/html bodies
	Enclosed     string    // text of attached messages, and of events beside a body, as far as it is judged
	EnclosedCut  bool      // there was more of it than is kept
	EnclosedFrom []Address // authors of attached messages
	Links        []Link
	More         []string // addresses beyond Limits.Links
	NotRead      []Unread // limits that were reached
	Forgiven     rfc822.Forgiven
	HTMLInPlain  bool // a text/plain body is HTML
	Unlabelled   bool // a body's 8-bit bytes are no UTF-8, and its header names no charset for them
	Truncated    bool // the message is longer than the limit
	Size         int64

	raw    []byte
	limits Limits
	source int   // octets of HTML that were read
	nested int64 // bytes of encoded messages and multiparts within each other that were decoded
}

// Bound names a limit. Its value stays the same: it may be stored and compared.
type Bound string

// The limits of a message.
const (
	BoundHeader Bound = "header" // octets or fields of a header
	BoundParts  Bound = "parts"
	BoundDepth  Bound = "depth" // parts within each other
	BoundText   Bound = "text"  // octets of a text or page
	BoundLinks  Bound = "links"
)

// Unread is a limit that was reached.
type Unread struct {
	Bound Bound
	Where string
	Text  string // a sentence: the limit, and what was not read because of it
}

// notRead records that a limit was reached, once for each place.
func (m *Mail) notRead(bound Bound, where, text string) {
	u := Unread{bound, where, text}
	if len(m.NotRead) < 50 && !slices.Contains(m.NotRead, u) {
		m.NotRead = append(m.NotRead, u)
	}
}

// Raw is the message's octets, as far as they were read.
func (m *Mail) Raw() []byte { return m.raw }

// Read takes the size octets of r apart.
func Read(r io.ReaderAt, size int64, limits Limits) (*Mail, error) {
	length := min(size, limits.Octets)
	raw := make([]byte, length)
	n, err := r.ReadAt(raw, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read message: %w", err)
	}
	m := &Mail{raw: raw[:n], limits: limits, Size: size, Truncated: size > length}
	m.parse()
	return m, nil
}

func (m *Mail) parse() {
	header, body := m.parseHeader(m.raw, "message")
	m.Header = header
	m.people()
	m.Subject = m.Header.Text("Subject")
	m.MessageID = m.Header.First("Message-Id")
	m.walk(node{header: header, body: body, path: "", depth: 0})
	m.texts(0)
}

func (m *Mail) people() {
	m.From = m.addresses("From")
	m.Sender = m.addresses("Sender")
	m.ReplyTo = m.addresses("Reply-To")
	m.To = m.addresses("To")
	m.Cc = m.addresses("Cc")
	if path := ParseAddresses(m.Header.First("Return-Path")); len(path) > 0 {
		m.Return = path[0].Address
	}
}
