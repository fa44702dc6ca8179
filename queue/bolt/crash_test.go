package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

var (
	crashSeeds = flag.Int("seeds", 0, "how many scenarios of crashes are tried; 0: as many as fit into some seconds")
	crashFirst = flag.Uint64("first", 0, "the first of them; 0: another each time")
)

// crashInline is the inline limit of the scenarios.
const crashInline = 16 << 10

// Messages are put, claimed, finished, deferred, set aside, given up and discarded, and the machine stops at any
// moment: it kills the process, or its power fails. What was accepted is there afterwards, once, with its bytes, and
// what was ended is not.
func TestQueue_randomCrashes(t *testing.T) {
	seed, deadline := *crashFirst, time.Now().Add(8*time.Second)
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	for n := 0; n < *crashSeeds || *crashSeeds == 0 && time.Now().Before(deadline); n++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { newScenario(t, seed).run() })
		if t.Failed() {
			t.Fatalf("-first %d -seeds 1 has the same crashes, though not the same order of events", seed)
		}
		seed++
	}
}

// scenario is the life of one queue through many crashes.
type scenario struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	fates   *fates
	disk    *crashDisk
	spool   *spool.Spool
	queue   atomic.Pointer[Queue] // nil while it is being opened
	ahead   atomic.Int64          // of the clock
	putting sync.RWMutex          // held while a message arrives
	lives   int
	after   *crashDisk // what the crash has left
	frozen  error      // why it could not be kept
	clings  bool       // what a failed write has left may stay in the log
}

func newScenario(t *testing.T, seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &scenario{t: t, seed: seed, r: r, fates: &fates{t: t, messages: map[string]*message{}}}
	s.disk = newCrashDisk(t.TempDir(), rand.New(rand.NewPCG(seed, 2)))
	return s
}

func (s *scenario) run() {
	for range 8 {
		if s.life(); s.t.Failed() {
			return
		}
	}
	s.arm(0, false)
	if s.open() {
		s.check()
	}
	s.close()
}

// life is what happens between two starts.
func (s *scenario) life() {
	s.arm(1+s.r.IntN([]int{10, 60, 250}[s.r.IntN(3)]), s.r.IntN(2) == 0)
	if s.open() {
		s.check()
		s.work()
	}
	s.disk.mu.Lock()
	if s.disk.left > 0 { // it has not stopped yet
		s.disk.left = 0
		if s.r.IntN(3) > 0 {
			s.disk.crash()
		}
	}
	s.disk.mu.Unlock()
	s.close()
	must(s.t, s.frozen)
	if s.after != nil {
		must(s.t, os.RemoveAll(s.disk.root))
		s.disk, s.after = s.after, nil
	}
	s.ahead.Add(int64(time.Duration(s.r.IntN(300)-20) * time.Minute))
}

func (s *scenario) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// arm lets the machine stop after so many steps, 0 for never, and decides what else goes wrong.
func (s *scenario) arm(steps int, power bool) {
	s.fates.begin()
	d := s.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.full, d.cutBad, d.syncIs = steps, 0, 0, func() error { return nil }
	d.crash = func() { s.freeze(power) }
	if s.clings = steps > 0 && s.r.IntN(3) == 0; s.clings {
		d.full, d.cutBad = 0.2, 0.3
	}
	if syncs := s.r.IntN(60); steps > 0 && s.r.IntN(5) == 0 {
		d.syncIs = func() error {
			if syncs--; syncs < 0 {
				return syscall.EIO
			}
			return nil
		}
	}
}

// freeze keeps what the disk has at this moment.
func (s *scenario) freeze(power bool) {
	s.fates.crash()
	s.lives++
	root := filepath.Join(s.t.TempDir(), fmt.Sprint(s.lives))
	file := filepath.Join(root, "queue", "queue.db")
	s.after, s.frozen = s.disk.copyTo(root, power)
	if q := s.queue.Load(); q != nil {
		s.frozen = errors.Join(s.frozen, q.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(file, 0o600) }))
	}
}

// open opens everything, and answers whether it came to work before the crash.
func (s *scenario) open() bool {
	var err error
	s.spool, err = spool.Open(filepath.Join(s.disk.root, "spool"), spool.Options{
		FS: s.disk, Now: s.now, InlineLimit: crashInline, SegmentSize: []int64{16 << 10, 64 << 10, 1 << 20}[s.r.IntN(3)]})
	hold := s.r.IntN(3) == 0
	if err == nil {
		var q *Queue
		q, err = Open(filepath.Join(s.disk.root, "queue"), s.spool, Options{Options: queue.Options{Now: s.now, Fail: func(point string) error {
			s.disk.at(point)
			if hold && point == "c1.before-rows" && s.queue.Load() != nil && rand.IntN(4) > 0 {
				return errors.New("held")
			}
			return nil
		}}})
		s.queue.Store(q)
	}
	if err != nil && !errors.Is(err, spool.ErrBroken) {
		s.t.Fatalf("open: %v", err)
	}
	return err == nil && !s.fates.over()
}

