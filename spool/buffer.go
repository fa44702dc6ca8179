package spool

import "sync"

// The sizes of buffers: 16 KiB, and twice that again and again up to 512 KiB. Go begins memory of these sizes at a
// page.
const (
	minBuffer = 16 << 10
	sizes     = 6
)

// buffers hold bodies on their way. Those that wait to be used again are kept by size; those in use are counted.
type buffers struct {
	idle   [sizes]sync.Pool
	memory memory
}

// grow gives a buffer with the same bytes that has room for n more, and for as many as are announced where there is
// memory for them; false when there is none. The old buffer is counted until its bytes are copied.
func (p *buffers) grow(buf []byte, n, announced int, c Class) ([]byte, bool) {
	want := len(buf) + n
	if want <= cap(buf) {
		return buf, true
	}
	next, ok := p.acquire(max(want, len(buf)+announced, 2*cap(buf)), c)
	if !ok {
		next, ok = p.acquire(want, c)
	}
	if !ok {
		return buf, false
	}
	next = append(next, buf...)
	p.release(buf, c)
	return next, true
}

// acquire gives an empty buffer that holds n, for a body of a class; false when there is no memory for it.
func (p *buffers) acquire(n int, c Class) ([]byte, bool) {
	if !p.memory.reserve(bufferSize(n), c) {
		return nil, false
	}
	return p.get(n), true
}

// release takes back what acquire gave.
func (p *buffers) release(buf []byte, c Class) {
	p.memory.release(int64(cap(buf)), c)
	p.recycle(buf)
}

// bufferSize is the size of a buffer that holds n. Past the sizes, where the inline limit was set higher, it is n in
// whole blocks.
func bufferSize(n int) int64 {
	for i := range sizes {
		if n <= minBuffer<<i {
			return minBuffer << i
		}
	}
	return blocks(int64(n))
}

// get gives an empty buffer of the least size that holds n. It is not counted.
func (p *buffers) get(n int) []byte {
	size := bufferSize(n)
	for i := range sizes {
		if size != minBuffer<<i {
			continue
		}
		if b, ok := p.idle[i].Get().(*[]byte); ok {
			return (*b)[:0]
		}
	}
	return make([]byte, 0, size)
}

// recycle keeps a buffer for another message. Nothing may refer to it any more.
func (p *buffers) recycle(buf []byte) {
	for i := range sizes {
		if cap(buf) == minBuffer<<i {
			buf = buf[:0]
			p.idle[i].Put(&buf)
		}
	}
}
