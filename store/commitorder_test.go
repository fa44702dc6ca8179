package store

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"clawback/store/memory"
)

// recorder notes in which order calls are run, and which of them share a transaction.
type recorder struct {
	mu     sync.Mutex
	groups [][]string // guarded by mu; the last one is not committed yet
}

func (r *recorder) ran(point string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.groups) == 0 {
		r.groups = [][]string{nil}
	}
	r.groups[len(r.groups)-1] = append(r.groups[len(r.groups)-1], point)
}

func (r *recorder) fail(point string) error {
	if point == "commit" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.groups = append(r.groups, nil)
	}
	return nil
}

// send has n calls of a commit point wait for the committer, each in a goroutine of its own.
func (r *recorder) send(t *testing.T, s *Store, done *sync.WaitGroup, point string, n int) {
	for range n {
		done.Go(func() {
			err := s.do(context.WithoutCancel(t.Context()), point, func(tx *txn) error {
				r.ran(point)
				tx.put(tableKV, []byte(point), []byte("x"))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
}

// held is a call in whose transaction the committer is, until release.
func (r *recorder) held(t *testing.T, s *Store, done *sync.WaitGroup) (release func()) {
	hold := make(chan struct{})
	done.Go(func() {
		if err := s.do(context.WithoutCancel(t.Context()), "", func(*txn) error { <-hold; return nil }); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return func() { close(hold) }
}

func count(group []string, point string) (n int) {
	for _, p := range group {
		if p == point {
			n++
		}
	}
	return n
}

// What retraction writes goes in front of the verdicts that wait, whichever came first, and few of these share its
// transaction.
func TestCommit_retractionGoesInFront(t *testing.T) {
	for _, order := range [][]string{{"c2", "c3", "c4"}, {"c3", "c2", "c4"}, {"c4", "c3", "c2"}} {
		synctest.Test(t, func(t *testing.T) {
			var r recorder
			s := openStore(t, &memory.Engine{}, Options{Fail: r.fail})
			var done sync.WaitGroup
			release := r.held(t, s, &done)
			for _, point := range order {
				r.send(t, s, &done, point, map[string]int{"c2": 100, "c3": 3, "c4": 3}[point])
			}
			release()
			done.Wait()
			first := r.groups[0]
			if len(first) < 6 || slices.Contains(first[:6], "c2") {
				t.Errorf("%v: the first transaction ran %v, want the 6 of retraction first", order, first)
			}
			if n := count(first, "c2"); n != besideUrgent {
				t.Errorf("%v: %d verdicts beside them, want %d", order, n, besideUrgent)
			}
			if n := count(slices.Concat(r.groups...), "c2"); n != 100 {
				t.Errorf("%v: %d verdicts were written, want 100", order, n)
			}
		})
	}
}

// A transaction of verdicts that is being put together ends when a commit of retraction comes.
func TestCommit_retractionCutsTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		s := openStore(t, &memory.Engine{}, Options{Fail: r.fail})
		var done sync.WaitGroup
		release := r.held(t, s, &done)
		hold := make(chan struct{})
		done.Go(func() {
			err := s.do(context.WithoutCancel(t.Context()), "c2", func(tx *txn) error {
				<-hold // the first of its group
				r.ran("c2")
				tx.put(tableKV, []byte("first"), []byte("x"))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		r.send(t, s, &done, "c2", 99)
		release()
		synctest.Wait()
		r.send(t, s, &done, "c3", 1)
		close(hold)
		done.Wait()
		if len(r.groups) < 2 || len(r.groups[0]) != besideUrgent || r.groups[1][0] != "c3" {
			t.Errorf("transactions %v, want %d verdicts, then c3", r.groups, besideUrgent)
		}
		if n := count(slices.Concat(r.groups...), "c2"); n != 100 {
			t.Errorf("%d verdicts were written, want 100", n)
		}
	})
}

// However much retraction writes, verdicts are written beside it.
func TestCommit_retractionNeverKeepsVerdictsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		s := openStore(t, &memory.Engine{}, Options{Fail: r.fail})
		var done sync.WaitGroup
		release := r.held(t, s, &done)
		r.send(t, s, &done, "c2", besideUrgent)
		r.send(t, s, &done, "c3", maxBatch-besideUrgent)
		r.send(t, s, &done, "c4", 1000)
		release()
		done.Wait()
		all := slices.Concat(r.groups...)
		if first := slices.Index(all, "c2"); first < 0 || first >= maxBatch {
			t.Errorf("the first verdict was written as number %d of %d", first, len(all))
		}
	})
}
