package rfc822

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"sync"
)

// lineBuffer is how much of a stream is held at once. A longer line comes in pieces.
const lineBuffer = 16 << 10

// Lines cuts a stream or a slice into lines and counts offsets. From a slice every piece is a whole line.
type Lines struct {
	// CRLF says that only CRLF ends a line: a bare LF is part of it. Set it before the first call of Next. Where lines
	// are sent with CRLF, a bare LF was part of what a line says, and a stranger may have put it there.
	CRLF bool

	stream *bufio.Reader // nil: the lines lie in rest
	rest   []byte
	offset int64
	open   bool // the last piece did not end its line
	cr     bool // the last piece ended in CR

	piece  []byte // the last one
	begins bool
	back   bool // it was put back
}

// lineReaders spare most streams, which are short, a buffer of their own.
var lineReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, lineBuffer) }}

// NewLines reads lines from a stream. Whoever calls Close when done spares the next one a buffer.
func NewLines(r io.Reader) *Lines {
	stream := lineReaders.Get().(*bufio.Reader)
	stream.Reset(r)
	return &Lines{stream: stream}
}

// Close ends the lines: there are no more, and the last piece is not valid any more.
func (l *Lines) Close() {
	if l.stream != nil {
		l.stream.Reset(nil)
		lineReaders.Put(l.stream)
	}
	l.stream, l.rest, l.piece, l.back = nil, nil, nil, false
}

// Drain reads the stream to its end, which gives no more lines.
func (l *Lines) Drain() {
	for {
		if _, err := l.stream.Discard(lineBuffer); err != nil {
			return
		}
	}
}

// LinesOf reads lines from a slice. The pieces lie in it.
func LinesOf(b []byte) *Lines { return &Lines{rest: b} }

// Next gives the next piece with its line ending, and whether it begins a line. The piece is valid until the next call.
// It is empty at the end, and where the stream fails.
func (l *Lines) Next() (piece []byte, begins bool) {
	if l.back {
		l.back = false
		l.offset += int64(len(l.piece))
		return l.piece, l.begins
	}
	l.piece, l.begins = l.cut(), !l.open
	l.offset += int64(len(l.piece))
	l.open = len(l.piece) > 0 && !l.ends(l.piece)
	l.cr = bytes.HasSuffix(l.piece, []byte{'\r'})
	return l.piece, l.begins
}

// Unread puts the last piece back. Next must have given one that is not empty.
func (l *Lines) Unread() {
	l.back = true
	l.offset -= int64(len(l.piece))
}

// Offset is how many bytes the pieces had so far.
func (l *Lines) Offset() int64 { return l.offset }

func (l *Lines) cut() []byte {
	if l.stream != nil {
		piece, _ := l.stream.ReadSlice('\n')
		return piece
	}
	end := bytes.IndexByte(l.rest, '\n') + 1
	if end == 0 {
		end = len(l.rest)
	}
	piece := l.rest[:end:end]
	l.rest = l.rest[end:]
	return piece
}

func (l *Lines) ends(piece []byte) bool {
	n := len(piece)
	if piece[n-1] != '\n' {
		return false
	}
	return !l.CRLF || n > 1 && piece[n-2] == '\r' || n == 1 && l.cr
}

// ahead looks at up to n bytes behind the last piece. That piece stays what Unread puts back, at another place.
func (l *Lines) ahead(n int) []byte {
	if l.stream == nil {
		return l.rest[:min(n, len(l.rest))]
	}
	l.piece = slices.Clone(l.piece)
	next, _ := l.stream.Peek(n)
	return next
}

// Until reads on to the next line that ends reports, which Next gives then. A line break before that line is not part
// of what is read: RFC 2046, section 5.1.1. It is a CRLF where crlf says so, which the delimiter before tells; else it
// is the LF alone, as Split has it, and a CR before that is content.
func (l *Lines) Until(ends func(line []byte) bool, crlf bool) io.Reader {
	return &until{lines: l, ends: ends, crlf: crlf}
}

type until struct {
	lines     *Lines
	ends      func([]byte) bool
	crlf      bool
	buf, rest []byte // the bytes being handed out, and what is left of them
	held      []byte // a line break that may be the delimiter's
	done      bool
}

// Read implements io.Reader.
func (u *until) Read(b []byte) (int, error) {
	for len(u.rest) == 0 {
		if u.done {
			return 0, io.EOF
		}
		u.fill()
	}
	n := copy(b, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

func (u *until) fill() {
	piece, begins := u.lines.Next()
	switch {
	case len(piece) == 0:
		u.rest, u.held, u.done = u.held, nil, true
	case begins && u.ends(piece):
		u.lines.Unread()
		u.done = true
	default:
		text, eol := cutEOL(piece)
		if n := len(piece); !u.crlf && len(eol) == 2 {
			text, eol = piece[:n-1], piece[n-1:]
		}
		u.buf = append(append(u.buf[:0], u.held...), text...)
		u.rest, u.held = u.buf, append(u.held[:0], eol...)
	}
}

// cutEOL parts a line from its one line break.
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
