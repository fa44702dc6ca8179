// Package identity tells whether two copies of a message are the same message; pure: bytes in, digests out.
//
// A copy in a mailbox is not the bytes that were journaled: Exchange writes another header, other boundaries, other
// transfer encodings. What stays are the author, the date, the subject but for tags, and the decoded parts with their
// names and types. What a message is made of says package rfc822, as it does for the scorer.
//
// Reads: an io.Reader, once, to its end.
//
// Writes: nothing.
//
// Invariants:
//
//	I1 Time grows with the bytes alone, and memory not at all, but for .msg files that are attached, of which at most
//	   maxCompound bytes are held. What lies beyond the bounds is hashed as it stands, and the message is in doubt
//	   (Bounded).
//	I2 Two messages without contents are never the same.
//	I3 Text is compared without regard to charset, line ends and blanks at line ends, all else byte by byte; what does
//	   not decode cleanly is compared as it stands. What is found in a file changes nothing of its digest.
//	I4 A message that mail programs may read in different ways is in doubt (Readings).
//
// On failure: an error only when the reader fails, with what was read before it. Broken MIME is read as far as it goes.
//
// Standards: RFC 2045 to 2047, 5322; for what is carried in files MS-OXMSG, MS-OXTNEF.
package identity

import (
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/rfc822"
)

// Message is what two copies of one message have in common.
type Message struct {
	From      string // the author's address, as it stands
	FromName  string // decoded
	Subject   string // decoded
	MessageID string // with angle brackets
	Date      time.Time
	Parts     []Part   // leaves, in order; those without name and content are left out
	Trace     []string // Received fields, the newest first, without regard to folding; at most 32

	// NetworkMessageIDs are the different values of X-MS-Exchange-Organization-Network-Message-Id and of
	// X-MS-Office365-Filtering-Correlation-Id, which equals it, in lower case. More than one: do not trust any.
	NetworkMessageIDs []string

	// Doubts are why equal parts prove nothing of this message. Empty for a message that is read in one way, to its
	// end.
	Doubts []Doubt

	untagged string // the subject without tags

	// What tells that this message forwards or answers another one: hints, not proof.
	Attached   []Attached // messages that are attached to it, in order, at most 32
	References []string   // Message-IDs of In-Reply-To and References, the nearest first, at most 8
}

// Doubt is a reason why equal content is no proof that two messages are one.
type Doubt string

// The doubts.
const (
	NetworkIDs Doubt = "network_ids" // it bears more than one network message id
	Readings   Doubt = "readings"    // mail programs may read a part of it in two ways
	Bounded    Doubt = "bounded"     // a bound was reached, and the rest was hashed as it stands
	Unread     Doubt = "unread"      // it could not be read to its end: the parts are not all there
)

// Attached is a message that another one carries: as message/rfc822, in a file, or in a winmail.dat.
type Attached struct {
	MessageID         string   // with angle brackets; "" when it is not known
	NetworkMessageIDs []string // as in Message, at most 8; those that Exchange alone can write come first
	Contents          string   // as Message.Contents gives it; "" for Outlook's own formats, which keep no MIME
}

// Of reads a message. Tags are what the organisation puts before subjects, beside the usual ones. With an error it
// returns what it has read so far, in doubt as Unread.
func Of(r io.Reader, tags ...string) (Message, error) {
	in := &input{r: r}
	f := &findings{tags: tags, attached: &attachedMessages{octets: maxCompound, tags: tags}}
	w := walk{findings: f, lines: rfc822.NewLines(in)}
	defer w.lines.Close()
	h := w.header()
	m := f.messageOf(&h)
	m.Doubts = fieldDoubts(&h, m)
	w.body(&h, "text/plain", 0)
	m.Parts, m.Attached = f.parts, f.attached.list
	if f.ambiguous && !slices.Contains(m.Doubts, Readings) {
		m.Doubts = append(m.Doubts, Readings)
	}
	if f.bounded {
		m.Doubts = append(m.Doubts, Bounded)
	}
	if in.err != nil {
		m.Doubts = append(m.Doubts, Unread)
		return m, fmt.Errorf("read message: %w", in.err)
	}
	return m, nil
}

// unread reports whether only a part of the message is known.
func (m Message) unread() bool { return slices.Contains(m.Doubts, Unread) }

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
