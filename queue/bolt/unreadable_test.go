package bolt

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// The ways in which a row is made unreadable, and whether its body can still be found.
type damaged struct {
	name   string
	damage func(row []byte) []byte
	found  bool
}

var unreadable = []damaged{
	{"cut at the end", func(row []byte) []byte { return row[:len(row)-5] }, true},
	{"another type", func(row []byte) []byte { return bytes.Replace(row, []byte(`"tries":0`), []byte(`"tries":{}`), 1) }, true},
	{"another id", func(row []byte) []byte { return bytes.Replace(row, []byte(`"id":"`), []byte(`"id":"x`), 1) }, true},
	{"nothing", func([]byte) []byte { return nil }, false},
	{"zeros", func(row []byte) []byte { return make([]byte, len(row)) }, false},
	{"another body", func(row []byte) []byte {
		return bytes.Replace(row, []byte(`"crc32c":`), []byte(`"crc32c":1`), 1)[:len(row)-5]
	}, false},
}

// damageRow changes a row of queue.db while no queue has it open, and gives what it has become.
func damageRow(t *testing.T, dir string, bucket []byte, id string, damage func([]byte) []byte) []byte {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "queue", "queue.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var row []byte
	if err := db.Update(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(bucket)
		before := bytes.Clone(rows.Get([]byte(id)))
		row = damage(bytes.Clone(before))
		if bytes.Equal(row, before) {
			t.Fatalf("the row stays as it was: %s", before)
		}
		return rows.Put([]byte(id), row)
	}); err != nil {
		t.Fatal(err)
	}
	return row
}

// keptRow is what recovery has kept of a row.
func keptRow(t *testing.T, q *Queue, key string) (row []byte) {
	t.Helper()
	if err := q.db.View(func(tx *bbolt.Tx) error {
		row = bytes.Clone(tx.Bucket(unreadableBucket).Get([]byte(key)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return row
}

// An item whose row cannot be read does not keep the queue from opening, nor the others from being worked on.
func TestOpen_unreadableItem(t *testing.T) {
	strange := func(row []byte) []byte { return bytes.Replace(row, []byte(`"ready"`), []byte(`"later"`), 1) }
	for _, test := range append(unreadable[:len(unreadable):len(unreadable)], damaged{"unknown state", strange, true}) {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			o := Options{Options: queue.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
			dir := t.TempDir()
			q := openOn(t, dir, spool.OS(), o)
			mustDeliver(t, q, small)
			mustDeliver(t, q, small)
			items, err := q.List(t.Context(), queue.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			bad, good := items[0], items[1]
			q.Close()
			row := damageRow(t, dir, itemsBucket, bad.ID, test.damage)
			for range 2 { // the second time it is an item like any other
				q = openOn(t, dir, spool.OS(), o)
				wantSetAside(t, q, bad, test.found)
				if kept := keptRow(t, q, "items/"+bad.ID); !bytes.Equal(kept, row) {
					t.Errorf("kept %q of the row %q", kept, row)
				}
				claimed, err := q.Claim(t.Context(), 10)
				if err != nil || len(claimed) != 1 || claimed[0].ID != good.ID {
					t.Fatalf("Claim = %v, %v; want %s", claimed, err, good.ID)
				}
				q.Close()
			}
			if n := strings.Count(log.String(), "event=queue.unreadable item="+bad.ID); n != 1 {
				t.Errorf("%d alarms:\n%s", n, log.String())
			}
		})
	}
}

// wantSetAside wants an item in quarantine, with its bytes when their place was found; else nothing may be dropped.
func wantSetAside(t *testing.T, q *Queue, was queue.Item, found bool) {
	t.Helper()
	list, err := q.List(t.Context(), queue.Filter{State: queue.Quarantined})
	if err != nil || len(list) != 1 || list[0].ID != was.ID || !strings.Contains(list[0].Reason, "cannot be read") {
		t.Fatalf("quarantine: %+v, %v", list, err)
	}
	it := list[0]
	if it.Envelope.Rcpts == nil {
		t.Error("its recipients are null")
	}
	if d := it.Envelope.Received.Sub(was.Changed).Abs(); d > time.Minute {
		t.Errorf("it says that it was received at %s", it.Envelope.Received)
	}
	s, err := q.Stats(t.Context())
	if err != nil || s.Items[queue.Quarantined].Count != 1 || s.Items[queue.Ready].Count != 1 {
		t.Errorf("counted: %+v, %v", s.Items, err)
	}
	if !inUse(q, was.Body.File) || inUse(q, "some other file") == found {
		t.Errorf("in use: its file %t, any other %t", inUse(q, was.Body.File), inUse(q, "some other file"))
	}
	if !found {
		return
	}
	body, err := q.Body(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
	if err != nil || !bytes.Equal(got, small) {
		t.Errorf("its body has %d bytes, %v", len(got), err)
	}
}

// A bounce whose row cannot be read is made anew when the item that comes back in its place is given up again.
func TestOpen_unreadableBounce(t *testing.T) {
	for _, test := range unreadable {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			q := openOn(t, dir, spool.OS(), Options{})
			mustDeliver(t, q, small)
			b := giveUpOne(t, q)
			q.Close()
			row := damageRow(t, dir, bouncesBucket, b.ID, test.damage)
			q = openOn(t, dir, spool.OS(), Options{})
			if kept := keptRow(t, q, "bounces/"+b.ID); !bytes.Equal(kept, row) {
				t.Errorf("kept %q of the row %q", kept, row)
			}
			if due, err := q.DueBounces(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(due) != 0 {
				t.Errorf("bounces due: %+v, %v", due, err)
			}
			if err := q.Retry(t.Context(), b.Item); err != nil {
				t.Fatal(err)
			}
			again := giveUpOne(t, q)
			if same := again.ID == b.ID; same != test.found {
				t.Errorf("bounce %s, now %s", b.ID, again.ID)
			}
		})
	}
}

// A bounce that was sent has nothing left to do.
func TestOpen_unreadableSentBounce(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	mustDeliver(t, q, small)
	b := giveUpOne(t, q)
	if err := q.BounceSent(t.Context(), b.ID, "mx.example: 250"); err != nil {
		t.Fatal(err)
	}
	q.Close()
	damageRow(t, dir, bouncesBucket, b.ID, unreadable[0].damage)
	q = openOn(t, dir, spool.OS(), Options{})
	wantItems(t, q, 0)
	if inUse(q, b.Body.File) || len(keptRow(t, q, "bounces/"+b.ID)) == 0 {
		t.Error("its bytes are held, or its row is not kept")
	}
}

func giveUpOne(t *testing.T, q *Queue) queue.Bounce {
	t.Helper()
	items, err := q.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := q.GiveUp(t.Context(), items[0].ID, "cannot be unwrapped", "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A row that becomes unreadable while the queue is open breaks it: the next start sets the row aside.
func TestClaim_unreadableRow(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	mustDeliver(t, q, small)
	items, err := q.List(t.Context(), queue.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.submit(t.Context(), &op{apply: func(tx *txn) error {
		tx.put(tx.items, []byte(items[0].ID), []byte("{"))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if claimed, err := q.Claim(t.Context(), 1); err == nil {
		t.Errorf("Claim = %v", claimed)
	}
	select {
	case <-q.Broken():
	default:
		t.Error("the queue goes on")
	}
}
