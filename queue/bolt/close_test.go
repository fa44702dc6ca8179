package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// While the intake writes what senders wait with, none of them is let go: its bytes would be another's before they are
// written. That holds for a broken queue as well.
func TestClose_waitsForTheIntake(t *testing.T) {
	for _, broken := range []bool{false, true} {
		gate, reached := make(chan struct{}), make(chan struct{})
		q := openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(point string) error {
			if point == "c1.before-log" {
				close(reached)
				<-gate
			}
			return nil
		}}})
		delivered, closed := make(chan error, 1), make(chan error, 1)
		go func() { delivered <- deliver(q, small) }()
		<-reached
		if broken {
			q.setBroken(errors.New("a test breaks it"))
			time.Sleep(20 * time.Millisecond) // until the committer has seen it
		}
		go func() { closed <- q.Close() }()
		select {
		case err := <-delivered:
			t.Errorf("broken %v: the sender was let go before its bytes were written: %v", broken, err)
		case <-time.After(50 * time.Millisecond):
		}
		close(gate)
		must(t, <-closed)
		if !broken {
			must(t, <-delivered)
		}
	}
}

// clinging is a file system on which what was appended can neither be told of nor cut off.
type clinging struct{ spool.FS }

func (c clinging) OpenFile(name string, flag int, perm os.FileMode) (spool.File, error) {
	f, err := c.FS.OpenFile(name, flag, perm)
	if filepath.Base(filepath.Dir(name)) != "seg" {
		return f, err
	}
	return clingingFile{f}, err
}

type clingingFile struct{ spool.File }

func (f clingingFile) Pwritev(bufs [][]byte, at int64) (int64, error) {
	n, err := f.File.Pwritev(bufs, at)
	return n, errors.Join(err, syscall.ENOSPC)
}

func (clingingFile) Truncate(int64) error { return syscall.EIO }

// A large body stays where it is when its row may be found in the log, though its sender was refused.
func TestCommit_leftInTheLog(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, clinging{spool.OS()}, Options{})
	if err := deliver(q, large[:600<<10]); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("commit = %v, want ENOSPC", err)
	}
	must(t, q.Close())
	q = openOn(t, dir, spool.OS(), Options{})
	items, err := q.List(t.Context(), queue.Filter{})
	if err != nil || len(items) != 1 || items[0].State != queue.Ready {
		t.Fatalf("items %+v, %v; want one that is ready", items, err)
	}
	must(t, q.spool.Verify(items[0].Body))
}
