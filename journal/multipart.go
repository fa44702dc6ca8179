package journal

import "bytes"

// part is one direct child of a multipart.
type part struct {
	header header
	body   Section // within the message, after the part's header
}

// splitter finds the direct children of a multipart in a stream of lines. RFC 2046, section 5.1.1.
type splitter struct {
	delimiter []byte // "--" and the boundary
	parts     []part
	reader    *headerReader // while in a part's header
	inPart    bool
	crlf      bool // the delimiter line that opened the part ended in CRLF
	bodyStart int64
	tail      [2]byte // the two octets before the current piece
	closed    bool    // the closing delimiter was there
	seen      bool    // any delimiter was there
	tooMany   bool
	room      int // octets that the parts' headers may still keep
}

// split reads the body of a multipart to its closing delimiter, or to the end.
func split(l *lines, boundary string) *splitter {
	s := &splitter{delimiter: []byte("--" + boundary), room: maxKept}
	for !s.closed && !s.tooMany {
		at := l.off
		piece, start := l.next()
		if len(piece) == 0 {
			s.end(at, true)
			return s
		}
		if start {
			if is, closing := s.isDelimiter(piece); is {
				s.boundary(at, l.off, piece, closing)
				continue
			}
		}
		s.content(piece, start, l.off)
	}
	return s
}

// isDelimiter compares the whole line: a line that only begins with the delimiter is content.
func (s *splitter) isDelimiter(line []byte) (is, closing bool) {
	rest, ok := bytes.CutPrefix(line, s.delimiter)
	if !ok {
		return false, false
	}
	rest, closing = bytes.CutPrefix(rest, []byte("--"))
	return len(bytes.Trim(rest, " \t\r\n")) == 0, closing // RFC 2046, 5.1.1: transport padding
}

func (s *splitter) boundary(at, after int64, line []byte, closing bool) {
	s.end(at, false)
	s.seen, s.closed = true, closing
	if len(s.parts) >= maxParts {
		s.tooMany = true
	}
	s.inPart = !closing && !s.tooMany
	s.crlf = bytes.HasSuffix(line, []byte("\r\n"))
	s.reader = newHeaderReader(&s.room)
	s.bodyStart = after
	s.tail = [2]byte{}
}

// end closes the open part before the octet at. The line break before a delimiter belongs to the delimiter; where
// delimiter lines end in a bare LF, so does that line break, and a CR before it is the part's own.
func (s *splitter) end(at int64, missing bool) {
	if !s.inPart {
		return
	}
	if s.reader != nil { // the header never ended: there is no body
		s.reader.flush()
		s.parts = append(s.parts, part{s.reader.header, Section{at, 0}})
		s.inPart = false
		return
	}
	stop := at
	if !missing && s.tail[1] == '\n' {
		stop--
		if s.crlf && s.tail[0] == '\r' {
			stop--
		}
	}
	last := &s.parts[len(s.parts)-1]
	last.body = Section{s.bodyStart, max(0, stop-s.bodyStart)}
	s.inPart = false
}

func (s *splitter) content(piece []byte, start bool, after int64) {
	if s.inPart && s.reader != nil && s.reader.add(piece, start) {
		s.parts = append(s.parts, part{header: s.reader.header})
		s.reader, s.bodyStart = nil, after
		s.tail = [2]byte{}
		return
	}
	if n := len(piece); n > 1 {
		s.tail = [2]byte{piece[n-2], piece[n-1]}
	} else {
		s.tail = [2]byte{s.tail[1], piece[0]}
	}
}
