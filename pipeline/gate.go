package pipeline

import (
	"sync"
	"time"
)

// aloneTime is how long a suspect may keep all other items from being scored: thousands of times what scoring takes.
// After it the others go on, and an end of the process counts against nobody.
const aloneTime = 10 * time.Second

// gate lets items in to be scored: any number, or one that is to be alone.
type gate struct {
	mu      sync.Mutex // guards what follows
	inside  int
	closed  time.Time     // until then one is to be alone; zero: all may come in
	changed chan struct{} // closed, and replaced, when something of this changes
}

func newGate() *gate { return &gate{changed: make(chan struct{})} }

// enter waits until an item may be scored, and gives what it leaves by.
func (g *gate) enter(alone bool) (leave func()) {
	if alone {
		return g.enterAlone()
	}
	for {
		g.mu.Lock()
		wait, changed := time.Until(g.closed), g.changed
		if wait <= 0 {
			g.inside++
			g.mu.Unlock()
			return func() { g.change(func() { g.inside-- }) }
		}
		g.mu.Unlock()
		waitFor(changed, wait)
	}
}

// enterAlone keeps others out, and waits until those inside have left. The queue hands out one suspect at a time.
func (g *gate) enterAlone() (leave func()) {
	end := time.Now().Add(aloneTime)
	g.change(func() { g.closed = end })
	for {
		g.mu.Lock()
		wait, changed := time.Until(end), g.changed
		if g.inside == 0 || wait <= 0 {
			break
		}
		g.mu.Unlock()
		waitFor(changed, wait)
	}
	g.inside++
	if g.inside == 1 {
		g.closed = time.Now().Add(aloneTime)
	}
	g.mu.Unlock()
	return func() { g.change(func() { g.inside, g.closed = g.inside-1, time.Time{} }) }
}

func (g *gate) change(what func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	what()
	close(g.changed)
	g.changed = make(chan struct{})
}

func waitFor(changed <-chan struct{}, atMost time.Duration) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}
