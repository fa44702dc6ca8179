package pipeline

import (
	"sync"
	"time"
)

// threads run stages. A stage owns its thread meanwhile, so that its computing time is known. There are as many threads
// as the runtime runs at once, and they go from one stage to the next: a change of threads costs as much as a part of a
// stage. One whose stage takes long counts no more, and another takes its place: whatever one message does, the others
// go on.
type threads struct {
	most int

	mu      sync.Mutex // guards what follows
	alive   int        // those that count
	idle    []chan *staged
	waiting []*staged
}

// staged is a stage on its way through a thread.
type staged struct {
	run      func()
	began    time.Time // owned by threads.mu; zero: it waits for a thread
	replaced bool      // another thread has taken the place of its own; owned by threads.mu
	ended    bool      // its thread has gone on; owned by threads.mu
}

const (
	// slowAfter is when another thread takes the place of one whose stage goes on: a hundred times what most take.
	slowAfter = 50 * time.Millisecond
	// idleThread is how long a thread waits for a stage.
	idleThread = 10 * time.Second
)

// begin gives a stage to a thread, when there is one.
func (t *threads) begin(s *staged) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch n := len(t.idle); {
	case n > 0:
		s.began = time.Now()
		t.idle[n-1] <- s // it has room for one
		t.idle = t.idle[:n-1]
	case t.alive < t.most:
		t.alive++
		s.began = time.Now()
		go t.work(s)
	default:
		t.waiting = append(t.waiting, s)
	}
}

// replace lets another thread take the place of that of a stage, if the stage takes long, and says whether it does. A
// stage that has just ended has no thread any more: its place must not be given away.
func (t *threads) replace(s *staged) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.ended || s.began.IsZero() || time.Since(s.began) < slowAfter {
		return false
	}
	s.replaced = true
	t.alive--
	if next := t.pop(); next != nil {
		t.alive++
		go t.work(next)
	}
	return true
}

// pop takes the stage that waits longest; nil: none waits. The caller holds mu.
func (t *threads) pop() *staged {
	if len(t.waiting) == 0 {
		return nil
	}
	s := t.waiting[0]
	t.waiting[0], t.waiting = nil, t.waiting[1:]
	s.began = time.Now()
	return s
}

// work is a thread that begins with a stage.
func (t *threads) work(s *staged) {
	mine := make(chan *staged, 1)
	for s != nil {
		s.run()
		s = t.next(s, mine)
	}
}

// next is the stage after one that has ended; nil where the thread is not needed any more.
func (t *threads) next(last *staged, mine chan *staged) *staged {
	t.mu.Lock()
	last.ended = true
	if last.replaced {
		t.mu.Unlock()
		return nil
	}
	if s := t.pop(); s != nil {
		t.mu.Unlock()
		return s
	}
	t.idle = append(t.idle, mine)
	t.mu.Unlock()
	timer := time.NewTimer(idleThread)
	defer timer.Stop()
	select {
	case s := <-mine:
		return s
	case <-timer.C:
		return t.leave(mine)
	}
}

// leave ends a thread that has waited for long, unless it was given a stage meanwhile.
func (t *threads) leave(mine chan *staged) *staged {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, idle := range t.idle {
		if idle == mine {
			t.idle = append(t.idle[:i], t.idle[i+1:]...)
			t.alive--
			return nil
		}
	}
	return <-mine
}
