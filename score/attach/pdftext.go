package attach

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// pdfShown keeps what a content stream shows (ISO 32000-1, 9.4), as far as its fonts have the Latin alphabet as it is
// written: Windows' and ASCII. Fonts that number their letters otherwise show nothing that can be read without them.
func (w *work) pdfShown(name string, b []byte) {
	if !bytes.Contains(b, []byte("BT")) || !bytes.Contains(b, []byte("T")) {
		return
	}
	room := maxText - len(w.report.Text)
	if room <= 0 {
		w.longText(name)
		return
	}
	s := shown{room: room}
	s.read(b)
	if len(s.out) >= room {
		w.longText(name)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(s.out[:min(len(s.out), room)])
	if err != nil || !readable(text) {
		return
	}
	if text = append(text, '\n'); len(text) > room { // letters beyond ASCII have become longer
		text = bytes.ToValidUTF8(text[:room], nil)
	}
	w.report.Text += string(text)
}

// shown is the text of a content stream.
type shown struct {
	out     []byte
	pending []byte // strings that no operator showed yet
	room    int
}

// read goes over the operands and operators of a stream.
func (s *shown) read(b []byte) {
	for i := 0; i < len(b) && len(s.out) < s.room; {
		switch c := b[i]; {
		case c == '(':
			i += s.literal(b[i+1:]) + 1
		case c == '<' && i+1 < len(b) && b[i+1] != '<':
			end := bytes.IndexByte(b[i:], '>')
			if end < 0 {
				return
			}
			s.pending = append(s.pending, pdfHex(b[i+1:i+end+1])...)
			i += end + 1
		case strings.IndexByte(" \r\n\t[]<>/", c) >= 0:
			i++
		default:
			end := i + 1
			for end < len(b) && strings.IndexByte(" \r\n\t[]<>()/", b[end]) < 0 {
				end++
			}
			s.word(string(b[i:min(end, i+20)]))
			i = end
		}
	}
}

// literal reads a string in parentheses and answers how long it is.
func (s *shown) literal(b []byte) int {
	depth := 1
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\\':
			n := s.escape(b[i+1:])
			i += n
			continue
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		s.pending = append(s.pending, b[i])
	}
	return len(b)
}

// escape reads what follows a backslash and answers how long it is.
func (s *shown) escape(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if '0' <= b[0] && b[0] <= '7' {
		n := 1
		for n < 3 && n < len(b) && '0' <= b[n] && b[n] <= '7' {
			n++
		}
		code, _ := strconv.ParseUint(string(b[:n]), 8, 16) // three digits, at most
		s.pending = append(s.pending, byte(code))
		return n
	}
	if at := strings.IndexByte("nrt", b[0]); at >= 0 {
		s.pending = append(s.pending, ' ')
	} else if b[0] != '\r' && b[0] != '\n' {
		s.pending = append(s.pending, b[0])
	}
	return 1
}

// wordSpace is how far to the right, in thousandths of the letters' size, what follows stands when a blank is left out.
const wordSpace = -180

// word takes an operator or a number.
func (s *shown) word(word string) {
	switch word {
	case "Tj", "TJ":
		s.out = append(append(s.out, s.pending...), ' ')
	case "'", `"`:
		s.out = append(append(append(s.out, '\n'), s.pending...), ' ')
	case "Td", "TD", "T*", "Tm", "ET":
		s.out = append(s.out, '\n')
	default:
		if n, err := strconv.ParseFloat(word, 64); err == nil {
			if n < wordSpace && len(s.pending) > 0 {
				s.pending = append(s.pending, ' ')
			}
			return
		}
	}
	s.pending = s.pending[:0]
}

// readable reports whether a text is mostly of letters and blanks.
func readable(text []byte) bool {
	letters := 0
	for _, c := range text {
		if 'a' <= c|0x20 && c|0x20 <= 'z' || c == ' ' || c == '\n' || c >= 0x80 {
			letters++
		}
	}
	return len(text) > 0 && 4*letters >= 3*len(text)
}
