package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/config"
)

// After a look that failed the list is looked at again, less and less often, but never less often than after a good
// one.
const (
	firstRetry = 5 * time.Minute
	maxRetry   = time.Hour
	moreSoon   = time.Minute // of a list that comes in parts
)

// mostLooks is how many lists are looked at at once: a slow publisher holds up no other, and each costs some memory.
const mostLooks = 4

// Options are what a Scheduler needs besides the configuration.
type Options struct {
	Dir      string // of the last good copies
	Consumer Consumer
	Key      Key               // by which entries are looked up; nil: they are not
	Log      *slog.Logger      // nil: none
	Failed   func(Failure)     // is told of every look that failed; nil: nobody is
	Read     func(name string) // is told of every look that did not; nil: nobody is
	Now      func() time.Time  // nil: time.Now
}

// Failure is a look at a list that brought nothing.
type Failure struct {
	Feed  string
	Code  Code
	Text  string
	Times int // in a row
}

// Scheduler looks at lists when they are due, some at once and each by itself. Its consumer is told by one of them at a
// time. All but Run may be called by several goroutines.
type Scheduler struct {
	o         Options
	limits    limits
	newSource func(*config.Feed, limits) (source, error)
	wake      chan struct{}
	book      *book

	feeds   []*scheduled // of Run's goroutine
	caution *Caution     // as above
	looking int          // as above: looks that are under way
	looked  chan looked  // what they brought

	mu       sync.Mutex
	setup    *setup     // owned by mu, as all below; what is to be used next; nil: what is in use
	requests []*request // that wait
	status   []Status
}

// scheduled is one feed.
type scheduled struct {
	feed   config.Feed
	source source
	kept   *kept // of the look that is under way
	due    time.Time
	status Status
	busy   bool   // a look is under way
	asked  []wish // that wait for a look of their own
}

// looked is what one look brought.
type looked struct {
	feed   *scheduled
	at     time.Time // when it began
	wishes []wish    // that it fulfils
	result Result
	more   bool
	err    error
}

// setup is what a Scheduler works by.
type setup struct {
	feeds   []config.Feed
	caution *Caution
}

// request is a person's wish to look now.
type request struct {
	feed    string // "": all
	accept  bool
	results []Result // of Run's goroutine, as left: how many are to come
	left    int
	done    chan []Result // of one
}

// wish is the part of a request that one feed fulfils.
type wish struct {
	*request
	place int // in results
}

// fulfil notes what a look brought, and answers the request when all of its feeds have been looked at.
func (w wish) fulfil(r Result) {
	w.results[w.place] = r
	if w.left--; w.left == 0 {
		w.done <- w.results
	}
}

// ErrNoSuchFeed means that a name is that of none of the configured feeds.
var ErrNoSuchFeed = errors.New("no such feed")

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
		book: newBook(o.Key), looked: make(chan looked)}
	s.o.Consumer = &inTurn{to: o.Consumer}
	s.Use(feeds, c)
	return s, nil
}

// newSource makes the source of a feed.
func newSource(f *config.Feed, l limits) (source, error) {
	if f.URL == "" {
		return fileSource{f.File}, nil
	}
	return newHTTPSource(f, l)
}

// Use makes the Scheduler work by other feeds, once what it is reading now has been read.
func (s *Scheduler) Use(feeds []config.Feed, c *Caution) {
	s.mu.Lock()
	s.setup = &setup{slices.Clone(feeds), c}
	s.mu.Unlock()
	s.signal()
}

// signal makes Run look what is to be done.
func (s *Scheduler) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it will
	}
}

// Update looks at a feed now, or at all for "". accept says that its length is right, however it differs from before.
func (s *Scheduler) Update(ctx context.Context, name string, accept bool) ([]Result, error) {
	if name != "" && !slices.ContainsFunc(s.Status(), func(st Status) bool { return st.Name == name }) {
		return nil, fmt.Errorf("%w: %q", ErrNoSuchFeed, name)
	}
	q := &request{feed: name, accept: accept, done: make(chan []Result, 1)}
	s.mu.Lock()
	s.requests = append(s.requests, q)
	s.mu.Unlock()
	s.signal()
	select {
	case results := <-q.done:
		return results, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inTurn is a consumer that is told by one look at a time.
type inTurn struct {
	mu sync.Mutex
	to Consumer
}

func (c *inTurn) Apply(ctx context.Context, d Delta) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.Apply(ctx, d)
}

// Run looks at each list when it is due, until the context ends.
func (s *Scheduler) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		timer := time.NewTimer(min(s.begin(ctx), maxRetry)) // the clock may have been set meanwhile
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		case l := <-s.looked:
			s.note(ctx, l)
		}
		timer.Stop()
	}
	for s.looking > 0 {
		s.note(ctx, <-s.looked)
	}
	return nil
}

