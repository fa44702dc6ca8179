package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"clawback/queue"
	"clawback/spool"
)

// unreachable is a disk whose files this user may not read.
type unreachable struct{ spool.FS }

func (unreachable) OpenFile(name string, flag int, perm os.FileMode) (spool.File, error) {
	return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EACCES}
}

// Bytes that cannot be looked at are not lost: the start fails, and what it found is as it was when the cause is
// mended. So a spool that was brought back with a wrong owner does not empty the queue into quarantine.
func TestOpen_bytesOutOfReach(t *testing.T) {
	for name, deliver := range map[string]func(t *testing.T, dir string){
		"in queue.db": func(t *testing.T, dir string) {
			q := openOn(t, dir, spool.OS(), Options{})
			mustDeliver(t, q, small)
			mustDeliver(t, q, large)
			must(t, q.Close())
		},
		"in the log": func(t *testing.T, dir string) {
			q := openHeld(t, dir)
			mustDeliver(t, q, small)
			mustDeliver(t, q, large)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			deliver(t, dir)
			dir = crashed(t, dir)
			sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{FS: unreachable{spool.OS()}})
			must(t, err)
			if q, err := Open(filepath.Join(dir, "queue"), sp, Options{}); !errors.Is(err, syscall.EACCES) {
				t.Errorf("Open = %v, %v; want EACCES", q, err)
			}
			q := openOn(t, dir, spool.OS(), Options{})
			wantItems(t, q, 2)
			if aside, err := q.List(t.Context(), queue.Filter{State: queue.Quarantined}); err != nil || len(aside) > 0 {
				t.Errorf("quarantined: %+v, %v; want none", aside, err)
			}
		})
	}
}
