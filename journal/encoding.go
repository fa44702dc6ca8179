package journal

import (
	"bufio"
	"io"
)

// decoding answers the location of an attached message with the part's transfer encoding taken off. RFC 2046, section
// 5.2.1, allows none there, so it is doubted: where the octets are not strictly encoded, they are the message.
func (p *parser) decoding(at Location, h header) (Location, bool) {
	e := h.encoding()
	if e == "" {
		return at, true
	}
	if e == QuotedPrintable && !strictlyQuoted(at.Open(p.src)) {
		return at, false
	}
	in := at.decoded(e)
	n, err := io.Copy(io.Discard, in.Open(p.src))
	if err != nil || n == 0 {
		return at, false
	}
	return in, true
}

// strictlyQuoted reports whether all octets are what a quoted-printable encoder writes: Go's decoder lets pass what is
// not. A message that is not encoded has a bare "=" in almost any header. RFC 2045, section 6.7, rule 1.
func strictlyQuoted(r io.Reader) bool {
	br := bufio.NewReaderSize(r, lineBufferSize)
	for {
		c, err := br.ReadByte()
		switch {
		case err != nil:
			return true
		case c >= 0x7f || c == 0:
			return false
		case c == '=' && !escapeFollows(br):
			return false
		}
	}
}

// escapeFollows looks at what stands after an equals sign: two hexadecimal digits, or blanks and a line break.
func escapeFollows(br *bufio.Reader) bool {
	next, _ := br.Peek(2)
	if len(next) == 2 && isHex(next[0]) && isHex(next[1]) {
		return true
	}
	for {
		c, err := br.ReadByte()
		switch {
		case err != nil || c == '\n':
			return true
		case c != ' ' && c != '\t' && c != '\r':
			return false
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}
