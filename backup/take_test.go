package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"clawback/backup"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/storetest"
)

// state is an open state directory.
type state struct {
	dir   string
	spool *spool.Spool
	queue *bolt.Queue
	store *store.Store
}

func open(t *testing.T, dir string) *state {
	t.Helper()
	s := &state{dir: dir}
	var err error
	if s.spool, err = spool.Open(filepath.Join(dir, "spool"), spool.Options{}); err != nil {
		t.Fatal(err)
	}
	if s.queue, err = bolt.Open(dir, s.spool, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	if s.store, err = pebble.Open(dir, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close(t) })
	return s
}

func (s *state) close(t *testing.T) {
	t.Helper()
	if err := errors.Join(s.store.Close(), s.queue.Close(), s.spool.Close()); err != nil {
		t.Error(err)
	}
}

// accept takes a report whose text is its number; each tenth is large.
func (s *state) accept(n int) (string, error) {
	text := fmt.Appendf(nil, "report %d", n)
	if n%10 == 0 {
		text = append(text, make([]byte, 600<<10)...)
	}
	d, err := s.queue.Begin(context.Background(), queue.Envelope{Tenant: "t", Purpose: queue.ForJournal, Received: time.Now()}, int64(len(text)))
	if err != nil {
		return "", err
	}
	if _, err := d.Write(text); err != nil {
		d.Abort()
		return "", err
	}
	return d.Commit(context.Background())
}

// key is that of the report of an item.
func key(item string) string { return "report of " + item }

// carry carries on what waits until ctx ends: C2, then the end.
func (s *state) carry(ctx context.Context) error {
	for {
		items, err := s.queue.Claim(ctx, 16)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for n, it := range items {
			a := storetest.Realistic(n)
			a.Key, a.Item = key(it.ID), it.ID
			if _, _, err := s.store.Apply(context.Background(), a, nil); err != nil {
				return err
			}
			if err := s.queue.Finish(context.Background(), it.ID); err != nil {
				return err
			}
		}
	}
}

// A backup that is taken while mail comes in and is worked on has every report that was accepted before it, waiting or
// applied, with its bytes.
func TestTake_whileMailComesIn(t *testing.T) {
	s := open(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		if err := s.carry(ctx); err != nil {
			t.Error(err)
		}
	})
	var mu sync.Mutex
	accepted := map[string]int{} // guarded by mu
	for first := range 4 {
		work.Go(func() {
			for n := first; ctx.Err() == nil; n += 4 {
				id, err := s.accept(n)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				accepted[id] = n
				mu.Unlock()
			}
		})
	}
	var taken [3]bytes.Buffer
	var before [3]map[string]int
	for i := range taken {
		for enough := false; !enough; time.Sleep(time.Millisecond) {
			mu.Lock()
			before[i] = map[string]int{}
			for id, n := range accepted {
				before[i][id] = n
			}
			mu.Unlock()
			enough = len(before[i]) >= 40*(i+1)
		}
		from := backup.Source{Dir: s.dir, Queue: s.queue, Store: s.store, Spool: s.spool, About: backup.About{At: time.Now()}}
		if err := backup.Take(t.Context(), &taken[i], from); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	work.Wait()
	for i := range taken {
		restored(t, &taken[i], before[i])
	}
	if _, err := os.Stat(filepath.Join(s.dir, backup.Scratch)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", backup.Scratch, err)
	}
}

// restored requires that a backup has these items.
func restored(t *testing.T, taken *bytes.Buffer, items map[string]int) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if _, err := backup.Restore(taken, dir); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	if findings, err := r.store.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("the store's rows do not fit together: %q, %v", findings, err)
	}
	waiting := 0
	for id, n := range items {
		it, err := r.queue.Get(t.Context(), id)
		if errors.Is(err, queue.ErrNotFound) {
			if _, found, err := r.store.Applied(t.Context(), key(id)); err != nil || !found {
				t.Errorf("item %s is lost: neither does it wait nor was it applied (%v)", id, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		waiting++
		if it.State == queue.Quarantined {
			t.Errorf("item %s is in quarantine: %s", id, it.Reason)
		}
		requireText(t, r, it, n)
	}
	t.Logf("%d items before it, of which %d waited", len(items), waiting)
}

func requireText(t *testing.T, r *state, it queue.Item, n int) {
	t.Helper()
	b, err := r.queue.Body(t.Context(), it)
	if err != nil {
		t.Errorf("item %s: %v", it.ID, err)
		return
	}
	defer b.Close()
	want := fmt.Sprintf("report %d", n)
	got := make([]byte, len(want))
	if _, err := b.ReadAt(got, 0); err != nil || string(got) != want {
		t.Errorf("item %s has %q, want %q (%v)", it.ID, got, want, err)
	}
}