func (s *scenario) close() {
	closed := make(chan error, 1)
	go func() {
		var err error
		if q := s.queue.Swap(nil); q != nil {
			err = q.Close()
		}
		if s.spool != nil {
			err = errors.Join(err, s.spool.Close())
		}
		closed <- err
	}()
	select {
	case err := <-closed:
		must(s.t, err)
	case <-time.After(5 * time.Minute):
		s.t.Fatal("it does not close")
	}
}

// work lets several do what they do until the crash, or until everything is put.
func (s *scenario) work() {
	q := s.queue.Load()
	ctx, stop := context.WithCancel(s.t.Context())
	var putting, working sync.WaitGroup
	for range 3 {
		r := rand.New(rand.NewPCG(s.r.Uint64(), 0))
		putting.Go(func() {
			for n := r.IntN(20); n > 0 && !s.fates.over() && !q.isBroken(); n-- {
				s.put(q)
			}
		})
	}
	for range 2 {
		r := rand.New(rand.NewPCG(s.r.Uint64(), 0))
		working.Go(func() {
			for !s.fates.over() && s.workOn(ctx, q, r) {
			}
		})
	}
	r := rand.New(rand.NewPCG(s.r.Uint64(), 0))
	working.Go(func() {
		for !s.fates.over() && ctx.Err() == nil && !q.isBroken() {
			s.decide(q, r)
			time.Sleep(time.Millisecond)
		}
	})
	putting.Wait()
	time.Sleep(time.Duration(s.r.IntN(20)) * time.Millisecond)
	stop()
	working.Wait()
}

func (s *scenario) put(q *Queue) {
	s.putting.RLock()
	defer s.putting.RUnlock()
	m := s.fates.put()
	d, err := q.Begin(context.Background(), queue.Envelope{Session: fmt.Sprint(m.n), Tenant: "t1", Rcpts: []string{"a@example.com"}}, 0)
	if err != nil {
		return
	}
	if _, err := d.Write(m.content(s.seed)); err != nil {
		d.Abort()
		return
	}
	id, err := d.Commit(context.Background())
	if err != nil {
		return
	}
	s.fates.accepted(m, id)
	s.look(q, m, id)
}

// look reads an item after an answer: it is there unless it was ended meanwhile.
func (s *scenario) look(q *Queue, m *message, id string) {
	before := s.fates.of(m)
	_, err := q.Get(context.Background(), id)
	after := s.fates.of(m)
	if err != nil && !slices.ContainsFunc(after, fate.gone) {
		s.t.Errorf("message %d, which is %v: %v", m.n, after, err)
	}
	if err == nil && !slices.ContainsFunc(before, fate.there) {
		s.t.Errorf("message %d, which was %v, is there", m.n, before)
	}
}

// workOn does what workers do with what they claim. It answers false when there is no more to come.
func (s *scenario) workOn(ctx context.Context, q *Queue, r *rand.Rand) bool {
	items, err := q.Claim(ctx, 1+r.IntN(4))
	if err != nil {
		return ctx.Err() == nil && !q.isBroken()
	}
	for _, m := range s.fates.claimed(items) {
		if r.IntN(2) == 0 {
			// or the process ends before the note goes
			if end, err := q.StartScoring(context.Background(), m.id); err == nil && r.IntN(4) > 0 {
				defer end()
			}
		}
		s.end(q, r, m)
		if !s.fates.over() {
			s.look(q, m, m.id)
		}
	}
	return true
}

// end is what becomes of an item that was worked on.
func (s *scenario) end(q *Queue, r *rand.Rand, m *message) {
	ctx, id, back := s.t.Context(), m.id, fate{inReady}
	if m.suspect {
		back = fate{suspected}
	}
	switch r.IntN(9) {
	case 0, 1, 2:
		s.fates.change(m, fate{where: finished}, func() error { return q.Finish(ctx, id) })
	case 3:
		at := s.now().Add(time.Duration(r.IntN(3)) * time.Hour)
		s.fates.change(m, fate{inDeferred}, func() error { return q.Defer(ctx, id, at, "later") })
	case 4:
		s.fates.change(m, fate{setAside}, func() error { return q.Quarantine(ctx, id, queue.CauseFault, "odd") })
	case 5:
		s.fates.change(m, back, func() error { return q.Release(context.Background(), id) })
	case 6:
		s.fates.change(m, fate{given}, func() error { _, err := q.GiveUp(ctx, id, "no way", ""); return err })
	case 7:
		s.fates.change(m, fate{bounced}, func() error { _, err := q.GiveUp(ctx, id, "no way", queue.CauseFault); return err })
	case 8: // goes on working until the end
	}
}

