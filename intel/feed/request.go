package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// request is what a person asks for: to poll now.
type request struct {
	feed    string // "": all
	accept  bool
	results []Result // of Run's goroutine, as left: how many are to come
	left    int
	done    chan []Result // of one
}

// waiter is the part of a request that one feed answers.
type waiter struct {
	*request
	place int // in results
}

// resolve notes what a poll brought, and answers the request when all of its feeds have been polled.
func (w waiter) resolve(r Result) {
	w.results[w.place] = r
	if w.left--; w.left == 0 {
		w.done <- w.results
	}
}

// ErrNoSuchFeed means that a name is that of none of the configured feeds.
var ErrNoSuchFeed = errors.New("no such feed")

// Update polls a feed now, or at all for "". accept says that its length is right, however it differs from before.
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

// handOver has the feeds of another setup answer what is asked of those before.
func (s *Scheduler) handOver(feeds []*scheduled) {
	for _, f := range s.feeds {
		at := slices.IndexFunc(feeds, func(n *scheduled) bool { return n.feed.Name == f.feed.Name })
		if at >= 0 {
			feeds[at].waiters = f.waiters
			continue
		}
		for _, w := range f.waiters {
			w.resolve(Result{Feed: f.feed.Name, Code: Away, Problem: "is not configured any more"})
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
				f.waiters = append(f.waiters, waiter{q, q.left})
				q.left++
			}
		}
		q.results = make([]Result, q.left)
		if q.left == 0 {
			q.done <- nil
		}
	}
}
