package journal

import (
	"bufio"
	"bytes"
	"io"
)

// lines cuts a stream at LF and keeps count of the offset. A line longer than the buffer comes in pieces.
type lines struct {
	br  *bufio.Reader
	off int64 // of the octet after the last piece
	mid bool  // the last piece did not end its line
}

func newLines(r io.Reader) *lines {
	return &lines{br: bufio.NewReaderSize(r, lineBufferSize)}
}

// next answers the next piece with its line ending, and whether it begins a line. The piece is valid until the next
// call. It answers no piece at the end of the stream, and where the stream fails.
func (l *lines) next() (piece []byte, start bool) {
	piece, _ = l.br.ReadSlice('\n')
	start = !l.mid
	l.off += int64(len(piece))
	l.mid = len(piece) > 0 && piece[len(piece)-1] != '\n'
	return piece, start
}

// trimEOL takes one CRLF or LF off.
func trimEOL(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		return bytes.TrimSuffix(b, []byte("\r"))
	}
	return b
}
