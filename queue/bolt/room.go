package bolt

import (
	"clawback/queue"
	"clawback/spool"
)

// room is what a draft has reserved on the disk: for what has arrived and is not written yet, and a step more. What a
// peer announces reserves nothing, or a few that send nothing could keep the disk from all others.
type room struct {
	spool *spool.Spool
	class spool.Class
	have  int64
}

// What is reserved doubles between these steps.
const (
	minRoom = 64 << 10
	maxRoom = 4 << 20
)

// need reserves so much that n bytes fit in all.
func (r *room) need(n int64) error {
	if n <= r.have {
		return nil
	}
	step := max(n-r.have, min(max(r.have, minRoom), maxRoom))
	if err := r.spool.Reserve(step, r.class); err != nil {
		return err
	}
	r.have += step
	return nil
}

// trim gives back what n bytes and a step more do not need.
func (r *room) trim(n int64) {
	if extra := r.have - n - maxRoom; extra > 0 {
		r.spool.Unreserve(extra, r.class)
		r.have -= extra
	}
}

func (r *room) release() {
	r.spool.Unreserve(r.have, r.class)
	r.have = 0
}

// classOf is the class of space that a message may use.
func classOf(env queue.Envelope) spool.Class {
	if env.Network == "" {
		return spool.Limited
	}
	return spool.Regular
}
