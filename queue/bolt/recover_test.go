package bolt

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// A row whose bytes are gone or damaged is quarantined with the reason and an alarm; the others go on.
func TestBody_damaged(t *testing.T) {
	tests := []struct {
		name   string
		body   []byte
		damage func(path string, r spool.Ref) error
		want   error
		atOpen bool // found without reading
	}{
		{"segment removed", small, remove, spool.ErrMissing, true},
		{"segment cut", small, cut, spool.ErrMissing, true},
		{"bit in a segment", small, flip, spool.ErrCorrupt, false},
		{"file removed", large, remove, spool.ErrMissing, true},
		{"file cut", large, cut, spool.ErrMissing, true},
		{"bit in a file", large, flip, spool.ErrCorrupt, false},
	}
	for _, test := range tests {
		for _, reopened := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				var log bytes.Buffer
				o := Options{Options: queue.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
				dir := t.TempDir()
				q := openOn(t, dir, spool.OS(), o)
				mustDeliver(t, q, test.body)
				items, err := q.Claim(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				r := items[0].Body
				if err := test.damage(filepath.Join(dir, "spool", r.File), r); err != nil {
					t.Fatal(err)
				}
				if reopened {
					q.Close()
					q = openOn(t, dir, spool.OS(), o)
				}
				if !reopened || !test.atOpen {
					if _, err := q.Body(t.Context(), items[0]); !errors.Is(err, test.want) {
						t.Errorf("Body = %v, want %v", err, test.want)
					}
				}
				it, err := q.Get(t.Context(), items[0].ID)
				if err != nil || it.State != queue.Quarantined || !strings.Contains(it.Reason, test.want.Error()) {
					t.Errorf("item %+v, %v; want it quarantined: %v", it, err, test.want)
				}
				if !strings.Contains(log.String(), "item="+it.ID) {
					t.Errorf("no alarm in the log: %s", log.String())
				}
				mustDeliver(t, q, small)
			})
		}
	}
}

func remove(path string, _ spool.Ref) error { return os.Remove(path) }

func cut(path string, r spool.Ref) error { return os.Truncate(path, r.Offset+r.Size-1) }

func flip(path string, r spool.Ref) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte("?"), r.Offset+r.Size/2)
	return errors.Join(err, f.Close())
}

func TestOpen_permissions(t *testing.T) {
	dir := t.TempDir()
	openOn(t, dir, spool.OS(), Options{})
	for name, want := range map[string]os.FileMode{"queue": 0o700, "queue/queue.db": 0o600, "spool": 0o700} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", name, st.Mode(), err, want)
		}
	}
}

func TestOpen_onlyOnce(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	if two, err := Open(filepath.Join(dir, "queue"), q.spool, Options{}); err == nil {
		two.Close()
		t.Error("opened by two at once")
	}
}

// Compaction gives space back, loses nothing, and does not mind what a crash left of an earlier one.
func TestOpen_compacts(t *testing.T) {
	dir := t.TempDir()
	o := Options{CompactAbove: 1 << 20}
	q := openOn(t, dir, spool.OS(), o)
	fillAndEmpty(t, q, 3000)
	for range 10 {
		mustDeliver(t, q, small)
	}
	before := highWater(t, q)
	q.Close()
	leftover := filepath.Join(dir, "queue", "queue.db"+".new")
	if err := os.WriteFile(leftover, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	q = openOn(t, dir, spool.OS(), o)
	if after := highWater(t, q); after > before/4 {
		t.Errorf("queue.db has %d bytes, %d before compaction", after, before)
	}
	if _, err := os.Stat(leftover); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", leftover, err)
	}
	wantItems(t, q, 10)
	mustDeliver(t, q, large)
}

// Compaction is not worth a start that fails.
func TestOpen_compactionFails(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	fillAndEmpty(t, q, 3000)
	mustDeliver(t, q, small)
	q.Close()
	noRoom := func(name string, flag int, perm os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, perm)
		if err == nil && strings.HasSuffix(name, ".new") {
			(&breakable{f}).become(t, "/dev/full")
		}
		return f, err
	}
	q = openOn(t, dir, spool.OS(), Options{CompactAbove: 1 << 20, openFile: noRoom})
	wantItems(t, q, 1)
	mustDeliver(t, q, small)
	if n := countFiles(t, filepath.Join(dir, "queue")); n != 2 {
		t.Errorf("%d files of the queue, want queue.db and queue.scoring alone", n)
	}
}

func fillAndEmpty(t *testing.T, q *Queue, n int) {
	t.Helper()
	done := make(chan error)
	for range 16 {
		go func() {
			var err error
			for range n / 16 {
				err = errors.Join(err, deliver(q, small[:1]))
			}
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	items, err := q.Claim(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	finishAll(t, q, items)
}

func finishAll(t *testing.T, q *Queue, items []queue.Item) {
	t.Helper()
	done := make(chan error, len(items))
	for _, it := range items {
		go func() { done <- q.Finish(t.Context(), it.ID) }()
	}
	for range items {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func highWater(t *testing.T, q *Queue) (size int64) {
	t.Helper()
	if err := q.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil }); err != nil {
		t.Fatal(err)
	}
	return size
}
