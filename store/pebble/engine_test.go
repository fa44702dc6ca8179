package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"clawback/internal/nospace"
	"clawback/store/rows"
)

const table rows.Table = 2

func openTest(t *testing.T, dir string, o Options) *Engine {
	t.Helper()
	e, err := OpenEngine(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// put commits one row.
func put(e *Engine, key, value string) error {
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return errors.Join(tx.Put(table, []byte(key), []byte(value)), tx.Commit())
}

func get(t *testing.T, e *Engine, key string) string {
	t.Helper()
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	v, err := tx.Get(table, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// Most of what is looked for is nowhere. On the lowest level, where most rows are, filters say so without a read.
func TestGet_filtersAnswerForWhatIsNowhere(t *testing.T) {
	e := openTest(t, t.TempDir(), Options{})
	key := func(n int) string { return fmt.Sprintf("%03d: a key of the usual length", n) }
	for n := range 100 {
		if err := put(e, key(10*n), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := e.db.Metrics(); m.Levels[6].TablesCount == 0 {
		t.Fatal("nothing is on the lowest level")
	}
	before := e.db.Metrics().Filter.Hits
	tx, err := e.Begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	asked := 0
	for n := range 990 {
		if n%10 == 0 {
			continue
		}
		asked += 2
		if v, err := tx.Get(table, []byte(key(n))); v != nil || err != nil {
			t.Fatalf("%q, %v", v, err)
		}
		c := tx.Cursor(table)
		if k, _ := c.SeekWithin([]byte(key(n))); bytes.HasPrefix(k, []byte(key(n))) {
			t.Fatalf("%q", k)
		}
		c.Close()
	}
	if n := e.db.Metrics().Filter.Hits - before; n < int64(asked)*9/10 { // they let pass one of a hundred
		t.Errorf("the filters have answered %d times of %d", n, asked)
	}
}

func TestOpen_secondOneIsRefused(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir, Options{})
	if _, err := OpenEngine(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process has it open") {
		t.Errorf("error %v", err)
	}
}

func TestOpen_damagedDirectoryIsAnError(t *testing.T) {
	for _, pattern := range []string{"MANIFEST-*", "*.sst"} {
		t.Run(pattern, func(t *testing.T) {
			dir := t.TempDir()
			e := openTest(t, dir, Options{})
			for range 3 {
				if err := errors.Join(put(e, "a", "1"), e.db.Flush()); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			for _, file := range files {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := OpenEngine(dir, Options{}); !errors.Is(err, ErrDamaged) {
				t.Errorf("a directory that lacks files: %v, want ErrDamaged", err)
			}
		})
	}
}

// faultyFS fails what writes, as long as it is told to.
type faultyFS struct {
	vfs.FS
	write, sync atomic.Pointer[error]
	free        atomic.Uint64 // bytes; 0: as it is
}

func set(p *atomic.Pointer[error], err error) {
	if err == nil {
		p.Store(nil)
		return
	}
	p.Store(&err)
}

func (f *faultyFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.write.Load(); err != nil {
		return nil, *err
	}
	file, err := f.FS.Create(name, c)
	return &faultyFile{file, f}, err
}

func (f *faultyFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(oldname, newname, c)
	return &faultyFile{file, f}, err
}

func (f *faultyFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	usage, err := f.FS.GetDiskUsage(path)
	if free := f.free.Load(); free > 0 {
		usage.AvailBytes = free
	}
	return usage, err
}

type faultyFile struct {
	vfs.File
	fs *faultyFS
}

// Write writes half of what it is given before it fails.
func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.fs.write.Load(); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, *err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.sync.Load(); err != nil {
		return *err
	}
	return f.File.Sync()
}

func (f *faultyFile) SyncData() error {
	if err := f.fs.sync.Load(); err != nil {
		return *err
	}
	return f.File.SyncData()
}

// While the disk is nearly full a commit is refused and nothing is broken.
func TestCommit_refusedBeforeTheDiskIsFull(t *testing.T) {
	fs := &faultyFS{FS: vfs.Default}
	e := openTest(t, t.TempDir(), Options{FS: fs})
	if err := put(e, "a", "1"); err != nil {
		t.Fatal(err)
	}
	fs.free.Store(reserve - 1)
	if err := put(e, "a", "2"); !nospace.Is(err) {
		t.Errorf("error %v, want one for want of space", err)
	}
	if got := get(t, e, "a"); got != "1" {
		t.Errorf("the row is %q after a refused commit", got)
	}
	fs.free.Store(0)
	if err := put(e, "a", "3"); err != nil || get(t, e, "a") != "3" {
		t.Errorf("with space again: %v, row %q", err, get(t, e, "a"))
	}
}

// A write that finds no space after all waits, goes on where it stopped, and what it wrote is whole.
func TestCommit_waitsForSpace(t *testing.T) {
	for _, why := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		t.Run(why.Error(), func(t *testing.T) {
			fs := &faultyFS{FS: vfs.Default}
			dir := t.TempDir()
			e := openTest(t, dir, Options{FS: fs})
			e.fs.wait = time.Millisecond
			if err := put(e, "a", "1"); err != nil {
				t.Fatal(err)
			}
			set(&fs.write, why)
			var wg sync.WaitGroup
			var err error
			wg.Go(func() { err = put(e, "b", strings.Repeat("2", 100_000)) })
			time.Sleep(20 * time.Millisecond)
			set(&fs.write, nil)
			wg.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = openTest(t, dir, Options{})
			if a, b := get(t, e, "a"), get(t, e, "b"); a != "1" || b != strings.Repeat("2", 100_000) {
				t.Errorf("after the wait the rows are %q and %d bytes", a, len(b))
			}
		})
	}
}

// Closing does not wait for space; what was not committed is not there, what was is.
func TestClose_doesNotWaitForSpace(t *testing.T) {
	fs := &faultyFS{FS: vfs.Default}
	dir := t.TempDir()
	e := openTest(t, dir, Options{FS: fs})
	if err := put(e, "a", "1"); err != nil {
		t.Fatal(err)
	}
	set(&fs.write, syscall.ENOSPC)
	done := make(chan error, 1)
	go func() { done <- put(e, "b", "2") }()
	time.Sleep(10 * time.Millisecond)
	e.fs.giveUp()
	if err := <-done; err == nil {
		t.Error("a commit without space succeeded")
	}
	_ = e.Close()
	e = openTest(t, dir, Options{})
	if got := get(t, e, "a"); got != "1" {
		t.Errorf("the committed row is %q", got)
	}
}

// After a sync that failed nothing is known of what was written: the engine is broken, the process lives.
func TestCommit_failedSyncBreaksTheEngine(t *testing.T) {
	for name, why := range map[string]error{"EIO": syscall.EIO, "ENOSPC at the sync": syscall.ENOSPC} {
		t.Run(name, func(t *testing.T) {
			fs := &faultyFS{FS: vfs.Default}
			dir := t.TempDir()
			var told atomic.Int64
			e := openTest(t, dir, Options{FS: fs, Log: func(string) { told.Add(1) }})
			if err := put(e, "a", "1"); err != nil {
				t.Fatal(err)
			}
			set(&fs.sync, why)
			if err := put(e, "b", "2"); !errors.Is(err, rows.ErrStorage) || nospace.Is(err) {
				t.Errorf("error %v, want ErrStorage", err)
			}
			set(&fs.sync, nil)
			if err := put(e, "c", "3"); !errors.Is(err, rows.ErrStorage) {
				t.Errorf("a commit after it: %v, want ErrStorage", err)
			}
			if told.Load() == 0 {
				t.Error("nothing was logged")
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			if got := get(t, openTest(t, dir, Options{}), "a"); got != "1" {
				t.Errorf("the row from before is %q", got)
			}
		})
	}
}

// While a directory is opened nobody waits for space, nor for a sync that failed: the start fails and says why.
func TestOpen_withoutSpaceOrSyncFails(t *testing.T) {
	for name, fault := range map[string]func(fs *faultyFS){
		"no space":  func(fs *faultyFS) { set(&fs.write, syscall.ENOSPC) },
		"no sync":   func(fs *faultyFS) { set(&fs.sync, syscall.EIO) },
		"full sync": func(fs *faultyFS) { set(&fs.sync, syscall.ENOSPC) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "pebble")
			if err != nil {
				t.Fatal(err)
			}
			// Pebble is still at it when the engine has given up, so that the directory may not be empty in the end.
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			e := openTest(t, dir, Options{})
			if err := errors.Join(put(e, "a", "1"), e.Close()); err != nil {
				t.Fatal(err)
			}
			fs := &faultyFS{FS: vfs.Default}
			fault(fs)
			if e, err := OpenEngine(dir, Options{FS: fs}); err == nil {
				t.Error("opened", e.Close())
			}
			set(&fs.write, nil)
			set(&fs.sync, nil)
		})
	}
}

// Only a lock that is held is told as another process: not a directory that may not be written.
func TestLockError_namesWhoHoldsTheLock(t *testing.T) {
	for err, held := range map[error]bool{
		syscall.EAGAIN: true, syscall.EACCES: true, errors.New("lock held by current process"): true,
		syscall.ENOLCK: false, &fs.PathError{Op: "open", Path: "LOCK", Err: syscall.EACCES}: false,
	} {
		if got := lockError(err); !errors.Is(got, err) || (got != err) != held {
			t.Errorf("%v: %v", err, got)
		}
	}
}
