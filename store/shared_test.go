package store

import (
	"context"
	"testing"

	"clawback/store/memory"
	"clawback/store/rows"
)

// puts counts what reaches an engine.
type puts struct {
	rows.Tx
	n int
}

func (p *puts) Put(t rows.Table, key, value []byte) error { p.n++; return p.Tx.Put(t, key, value) }

// Rows that many calls write over are read as the last one left them, by a key and by a walk, and written once.
func TestSharedTx_writesWhatIsKeptOnce(t *testing.T) {
	e := &memory.Engine{}
	write := func(fn func(tx *sharedTx)) (n int) {
		begun, err := e.Begin(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		counter := &puts{Tx: begun}
		tx := &sharedTx{Tx: counter}
		fn(tx)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		return counter.n
	}
	want := func(tx rows.Tx, key, value string) {
		t.Helper()
		if got, err := tx.Get(tableCounts, []byte(key)); err != nil || string(got) != value || value == "" && got != nil {
			t.Errorf("row %s is %q (%v), want %q", key, got, err, value)
		}
	}
	n := write(func(tx *sharedTx) {
		for _, value := range []string{"1", "2", "3"} {
			if err := tx.Put(tableCounts, []byte("a"), []byte(value)); err != nil {
				t.Error(err)
			}
			want(tx, "a", value)
			want(tx, "b", "")
		}
		if err := tx.Put(tableIntents, []byte("a"), []byte("other")); err != nil {
			t.Error(err)
		}
	})
	if n != 2 {
		t.Errorf("%d rows were written, want 2", n)
	}
	write(func(tx *sharedTx) {
		want(tx, "a", "3")
		for _, err := range []error{tx.Delete(tableCounts, []byte("a")), tx.Put(tableCounts, []byte("b"), []byte("4"))} {
			if err != nil {
				t.Error(err)
			}
		}
		want(tx, "a", "")
		c := tx.Cursor(tableCounts)
		if k, v := c.First(); string(k) != "b" || string(v) != "4" {
			t.Errorf("a walk begins at %q -> %q", k, v)
		}
		if k, _ := c.Next(); k != nil {
			t.Errorf("a walk goes on at %q", k)
		}
		if err := tx.Put(tableCounts, []byte("b"), []byte("5")); err != nil {
			t.Error(err)
		}
		want(tx, "b", "5")
	})
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	want(tx, "a", "")
	want(tx, "b", "5")
}
