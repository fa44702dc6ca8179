package outlook

import (
	"bufio"
	"encoding/binary"
	"io"
)

// span is a bounded stretch of a stream. Spans within each other share the reader.
type span struct {
	r    *bufio.Reader
	left int64
}

func (s *span) Read(b []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	return n, err
}

// next takes some octets, which hold until the next call of anything; nil when there are not so many.
func (s *span) next(n int) []byte {
	if s.left < int64(n) {
		return nil
	}
	b, err := s.r.Peek(n)
	if err != nil {
		return nil
	}
	_, _ = s.r.Discard(n) // they are there
	s.left -= int64(n)
	return b
}

// number takes 32 bits, 0 at the end.
func (s *span) number() uint32 {
	b := s.next(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// skip passes over octets, and answers whether there were so many.
func (s *span) skip(n int64) bool {
	for n > 0 && s.left > 0 {
		got, err := s.r.Discard(int(min(n, s.left, 1<<30)))
		n, s.left = n-int64(got), s.left-int64(got)
		if err != nil {
			return false
		}
	}
	return n <= 0
}

// within calls fn for the octets that come next, and passes over what fn leaves of them. It answers whether they are
// all there.
func (s *span) within(size int64, fn func(*span)) bool {
	part := &span{s.r, min(size, s.left)}
	had := part.left
	fn(part)
	s.left -= had - part.left
	return s.skip(size - (had - part.left))
}

// values calls fn for each value of a property. It answers false when the list cannot be read further.
func (s *span) values(kind uint16, fn func(*span)) bool {
	const several = 0x1000
	size, fixed := sizeOf(kind &^ several)
	count := uint32(1)
	if !fixed || kind&several != 0 {
		count = s.number()
	}
	for ; count > 0; count-- {
		if !fixed {
			b := s.next(4)
			if b == nil {
				return false
			}
			size = int64(binary.LittleEndian.Uint32(b))
		}
		if size < 0 || !s.within(size, fn) || !s.skip(-size&3) { // padded to four octets
			return false
		}
	}
	return true
}

// skipName passes over the name of a property: a GUID, then a number or text.
func (s *span) skipName() bool {
	b := s.next(24)
	if b == nil {
		return false
	}
	if text, size := binary.LittleEndian.Uint32(b[16:]) == 1, int64(binary.LittleEndian.Uint32(b[20:])); text {
		return s.skip(size + -size&3)
	}
	return true
}
