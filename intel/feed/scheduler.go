package feed

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"clawback/config"
)

// After a poll that failed the list is polled again, less and less often, but never less often than after a good one.
const (
	firstRetry = 5 * time.Minute
	maxRetry   = time.Hour
	moreSoon   = time.Minute // of a list that comes in parts
)

// maxPolls is how many lists are polled at once: a slow publisher holds up no other, and each costs some memory.
const maxPolls = 4

// Options are what a Scheduler needs besides the configuration.
type Options struct {
	Dir      string // of the last good copies
	Consumer Consumer
	Key      Key               // by which entries are looked up; nil: they are not
	Log      *slog.Logger      // nil: none
	Failed   func(Failure)     // is told of every poll that failed; nil: nobody is
	Read     func(name string) // is told of every poll that did not; nil: nobody is
	Now      func() time.Time  // nil: time.Now
}

// Failure is a poll of a list that brought nothing.
type Failure struct {
	Feed  string
	Code  Code
	Text  string
	Times int // in a row
}

// Scheduler polls lists when they are due, some at once and each by itself. Its consumer is told by one of them at a
// time. All but Run may be called by several goroutines.
type Scheduler struct {
	o         Options
	limits    limits
	newSource func(*config.Feed, limits) (source, error)
	wake      chan struct{}
	book      *book

	feeds   []*scheduled // of Run's goroutine
	caution *Caution     // as above
	polling int          // as above: polls that are under way
	polls   chan polled  // what they brought

	mu       sync.Mutex
	setup    *setup     // owned by mu, as all below; what is to be used next; nil: what is in use
	requests []*request // that wait
	status   []Status
}

// scheduled is one feed.
type scheduled struct {
	feed    config.Feed
	source  source
	kept    *kept // of the poll that is under way
	due     time.Time
	status  Status
	busy    bool     // a poll is under way
	waiters []waiter // for the next poll
}

// polled is what one poll brought.
type polled struct {
	feed    *scheduled
	at      time.Time // when it began
	waiters []waiter  // that it answers
	result  Result
	more    bool
	err     error
}

// New makes a Scheduler. It reads no list.
func New(feeds []config.Feed, c *Caution, o Options) (*Scheduler, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := makeDir(o.Dir); err != nil {
		return nil, err
	}
	s := &Scheduler{o: o, limits: defaultLimits(), newSource: newSource, wake: make(chan struct{}, 1),
		book: newBook(o.Key), polls: make(chan polled)}
	s.o.Consumer = &inTurn{to: o.Consumer}
	s.Use(feeds, c)
	return s, nil
}

// signal makes Run look what is to be done.
func (s *Scheduler) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it will
	}
}

// inTurn is a consumer that is told by one poll at a time.
type inTurn struct {
	mu sync.Mutex
	to Consumer
}

func (c *inTurn) Apply(ctx context.Context, d Delta) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.Apply(ctx, d)
}

// Run polls each list when it is due, until the context ends.
func (s *Scheduler) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		timer := time.NewTimer(min(s.begin(ctx), maxRetry)) // the clock may have been set meanwhile
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		case l := <-s.polls:
			s.note(ctx, l)
		}
		timer.Stop()
	}
	for s.polling > 0 {
		s.note(ctx, <-s.polls)
	}
	return nil
}

// begin begins the polls that are due or asked for, and says when the next one is. Another setup waits until no poll by
// the old one is under way.
func (s *Scheduler) begin(ctx context.Context) time.Duration {
	if s.polling == 0 {
		s.adopt(ctx)
	} else if s.outdated() {
		return maxRetry
	}
	s.distribute()
	for s.polling < maxPolls {
		f := s.next()
		if f == nil {
			break
		}
		if wait := f.due.Sub(s.o.Now()); len(f.waiters) == 0 && wait > 0 {
			return wait
		}
		s.start(ctx, f)
	}
	return maxRetry // or when a poll ends
}

// next is the feed that is asked for, or due first, of those that are not being polled; nil where there is none.
func (s *Scheduler) next() (first *scheduled) {
	for _, f := range s.feeds {
		switch {
		case f.busy:
		case len(f.waiters) > 0:
			return f
		case first == nil || f.due.Before(first.due):
			first = f
		}
	}
	return first
}

// start polls one list beside the others.
func (s *Scheduler) start(ctx context.Context, f *scheduled) {
	l := polled{feed: f}
	accept := len(f.waiters) > 0 && f.waiters[0].accept
	for len(f.waiters) > 0 && f.waiters[0].accept == accept {
		l.waiters, f.waiters = append(l.waiters, f.waiters[0]), f.waiters[1:]
	}
	f.busy = true
	s.polling++
	r := s.reading(f, accept)
	l.at = r.now
	go func() {
		s.poll(ctx, r, &l)
		s.polls <- l
	}()
}
