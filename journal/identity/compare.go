package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/internal/mailaddr"
)

// Difference is what two messages differ in, of what no mailbox system rewrites.
type Difference string

// The differences.
const (
	Sender   Difference = "sender"
	Date     Difference = "date"
	Subject  Difference = "subject" // but for tags
	Number   Difference = "number of parts"
	Names    Difference = "names of parts"
	Types    Difference = "types of parts"
	Contents Difference = "contents of parts"
	Order    Difference = "order of parts"
	Nothing  Difference = "contents, as there are none" // no part has anything in it: there is nothing to compare
)

// Differences compares two messages. None means that they are the same in all that no mailbox system rewrites: author,
// date, subject but for tags, and the number, order, names, types and decoded contents of their parts. Two messages
// without contents are never the same.
func (m Message) Differences(o Message) (d []Difference) {
	if !mailaddr.Equal(m.From, o.From) {
		d = append(d, Sender)
	}
	if !m.Date.Equal(o.Date) {
		d = append(d, Date)
	}
	if m.untagged != o.untagged {
		d = append(d, Subject)
	}
	return append(d, differentParts(m.Parts, o.Parts)...)
}

func differentParts(a, b []Part) (d []Difference) {
	if len(a) != len(b) {
		return []Difference{Number}
	}
	if !slices.ContainsFunc(a, Part.filled) {
		return []Difference{Nothing}
	}
	for _, f := range []struct {
		is  Difference
		get func(Part) string
	}{
		{Names, func(p Part) string { return p.Name }},
		{Types, func(p Part) string { return p.Type }},
		{Contents, func(p Part) string { return p.SHA256 }},
	} {
		if !slices.EqualFunc(a, b, func(p, q Part) bool { return f.get(p) == f.get(q) }) {
			d = append(d, f.is)
		}
	}
	if len(d) > 0 && slices.Equal(sorted(a), sorted(b)) {
		return []Difference{Order}
	}
	return d
}

func sorted(parts []Part) []Part {
	return slices.SortedFunc(slices.Values(parts),
		func(p, q Part) int { return strings.Compare(p.String(), q.String()) })
}

// HasTraceOf reports whether the message has every trace field of the other one: one that was delivered keeps what
// stood in its header on the way, and one that was sent again, or never sent, has other fields or none.
func (m Message) HasTraceOf(o Message) bool {
	for _, t := range o.Trace {
		if !slices.Contains(m.Trace, t) {
			return false
		}
	}
	return true
}

// Part is one leaf of a message.
type Part struct {
	Type    string // media type, lower case
	Name    string // decoded file name
	SHA256  string // hex, of the decoded content; of text without regard to charset and line ends
	Decoded string // hex SHA-256 of the decoded bytes as they are, which is what the scorer reads; not compared
}

// String has all of a part in one line.
func (p Part) String() string {
	var room [256]byte // for most
	text := append(strconv.AppendQuote(room[:0], p.Type), ' ')
	text = append(strconv.AppendQuote(text, p.Name), ' ')
	return string(append(text, p.SHA256...))
}

// emptySum is the SHA-256 of nothing.
var emptySum = hex.EncodeToString(sha256.New().Sum(nil))

func (p Part) filled() bool { return p.SHA256 != emptySum }

// Content is the hex SHA-256 over From, Date, Subject and the parts; "" for a message that was not read to its end.
func (m Message) Content() string {
	if m.unread() {
		return ""
	}
	return digest(append([]string{m.From, m.date(), m.Subject}, described(m.Parts)...))
}

// Contents is the hex SHA-256 over what Differences compares: it is equal where there are none. "" when there is
// nothing to compare, and for a message that was not read to its end.
func (m Message) Contents() string {
	if m.unread() || !slices.ContainsFunc(m.Parts, Part.filled) {
		return ""
	}
	return digest(append([]string{mailaddr.Lower(m.From), m.date(), m.untagged}, described(m.Parts)...))
}

func described(parts []Part) []string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = p.String()
	}
	return list
}

// digest writes each value with its length, so that values cannot run together.
func digest(values []string) string {
	var room [1024]byte // for most
	text := room[:0]
	for _, s := range values {
		text = append(append(append(strconv.AppendInt(text, int64(len(s)), 10), ':'), s...), '\n')
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// date is the Date as text, "" where there is none.
func (m Message) date() string {
	if m.Date.IsZero() {
		return ""
	}
	return m.Date.UTC().Format(time.RFC3339)
}

// tags are put before a subject on its way into the mailbox, by rules that many organisations have.
var tags = []string{"[EXTERNAL]", "[EXT]", "[SPAM]"}

const maxTags = 8 // of one subject

// untag is a subject without the tags before it, ours and more.
func untag(subject string, more []string) string {
	for range maxTags {
		subject = strings.TrimSpace(subject)
		cut := false
		for _, tag := range slices.Concat(tags, more) {
			if tag != "" && len(subject) >= len(tag) && mailaddr.Equal(subject[:len(tag)], tag) {
				subject, cut = subject[len(tag):], true
				break
			}
		}
		if !cut {
			break
		}
	}
	return subject
}
