package feed

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clawback/config"
)

// setup is what a Scheduler works by.
type setup struct {
	feeds   []config.Feed
	caution *Caution
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

// outdated reports whether another setup waits.
func (s *Scheduler) outdated() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setup != nil
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
