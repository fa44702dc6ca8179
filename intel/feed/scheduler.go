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

// Scheduler looks at lists when they are due. Run's goroutine alone reads them, one after the other; all else may be
// called by several.
type Scheduler struct {
	o         Options
	limits    limits
	newSource func(*config.Feed, limits) (source, error)
	wake      chan struct{}
	book      *book

	feeds   []*scheduled // of Run's goroutine
	caution *Caution     // as above

	mu       sync.Mutex
	setup    *setup    // owned by mu, as all below; what is to be used next; nil: what is in use
	requests []request // that wait
	status   []Status
}

// scheduled is one feed.
type scheduled struct {
	feed   config.Feed
	source source
	kept   *kept
	due    time.Time
	status Status
}

// setup is what a Scheduler works by.
type setup struct {
	feeds   []config.Feed
	caution *Caution
}

// request is a person's wish to look now.
type request struct {
	feed   string // "": all
	accept bool
	done   chan []Result // of one
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
		book: newBook(o.Key)}
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
	q := request{name, accept, make(chan []Result, 1)}
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

// Run looks at each list when it is due, until the context ends.
func (s *Scheduler) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.adopt(ctx)
		s.serve(ctx)
		f := s.next()
		wait := maxRetry
		if f != nil {
			wait = f.due.Sub(s.o.Now())
		}
		if f != nil && wait <= 0 {
			s.look(ctx, f, false)
			continue
		}
		timer := time.NewTimer(min(wait, maxRetry)) // the clock may have been set meanwhile
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
		timer.Stop()
	}
	return nil
}

// next is the feed that is due first; nil where there is none.
func (s *Scheduler) next() (first *scheduled) {
	for _, f := range s.feeds {
		if first == nil || f.due.Before(first.due) {
			first = f
		}
	}
	return first
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

// serve looks at what persons asked for.
func (s *Scheduler) serve(ctx context.Context) {
	for {
		s.mu.Lock()
		if len(s.requests) == 0 || ctx.Err() != nil {
			s.mu.Unlock()
			return
		}
		q := s.requests[0]
		s.requests = s.requests[1:]
		s.mu.Unlock()
		var results []Result
		for _, f := range s.feeds {
			if q.feed == "" || q.feed == f.feed.Name {
				results = append(results, s.look(ctx, f, q.accept))
			}
		}
		q.done <- results
	}
}

func (s *Scheduler) reading(f *scheduled, accept bool) *reading {
	return &reading{feed: &f.feed, source: f.source, kept: f.kept, caution: s.caution, limits: s.limits,
		to: s.o.Consumer, now: s.o.Now().UTC(), accept: accept}
}

// look looks at one list, and says when it is due again.
func (s *Scheduler) look(ctx context.Context, f *scheduled, accept bool) Result {
	r := s.reading(f, accept)
	result, more, err := s.guarded(ctx, r)
	result.Feed = f.feed.Name
	if ctx.Err() != nil {
		return result
	}
	f.status.Checked = r.now
	if err != nil {
		s.failed(ctx, f, r, &result, err)
	} else {
		f.status.Code, f.status.Problem, f.status.Failures = "", "", 0
		f.due = s.o.Now().Add(f.feed.Interval)
		if more {
			f.due = s.o.Now().Add(min(moreSoon, f.feed.Interval))
		}
		if s.o.Read != nil {
			s.o.Read(f.feed.Name)
		}
		level := slog.LevelInfo
		if result.Added+result.Withdrawn+result.Expired == 0 {
			level = slog.LevelDebug
		}
		s.o.Log.Log(ctx, level, "feed read", "event", "feed.read", "feed", f.feed.Name, "unchanged", result.Unchanged,
			"added", result.Added, "withdrawn", result.Withdrawn, "expired", result.Expired,
			"living", result.Counts.Living)
	}
	f.status.Fetched, f.status.Due, f.status.Counts = f.kept.about.Fetched, f.due, f.kept.about.Counts
	s.publish()
	return result
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

// failed notes a look that brought nothing. What is over by time is over all the same.
func (s *Scheduler) failed(ctx context.Context, f *scheduled, r *reading, result *Result, err error) {
	refusal := &Refusal{Code: Away, Text: err.Error()}
	errors.As(err, &refusal)
	if stale := r.stale(); stale || r.overdue() {
		if err := r.age(ctx, stale, result); err != nil {
			s.o.Log.Warn("lifetimes that are over are not ended", "event", "feed.expire",
				"feed", f.feed.Name, "error", err)
		}
	}
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