// begin begins the looks that are due or asked for, and says when the next one is. Another setup waits until no look by
// the old one is under way.
func (s *Scheduler) begin(ctx context.Context) time.Duration {
	if s.looking == 0 {
		s.adopt(ctx)
	} else if s.outdated() {
		return maxRetry
	}
	s.distribute()
	for s.looking < mostLooks {
		f := s.next()
		if f == nil {
			break
		}
		if wait := f.due.Sub(s.o.Now()); len(f.asked) == 0 && wait > 0 {
			return wait
		}
		s.start(ctx, f)
	}
	return maxRetry // or when a look ends
}

// outdated reports whether another setup waits.
func (s *Scheduler) outdated() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setup != nil
}

// next is the feed that is asked for, or due first, of those that are not being looked at; nil where there is none.
func (s *Scheduler) next() (first *scheduled) {
	for _, f := range s.feeds {
		switch {
		case f.busy:
		case len(f.asked) > 0:
			return f
		case first == nil || f.due.Before(first.due):
			first = f
		}
	}
	return first
}

// start looks at one list beside the others.
func (s *Scheduler) start(ctx context.Context, f *scheduled) {
	l := looked{feed: f}
	accept := len(f.asked) > 0 && f.asked[0].accept
	for len(f.asked) > 0 && f.asked[0].accept == accept {
		l.wishes, f.asked = append(l.wishes, f.asked[0]), f.asked[1:]
	}
	f.busy = true
	s.looking++
	r := s.reading(f, accept)
	l.at = r.now
	go func() {
		s.look(ctx, r, &l)
		s.looked <- l
	}()
}

// adopt begins to work by another setup, where there is one.
func (s *Scheduler) adopt(ctx context.Context) {
	s.mu.Lock()
	setup := s.setup
	s.setup = nil
	s.mu.Unlock()
	if setup == nil {
		return
	}
	s.caution = setup.caution
	var feeds []*scheduled
	for _, f := range setup.feeds {
		feeds = append(feeds, s.schedule(f))
	}
	s.handOver(feeds)
	s.feeds = feeds
	s.dropOthers(ctx)
	s.publish()
}

// schedule opens one feed. One whose source cannot be made is a feed that fails.
func (s *Scheduler) schedule(f config.Feed) *scheduled {
	now := s.o.Now()
	k, err := openKept(s.o.Dir, f.Name)
	if err != nil {
		s.o.Log.Warn("last good copy is not used", "event", "feed.copy", "feed", f.Name, "error", err)
	}
	k.book = s.book
	if err := s.book.open(f.Name, k.file(".list")); err != nil {
		s.o.Log.Warn("last good copy is not used", "event", "feed.copy", "feed", f.Name, "error", err)
	}
	n := &scheduled{feed: f, kept: k}
	if n.source, err = s.newSource(&n.feed, s.limits); err != nil {
		n.source = noSource{refuse(Away, "cannot be read: %w", err)}
	}
	n.due = now
	if r := s.reading(n, false); !k.about.Fetched.IsZero() && k.about.Settings == r.settings() {
		if due := k.about.Fetched.Add(f.Interval); due.After(now) && !due.After(now.Add(f.Interval)) {
			n.due = due
		}
	}
	n.status = Status{Name: f.Name, Format: f.Format, Source: origin(&f), Fetched: k.about.Fetched, Due: n.due,
		Counts: k.about.Counts}
	for _, before := range s.feeds { // a reload must not make its trouble forgotten
		if before.feed.Name == f.Name {
			n.status.Code, n.status.Problem = before.status.Code, before.status.Problem
			n.status.Failures = before.status.Failures
		}
	}
	return n
}

// noSource is a source that cannot be had.
type noSource struct{ err error }

func (b noSource) get(context.Context, string, validators) (answer, error) { return answer{}, b.err }