// decide is what a person does, and time.
func (s *scenario) decide(q *Queue, r *rand.Rand) {
	switch m := s.fates.any(setAside); {
	case r.IntN(20) == 0 && !s.clings: // the row of a refused body may outlive it, in a segment that has others
		s.putting.Lock()
		s.ahead.Add(int64(4 * time.Hour)) // no body takes so long to arrive
		s.putting.Unlock()
	case r.IntN(8) == 0:
		due, err := q.DueBounces(s.t.Context(), s.now(), 10)
		must(s.t, err)
		for _, b := range due {
			_ = q.BounceSent(s.t.Context(), b.ID, "mx: 250") // or later
		}
	case r.IntN(4) == 0:
		old := s.now().Add(-2 * time.Hour)
		_, err := s.spool.Expire(s.t.Context(), old, old, q.InUse)
		must(s.t, err)
		_, _ = s.spool.Detach(s.t.Context(), old, q.Bodies) // a full or damaged disk leaves the segment as it is
	case m == nil:
	case r.IntN(2) == 0:
		s.fates.change(m, fate{where: thrown}, func() error { return q.Discard(s.t.Context(), m.id, []byte("seen")) })
	default:
		s.fates.change(m, fate{where: inReady}, func() error { return q.Retry(s.t.Context(), m.id) })
	}
}

// check compares what is found with what may have become of every message.
func (s *scenario) check() {
	q := s.queue.Load()
	must(s.t, s.spool.Recover(s.t.Context(), q.InUse))
	items, err := q.List(context.Background(), queue.Filter{})
	must(s.t, err)
	found := s.ends(q)
	for _, it := range items {
		w := where(it.State)
		if bounceOf(q, it.ID) != "" {
			w = bounced
		}
		if was, twice := found[it.Envelope.Session]; twice && w != bounced {
			s.t.Errorf("message %s is there as %v and as %s", it.Envelope.Session, was, w)
		}
		found[it.Envelope.Session] = fate{w}
		s.checkBytes(q, it)
	}
	if !s.fates.over() { // else it has come too late
		s.fates.reopen(found)
		wantTally(s.t, q, len(items))
	}
}

// bounceOf is the bounce of an item that was given up.
func bounceOf(q *Queue, id string) (bounce string) {
	_ = q.view(func(tx *bbolt.Tx) error {
		bounce = string(tx.Bucket(givenBucket).Get([]byte(id)))
		return nil
	})
	return bounce
}

// ends are the messages that are gone and left a bounce, whose bytes are there, or a note.
func (s *scenario) ends(q *Queue) map[string]fate {
	found := map[string]fate{}
	notes, err := q.Discarded(context.Background())
	must(s.t, err)
	for session, m := range s.fates.messages {
		if bounce := bounceOf(q, m.id); bounce != "" {
			found[session] = fate{where: given}
			b, err := q.Bounce(context.Background(), bounce)
			must(s.t, err)
			if b.State != queue.BounceSent {
				must(s.t, s.spool.Verify(b.Body))
			}
		}
		if notes[m.id] != nil {
			found[session] = fate{where: thrown}
		}
	}
	return found
}

func (s *scenario) checkBytes(q *Queue, it queue.Item) {
	if got, err := q.Get(context.Background(), it.ID); err != nil || got.State != it.State || !inUse(q, it.Body.File) {
		s.t.Errorf("item %s: %+v, %v; in use: %v", it.ID, got, err, inUse(q, it.Body.File))
	}
	m := s.fates.messages[it.Envelope.Session]
	b, err := s.spool.Open(context.Background(), it.Body)
	if m != nil && (m.torn || it.State == queue.Quarantined && slices.Contains(m.may, fate{where: nowhere})) {
		m.torn = true
		return // nobody was told that it was accepted
	}
	if m == nil || err != nil {
		s.t.Errorf("item %s, message %+v: %v", it.ID, m, err)
		return
	}
	defer b.Close()
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if want := m.content(s.seed); err != nil || !bytes.Equal(got, want) {
		s.t.Errorf("message %d, which was %v: %d bytes with sum %x, %v; want %d", m.n, m.may, len(got),
			sha256.Sum256(got), err, len(want))
	}
}
