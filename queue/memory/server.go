// Package memory keeps a queue in memory, for tests: a second engine that shows what the contract asks of one.
//
// A Server stands for the database, which several owners open at one time. What it holds ends with the process: nothing
// of it is durable, and the daemon never uses it.
//
// Reads, Writes: nothing outside of the process.
//
// Invariants: those of package queue, but for durability. Every method holds the server's lock for as long as it reads
// or changes something, so that each is one transaction.
//
// On failure: nothing fails, unless a failpoint says so.
//
// Standards: none.
package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"clawback/queue"
)

// Server holds what all owners share.
type Server struct {
	mu      sync.Mutex // owns everything below
	now     func() time.Time
	items   map[string]queue.Item
	bounces map[string]queue.Bounce
	given   map[string]string // item that was given up -> bounce
	notes   map[string][]byte // of what was discarded
	bodies  map[string]string // by name
	owners  map[string]*owner
	wake    chan struct{} // closed, and replaced, with each change
}

// owner is what the server knows of one.
type owner struct {
	lease   queue.Lease
	length  time.Duration  // of its leases
	scoring map[string]int // items whose bytes a stage of its reads
}

// New makes an empty Server whose clock is now, nil for time.Now.
func New(now func() time.Time) *Server {
	if now == nil {
		now = time.Now
	}
	return &Server{
		now: now, items: map[string]queue.Item{}, bounces: map[string]queue.Bounce{}, given: map[string]string{},
		notes: map[string][]byte{}, bodies: map[string]string{}, owners: map[string]*owner{}, wake: make(chan struct{}),
	}
}

// SetClock gives the server another clock.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// time is the server's. The caller holds mu.
func (s *Server) time() time.Time { return s.now().UTC().Round(0) }

// Queue is the server as one owner sees it.
type Queue struct {
	*Server
	o      queue.Options
	turn   int                    // counts claims, so that the tenants take turns; owned by the server's lock
	claims map[string]queue.Claim // that this owner has taken and not ended; owned by the server's lock
	closed bool
	quit   chan struct{}
	broken chan struct{} // never closed
}

var _ queue.Queue = (*Queue)(nil)

// Open opens the queue for one owner. What this owner was working on is ready again; of others it frees nothing. The
// clock is the server's, not the owner's.
func (s *Server) Open(o queue.Options) *Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	o = o.WithDefaults()
	q := &Queue{Server: s, o: o, claims: map[string]queue.Claim{}, quit: make(chan struct{}),
		broken: make(chan struct{})}
	s.free(o.Owner)
	s.owners[o.Owner] = &owner{lease: queue.Lease{End: s.time().Add(o.Lease)}, length: o.Lease,
		scoring: map[string]int{}}
	latest := s.time().Add(o.MaxDefer)
	for id, it := range s.items {
		if it.State == queue.Deferred && it.NotBefore.After(latest) {
			it.NotBefore = latest
			s.items[id] = it
		}
	}
	s.dropSent(o.KeepSent)
	s.changed()
	return q
}

// free makes of an owner's items in work what the end of its process makes of them. The caller holds mu.
func (s *Server) free(name string) {
	o := s.owners[name]
	if o == nil {
		return
	}
	scored := 0
	for id := range o.scoring {
		if it := s.items[id]; it.State == queue.Working && it.Claim.Owner == name {
			scored++
		}
	}
	for id, it := range s.items {
		if it.State == queue.Working && it.Claim.Owner == name {
			it.Crashed(o.scoring[id] > 0, scored == 1, s.time())
			it.Changed = s.time()
			s.items[id] = it
		}
	}
	delete(s.owners, name)
}

// freeEnded frees the items of the other owners whose leases have ended. The caller holds mu.
func (q *Queue) freeEnded() {
	for name, o := range q.owners {
		if name != q.o.Owner && o.lease.Ended(q.time(), o.length) {
			q.free(name)
		}
	}
}

// changed wakes who waits for something to claim. The caller holds mu.
func (s *Server) changed() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// begin locks the server for one transaction.
func (q *Queue) begin(ctx context.Context) (end func(), err error) {
	q.mu.Lock()
	switch {
	case q.closed:
		err = queue.ErrClosed
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	if err != nil {
		q.mu.Unlock()
		return nil, err
	}
	return q.mu.Unlock, nil
}

// Abilities: it is shared, and nothing of it is durable.
func (q *Queue) Abilities() queue.Abilities { return queue.Abilities{Shared: true, Lease: q.o.Lease} }

// Probe answers at once.
func (q *Queue) Probe(ctx context.Context) error {
	end, err := q.begin(ctx)
	if err == nil {
		end()
	}
	return err
}

// Broken is never closed.
func (q *Queue) Broken() <-chan struct{} { return q.broken }

// Close ends this owner's use of it. What it was working on stays its own until it opens the queue again, or its lease
// ends.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.quit)
	}
	return nil
}

// Admit takes everything.
func (q *Queue) Admit(ctx context.Context, _ queue.Envelope, _ int64) error { return q.Probe(ctx) }

// Begin begins a message.
func (q *Queue) Begin(_ context.Context, env queue.Envelope, _ int64) (queue.Draft, error) {
	return &draft{q: q, env: env}, nil
}

// draft is a message that is arriving.
type draft struct {
	q    *Queue
	env  queue.Envelope
	body []byte
	done bool
}

func (d *draft) Write(p []byte) (int, error) {
	if d.done {
		return 0, queue.ErrClosed
	}
	d.body = append(d.body, p...)
	return len(p), nil
}

func (d *draft) Abort() { d.done = true }

func (d *draft) Commit(ctx context.Context) (string, error) {
	if d.done {
		return "", queue.ErrClosed
	}
	d.done = true
	if err := d.q.o.Fail("c1.before-log"); err != nil {
		return "", fmt.Errorf("commit message: %w", err)
	}
	end, err := d.q.begin(ctx)
	if err != nil {
		return "", fmt.Errorf("commit message: %w", err)
	}
	it := queue.Item{ID: queue.NewID(d.q.time()), Envelope: d.env, State: queue.Ready, Changed: d.q.time()}
	it.Body = bodyRef(it.ID, d.body)
	d.q.items[it.ID], d.q.bodies[it.Body.File] = it, string(d.body)
	d.q.changed()
	end()
	if err := d.q.o.Fail("c1.after-log"); err != nil {
		return "", fmt.Errorf("commit message: %w", err)
	}
	return it.ID, nil
}

// sorted is the items in the order of their ids. The caller holds mu.
func (s *Server) sorted() []queue.Item {
	list := make([]queue.Item, 0, len(s.items))
	for _, id := range slices.Sorted(maps.Keys(s.items)) {
		list = append(list, s.items[id])
	}
	return list
}
