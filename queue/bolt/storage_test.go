package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/internal/test/needs"
	"clawback/queue"
	"clawback/spool"
)

// badDisk is a file system whose writes and syncs fail while an error is set.
type badDisk struct {
	spool.FS
	mu          sync.Mutex
	write, sync error
}

func newBadDisk() *badDisk { return &badDisk{FS: spool.OS()} }

func (d *badDisk) set(write, sync error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write, d.sync = write, sync
}

func (d *badDisk) errs() (write, sync error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write, d.sync
}

func (d *badDisk) OpenFile(name string, flag int, perm os.FileMode) (spool.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	return &badFile{File: f, disk: d}, err
}

type badFile struct {
	spool.File
	disk *badDisk
}

func (f *badFile) Write(p []byte) (int, error) {
	if err, _ := f.disk.errs(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f *badFile) Pwritev(bufs [][]byte, at int64) (int64, error) {
	if err, _ := f.disk.errs(); err != nil {
		return 0, err
	}
	return f.File.Pwritev(bufs, at)
}

func (f *badFile) Datasync() error {
	if _, err := f.disk.errs(); err != nil {
		return err
	}
	return f.File.Datasync()
}

// openOn opens a queue whose spool is on a disk of the test's.
func openOn(t *testing.T, dir string, disk spool.FS, o Options) *Queue {
	t.Helper()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Open(filepath.Join(dir, "queue"), sp, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close(); sp.Close() })
	return q
}

var (
	small = bytes.Repeat([]byte("small\r\n"), 1000)
	large = bytes.Repeat([]byte("large\r\n"), 1<<18)
)

func mustDeliver(t *testing.T, q *Queue, body []byte) {
	t.Helper()
	if err := deliver(q, body); err != nil {
		t.Fatal(err)
	}
}

