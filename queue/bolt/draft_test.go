package bolt

import (
	"bytes"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestDraft_largeInConstantMemory(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := q.Begin(t.Context(), queue.Envelope{}, 100<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(d, zeros{}, 100<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("100 MiB were taken with %d bytes of memory", used)
	}
}

// Recycled buffers must not carry one message's bytes into another.
func TestDraft_buffersAreNotShared(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range 30 {
				body := bytes.Repeat([]byte{byte(i)}, 1+i*n*999)
				d, err := q.Begin(t.Context(), queue.Envelope{}, 0)
				if err != nil {
					t.Error(err)
					return
				}
				d.Write(body)
				id, err := d.Commit(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				wantBytes(t, q, id, body)
			}
		})
	}
	wg.Wait()
}

func wantBytes(t *testing.T, q *Queue, id string, want []byte) {
	it, err := q.Get(t.Context(), id)
	if err != nil {
		t.Error(err)
		return
	}
	b, err := q.Body(t.Context(), it)
	if err != nil {
		t.Error(err)
		return
	}
	defer b.Close()
	if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || !bytes.Equal(got, want) {
		t.Errorf("item %s: %d bytes, %v; not those that were put", id, len(got), err)
	}
}

// While one batch is written the next one gathers: many messages, few writes.
func TestIntake_oneWriteServesMany(t *testing.T) {
	gate := make(chan struct{})
	var writes atomic.Int32
	q := openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(point string) error {
		if point == "c1.before-log" && writes.Add(1) == 1 {
			<-gate
		}
		return nil
	}}})
	const n = 50
	done := make(chan error, n)
	for range n {
		go func() { done <- deliver(q, small) }()
	}
	for start := time.Now(); len(q.puts) < n-1 && time.Since(start) < time.Minute; {
		runtime.Gosched()
	}
	close(gate)
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if writes.Load() != 2 {
		t.Errorf("%d messages took %d writes, want 2", n, writes.Load())
	}
}

// Rows that wait in the log go to queue.db together, and with the first commit for something else.
func TestCommitter_oneCommitBringsMany(t *testing.T) {
	h := holdRows()
	q := openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: h.fail}})
	before := txID(t, q)
	const n = 10
	for range n {
		mustDeliver(t, q, small[:1])
	}
	h.release()
	items, err := q.Claim(t.Context(), n)
	if commits := txID(t, q) - before; err != nil || len(items) != n || commits > 2 {
		t.Errorf("%d messages took %d commits to be claimed, %v; want %d in at most 2", len(items), commits, err, n)
	}
}

func txID(t *testing.T, q *Queue) (id int) {
	t.Helper()
	if err := q.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// Where there is no memory for messages that are arriving, they go through files, byte for byte; strangers' ones first.
func TestDraft_memoryIsUsedUp(t *testing.T) {
	for _, limit := range []int64{1, 16 << 10, 1 << 20} {
		sp, err := spool.Open(t.TempDir(), spool.Options{MaxMemory: limit})
		if err != nil {
			t.Fatal(err)
		}
		defer sp.Close()
		q, err := Open(t.TempDir(), sp, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		bodies, drafts := map[*Draft][]byte{}, []*Draft(nil)
		for n := range 24 {
			env := queue.Envelope{Network: []string{"", "exchange-online"}[n%2]}
			draft, err := q.Begin(t.Context(), env, 0)
			if err != nil {
				t.Fatal(err)
			}
			d := draft.(*Draft)
			bodies[d], drafts = bytes.Repeat([]byte{byte(n), 1}, []int{1, 5_000, 100_000, 400_000}[n%4]), append(drafts, d)
		}
		for round := range 3 { // all at once, a third of each at a time, in either way
			for _, d := range drafts {
				b := bodies[d]
				receive(t, d, b[len(b)*round/3:len(b)*(round+1)/3], round == 1)
			}
		}
		if m := sp.Memory(); m.Peak > limit || m.Limited > limit/8 || m.Spilled == 0 {
			t.Errorf("with a cap of %d: %+v", limit, m)
		}
		for n, d := range drafts {
			if n%6 == 5 {
				d.Abort()
				continue
			}
			id, err := d.Commit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wantBytes(t, q, id, bodies[d])
		}
		if m := sp.Memory(); m.Held != 0 {
			t.Errorf("held when nothing arrives: %+v", m)
		}
	}
}

// receive gives p to a draft, to its own place where it has one.
func receive(t *testing.T, d *Draft, p []byte, inPlace bool) {
	t.Helper()
	for len(p) > 0 {
		if n := copy(d.Space(), p); inPlace && n > 0 {
			if err := d.Advance(n); err != nil {
				t.Fatal(err)
			}
			p = p[n:]
			continue
		}
		n, err := d.Write(p)
		if err != nil {
			t.Fatal(err)
		}
		p = p[n:]
	}
}
