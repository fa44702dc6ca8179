package journal

import (
	"errors"
	"io"
)

var errBudget = errors.New("read too often")

// source is the message that is parsed. It remembers the reader's first error, so that those who read through decoders
// need not tell it from a decoder's, and it ends the work on a message that costs more than its size allows.
type source struct {
	r      io.ReaderAt
	size   int64
	budget int64
	err    error
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(b []byte, off int64) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.budget -= int64(len(b)); s.budget < 0 {
		s.err = errBudget
		return 0, s.err
	}
	n, err := s.r.ReadAt(b, off)
	switch {
	case n == len(b):
		return n, nil
	case errors.Is(err, io.EOF) && off+int64(n) >= s.size:
		return n, io.EOF
	case err == nil || errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	s.err = err
	return n, err
}
