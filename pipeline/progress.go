package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

	"clawback/queue"
)

// progress is what the workers are at: for the watchdog, and for a stop that does not wait for ever.
type progress struct {
	mu        sync.Mutex // guards what follows
	items     map[string]time.Time
	abandoned []*running
	stopped   bool // what was in work when the grace of a stop ended was given back
}

// stuckTime is how long an abandoned stage may go on before the daemon counts as stuck: by then its item has ended, and
// a restart does not meet it again.
const stuckTime = time.Minute

// workTime is how long a worker may be at an item in all, by the clock, besides its stages: to be let in, and to write
// its end.
const workTime = 10 * time.Minute

// begin notes that a worker is at an item, and until when it must have moved on.
func (w *progress) begin(it queue.Item, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.items == nil {
		w.items = map[string]time.Time{}
	}
	w.items[it.ID] = time.Now().Add(workTime + 4*wallFactor*limit) // four stages
}

func (w *progress) end(it queue.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.items, it.ID)
}

// Working is how many items are in work.
func (p *Pipeline) Working() int {
	p.progress.mu.Lock()
	defer p.progress.mu.Unlock()
	return len(p.progress.items)
}

// stop ends the time in which workers may end their items.
func (w *progress) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}

// isStopped reports whether what is in work was given back: nothing is written of it any more.
func (w *progress) isStopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

// left are the items that workers are at still.
func (w *progress) left() (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.items {
		ids = append(ids, id)
	}
	return ids
}

// abandon gives up on a stage. The body that it reads is closed under it, which ends most.
func (p *Pipeline) abandon(r *running) {
	p.o.Log.Error("a stage did not end when its time was over, and is given up", "event", "stage.abandoned",
		"stage", r.stage,
		"computed", r.computed(), "took", r.took())
	r.abandoned = time.Now()
	p.progress.mu.Lock()
	defer p.progress.mu.Unlock()
	p.progress.abandoned = append(p.progress.abandoned, r)
}

// Probe fails when a worker has not come on within its bounds: then only a new process helps.
func (p *Pipeline) Probe(context.Context) error {
	w := &p.progress
	w.mu.Lock()
	defer w.mu.Unlock()
	running := w.abandoned[:0]
	for _, r := range w.abandoned {
		if r.thread.Load() == 0 {
			continue // it has ended after all
		}
		running = append(running, r)
		if time.Since(r.abandoned) > stuckTime {
			return fmt.Errorf("stage %s has run for %v, which nothing bounds", r.stage,
				r.took().Round(time.Second))
		}
	}
	w.abandoned = running
	for id, until := range w.items {
		if time.Now().After(until) {
			return fmt.Errorf("the work on item %s does not come on", id)
		}
	}
	return nil
}
