package identity

import (
	"bufio"
	"bytes"
	"io"
)

const lineBuffer = 32 << 10

// lines cuts a stream at LF; a line longer than the buffer comes in pieces. One piece can be put back.
type lines struct {
	br    *bufio.Reader
	mid   bool // the last piece did not end its line
	piece []byte
	start bool
	back  bool
}

func newLines(r io.Reader) *lines { return &lines{br: bufio.NewReaderSize(r, lineBuffer)} }

// next answers the next piece and whether it begins a line; no piece at the end.
func (l *lines) next() ([]byte, bool) {
	if l.back {
		l.back = false
		return l.piece, l.start
	}
	l.piece, _ = l.br.ReadSlice('\n')
	l.start = !l.mid
	l.mid = len(l.piece) > 0 && l.piece[len(l.piece)-1] != '\n'
	return l.piece, l.start
}

// unread puts the last piece back.
func (l *lines) unread() { l.back = true }

// drain writes all that is left to w.
func (l *lines) drain(w io.Writer) (int64, error) {
	n := 0
	if l.back {
		l.back = false
		n, _ = w.Write(l.piece) // a hash, which never fails
	}
	l.piece = nil
	rest, err := l.br.WriteTo(w)
	return int64(n) + rest, err
}

// section reads lines up to the next delimiter of any multipart that is open. The line break before a delimiter is
// the delimiter's. RFC 2046, section 5.1.1.
type section struct {
	lines      *lines
	boundaries [][]byte
	buf, rest  []byte // the piece being handed out, and what is left of it
	held       []byte // a line break that may be a delimiter's
	done       bool
}

// Read fills b from as many lines as it holds: what reads a section hashes it, and short writes would be slow.
func (s *section) Read(b []byte) (n int, err error) {
	for n < len(b) {
		if len(s.rest) == 0 && s.done {
			break
		}
		if len(s.rest) == 0 {
			s.fill()
			continue
		}
		c := copy(b[n:], s.rest)
		s.rest = s.rest[c:]
		n += c
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *section) fill() {
	piece, start := s.lines.next()
	if len(piece) == 0 {
		s.rest, s.held, s.done = s.held, nil, true
		return
	}
	if start && isDelimiter(piece, s.boundaries) {
		s.lines.unread()
		s.done = true
		return
	}
	text, eol := cutEOL(piece)
	s.buf = append(append(s.buf[:0], s.held...), text...)
	s.rest, s.held = s.buf, append(s.held[:0], eol...)
}

// isDelimiter reports whether the line is a delimiter, open or closing, of any of the boundaries.
func isDelimiter(line []byte, boundaries [][]byte) bool {
	if !bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	for _, b := range boundaries {
		if is, _ := delimits(line, b); is {
			return true
		}
	}
	return false
}

func delimits(line, boundary []byte) (is, closing bool) {
	rest, ok := bytes.CutPrefix(line, boundary)
	if !ok {
		return false, false
	}
	rest, closing = bytes.CutPrefix(rest, []byte("--"))
	return len(bytes.Trim(rest, " \t\r\n")) == 0, closing
}

func cutEOL(b []byte) (text, eol []byte) {
	n := len(b)
	switch {
	case bytes.HasSuffix(b, []byte("\r\n")):
		n -= 2
	case bytes.HasSuffix(b, []byte("\n")):
		n--
	}
	return b[:n], b[n:]
}
