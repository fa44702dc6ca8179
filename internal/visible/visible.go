// Package visible makes foreign text safe to show: on a terminal, in JSON, in CSV and in the log.
//
// Subjects, names, addresses, file names and the answers of other servers are written by strangers. What would steer a
// terminal, change the order in which a line is read, or not be seen at all becomes an escape in the spelling of JSON
// (\u001b), so that a JSON object stays one and its text comes back as it was.
//
// Reads and writes: nothing of its own.
//
// Invariants:
//   - I1: nothing that Steers passes a Writer, Line, Text or Row.
//   - I2: a Line has no end of line and no tab, so that it makes neither rows nor cells.
//   - I3: a cell of a Row is no formula, and ReadCell answers what Row was given.
//
// On failure: what is no UTF-8 is U+FFFD.
//
// Standards: UAX 9 (directions), RFC 8259, section 7 (escapes), RFC 4180 (CSV), CWE-150, CWE-1236.
package visible

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Steers reports whether a character is a control (C0 but for line end and tab, DEL, C1), a direction of writing, an
// end of a line or paragraph that only some programs know, or a format character that is not seen and marks other text.
func Steers(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // directions
		return true
	case r == 0x2028, r == 0x2029: // ends of lines and paragraphs
		return true
	case r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0x206a && r <= 0x206f: // mark of order, annotations, deprecated
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags: a second text that nobody sees
		return true
	}
	return false
}

// Text is text in which nothing steers. Ends of lines and tabs stay.
func Text(s string) string { return escape(s, Steers) }

// Line is Text in one line and one cell: ends of lines and tabs are escaped too.
func Line(s string) string { return escape(s, breaks) }

func breaks(r rune) bool { return r == '\n' || r == '\t' || Steers(r) }

func escape(s string, which func(rune) bool) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, which) < 0 {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+16), []byte(s), which))
}

// appendEscaped appends text. What is no UTF-8 becomes U+FFFD.
func appendEscaped(out, text []byte, which func(rune) bool) []byte {
	for {
		n := printable(text)
		out, text = append(out, text[:n]...), text[n:]
		if len(text) == 0 {
			return out
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch high, low := utf16.EncodeRune(r); {
		case !which(r):
			out = utf8.AppendRune(out, r)
		case high == utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x`, r)
		default: // RFC 8259, section 7: a pair outside of the basic plane
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
}

// printable is how many bytes a text begins with that are ASCII and no controls: most of it, and never escaped.
func printable(text []byte) int {
	for i, c := range text {
		if c < ' ' || c > '~' {
			return i
		}
	}
	return len(text)
}

// Writer is what text goes through on its way to a person or a program.
type Writer struct {
	w    io.Writer
	held []byte // the beginning of a character that the next write ends
}

// NewWriter answers a writer of Text. Like w it is for one goroutine at a time.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Unwrap is the writer below, for bytes as they are.
func (v *Writer) Unwrap() io.Writer { return v.w }

// Write implements io.Writer.
func (v *Writer) Write(b []byte) (int, error) {
	text := append(v.held, b...)
	whole := len(text)
	for cut := max(0, whole-utf8.UTFMax+1); cut < len(text); cut++ {
		if !utf8.FullRune(text[cut:]) && utf8.RuneStart(text[cut]) {
			whole = cut
			break
		}
	}
	v.held = append([]byte(nil), text[whole:]...)
	if _, err := v.w.Write(appendEscaped(nil, text[:whole], Steers)); err != nil {
		return 0, err
	}
	return len(b), nil
}