// wantItems checks that all items are there with one of the two bodies.
func wantItems(t *testing.T, q *Queue, want int) {
	t.Helper()
	items, err := q.List(t.Context(), queue.Filter{})
	if err != nil || len(items) != want {
		t.Fatalf("%d items, %v; want %d", len(items), err, want)
	}
	for _, it := range items {
		b, err := q.Body(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		if err != nil || !bytes.Equal(got, small) && !bytes.Equal(got, large) {
			t.Errorf("item %s: %d bytes, %v: not what was put", it.ID, len(got), err)
		}
		b.Close()
	}
}

func wantBroken(t *testing.T, q *Queue, want bool) {
	t.Helper()
	if want {
		select {
		case <-q.Broken():
		case <-time.After(time.Minute):
			t.Error("not broken")
		}
	} else if q.isBroken() {
		t.Error("broken")
	}
}

// A full disk refuses the message and nothing else, and the next one is taken without a restart.
func TestCommit_diskFull(t *testing.T) {
	for _, errno := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		for _, body := range [][]byte{small, large} {
			t.Run(fmt.Sprintf("%v, %d bytes", errno, len(body)), func(t *testing.T) {
				disk := newBadDisk()
				q := openOn(t, t.TempDir(), disk, Options{})
				mustDeliver(t, q, small)
				disk.set(errno, nil)
				if err := deliver(q, body); !errors.Is(err, errno) || !errors.Is(err, queue.ErrStorage) {
					t.Errorf("commit = %v, want %v as ErrStorage", err, errno)
				}
				items, err := q.Claim(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				if err := q.Release(t.Context(), items[0].ID); err != nil {
					t.Errorf("release on a full disk: %v", err)
				}
				disk.set(nil, nil)
				mustDeliver(t, q, body)
				wantBroken(t, q, false)
				wantItems(t, q, 2)
			})
		}
	}
}

// A failed sync of the spool is final, until the queue is opened again.
func TestCommit_syncFails(t *testing.T) {
	for _, body := range [][]byte{small, large} {
		dir, disk := t.TempDir(), newBadDisk()
		q := openOn(t, dir, disk, Options{})
		mustDeliver(t, q, small)
		disk.set(nil, syscall.EIO)
		if err := deliver(q, body); !errors.Is(err, queue.ErrStorage) || !errors.Is(err, syscall.EIO) {
			t.Errorf("commit = %v, want EIO as ErrStorage", err)
		}
		disk.set(nil, nil)
		wantBroken(t, q, true)
		wantRefused(t, q)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		q = openOn(t, dir, disk, Options{})
		mustDeliver(t, q, body)
		want := 2
		if len(body) == len(small) {
			want = 3 // what was written before the sync failed may be there all the same, as after a lost answer
		}
		wantItems(t, q, want)
	}
}

// wantRefused checks that a broken queue takes nothing, and can be read.
func wantRefused(t *testing.T, q *Queue) {
	t.Helper()
	_, claim := q.Claim(t.Context(), 1)
	for name, err := range map[string]error{
		"put": deliver(q, small), "large put": deliver(q, large), "claim": claim,
		"finish": q.Finish(t.Context(), "any"), "probe": q.Probe(t.Context()),
	} {
		if !errors.Is(err, queue.ErrStorage) {
			t.Errorf("%s on a broken queue = %v, want ErrStorage", name, err)
		}
	}
	if _, err := q.List(t.Context(), queue.Filter{}); err != nil {
		t.Errorf("list on a broken queue: %v", err)
	}
}

// breakable opens queue.db such that a test can put a device in its place.
type breakable struct{ file *os.File }

func (b *breakable) open(name string, flag int, perm os.FileMode) (f *os.File, err error) {
	b.file, err = os.OpenFile(name, flag, perm)
	return b.file, err
}

// become makes every later write and sync of queue.db one of the device's: /dev/full has no space, and a sync of
// /dev/null fails with EINVAL after writes that succeed.
func (b *breakable) become(t *testing.T, device string) {
	t.Helper()
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	needs.Ability(t, device, err)
	defer f.Close()
	if err := unix.Dup2(int(f.Fd()), int(b.file.Fd())); err != nil {
		t.Fatal(err)
	}
}

// A failed sync of queue.db is final, and nothing that was accepted is lost by it: it stands in the log.
func TestCommit_databaseSyncFails(t *testing.T) {
	dir, db := t.TempDir(), &breakable{}
	q := openOn(t, dir, spool.OS(), Options{openFile: db.open})
	for range 20 { // leaves free pages, so that the file need not grow
		mustDeliver(t, q, small)
		claimAgain(t, q)
	}
	wantItems(t, q, 20)
	db.become(t, "/dev/null")
	mustDeliver(t, q, small)
	if _, err := q.Claim(t.Context(), 1); !errors.Is(err, queue.ErrStorage) {
		t.Errorf("claim = %v, want ErrStorage", err)
	}
	wantBroken(t, q, true)
	wantRefused(t, q)
	q.Close()
	wantItems(t, openOn(t, dir, spool.OS(), Options{}), 21)
}

// With queue.db full, what was accepted waits in the log, and no more is accepted until there is space.
func TestCommit_databaseDiskFull(t *testing.T) {
	dir, db := t.TempDir(), &breakable{}
	q := openOn(t, dir, spool.OS(), Options{openFile: db.open})
	for range 20 {
		mustDeliver(t, q, small)
		claimAgain(t, q)
	}
	path := db.file.Name()
	db.become(t, "/dev/full")
	mustDeliver(t, q, small)
	if items, err := q.Claim(t.Context(), 1); !errors.Is(err, queue.ErrStorage) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("claim = %d items, %v; want ENOSPC as ErrStorage", len(items), err)
	}
	for _, body := range [][]byte{small, large} {
		if err := deliver(q, body); !errors.Is(err, queue.ErrStorage) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("commit = %v, want ENOSPC as ErrStorage", err)
		}
	}
	wantBroken(t, q, false)
	wantItems(t, q, 21)
	db.become(t, path) // there is space again
	claimAgain(t, q)
	mustDeliver(t, q, large)
	mustDeliver(t, q, small)
	wantItems(t, q, 23)
	if n := countFiles(t, filepath.Join(dir, "spool", "body")); n != 1 {
		t.Errorf("%d large bodies in the spool, want 1: the refused ones have no row", n)
	}
	q.Close()
	wantItems(t, openOn(t, dir, spool.OS(), Options{}), 23)
}

// claimAgain claims and gives back, which transfers what waits in the log.
func claimAgain(t *testing.T, q *Queue) {
	t.Helper()
	items, err := q.Claim(t.Context(), 1)
	must(t, err)
	must(t, q.Release(t.Context(), items[0].ID))
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// When bbolt's own limit is reached, what is not new mail goes on, so that the queue can be emptied.
func TestCommit_databaseMaxSize(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	mustDeliver(t, q, small)
	items, err := q.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	q.db.MaxSize = 1
	put := 0
	for ; put < 5000 && err == nil; put++ { // the first wait in the log, or fit into free pages
		err = deliver(q, small)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit %d = %v, want ENOSPC", put, err)
	}
	if err := q.Finish(t.Context(), items[0].ID); err != nil {
		t.Errorf("finish while full: %v", err)
	}
	if err := deliver(q, small); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit after a finish = %v, want ENOSPC while accepted items wait in the log", err)
	}
	wantBroken(t, q, false)
	q.db.MaxSize = 0
	claimAgain(t, q)
	mustDeliver(t, q, small)
	wantItems(t, q, put)
}

