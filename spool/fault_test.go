package spool

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// faultFS is the operating system's FS in which operations can be made to fail. It stands for the disk, so it
// outlives the Spools that a test opens on it.
type faultFS struct {
	FS
	mu    sync.Mutex
	fault map[string]fault // by operation
	free  *Space           // what Free says, nil for the truth
}

// fault is what happens to an operation: after is how many bytes are written before the error.
type fault struct {
	err   error
	after int
}

func newFaultFS() *faultFS { return &faultFS{FS: OS(), fault: map[string]fault{}} }

// set lets an operation fail until clear. Operations: open, pwritev, write, sync, truncate, rename, syncdir, mkdir.
func (f *faultFS) set(op string, x fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault[op] = x
}

func (f *faultFS) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.fault)
}

func (f *faultFS) get(op string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault[op]
}

func (f *faultFS) OpenFile(name string, flag int, perm os.FileMode) (File, error) {
	if x := f.get("open"); x.err != nil && flag&os.O_CREATE != 0 {
		return nil, x.err
	}
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fs: f}, nil
}

func (f *faultFS) Mkdir(name string, perm os.FileMode) error {
	if x := f.get("mkdir"); x.err != nil {
		return x.err
	}
	return f.FS.Mkdir(name, perm)
}

func (f *faultFS) Rename(from, to string) error {
	if x := f.get("rename"); x.err != nil {
		return x.err
	}
	return f.FS.Rename(from, to)
}

func (f *faultFS) SyncDir(name string) error {
	if x := f.get("syncdir"); x.err != nil {
		return x.err
	}
	return f.FS.SyncDir(name)
}

func (f *faultFS) Free(dir string) (Space, error) {
	if f.free != nil {
		return *f.free, nil
	}
	return f.FS.Free(dir)
}

type faultFile struct {
	File
	fs *faultFS
}

func (f *faultFile) Write(p []byte) (int, error) {
	if x := f.fs.get("write"); x.err != nil {
		n, _ := f.File.Write(p[:min(x.after, len(p))])
		return n, x.err
	}
	return f.File.Write(p)
}

func (f *faultFile) Pwritev(bufs [][]byte, at int64) (int64, error) {
	if x := f.fs.get("pwritev"); x.err != nil {
		all := bytes.Join(bufs, nil)
		n, _ := f.File.Pwritev([][]byte{all[:min(x.after, len(all))]}, at)
		return n, x.err
	}
	return f.File.Pwritev(bufs, at)
}

func (f *faultFile) Datasync() error {
	if x := f.fs.get("sync"); x.err != nil {
		return x.err
	}
	return f.File.Datasync()
}

func (f *faultFile) Truncate(size int64) error {
	if x := f.fs.get("truncate"); x.err != nil {
		return x.err
	}
	return f.File.Truncate(size)
}

// clock is a time that a test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 11, 21, 19, 6, 12, 0, time.UTC)} }

// open opens a spool and closes it at the end of the test.
func open(t *testing.T, dir string, o Options) *Spool {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// files lists the files under dir by their names relative to it, with their sizes.
func files(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	list := map[string]int64{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		list[name] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
