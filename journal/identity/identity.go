// Package identity tells whether two copies of a message are the same message; pure: octets in, digests out.
//
// A copy in a mailbox is not the octets that were journaled: Exchange writes another header, other boundaries, other
// transfer encodings. What stays are the decoded parts.
//
// Reads: an io.Reader, once, to its end.
//
// Writes: nothing.
//
// Invariants: memory does not grow with the message, but for .msg files that are attached, of which at most maxCompound
// octets are held; two messages without parts are never the same; text is compared without regard to charset, line
// endings and blanks at line ends, all else octet by octet. What is found in a file changes nothing of its digest.
//
// On failure: Of answers an error only when the reader fails. Broken MIME is read as far as it goes, and what cannot
// be decoded is compared as it stands.
//
// Standards: RFC 2045 to 2047, 5322; for what is carried in files MS-OXMSG, MS-OXTNEF.
package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Message is what two copies of one message have in common.
type Message struct {
	From      string // the author's address, as it stands
	FromName  string // decoded
	Subject   string // decoded
	MessageID string // with angle brackets
	Date      time.Time
	Parts     []string // hex SHA-256 of each decoded leaf part, in order; empty text is left out

	// NetworkMessageIDs are the different values of X-MS-Exchange-Organization-Network-Message-Id and of
	// X-MS-Office365-Filtering-Correlation-Id, which equals it, in lower case. More than one: do not trust any.
	NetworkMessageIDs []string

	// What tells that this message forwards or answers another one: hints, not proof.
	Attached   []Attached // messages that are attached to it, in order, at most 32
	References []string   // Message-IDs of In-Reply-To and References, the nearest first, at most 8
}

// Attached is a message that another one carries: as message/rfc822, in a file, or in a winmail.dat.
type Attached struct {
	MessageID         string   // with angle brackets; "" when it is not known
	NetworkMessageIDs []string // as in Message, at most 8; those that Exchange alone can write come first
	Contents          string   // as Message.Contents gives it; "" for Outlook's own formats, which keep no MIME
}

// Of reads a message.
func Of(r io.Reader) (Message, error) {
	in := &input{r: r}
	p := &parts{lines: newLines(in), carried: &carried{octets: maxCompound}}
	h := p.readHeader()
	m := messageOf(h)
	p.body(h, 0)
	m.Parts, m.Attached = p.sums, p.carried.list
	if in.err != nil {
		return Message{}, fmt.Errorf("read message: %w", in.err)
	}
	return m, nil
}

// Content answers the hex SHA-256 over From, Date, Subject and the parts.
func (m Message) Content() string {
	h := sha256.New()
	for _, s := range append([]string{m.From, m.date(), m.Subject}, m.Parts...) {
		fmt.Fprintf(h, "%d:%s\n", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Contents answers the hex SHA-256 over the author, the date and the decoded parts in whatever order: what package retract
// compares where a network message id is lacking. "" when there are no parts.
func (m Message) Contents() string {
	if len(m.Parts) == 0 {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %s\n", strings.ToLower(m.From), m.date())
	for _, sum := range slices.Sorted(slices.Values(m.Parts)) {
		fmt.Fprintln(h, sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// date is the Date as text, "" where there is none.
func (m Message) date() string {
	if m.Date.IsZero() {
		return ""
	}
	return m.Date.UTC().Format(time.RFC3339)
}

// SameParts reports whether both have the same decoded parts, in whatever order, and any at all.
func (m Message) SameParts(o Message) bool {
	if len(m.Parts) == 0 || len(m.Parts) != len(o.Parts) {
		return false
	}
	return slices.Equal(slices.Sorted(slices.Values(m.Parts)), slices.Sorted(slices.Values(o.Parts)))
}

// input remembers the reader's error, so that it is not taken for a decoder's.
type input struct {
	r   io.Reader
	err error
}

func (in *input) Read(b []byte) (int, error) {
	n, err := in.r.Read(b)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}
