package queue

import "clawback/spool"

// room is what a draft has reserved on the disk.
type room struct {
	spool *spool.Spool
	have  int64
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
	if err := r.spool.Reserve(step); err != nil {
		return err
	}
	r.have += step
	return nil
}

func (r *room) release() {
	r.spool.Unreserve(r.have)
	r.have = 0
}
