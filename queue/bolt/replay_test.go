package bolt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// held keeps rows in the log until it is released: as if no commit had come to it.
type held struct{ released atomic.Bool }

func holdRows() *held { return &held{} }

func (h *held) release() { h.released.Store(true) }

func (h *held) fail(point string) error {
	if point == "c1.before-rows" && !h.released.Load() {
		return errors.New("held")
	}
	return nil
}

// crashed copies what a queue has on the disk, as it would be found after SIGKILL.
func crashed(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// openHeld opens a queue whose items stay in the log.
func openHeld(t *testing.T, dir string) *Queue {
	t.Helper()
	h := holdRows()
	q := openOn(t, dir, spool.OS(), Options{Options: queue.Options{Fail: h.fail}})
	t.Cleanup(h.release) // runs before the queue is closed
	return q
}

// What was accepted is there after a crash, whether its rows were transferred or not, and once.
func TestOpen_bringsOverFromTheLog(t *testing.T) {
	dir := t.TempDir()
	q := openHeld(t, dir)
	for _, body := range [][]byte{small, large, small} {
		mustDeliver(t, q, body)
	}
	if n := rowsInDB(t, q); n != 0 {
		t.Fatalf("%d rows in queue.db: this test wants them in the log", n)
	}
	after := crashed(t, dir)
	for range 3 { // crash after crash
		q := openOn(t, after, spool.OS(), Options{})
		wantItems(t, q, 3)
		if n := rowsInDB(t, q); n != 3 {
			t.Errorf("%d rows in queue.db, want 3", n)
		}
		wantTally(t, q, 3)
		after = crashed(t, after)
	}
}

// An item that is finished does not come back out of the log.
func TestOpen_finishedStaysFinished(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	for range 5 {
		mustDeliver(t, q, small)
	}
	items, err := q.Claim(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	finishAll(t, q, items)
	q = openOn(t, crashed(t, dir), spool.OS(), Options{})
	wantItems(t, q, 5-len(items))
	wantTally(t, q, 5-len(items))
}

// A queue.db that is lost, or comes from a backup, gets everything that the spool still has.
func TestOpen_withoutItsDatabase(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	mustDeliver(t, q, small)
	mustDeliver(t, q, large)
	if _, err := q.Claim(t.Context(), 1); err != nil { // so that they are in queue.db
		t.Fatal(err)
	}
	backup := crashed(t, dir)
	mustDeliver(t, q, small)
	q.Close()

	lost := crashed(t, dir)
	if err := os.RemoveAll(filepath.Join(lost, "queue")); err != nil {
		t.Fatal(err)
	}
	wantItems(t, openOn(t, lost, spool.OS(), Options{}), 3)

	if err := os.RemoveAll(filepath.Join(backup, "spool")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(backup, "spool"), os.DirFS(filepath.Join(dir, "spool"))); err != nil {
		t.Fatal(err)
	}
	q = openOn(t, backup, spool.OS(), Options{})
	wantItems(t, q, 3)
	wantTally(t, q, 3)
}

// While rows wait in the log, whoever asks sees them as items.
func TestQueue_readsTheLog(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	mustDeliver(t, q, small)
	q.Close()
	q = openHeld(t, dir)
	mustDeliver(t, q, small)
	mustDeliver(t, q, large)
	wantItems(t, q, 3)
	items, err := q.List(t.Context(), queue.Filter{State: queue.Ready, Tenant: "t1", Limit: 2})
	if err != nil || len(items) != 2 {
		t.Fatalf("first page: %d items, %v", len(items), err)
	}
	rest, err := q.List(t.Context(), queue.Filter{After: items[1].ID})
	if err != nil || len(rest) != 1 || rest[0].ID <= items[1].ID {
		t.Errorf("second page: %+v, %v", rest, err)
	}
	if got, err := q.Get(t.Context(), rest[0].ID); err != nil || got.ID != rest[0].ID {
		t.Errorf("Get = %+v, %v", got, err)
	}
	if other, err := q.List(t.Context(), queue.Filter{Tenant: "t2"}); err != nil || len(other) != 0 {
		t.Errorf("items of another tenant: %+v, %v", other, err)
	}
	wantTally(t, q, 3)
	for _, it := range append(items, rest...) {
		if !inUse(q, it.Body.File) {
			t.Errorf("%s is not in use", it.Body.File)
		}
	}
}

// A segment is needed as long as its log is, also when no item has its bytes there.
func TestInUse_log(t *testing.T) {
	dir := t.TempDir()
	q := openHeld(t, dir)
	mustDeliver(t, q, large)
	segments, err := filepath.Glob(filepath.Join(dir, "spool", "seg", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	if name := filepath.Join("seg", filepath.Base(segments[0])); !inUse(q, name) {
		t.Errorf("%s is not in use, and has the only row of an accepted item", name)
	}
}

// Close leaves nothing in the log that queue.db does not have.
func TestClose_bringsOver(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	for range 3 {
		mustDeliver(t, q, small)
	}
	q.Close()
	db, err := bbolt.Open(filepath.Join(dir, "queue", "queue.db"), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket(itemsBucket).Stats().KeyN; n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// An item whose row or bytes the disk has damaged before they were transferred is set aside like any other, and what
// the end of the log was never acknowledged with is left out.
func TestOpen_damagedLog(t *testing.T) {
	tests := []struct {
		name        string
		damage      func(t *testing.T, dir string, items []queue.Item)
		there       int
		quarantined int
		event       string
	}{
		{"large body removed", func(t *testing.T, dir string, items []queue.Item) {
			must(t, os.Remove(filepath.Join(dir, "spool", items[1].Body.File)))
		}, 3, 1, "item.quarantined"},
		{"byte of the first body", func(t *testing.T, dir string, items []queue.Item) {
			must(t, flip(filepath.Join(dir, "spool", items[0].Body.File), items[0].Body))
		}, 3, 0, "queue.replayed"}, // found when it is read
		{"byte of the last body", func(t *testing.T, dir string, items []queue.Item) {
			must(t, flip(filepath.Join(dir, "spool", items[2].Body.File), items[2].Body))
		}, 3, 1, "item.quarantined"},
		{"last body cut", func(t *testing.T, dir string, items []queue.Item) {
			must(t, cut(filepath.Join(dir, "spool", items[2].Body.File), items[2].Body))
		}, 3, 1, "item.quarantined"},
		{"last frame cut", func(t *testing.T, dir string, items []queue.Item) {
			must(t, os.Truncate(filepath.Join(dir, "spool", items[2].Body.File), items[2].Body.Offset-4000))
		}, 2, 0, "queue.torn"},
		{"first frame", func(t *testing.T, dir string, items []queue.Item) {
			must(t, flip(filepath.Join(dir, "spool", items[0].Body.File), spool.Ref{Offset: 60}))
		}, 2, 0, "queue.log_damaged"},
		{"everything", func(t *testing.T, dir string, items []queue.Item) {
			must(t, os.WriteFile(filepath.Join(dir, "spool", items[0].Body.File), bytes.Repeat([]byte("x"), 20000), 0o600))
		}, 0, 0, "queue.torn"},
	}
	dir := t.TempDir()
	q := openHeld(t, dir)
	for _, body := range [][]byte{small, large, small} {
		mustDeliver(t, q, body)
	}
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			after := crashed(t, dir)
			test.damage(t, after, items)
			var log bytes.Buffer
			q := openOn(t, after, spool.OS(), Options{Options: queue.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}})
			all, err := q.List(t.Context(), queue.Filter{})
			must(t, err)
			aside, err := q.List(t.Context(), queue.Filter{State: queue.Quarantined})
			must(t, err)
			if len(all) != test.there || len(aside) != test.quarantined {
				t.Errorf("%d items, %d in quarantine; want %d and %d", len(all), len(aside), test.there,
					test.quarantined)
			}
			if alert := strings.Contains(log.String(), "event=alert.spool.damaged"); alert != (test.quarantined > 0) {
				t.Errorf("alert: %v, with %d in quarantine", alert, test.quarantined)
			}
			if !strings.Contains(log.String(), "event="+test.event) {
				t.Errorf("no %s in the log: %s", test.event, log.String())
			}
			wantTally(t, q, test.there)
			mustDeliver(t, q, small)
		})
	}
}

// A row of another version comes back as far as it can be read.
func TestOpen_unreadableInTheLog(t *testing.T) {
	dir := t.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	must(t, err)
	body := sp.Begin(0, spool.Regular)
	_, _ = body.Write(small)
	_, err = sp.Append([]*spool.Entry{{Note: []byte(`{"id":7,"envelope":{"tenant":"t1"},"state":"new"}`), Body: body}})
	must(t, err)
	must(t, sp.Close())
	q := openOn(t, dir, spool.OS(), Options{})
	items, err := q.List(t.Context(), queue.Filter{State: queue.Quarantined})
	if err != nil || len(items) != 1 || items[0].Envelope.Tenant != "t1" {
		t.Fatalf("quarantine: %+v, %v; want one item of t1", items, err)
	}
	b, err := q.Body(t.Context(), items[0])
	must(t, err)
	defer b.Close()
	if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || !bytes.Equal(got, small) {
		t.Errorf("%d bytes, %v; want those that were appended", len(got), err)
	}
}

// inUse reports whether something needs a file of the spool.
func inUse(q *Queue, file string) bool {
	used, err := q.InUse(context.Background(), file)
	return used || err != nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rowsInDB counts the rows that queue.db has.
func rowsInDB(t *testing.T, q *Queue) (n int) {
	t.Helper()
	must(t, q.db.View(func(tx *bbolt.Tx) error { n = tx.Bucket(itemsBucket).Stats().KeyN; return nil }))
	return n
}

// wantTally checks that so many items are counted, in all states.
func wantTally(t *testing.T, q *Queue, want int) {
	t.Helper()
	st, err := q.Stats(t.Context())
	must(t, err)
	n := 0
	for state, c := range st.Items {
		n += c.Count
		if c.Oldest.IsZero() {
			t.Errorf("no age of the oldest item that is %s", state)
		}
	}
	if n != want {
		t.Errorf("%d items are counted, want %d: %+v", n, want, st.Items)
	}
}

// A batch that was not wholly written is told of once.
func TestOpen_tornOnce(t *testing.T) {
	dir := t.TempDir()
	q := openHeld(t, dir)
	mustDeliver(t, q, small)
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	after := crashed(t, dir)
	must(t, os.Truncate(filepath.Join(after, "spool", items[0].Body.File), 100))
	for _, want := range []bool{true, false} {
		var log bytes.Buffer
		q := openOn(t, after, spool.OS(), Options{Options: queue.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}})
		if told := strings.Contains(log.String(), "event=queue.torn"); told != want {
			t.Errorf("told of it: %v, want %v: %s", told, want, log.String())
		}
		if inUse(q, items[0].Body.File) {
			t.Error("the segment is in use, and nothing in it is")
		}
		must(t, q.Close())
	}
}

// Between its place in the log and its place in the tally an item has no age that is without a count.
func TestStats_beforeTheTally(t *testing.T) {
	q := openHeld(t, t.TempDir())
	q.logged.add([]*put{{item: queue.Item{ID: queue.NewID(q.now()), State: queue.Ready}}}, spool.Mark{File: "seg/any"})
	st, err := q.Stats(t.Context())
	must(t, err)
	if c, is := st.Items[queue.Ready]; is {
		t.Errorf("ready: %+v, want none", c)
	}
	q.logged.forget(q.logged.backlog())
}
