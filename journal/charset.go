package journal

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	htmlcharset "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// text is a decoded part: a stream that can be cut into lines, and what each line still needs to become UTF-8.
type text struct {
	io.Reader
	line func([]byte) string
}

// textOf decodes a stream from a charset. Where that is ASCII, missing or unknown, the octets stay as they are and
// each line is looked at by itself.
func textOf(r io.Reader, label string) (t text, known bool) {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "utf-8", "utf8", "unicode-1-1-utf-8":
		return text{r, looseText}, true
	case "utf-7", "unicode-1-1-utf-7":
		return text{r, fromUTF7}, true
	}
	e := lookup(label)
	if e == nil {
		return text{r, looseText}, false
	}
	return text{e.NewDecoder().Reader(r), validText}, true
}

// lines yields the lines that are not empty, without their ends and a byte order mark, and counts the octets. What of a
// line goes past maxField is dropped.
func (t text) lines(octets *int64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		l := newLines(t)
		var line []byte
		for {
			piece, start := l.next()
			*octets = l.off
			if start || len(piece) == 0 {
				line = bytes.TrimPrefix(bytes.TrimRight(line, "\r\n"), []byte("\ufeff"))
				if len(line) > 0 && !yield(t.line(line)) {
					return
				}
				line = line[:0]
			}
			if len(piece) == 0 {
				return
			}
			line = append(line, piece[:min(len(piece), maxField-len(line))]...)
		}
	}
}

// lookup asks the WHATWG's list, which takes labels as they are really meant (iso-8859-1 is windows-1252), and the
// IANA registry for what that list forbids (hz-gb-2312) or reads without regard to the byte order mark (utf-16).
func lookup(label string) encoding.Encoding {
	e, name := htmlcharset.Lookup(label)
	if e != nil && name != "replacement" && !strings.HasPrefix(name, "utf-16") {
		return e
	}
	registered, err := ianaindex.MIME.Encoding(label)
	if err != nil {
		return nil
	}
	return registered
}

// looseText reads octets of an uncertain charset: UTF-8 where they are that, else windows-1252.
func looseText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s)
}

func validText(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }
