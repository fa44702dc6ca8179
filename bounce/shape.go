package bounce

import "io"

// Form is how a report is attached: its Content-Transfer-Encoding.
type Form string

// Three forms of message/rfc822, the first two in SMTP's lines, the third by BDAT alone; and a file.
const (
	SevenBit    Form = "7bit"
	EightBit    Form = "8bit"   // RFC 6152
	Binary      Form = "binary" // RFC 3030, section 3: the bytes as they are
	OctetStream Form = "base64" // application/octet-stream: RFC 2046, section 5.2.1 forbids base64 for message/rfc822
)

// offer is what a server takes beyond plain lines.
type offer struct {
	eightBit bool
	binary   bool
}

// shape says which bytes a report holds that decide how it can travel.
type shape struct {
	eightBit bool // bytes over 127: needs 8BITMIME to travel as it is
	// Bare CR or LF, NUL, a line over 998 bytes, or no CRLF at the end: SMTP lines cannot carry it byte-exact.
	unmailable bool
}

// form is the plainest form that keeps every byte.
func (s shape) form(o offer) Form {
	switch {
	case !s.unmailable && !s.eightBit:
		return SevenBit
	case !s.unmailable && o.eightBit:
		return EightBit
	case o.binary:
		return Binary
	}
	return OctetStream
}

// survey reads all of r.
func survey(r io.Reader) (shape, error) {
	var s shape
	var line int
	var last byte
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			line = s.note(c, last, line)
			last = c
		}
		if err == io.EOF {
			s.unmailable = s.unmailable || last != '\n'
			return s, nil
		}
		if err != nil {
			return s, err
		}
	}
}

// note notes one byte and gives the length of the line it stands in.
func (s *shape) note(c, last byte, line int) int {
	switch {
	case c == '\n':
		s.unmailable = s.unmailable || last != '\r' || line > 999 // RFC 5321, section 4.5.3.1.6: 998 and CRLF
		return 0
	case last == '\r', c == 0:
		s.unmailable = true
	case c >= 0x80:
		s.eightBit = true
	}
	return line + 1
}
