package spool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
)

// arriving is a body that arrives as a queue receives one: in memory, and in a file where there is no more of it.
type arriving struct {
	s     *Spool
	small *Small
	large *Blob
	size  int64
}

func (s *Spool) arrive(c Class) *arriving { return &arriving{s: s, small: s.Begin(0, c)} }

// add receives p: read in place where there is space, copied otherwise.
func (a *arriving) add(p []byte, inPlace bool) error {
	for len(p) > 0 {
		n, err := a.some(p, inPlace)
		if errors.Is(err, ErrNoMemory) || a.large == nil && a.size+int64(len(p)) > a.s.InlineLimit() {
			if a.large, err = a.small.Spill(); err == nil {
				n, err = a.some(p, inPlace)
			}
		}
		if err != nil {
			return err
		}
		a.size += int64(n)
		p = p[n:]
	}
	return nil
}

func (a *arriving) some(p []byte, inPlace bool) (int, error) {
	var to interface {
		Space() []byte
		Advance(int) error
		Write([]byte) (int, error)
	} = a.small
	if a.large != nil {
		to = a.large
	} else if a.size+int64(len(p)) > a.s.InlineLimit() {
		return 0, ErrNoMemory
	}
	if inPlace {
		if n := copy(to.Space(), p); n > 0 {
			return n, to.Advance(n)
		}
	}
	return to.Write(p)
}

// commit makes it durable.
func (a *arriving) commit() (Ref, error) {
	defer a.small.Release()
	if a.large != nil {
		return a.large.Commit()
	}
	e := &Entry{Body: a.small}
	_, err := a.s.Append([]*Entry{e})
	return e.Ref, err
}

func (a *arriving) abort() {
	if a.large != nil {
		a.large.Abort()
	}
	a.small.Release()
}

// Whatever the cap is, the count never passes it, no body is refused, and every body is the same bytes.
func TestMemory_neverAboveTheCap(t *testing.T) {
	for _, limit := range []int64{1, minBuffer, 256 << 10, 0} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			s := open(t, t.TempDir(), Options{MaxMemory: limit})
			var group sync.WaitGroup
			for n := range 16 {
				group.Go(func() { s.manyBodies(t, n) })
			}
			group.Wait()
			m := s.Memory()
			if limit > 0 && m.Peak > limit {
				t.Errorf("%d bytes were held, the cap is %d", m.Peak, limit)
			}
			if m.Held != 0 || m.Limited != 0 {
				t.Errorf("held when all are done: %+v", m)
			}
			if (limit > 0) != (m.Spilled > 0) {
				t.Errorf("%d bodies went on in a file for want of memory, with a cap of %d", m.Spilled, limit)
			}
		})
	}
}

// manyBodies sends bodies of many sizes, in pieces of many sizes; one in five is given up.
func (s *Spool) manyBodies(t *testing.T, n int) {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for round := range 4 {
		want := content([]int{1, 5000, minBuffer, 70_000, 300_000, piece + 1, syncStep + 77}[(n+3*round)%7])
		a := s.arrive(Class(n % int(classes)))
		for rest := want; len(rest) > 0; {
			k := min(len(rest), 1+r.IntN(40_000))
			if err := a.add(rest[:k], r.IntN(2) == 0); err != nil {
				t.Error(err)
				return
			}
			rest = rest[k:]
		}
		if (n+round)%5 == 0 {
			a.abort()
			continue
		}
		ref, err := a.commit()
		if err != nil {
			t.Error(err)
			return
		}
		wantBody(t, s, ref, want)
	}
}

// The cap is reached in the middle of a body: what has come is kept, what comes is written, in either way to receive
// it.
func TestMemory_usedUpBetweenTwoPieces(t *testing.T) {
	want := content(400_000)
	for _, inPlace := range []bool{false, true} {
		for _, at := range []int{0, 1, block, minBuffer, minBuffer + 1, 100_000, 399_999} {
			for _, free := range []bool{false, true} {
				s := open(t, t.TempDir(), Options{MaxMemory: 8 << 20})
				a := s.arrive(Regular)
				err := a.add(want[:at], inPlace)
				others := s.fill(Regular)
				if free { // there is memory again before it ends
					err = errors.Join(err, a.add(want[at:(at+len(want))/2], inPlace))
					others()
					at = (at + len(want)) / 2
				}
				if err = errors.Join(err, a.add(want[at:], inPlace)); err != nil {
					t.Fatal(err)
				}
				ref, err := a.commit()
				if err != nil {
					t.Fatal(err)
				}
				wantBody(t, s, ref, want)
				if m := s.Memory(); m.Peak > m.Max {
					t.Errorf("%+v", m)
				}
			}
		}
	}
}

