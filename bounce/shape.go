package bounce

import "io"

// shape says which octets a report holds that decide how it can travel.
type shape struct {
	eightBit   bool // octets over 127: needs 8BITMIME to travel as it is
	unmailable bool // bare CR or LF, NUL, a line over 998 octets, or no CRLF at the end: SMTP lines cannot carry it byte-exact
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
			line = s.octet(c, last, line)
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

// octet notes one octet and gives the length of the line it stands in.
func (s *shape) octet(c, last byte, line int) int {
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
