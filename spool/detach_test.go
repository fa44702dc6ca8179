package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pinned is a spool with old segments of which the needed bodies are known.
type pinned struct {
	dir    string
	clock  *clock
	bodies map[Ref][]byte
	needed map[Ref]bool
	whole  map[string]bool
}

func (p *pinned) needs(_ context.Context, segment string) (list []Ref, whole bool, err error) {
	for r := range p.needed {
		if r.File == segment && p.needed[r] {
			list = append(list, r)
		}
	}
	return list, p.whole[segment], nil
}

func (p *pinned) inUse(ctx context.Context, file string) (bool, error) {
	list, whole, err := p.needs(ctx, file)
	return len(list) > 0 || whole, err
}

// pin fills four segments with ten bodies each, of which two are needed.
func pin(t *testing.T, s *Spool, c *clock, dir string) *pinned {
	t.Helper()
	p := &pinned{dir: dir, clock: c, bodies: map[Ref][]byte{}, needed: map[Ref]bool{}, whole: map[string]bool{}}
	for range 4 {
		for n := range 10 {
			b := content([]int{0, 1, 300, block, 70_000}[n%5])
			r := appendAll(t, s, b)[0]
			p.bodies[r], p.needed[r] = b, n == 4 || n == 7
		}
		c.t = c.t.Add(time.Hour)
	}
	c.t = c.t.Add(48 * time.Hour)
	appendAll(t, s, content(1)) // the four are closed
	return p
}

// check fails unless each needed body is there, whole, and once.
func (p *pinned) check(t *testing.T, s *Spool) {
	t.Helper()
	for r := range p.needed {
		if !p.needed[r] {
			continue
		}
		wantBody(t, s, r, p.bodies[r])
		if err := s.Verify(r); err != nil {
			t.Error(err)
		}
	}
}

// count counts the files of a kind that are not of this hour.
func (p *pinned) count(t *testing.T, dir string) (n int) {
	t.Helper()
	for name := range files(t, p.dir) {
		if top(name) == dir && !strings.Contains(name, p.clock.t.Format(hourForm)) {
			n++
		}
	}
	return n
}

