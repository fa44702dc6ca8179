// Package extract takes a message apart once, into a bounded structure that the detectors read.
//
// Reads the octets of one message, which a stranger wrote.
//
// Writes nothing.
//
// Invariants:
//   - I1 whatever the octets are, the work and the memory are bounded: octets read, header fields, parts, depth, text, links (Limits).
//   - I2 nothing is ever refused: what is broken is noted in Problems and taken as a mail program would show it.
//   - I3 the same octets give the same structure.
//
// It has its own reader of MIME rather than go-message's, because it must go on where that one stops: missing end
// boundaries, broken encodings, headers that are no headers. Character sets come from go-message.
//
// On failure: an error only when the reader fails.
//
// Standards: RFC 5322, RFC 2045 to 2047, RFC 2231.
package extract

import (
	"errors"
	"fmt"
	"io"
)

// Limits bound what is looked at. The zero value of a field means its default.
type Limits struct {
	Octets int64 // of the message; what is beyond is not read
	Parts  int
	Depth  int
	Text   int // octets of text of each kind
	Links  int
}

// Default are the limits that the scorer uses.
func Default() Limits {
	return Limits{Octets: 24 << 20, Parts: 300, Depth: 20, Text: 512 << 10, Links: 400}
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

	Parts       []Part // leaves, in order
	Plain       string // text of the text/plain bodies
	HTML        HTML   // of the text/html bodies
	Links       []Link
	Problems    []string
	HTMLInPlain bool // a text/plain body is HTML
	Truncated   bool // the message is longer than the limit
	Size        int64

	raw    []byte
	limits Limits
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
	m.take()
	return m, nil
}

func (m *Mail) take() {
	header, body := parseHeader(m.raw)
	m.Header = header
	m.addresses()
	m.Subject = header.Text("Subject")
	m.MessageID = header.First("Message-Id")
	m.walk(node{header: header, body: body, path: "", depth: 0})
	m.texts()
}

func (m *Mail) addresses() {
	h := m.Header
	m.From = h.Addresses("From")
	m.Sender = h.Addresses("Sender")
	m.ReplyTo = h.Addresses("Reply-To")
	m.To = h.Addresses("To")
	m.Cc = h.Addresses("Cc")
	if path := ParseAddresses(h.First("Return-Path")); len(path) > 0 {
		m.Return = path[0].Address
	}
}

func (m *Mail) problem(text string) {
	if len(m.Problems) < 50 {
		m.Problems = append(m.Problems, text)
	}
}
