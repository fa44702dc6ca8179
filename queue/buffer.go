package queue

import (
	"sync"

	"clawback/spool"
)

// The sizes of buffers: 16 KiB, and twice that again and again up to 1 MiB. A buffer grows only with what has really
// arrived, so that a peer which announces much and sends nothing costs little.
const (
	minBuffer = 16 << 10
	classes   = 7
)

// buffers are the pools of the process, one for each size.
var buffers [classes]sync.Pool

// grow gives a buffer with the same octets that has room for n more.
func grow(buf []byte, n int) []byte {
	want := len(buf) + n
	if want <= cap(buf) {
		return buf
	}
	next := append(take(want), buf...)
	recycle(buf)
	return next
}

// take gives an empty buffer of the least size that holds n.
func take(n int) []byte {
	size := minBuffer
	for i := range classes {
		if n <= size {
			if b, ok := buffers[i].Get().(*[]byte); ok {
				return (*b)[:0]
			}
			return make([]byte, 0, size)
		}
		size *= 2
	}
	return make([]byte, 0, n)
}

// recycle keeps a buffer for another message. Nothing may refer to it any more.
func recycle(buf []byte) {
	for i := range classes {
		if cap(buf) == minBuffer<<i {
			buf = buf[:0]
			buffers[i].Put(&buf)
		}
	}
}

// room is what a draft has reserved on the disk.
type room struct {
	spool    *spool.Spool
	have     int64
	releases []func()
}

// A message whose size was not announced reserves twice what it has, again and again, between these steps.
const (
	minRoom = 64 << 10
	maxRoom = 4 << 20
)

// need reserves so much that n octets fit in all.
func (r *room) need(n int64) error {
	if n <= r.have {
		return nil
	}
	step := max(n-r.have, min(max(r.have, minRoom), maxRoom))
	release, err := r.spool.Reserve(step)
	if err != nil {
		return err
	}
	r.have += step
	r.releases = append(r.releases, release)
	return nil
}

func (r *room) release() {
	for _, release := range r.releases {
		release()
	}
	r.releases, r.have = nil, 0
}
