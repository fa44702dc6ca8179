package spool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// only is that so many files are in use.
func only(names ...string) InUse {
	return func(_ context.Context, file string) (bool, error) { return slices.Contains(names, file), nil }
}

// nothing is in use.
var nothing = only()

func TestExpire(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	old := appendAll(t, s, content(100))[0]
	oldBlob := commitBlob(t, s, content(200))
	kept, err := s.Keep(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(48 * time.Hour)
	young := appendAll(t, s, content(100))[0]
	youngBlob := commitBlob(t, s, content(100))

	steps := []struct {
		name              string
		before, keptUntil time.Duration // before now
		inUse             InUse
		want              Expired
		left              []string
	}{
		{"its hour is not over", 48 * time.Hour, 100 * time.Hour, nothing, Expired{},
			[]string{old.File, oldBlob.File, kept.File, young.File, youngBlob.File}},
		{"in use", 47 * time.Hour, 100 * time.Hour, only(old.File, oldBlob.File), Expired{InUse: 2},
			[]string{old.File, oldBlob.File, kept.File, young.File, youngBlob.File}},
		{"over", 47 * time.Hour, 100 * time.Hour, nothing, Expired{Files: 2, Bytes: 2*block + 200},
			[]string{kept.File, young.File, youngBlob.File}},
		{"kept copy over", 47 * time.Hour, 47 * time.Hour, nothing, Expired{Files: 1, Bytes: files(t, dir)[kept.File]},
			[]string{young.File, youngBlob.File}},
		{"never the current segment", -2 * time.Hour, 0, nothing, Expired{Files: 1, Bytes: 100}, []string{young.File}},
	}
	for _, step := range steps {
		got, err := s.Expire(t.Context(), c.t.Add(-step.before), c.t.Add(-step.keptUntil), step.inUse)
		if err != nil || got != step.want {
			t.Errorf("%s: Expire = %+v, %v; want %+v", step.name, got, err, step.want)
		}
		left := slices.Sorted(maps.Keys(files(t, dir)))
		slices.Sort(step.left)
		if diff := cmp.Diff(step.left, left); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", step.name, diff)
		}
	}
	wantBody(t, s, commitBlob(t, s, []byte("after")), []byte("after"))
}

func TestRecover(t *testing.T) {
	dir := t.TempDir()
	crashed := open(t, dir, Options{})
	seg := appendAll(t, crashed, content(10))[0]
	known := commitBlob(t, crashed, content(10))
	orphan := commitBlob(t, crashed, content(10))
	if _, err := crashed.Create(); err != nil { // and never ended
		t.Fatal(err)
	}

	s := open(t, dir, Options{})
	if err := s.Recover(t.Context(), only(known.File)); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{seg.File: 2 * block, known.File: 10}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files without %s and the unfinished one (-want +got):\n%s", orphan.File, diff)
	}
}

func TestReserve(t *testing.T) {
	disk := newFaultFS()
	disk.free = &Space{Bytes: 1000, TotalBytes: 5000, Inodes: 10, TotalInodes: 100}
	s := open(t, t.TempDir(), Options{FS: disk, MinFree: 100, MinFreePercent: 10, MinFreeInodes: 5})

	if err := s.Reserve(400, Regular); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(101, Regular); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, ErrNoSpace) {
		t.Errorf("Reserve past 10 percent = %v, want ErrNoSpace", err)
	}
	if sp, err := s.Free(); err != nil || sp.Bytes != 600 || sp.Reserved != 400 {
		t.Errorf("Free = %+v, %v; want 600 bytes and 400 reserved", sp, err)
	}
	s.Unreserve(400, Regular)
	if err := s.Reserve(500, Regular); err != nil {
		t.Errorf("Reserve after Unreserve = %v", err)
	}
	s.Unreserve(500, Regular)
	disk.free.Inodes = 5
	if err := s.Reserve(1, Regular); !errors.Is(err, ErrNoSpace) {
		t.Errorf("Reserve without inodes = %v, want ErrNoSpace", err)
	}
	disk.free.TotalInodes = 0 // as btrfs says
	if err := s.Reserve(1, Regular); err != nil {
		t.Errorf("Reserve where inodes are not counted = %v", err)
	}
	s.Unreserve(1, Regular)
	disk.free = &Space{Bytes: 4 << 30, TotalBytes: 5 << 30}
	for _, left := range []int64{4 << 30, 0} { // what is remembered of a disk with plenty is forgotten at once
		disk.free.Bytes = left
		time.Sleep(11 * time.Millisecond)
		if err := s.Reserve(1, Regular); (err == nil) != (left > 0) {
			t.Errorf("Reserve with %d bytes left = %v", left, err)
		}
	}
}