// fill takes all memory of a class, down to the smallest buffers, and says how to give it back.
func (s *Spool) fill(c Class) (giveBack func()) {
	var held [][]byte
	for size := DefaultInlineLimit; size >= minBuffer; size /= 2 {
		for {
			b, ok := s.buffers.acquire(size, c)
			if !ok {
				break
			}
			held = append(held, b)
		}
	}
	return func() {
		for _, b := range held {
			s.buffers.release(b, c)
		}
	}
}

// Strangers' bodies leave seven eighths to the rest, and large ones leave room for the beginning of others.
func TestMemory_strangersShareAPart(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxMemory: 16 << 20})
	s.fill(Limited)
	m := s.Memory()
	if m.Held != m.Max/8 || m.Limited != m.Held {
		t.Errorf("strangers hold %d of %d", m.Held, m.Max)
	}
	a := s.arrive(Regular)
	if err := a.add(content(500_000), false); err != nil || a.large != nil {
		t.Errorf("beside strangers a body goes to a file: %v", err)
	}
	a.abort()
	for _, ok := s.buffers.acquire(DefaultInlineLimit, Regular); ok; _, ok = s.buffers.acquire(DefaultInlineLimit,
		Regular) {
	}
	for n := range 100 {
		if a := s.arrive(Regular); a.add([]byte("begin"), false) != nil || a.large != nil {
			t.Fatalf("no memory for the beginning of body %d: %+v", n, s.Memory())
		}
	}
}

// Abort and Release give back what was held, once, wherever the body was.
func TestMemory_isGivenBackOnce(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxMemory: 1 << 20})
	for _, n := range []int{0, 1, 100_000, 600_000, 3 << 20} {
		a := s.arrive(Limited)
		if err := a.add(content(n), n%2 == 0); err != nil {
			t.Fatal(err)
		}
		a.abort()
		a.abort()
		if m := s.Memory(); m.Held != 0 || m.Limited != 0 {
			t.Errorf("after %d bytes: %+v", n, m)
		}
	}
}

// A body that is written without memory remembers a failed write: it is never committed with a hole in it.
func TestMemory_writeErrorSticksWithoutAny(t *testing.T) {
	disk := newFaultFS()
	s := open(t, t.TempDir(), Options{MaxMemory: 1, FS: disk})
	a := s.arrive(Regular)
	if err := a.add(content(10_000), false); err != nil {
		t.Fatal(err)
	}
	disk.set("write", fault{err: syscall.ENOSPC})
	if err := a.add([]byte("lost"), false); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the disk is full: %v", err)
	}
	disk.clear()
	if err := a.add([]byte("more"), false); err == nil {
		t.Error("bytes are taken behind those that were lost")
	}
	if ref, err := a.commit(); err == nil {
		t.Errorf("committed: %+v", ref)
	}
}

// What was written without memory, then with, then without again stands in order.
func TestMemory_comesAndGoes(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxMemory: 1 << 20})
	want := content(4 << 20)
	a := s.arrive(Regular)
	giveBack := func() {}
	for n, rest := 0, want; len(rest) > 0; n++ {
		if n%3 == 0 {
			giveBack()
			giveBack = func() {}
		} else if n%3 == 1 {
			giveBack = s.fill(Regular)
		}
		k := min(len(rest), 1+n*3001%150_000)
		if err := a.add(rest[:k], n%2 == 0); err != nil {
			t.Fatal(err)
		}
		rest = rest[k:]
	}
	ref, err := a.commit()
	if err != nil {
		t.Fatal(err)
	}
	wantBody(t, s, ref, want)
}
