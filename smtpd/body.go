package smtpd

import (
	"bytes"
	"errors"
	"io"
)

var (
	errTooLarge = errors.New("message larger than the limit")
	errAborted  = errors.New("message given up by the client")
)

var lineAndDot = []byte("\r\n.")

// body is one message on its way in. Its end is known, or it has none: every error of the stream is an error here, and
// a copy that returned nil has copied the whole message.
//
// It takes the bytes from the wire's buffer and hands them on without copying; those of a chunk are read to where they
// are kept, where the destination has such a place. go-smtp's own reader for DATA looks at one byte at a time (defect
// N), hangs on CR CRLF "." CRLF (defect D) and drops the CR of CRLF "." CR (defect E).
type body struct {
	w       *wire
	limit   int64
	size    int64 // bytes of the message so far
	drain   int64 // bytes that may still be thrown away
	chunked bool
	done    bool

	lineStart bool // DATA: the next byte is the first of a line

	left  int64                       // BDAT: rest of this chunk
	last  bool                        // BDAT: this chunk is the last
	chunk func() (int64, bool, error) // BDAT: acknowledges a chunk and reads the next BDAT command
}

// restrict lowers the limit, where limit is not 0. A sender who goes far beyond it is cut off.
func (b *body) restrict(limit int64) {
	const patience = 16 // times the limit
	if limit > 0 && limit < b.limit {
		b.limit, b.drain = limit, min(b.drain, limit*patience)
	}
}

// copyTo writes the message to dst.
func (b *body) copyTo(dst io.Writer) error {
	if b.chunked {
		return b.copyChunks(dst)
	}
	return b.copyLines(dst)
}

// finish throws away what is left of the message (of the chunk, with BDAT), up to a bound: go-smtp would go on to the
// next deadline (defect M).
func (b *body) finish() error {
	if b.done {
		return nil
	}
	b.limit, b.size = b.drain, 0
	var err error
	if b.chunked {
		err = b.copyChunk(io.Discard)
	} else {
		err = b.copyLines(io.Discard)
	}
	if errors.Is(err, errTooLarge) {
		return b.w.fail(errFlood)
	}
	b.done = true
	return err
}

// copyLines reads DATA's body: RFC 5321 4.1.1.4 ends it with CRLF "." CRLF and with nothing else, 4.5.2 removes the
// first dot of a line. Bare CR, bare LF and NUL are bytes like any other.
func (b *body) copyLines(dst io.Writer) error {
	for {
		if b.lineStart {
			end, err := b.dot()
			if end || err != nil {
				b.done = end
				return err
			}
		}
		if err := b.copyLinePart(dst); err != nil {
			return err
		}
	}
}

// dot looks at the first bytes of a line: it consumes the end of data, or one dot.
func (b *body) dot() (end bool, err error) {
	first, err := b.w.in.Peek(1)
	if err != nil || first[0] != '.' {
		b.lineStart = err != nil
		return false, b.broken(err)
	}
	// Two more bytes must come: at the least the end of data.
	head, err := b.w.in.Peek(3)
	if err != nil {
		return false, b.broken(err)
	}
	if string(head) == ".\r\n" {
		b.w.in.Discard(3)
		return true, nil
	}
	b.w.in.Discard(1)
	b.lineStart = false
	return false, nil
}

// copyLinePart copies what is buffered up to the next line that begins with a dot.
func (b *body) copyLinePart(dst io.Writer) error {
	if _, err := b.w.in.Peek(1); err != nil {
		return b.broken(err)
	}
	buf, _ := b.w.in.Peek(b.w.in.Buffered())
	n := len(buf)
	if i := bytes.Index(buf, lineAndDot); i >= 0 {
		n = i + 2
		b.lineStart = true
	} else if bytes.HasSuffix(buf, lineAndDot[:2]) {
		b.lineStart = true
	} else if buf[n-1] == '\r' {
		return b.copyBeforeCR(dst, n-1)
	}
	return b.move(dst, n)
}

// copyBeforeCR copies n bytes; the CR after them is the last that is buffered, so that one more must be waited for.
func (b *body) copyBeforeCR(dst io.Writer, n int) error {
	if err := b.move(dst, n); err != nil {
		return err
	}
	pair, err := b.w.in.Peek(2)
	if err != nil {
		return b.broken(err)
	}
	if pair[1] != '\n' {
		return b.move(dst, 1)
	}
	b.lineStart = true
	return b.move(dst, 2)
}

// copyChunks reads the chunks of BDAT (RFC 3030 2).
func (b *body) copyChunks(dst io.Writer) error {
	for {
		if err := b.copyChunk(dst); err != nil {
			return err
		}
		if b.last {
			b.done = true
			return nil
		}
		size, last, err := b.chunk()
		if err != nil {
			b.done = true
			return err
		}
		b.left, b.last = size, last
	}
}

// copyChunk copies one BDAT chunk to dst; a chunk too large is refused before anything of it is stored.
func (b *body) copyChunk(dst io.Writer) error {
	if b.left > b.limit-b.size {
		return errTooLarge // by its announced size: nothing of it is stored
	}
	for b.left > 0 {
		if space := b.space(dst); len(space) > 0 {
			if err := b.readTo(dst.(inPlace), space); err != nil {
				return err
			}
			continue
		}
		if _, err := b.w.in.Peek(1); err != nil {
			return b.broken(err)
		}
		n := int(min(int64(b.w.in.Buffered()), b.left))
		if err := b.move(dst, n); err != nil {
			return err
		}
	}
	return nil
}

// space is where the rest of a chunk can be read to, once nothing of it is buffered: it saves a copy of each byte.
func (b *body) space(dst io.Writer) []byte {
	place, ok := dst.(inPlace)
	if !ok || b.w.in.Buffered() > 0 {
		return nil
	}
	space := place.Space()
	return space[:min(int64(len(space)), b.left)]
}

func (b *body) readTo(dst inPlace, space []byte) error {
	n, err := b.w.read(space)
	if err != nil {
		return b.broken(err)
	}
	b.size += int64(n)
	b.left -= int64(n)
	return dst.Advance(n)
}

// move moves n buffered bytes to dst. They are consumed even when dst refuses them, so that finish goes on behind them.
func (b *body) move(dst io.Writer, n int) (err error) {
	if n == 0 {
		return nil
	}
	if int64(n) > b.limit-b.size {
		err = errTooLarge
	} else {
		buf, _ := b.w.in.Peek(n)
		_, err = dst.Write(buf)
		b.size += int64(n)
	}
	b.w.in.Discard(n)
	b.left -= int64(n)
	return err
}

// broken makes the end of the stream sticky: a message without its end is never committed (I3, defect A).
func (b *body) broken(err error) error {
	if err == nil {
		return nil
	}
	return b.w.fail(errGone)
}