// What is needed outlives its segment, byte for byte and under its old Ref; the rest goes. When it is needed no more,
// it goes too.
func TestDetach(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	p := pin(t, s, c, dir)
	before := c.t.Add(-24 * time.Hour)
	if e, err := s.Expire(t.Context(), before, before, p.inUse); err != nil || e.Files != 0 || e.InUse != 4 {
		t.Fatalf("%+v, %v", e, err)
	}
	d, err := s.Detach(t.Context(), before, p.needs)
	if err != nil || d.Bodies != 8 || d.Segments != 4 || d.Bytes < 4*2*70_000-8*70_000 {
		t.Errorf("%+v, %v", d, err)
	}
	p.check(t, s)
	if segments, copies := p.count(t, segDir), p.count(t, detachedDir); segments != 0 || copies != 8 {
		t.Errorf("%d segments and %d copies are left", segments, copies)
	}
	if d, err := s.Detach(t.Context(), before, p.needs); err != nil || d != (Detached{}) {
		t.Errorf("again: %+v, %v", d, err)
	}
	s.Close()
	s = open(t, dir, Options{Now: c.now}) // and after a restart, which drops what is unfinished
	if err := s.Recover(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	p.check(t, s)
	dropped := 0
	for r := range p.needed {
		if p.needed[r] && dropped < 3 {
			p.needed[r] = false
			dropped++
		}
	}
	if d, err := s.Detach(t.Context(), before, p.needs); err != nil || d.Dropped != 3 {
		t.Errorf("of three nothing is needed any more: %+v, %v", d, err)
	}
	p.check(t, s)
	if e, err := s.Expire(t.Context(), c.t, c.t, nothing); err != nil || e.Files != 0 {
		t.Errorf("Expire took copies: %+v, %v", e, err)
	}
}

// Neighbours: what is young, current, needed as a whole or of another kind stays as it is.
func TestDetach_leaves(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	p := pin(t, s, c, dir)
	large := commitBlob(t, s, content(600_000))
	current := appendAll(t, s, content(10))[0]
	var logged string
	for r := range p.needed {
		logged = r.File
	}
	p.whole[logged] = true
	if err := os.WriteFile(filepath.Join(dir, detachedDir, "20200101T00-x@y"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := s.Detach(t.Context(), c.t.Add(-60*time.Hour), p.needs); err != nil || d != (Detached{}) {
		t.Errorf("all are young: %+v, %v", d, err)
	}
	if d, err := s.Detach(t.Context(), c.t.Add(2*time.Hour), p.needs); err != nil || d.Segments != 3 {
		t.Errorf("%+v, %v", d, err)
	}
	left := files(t, dir)
	for _, name := range []string{logged, large.File, current.File} {
		if _, ok := left[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	p.check(t, s)
}

// What is damaged, and what the disk cannot take, stays where it lies, with all of its segment; the others go on.
func TestDetach_fails(t *testing.T) {
	for name, fail := range map[string]func(*faultFS){
		"no space": func(f *faultFS) { f.set("write", fault{err: syscall.ENOSPC, after: 100}) },
		"rename":   func(f *faultFS) { f.set("rename", fault{err: syscall.EIO}) },
		"open":     func(f *faultFS) { f.set("open", fault{err: syscall.EMFILE}) },
		"sync":     func(f *faultFS) { f.set("sync", fault{err: syscall.EIO}) },
		"syncdir":  func(f *faultFS) { f.set("syncdir", fault{err: syscall.EIO}) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, c, disk := t.TempDir(), newClock(), newFaultFS()
			s := open(t, dir, Options{Now: c.now, FS: disk})
			p := pin(t, s, c, dir)
			fail(disk)
			if d, err := s.Detach(t.Context(), c.t, p.needs); err == nil || d.Segments != 0 {
				t.Errorf("%+v, %v", d, err)
			}
			disk.clear()
			if n := p.count(t, segDir); n != 4 {
				t.Errorf("%d segments are left of 4", n)
			}
			p.check(t, s)
			if broken := name == "sync" || name == "syncdir"; broken {
				s = open(t, dir, Options{Now: c.now, FS: disk})
			}
			if d, err := s.Detach(t.Context(), c.t, p.needs); err != nil || d.Segments != 4 {
				t.Errorf("when the disk is well again: %+v, %v", d, err)
			}
			p.check(t, s)
		})
	}
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	p := pin(t, s, c, dir)
	var bad Ref
	for r := range p.needed {
		if p.needed[r] {
			bad = r
		}
	}
	damaged := bytes.Clone(p.bodies[bad])
	damaged = append(damaged, 0)
	f, err := os.OpenFile(filepath.Join(dir, bad.File), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{^damaged[0]}, bad.Offset)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if d, err := s.Detach(t.Context(), c.t, p.needs); !errors.Is(err, ErrCorrupt) || d.Segments != 3 ||
		p.count(t, segDir) != 1 {
		t.Errorf("one body is damaged: %+v, %v", d, err)
	}
}

// A copy that a crash of the machine has left damaged is made again while the segment is there.
func TestDetach_mendsADamagedCopy(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	fails := errors.New("stopped")
	s := open(t, dir, Options{Now: c.now, Fail: func(point string) error {
		if point == "spool.detached" {
			return fails
		}
		return nil
	}})
	p := pin(t, s, c, dir)
	if _, err := s.Detach(t.Context(), c.t, p.needs); !errors.Is(err, fails) {
		t.Fatal(err)
	}
	for name, size := range files(t, dir) {
		if top(name) == detachedDir && size > 0 {
			if err := os.Truncate(filepath.Join(dir, name), size/2); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.check(t, s)
	s = open(t, dir, Options{Now: c.now})
	if d, err := s.Detach(t.Context(), c.t, p.needs); err != nil || d.Segments != 4 {
		t.Errorf("%+v, %v", d, err)
	}
	p.check(t, s)
}

// The environment of a child of the kill test: its directory, and the step at which it is killed.
const detachDir, detachStep = "CLAWBACK_TEST_DETACH_DIR", "CLAWBACK_TEST_DETACH_STEP"

// A process is killed at each step of Detach: what is needed is there afterwards, once, and the next run ends the work.
func TestDetach_survivesKill(t *testing.T) {
	if dir := os.Getenv(detachDir); dir != "" {
		detachUntilKilled(dir)
		return
	}
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	p := pin(t, s, c, dir)
	s.Close()
	killed := 0
	for step := 1; ; step++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestDetach_survivesKill$")
		cmd.Env = append(os.Environ(), detachDir+"="+dir, fmt.Sprintf("%s=%d", detachStep, step))
		cmd.Env = append(cmd.Env, "CLAWBACK_TEST_DETACH_NEEDED="+p.encode())
		out, err := cmd.CombinedOutput()
		s := open(t, dir, Options{Now: c.now})
		if err := s.Recover(t.Context(), nothing); err != nil {
			t.Fatal(err)
		}
		p.check(t, s)
		s.Close()
		if err == nil {
			break
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok ||
			exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("step %d: %v\n%s", step, err, out)
		}
		killed++
	}
	if killed < 3 || p.count(t, segDir) != 0 || p.count(t, detachedDir) != 8 || p.count(t, tmpDir) != 0 {
		t.Errorf("killed %d times; left: %v", killed, files(t, dir))
	}
}

// encode writes the needed Refs for the child.
func (p *pinned) encode() string {
	var list []string
	for r, needed := range p.needed {
		if needed {
			list = append(list, copyName(r))
		}
	}
	slices.Sort(list)
	return fmt.Sprint(list)
}

func detachUntilKilled(dir string) {
	p := &pinned{needed: map[Ref]bool{}, whole: map[string]bool{}}
	for _, name := range bytes.Fields(bytes.Trim([]byte(os.Getenv("CLAWBACK_TEST_DETACH_NEEDED")), "[]")) {
		r, _ := refOf(string(name))
		p.needed[r] = true
	}
	step := 0
	fmt.Sscan(os.Getenv(detachStep), &step)
	kill := func(string) error {
		if step--; step == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
	s, err := Open(dir, Options{Fail: kill, FS: &killFS{OS(), kill}})
	if err == nil {
		_, err = s.Detach(context.Background(), newClock().t.Add(52*time.Hour), p.needs)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// killFS passes a step before each rename and each removal.
type killFS struct {
	FS
	step func(string) error
}

func (k *killFS) Rename(from, to string) error {
	k.step("rename")
	return k.FS.Rename(from, to)
}

func (k *killFS) Remove(name string) error {
	k.step("remove")
	return k.FS.Remove(name)
}

// The name of a copy tells its Ref, whatever that is; no other name does.
func TestCopyName_tellsTheRef(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		want := Ref{File: filepath.Join(segDir, "20261121T19-5f0c21aa97e41b02-0001"), Offset: r.Int64(), Size: r.Int64N(1 << 30), CRC: r.Uint32()}
		if got, ok := refOf(copyName(want)); !ok || got != want {
			t.Fatalf("%+v is read as %+v", want, got)
		}
	}
	for _, name := range []string{"x", "20261121T19-5f@1-2", "20261121T19-5f@1-2-3", "20261121T19-5f@-1-2-00000003x", "20261121T19-5f@01-2-00000003"} {
		if got, ok := refOf(filepath.Join(detachedDir, name)); ok {
			t.Errorf("%s is read as %+v", name, got)
		}
	}
}

// What is needed of a segment is asked again when the copies are made: what is needed since keeps it, and is copied out
// the next time.
func TestDetach_neededMeanwhile(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, Options{Now: c.now})
	p := pin(t, s, c, dir)
	late := map[string]bool{}
	needs := func(ctx context.Context, segment string) ([]Ref, bool, error) {
		list, whole, err := p.needs(ctx, segment)
		if !late[segment] {
			late[segment] = true
			for r := range p.bodies { // another one, from the next question on
				if r.File == segment && !p.needed[r] {
					p.needed[r] = true
					break
				}
			}
		}
		return list, whole, err
	}
	if d, err := s.Detach(t.Context(), c.t, needs); err != nil || d.Segments != 0 || d.Bodies != 8 {
		t.Errorf("Detach = %+v, %v; want 8 bodies copied and all segments left", d, err)
	}
	p.check(t, s)
	if d, err := s.Detach(t.Context(), c.t, needs); err != nil || d.Segments != 4 || d.Bodies != 4 || d.Dropped != 0 {
		t.Errorf("Detach = %+v, %v; want 4 more copied and 4 segments removed", d, err)
	}
	p.check(t, s)
}
