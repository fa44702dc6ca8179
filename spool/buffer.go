package spool

import "sync"

// The sizes of buffers: 16 KiB, and twice that again and again up to 512 KiB. Go begins memory of these sizes at a page.
const (
	minBuffer = 16 << 10
	sizes     = 6
)

// buffers are those that wait to be used again, by size.
type buffers [sizes]sync.Pool

// grow gives a buffer with the same octets that has room for n more.
func (p *buffers) grow(buf []byte, n int) []byte {
	want := len(buf) + n
	if want <= cap(buf) {
		return buf
	}
	next := append(p.take(max(want, 2*cap(buf))), buf...)
	p.recycle(buf)
	return next
}

// take gives an empty buffer of the least size that holds n.
func (p *buffers) take(n int) []byte {
	size := minBuffer
	for i := range sizes {
		if n <= size {
			if b, ok := p[i].Get().(*[]byte); ok {
				return (*b)[:0]
			}
			return make([]byte, 0, size)
		}
		size *= 2
	}
	return make([]byte, 0, blocks(int64(n))) // past the sizes, where the inline limit was set higher
}

// recycle keeps a buffer for another message. Nothing may refer to it any more.
func (p *buffers) recycle(buf []byte) {
	for i := range sizes {
		if cap(buf) == minBuffer<<i {
			buf = buf[:0]
			p[i].Put(&buf)
		}
	}
}
