package spool

import "time"

// turn lets a few large bodies at a time use the processor. A fast peer never blocks: with as many of them running as
// there are processors, the runtime would look for what has arrived for anybody else only each 10 ms.
type turn struct {
	turns chan struct{} // holds one for each body that has its turn
	mine  bool
}

// patience is how long a body waits for its turn before it goes on without: what has one may be waiting for a slow
// peer.
const patience = 6 * time.Millisecond

// wait waits for a turn, and goes on without one after its patience is over.
func (t *turn) wait() {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case t.turns <- struct{}{}:
		t.mine = true
	case <-timer.C:
	}
}

func (t *turn) done() {
	if t.mine {
		<-t.turns
		t.mine = false
	}
}