// What waits in the log while queue.db is full cannot be changed, and is not said to be missing.
func TestChange_waitsInTheLog(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	mustDeliver(t, q, small)
	claimAgain(t, q)
	q.db.MaxSize = 1
	var err error
	for n := 0; n < 5000 && err == nil; n++ {
		err = deliver(q, small)
	}
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	last := items[len(items)-1].ID
	for name, change := range map[string]func() error{
		"quarantine": func() error { return q.Quarantine(t.Context(), last, queue.CauseFault, "odd") },
		"finish":     func() error { return q.Finish(t.Context(), last) },
		"give up":    func() error { _, err := q.GiveUp(t.Context(), last, "odd", ""); return err },
	} {
		if err := change(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s = %v, want ENOSPC", name, err)
		}
	}
	q.db.MaxSize = 0
	must(t, q.Quarantine(t.Context(), last, queue.CauseFault, "odd"))
}

func TestBegin_queueFull(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{MaxSize: 256 << 10})
	var err error
	for n := 0; n < 5000 && err == nil; n++ {
		err = deliver(q, small[:1])
	}
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, queue.ErrStorage) {
		t.Fatalf("a full queue answers %v, want ENOSPC", err)
	}
	for {
		items, err := q.Claim(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if err := q.Finish(t.Context(), it.ID); err != nil {
				t.Fatal(err)
			}
		}
		if st, _ := q.Stats(t.Context()); len(st.Items) == 0 {
			break
		}
	}
	mustDeliver(t, q, small)
}

// blind says that there is space, so that writing finds out.
type blind struct{ spool.FS }

func (blind) Free(string) (spool.Space, error) { return spool.Space{Bytes: 1 << 40}, nil }

// The same on a real file system that is really full.
func TestQueue_smallFileSystem(t *testing.T) {
	dir := t.TempDir()
	needs.Ability(t, "the right to mount a tmpfs", unix.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"))
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("fill", func(t *testing.T) {
		q := openOn(t, dir, blind{spool.OS()}, Options{})
		first := fill(t, q)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		claimAgain(t, q) // what waits in the log goes to queue.db: until then there is no space for more
		second := fill(t, q)
		if first == 0 || second == 0 {
			t.Errorf("took %d messages, and %d more when there was space again", first, second)
		}
		wantBroken(t, q, false)
		wantItems(t, q, first+second)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		wantItems(t, openOn(t, dir, blind{spool.OS()}, Options{}), first+second)
	})
	t.Run("log", func(t *testing.T) { transferLater(t, dir, ballast) })
}

// transferLater fills the disk while nothing is transferred from the log, opens the queue again, and makes room.
func transferLater(t *testing.T, dir, ballast string) {
	dir = filepath.Join(dir, "log")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.RemoveAll(filepath.Join(dir, "..", "spool")))
	must(t, os.WriteFile(ballast, make([]byte, 2<<20), 0o600))
	q := openOn(t, dir, blind{spool.OS()}, Options{Options: queue.Options{Fail: holdRows().fail}})
	want := fill(t, q)
	must(t, q.Close())
	q = openOn(t, dir, blind{spool.OS()}, Options{})
	wantItems(t, q, want)
	if n := rowsInDB(t, q); n != 0 {
		t.Fatalf("%d rows were transferred to a full disk", n)
	}
	if err := deliver(q, small); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit = %v, want ENOSPC while accepted items wait in the log", err)
	}
	must(t, os.Remove(ballast))
	claimAgain(t, q)
	mustDeliver(t, q, small)
	wantItems(t, q, want+1)
	must(t, q.Close())
	wantItems(t, openOn(t, dir, blind{spool.OS()}, Options{}), want+1)
}

// fill delivers until the disk is full, and says how many messages were taken.
func fill(t *testing.T, q *Queue) (taken int) {
	t.Helper()
	for range 10000 {
		err := deliver(q, small)
		if errors.Is(err, syscall.ENOSPC) {
			return taken
		}
		if err != nil {
			t.Fatal(err)
		}
		taken++
	}
	t.Fatal("the disk did not fill up")
	return taken
}