// Limited bodies together get an eighth of what is left; Regular ones get all of it.
func TestReserve_limitedBodiesShareAPart(t *testing.T) {
	disk := newFaultFS()
	disk.free = &Space{Bytes: 1000, TotalBytes: 1000}
	s := open(t, t.TempDir(), Options{FS: disk, MinFree: 200})
	if err := s.Reserve(101, Limited); !errors.Is(err, ErrNoSpace) {
		t.Errorf("more than an eighth of 800: %v", err)
	}
	for range 10 {
		if err := s.Reserve(10, Limited); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Reserve(1, Limited); !errors.Is(err, ErrNoSpace) {
		t.Errorf("beyond the share: %v", err)
	}
	if err := s.Reserve(700, Regular); err != nil {
		t.Errorf("what is left for Regular: %v", err)
	}
	s.Unreserve(100, Limited)
	if err := s.Reserve(13, Limited); !errors.Is(err, ErrNoSpace) {
		t.Errorf("an eighth of the 100 that are left is 12, and 13 are promised: %v", err)
	}
	if err := s.Reserve(12, Limited); err != nil {
		t.Errorf("12 of the 100 that are left: %v", err)
	}
}

// Whether a file is needed, and that it is deleted, are one step: who holds a body meanwhile has it for good, or is
// told that it is gone.
func TestHold(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	text := content(200)
	small, blob := appendAll(t, s, content(100))[0], commitBlob(t, s, text)
	later := appendAll(t, s, content(100))[0]
	c.t = c.t.Add(48 * time.Hour)
	appendAll(t, s, content(1)) // that of before is closed
	held := map[string]bool{}
	inUse := func(_ context.Context, file string) (bool, error) {
		if s.deleting.TryRLock() {
			s.deleting.RUnlock()
			t.Errorf("%s can be held between the question and its deletion", file)
		}
		return held[file], nil
	}
	hold := func(r Ref) error { return s.Hold(r, func() { held[r.File] = true }) }
	if err := hold(blob); err != nil {
		t.Error(err)
	}
	if e, err := s.Expire(t.Context(), c.t, c.t, inUse); err != nil || e.Files != 1 || e.InUse != 1 {
		t.Errorf("Expire = %+v, %v; want one removed and one in use", e, err)
	}
	for _, r := range []Ref{small, later} {
		if err := hold(r); !errors.Is(err, ErrMissing) || held[r.File] {
			t.Errorf("hold what was deleted: %v, held %v", err, held[r.File])
		}
	}
	wantBody(t, s, blob, text)
}

// A large body has the hour in which it was whole: one that was begun before the retention is not past it.
func TestExpire_bodyThatTookLong(t *testing.T) {
	for _, took := range []time.Duration{0, time.Hour, 26 * time.Hour, 400 * 24 * time.Hour} {
		c := newClock()
		s := open(t, t.TempDir(), Options{Now: c.now})
		b, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		text := content(200)
		if _, err := b.Write(text); err != nil {
			t.Fatal(err)
		}
		c.t = c.t.Add(took)
		r, err := b.Commit()
		if err != nil {
			t.Fatal(err)
		}
		before := c.t.Add(-time.Hour)
		if e, err := s.Expire(t.Context(), before, before, nothing); err != nil || e.Files > 0 {
			t.Errorf("after %v: Expire = %+v, %v", took, e, err)
		}
		wantBody(t, s, r, text)
	}
}