// origin names where a list comes from, without what may be a key.
func origin(f *config.Feed) string {
	if u, err := url.Parse(f.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return f.File
}

// dropOthers ends the lists of feeds that are not configured any more.
func (s *Scheduler) dropOthers(ctx context.Context) {
	files, err := os.ReadDir(s.o.Dir)
	if err != nil {
		s.o.Log.Warn("last good copies cannot be listed", "event", "feed.copy", "error", err)
		return
	}
	for _, file := range files {
		name, end := strings.TrimSuffix(file.Name(), filepath.Ext(file.Name())), filepath.Ext(file.Name())
		known := slices.ContainsFunc(s.feeds, func(f *scheduled) bool { return f.feed.Name == name })
		if known || end != ".list" && end != ".pending" {
			continue
		}
		k := &kept{dir: s.o.Dir, name: name, part: maxDelta}
		s.book.close(name)
		if err := k.drop(ctx, s.o.Consumer); err != nil {
			s.o.Log.Warn("the list of a feed that is not configured any more stays", "event", "feed.drop",
				"feed", name, "error", err)
			continue
		}
		s.o.Log.Info("the list of a feed that is not configured any more has ended", "event", "feed.drop", "feed", name)
	}
}

// handOver has the feeds of another setup fulfil what is asked of those before.
func (s *Scheduler) handOver(feeds []*scheduled) {
	for _, f := range s.feeds {
		at := slices.IndexFunc(feeds, func(n *scheduled) bool { return n.feed.Name == f.feed.Name })
		if at >= 0 {
			feeds[at].asked = f.asked
			continue
		}
		for _, w := range f.asked {
			w.fulfil(Result{Feed: f.feed.Name, Code: Away, Problem: "is not configured any more"})
		}
	}
}

// distribute hands what persons asked for to the feeds.
func (s *Scheduler) distribute() {
	s.mu.Lock()
	requests := s.requests
	s.requests = nil
	s.mu.Unlock()
	for _, q := range requests {
		for _, f := range s.feeds {
			if q.feed == "" || q.feed == f.feed.Name {
				f.asked = append(f.asked, wish{q, q.left})
				q.left++
			}
		}
		q.results = make([]Result, q.left)
		if q.left == 0 {
			q.done <- nil
		}
	}
}

func (s *Scheduler) reading(f *scheduled, accept bool) *reading {
	return &reading{feed: &f.feed, source: f.source, kept: f.kept, caution: s.caution, limits: s.limits,
		to: s.o.Consumer, now: s.o.Now().UTC(), accept: accept}
}

// look looks at one list. What is over by time is over all the same where that brings nothing.
func (s *Scheduler) look(ctx context.Context, r *reading, l *looked) {
	l.result, l.more, l.err = s.guarded(ctx, r)
	l.result.Feed = r.feed.Name
	if l.err == nil || ctx.Err() != nil {
		return
	}
	if stale := r.stale(); stale || r.overdue() {
		if err := r.age(ctx, stale, &l.result); err != nil {
			s.o.Log.Warn("lifetimes that are over are not ended", "event", "feed.expire",
				"feed", r.feed.Name, "error", err)
		}
	}
}

// note takes in what a look brought, and says when the list is due again.
func (s *Scheduler) note(ctx context.Context, l looked) {
	f := l.feed
	f.busy = false
	s.looking--
	if ctx.Err() == nil {
		s.settle(ctx, f, &l)
	}
	for _, w := range l.wishes {
		w.fulfil(l.result)
	}
}

// settle says how a feed stands after a look.
func (s *Scheduler) settle(ctx context.Context, f *scheduled, l *looked) {
	f.status.Checked = l.at
	if l.err != nil {
		s.failed(f, &l.result, l.err)
	} else {
		s.succeeded(ctx, f, l)
	}
	f.status.Fetched, f.status.Due, f.status.Counts = f.kept.about.Fetched, f.due, f.kept.about.Counts
	s.publish()
}

// succeeded notes a look that brought the list.
func (s *Scheduler) succeeded(ctx context.Context, f *scheduled, l *looked) {
	f.status.Code, f.status.Problem, f.status.Failures = "", "", 0
	f.due = s.o.Now().Add(f.feed.Interval)
	if l.more {
		f.due = s.o.Now().Add(min(moreSoon, f.feed.Interval))
	}
	if s.o.Read != nil {
		s.o.Read(f.feed.Name)
	}
	level, r := slog.LevelInfo, l.result
	if r.Added+r.Withdrawn+r.Expired == 0 {
		level = slog.LevelDebug
	}
	s.o.Log.Log(ctx, level, "feed read", "event", "feed.read", "feed", f.feed.Name, "unchanged", r.Unchanged,
		"added", r.Added, "withdrawn", r.Withdrawn, "expired", r.Expired, "living", r.Counts.Living)
}

// guarded is look for lists that no reader was written for.
func (s *Scheduler) guarded(ctx context.Context, r *reading) (result Result, more bool, err error) {
	defer func() {
		if why := recover(); why != nil {
			s.o.Log.Error("panic while a feed was read", "event", "feed.panic", "feed", r.feed.Name,
				"stack", string(debug.Stack()))
			err = refuse(Format, "made its reader fail: %v", why)
		}
	}()
	return r.look(ctx)
}

// failed notes a look that brought nothing.
func (s *Scheduler) failed(f *scheduled, result *Result, err error) {
	refusal := &Refusal{Code: Away, Text: err.Error()}
	errors.As(err, &refusal)
	result.Code, result.Problem, result.Counts = refusal.Code, refusal.Text, f.kept.about.Counts
	f.status.Code, f.status.Problem = refusal.Code, refusal.Text
	wait := min(firstRetry<<min(f.status.Failures, 10), maxRetry)
	wait -= rand.N(wait / 4) // so that not all come back at once when a server does
	f.due = s.o.Now().Add(max(min(wait, f.feed.Interval), refusal.wait))
	f.status.Failures++
	s.o.Log.Warn("feed not read", "event", "feed.refused", "feed", f.feed.Name, "code", refusal.Code,
		"error", refusal.Text, "failures", f.status.Failures)
	if s.o.Failed != nil {
		s.o.Failed(Failure{f.feed.Name, refusal.Code, refusal.Text, f.status.Failures})
	}
}
