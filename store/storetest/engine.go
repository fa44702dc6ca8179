package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"clawback/store"
	"clawback/store/rows"
)

// EngineOpener opens the engine under test on a directory, which may hold what an earlier one wrote.
type EngineOpener func(dir string) (rows.Engine, error)

// RunEngine runs the contract of rows.Engine.
func RunEngine(t *testing.T, open EngineOpener) {
	for name, test := range map[string]func(*testing.T, EngineOpener){
		"Rows":      testRows,
		"Cursor":    testCursor,
		"Again":     testAgain,
		"Isolation": testIsolation,
		"Rollback":  testRollback,
		"Reopen":    testReopen,
		"Ended":     testEndedContext,
		"Closed":    testEngineClosed,
	} {
		t.Run("Engine/"+name, func(t *testing.T) { test(t, open) })
	}
}

// The tables that these tests write to: the first and the last of the store's.
const (
	one rows.Table = 1
	two rows.Table = 22
)

func openEngine(t *testing.T, open EngineOpener, dir string) rows.Engine {
	t.Helper()
	e, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

// write commits what fn puts.
func write(t *testing.T, e rows.Engine, fn func(tx rows.Tx) error) {
	t.Helper()
	tx := ok(e.Begin(context.Background(), true))
	defer tx.Rollback()
	must(t, errors.Join(fn(tx), tx.Commit()))
}

// get reads one row in a transaction of its own; "-" where there is none.
func get(t *testing.T, e rows.Engine, table rows.Table, key string) string {
	t.Helper()
	tx := ok(e.Begin(context.Background(), false))
	defer tx.Rollback()
	v := ok(tx.Get(table, []byte(key)))
	if v == nil {
		return "-"
	}
	return string(v)
}

func testRows(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	large := bytes.Repeat([]byte("row"), 2<<20)
	write(t, e, func(tx rows.Tx) error {
		return errors.Join(tx.Put(one, []byte("a"), []byte("1")), tx.Put(two, []byte("a"), []byte("2")),
			tx.Put(one, []byte("empty"), nil), tx.Put(one, []byte("\x00\xff"), large), tx.Delete(one, []byte("none")))
	})
	write(t, e, func(tx rows.Tx) error {
		if v := ok(tx.Get(one, []byte("a"))); string(v) != "1" {
			t.Errorf("a writing transaction reads %q", v)
		}
		err := errors.Join(tx.Put(one, []byte("a"), []byte("3")), tx.Delete(two, []byte("a")))
		if v := ok(tx.Get(one, []byte("a"))); string(v) != "3" {
			t.Errorf("it reads %q after it has written 3", v)
		}
		if v := ok(tx.Get(two, []byte("a"))); v != nil {
			t.Errorf("it reads %q after it has deleted it", v)
		}
		return err
	})
	for _, tt := range []struct {
		table     rows.Table
		key, want string
	}{{one, "a", "3"}, {two, "a", "-"}, {one, "empty", ""}, {one, "\x00\xff", string(large)}, {one, "b", "-"}} {
		if got := get(t, e, tt.table, tt.key); got != tt.want {
			t.Errorf("table %d has %d bytes at %q, want %d", tt.table, len(got), tt.key, len(tt.want))
		}
	}
}

func testCursor(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	write(t, e, func(tx rows.Tx) (err error) {
		for _, table := range []rows.Table{one, one + 1, two} { // neighbours must not be seen
			for i := range 100 {
				err = errors.Join(err, tx.Put(table, fmt.Appendf(nil, "%02d", i), fmt.Appendf(nil, "%d", table)))
			}
		}
		return errors.Join(err, tx.Put(one, []byte("\xff\xff"), []byte("1")))
	})
	write(t, e, func(tx rows.Tx) error {
		walk(t, tx.Cursor(one))
		return tx.Put(one, []byte("\xff\xff"), []byte("1"))
	})
	tx := ok(e.Begin(context.Background(), false))
	defer tx.Rollback()
	walk(t, tx.Cursor(one))
	empty := tx.Cursor(one + 5)
	for name, move := range map[string]func() ([]byte, []byte){"First": empty.First, "Last": empty.Last} {
		if k, _ := move(); k != nil {
			t.Errorf("%s of an empty table is %q", name, k)
		}
	}
}

// walk goes through the rows of testCursor in all ways.
func walk(t *testing.T, c rows.Cursor) {
	t.Helper()
	at := func(what string, k, v []byte, want string) {
		t.Helper()
		if want == "" && k != nil || want != "" && (string(k) != want || string(v) != "1") {
			t.Errorf("%s is at %q -> %q, want %q", what, k, v, want)
		}
	}
	k, v := c.First()
	at("First", k, v, "00")
	n := 0
	for ; k != nil; k, _ = c.Next() {
		n++
	}
	if n != 101 {
		t.Errorf("%d rows, want 101", n)
	}
	k, v = c.Seek([]byte("50"))
	at("Seek", k, v, "50")
	k, v = c.Prev()
	at("Prev", k, v, "49")
	k, v = c.Seek([]byte("505"))
	at("Seek between", k, v, "51")
	k, v = c.Seek([]byte("\xff\xff\xff"))
	at("Seek past the end", k, v, "")
	k, v = c.Prev()
	at("Prev from past the end", k, v, "\xff\xff")
	k, v = c.Last()
	at("Last", k, v, "\xff\xff")
	k, v = c.Prev()
	at("Prev of Last", k, v, "99")
	must(t, c.Err())
}

// What looks for rows sees what was written before it did, whatever has looked for rows before it.
func testAgain(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	const long = "a prefix of more than seventeen bytes/"
	write(t, e, func(tx rows.Tx) error { return tx.Put(one, []byte(long+"0"), []byte("0")) })
	write(t, e, func(tx rows.Tx) error {
		for n := 1; n < 5; n++ {
			key := fmt.Sprint(long, n)
			if v := ok(tx.Get(one, []byte(key))); v != nil {
				t.Errorf("%d: it is there before it is written", n)
			}
			if got := countWithin(tx, long); got != n {
				t.Errorf("%d rows where there are %d", got, n)
			}
			must(t, tx.Put(one, []byte(key), []byte(key)))
			if v := ok(tx.Get(one, []byte(key))); string(v) != key {
				t.Errorf("%d: it reads %q", n, v)
			}
			if v := ok(tx.Get(one, []byte(key+"x"))); v != nil {
				t.Errorf("%d: a longer key has %q", n, v)
			}
			if v := ok(tx.Get(one, []byte(key[:len(key)-1]))); v != nil {
				t.Errorf("%d: a shorter key has %q", n, v)
			}
		}
		must(t, tx.Delete(one, []byte(long+"0")))
		if got := countWithin(tx, long); got != 4 {
			t.Errorf("%d rows after one of five was deleted", got)
		}
		return nil
	})
}

func countWithin(tx rows.Tx, prefix string) (n int) {
	c := tx.Cursor(one)
	defer c.Close()
	for k, _ := c.SeekWithin([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)) && k != nil; k, _ = c.Next() {
		n++
	}
	return n
}

func testIsolation(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	write(t, e, func(tx rows.Tx) error { return tx.Put(one, []byte("a"), []byte("old")) })
	before := ok(e.Begin(context.Background(), false))
	defer before.Rollback()
	write(t, e, func(tx rows.Tx) error {
		err := errors.Join(tx.Put(one, []byte("a"), []byte("new")), tx.Put(one, []byte("b"), []byte("new")))
		if got := get(t, e, one, "a"); got != "old" {
			t.Errorf("another transaction sees %q before the commit", got)
		}
		return err
	})
	if v := ok(before.Get(one, []byte("a"))); string(v) != "old" {
		t.Errorf("a transaction from before the commit sees %q", v)
	}
	if k, _ := before.Cursor(one).Last(); string(k) != "a" {
		t.Errorf("its cursor sees %q", k)
	}
	if got := get(t, e, one, "a"); got != "new" {
		t.Errorf("one from after it sees %q", got)
	}
}

func testRollback(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	tx := ok(e.Begin(context.Background(), true))
	must(t, tx.Put(one, []byte("a"), []byte("1")))
	tx.Rollback()
	tx.Rollback()
	if got := get(t, e, one, "a"); got != "-" {
		t.Errorf("after a rollback there is %q", got)
	}
	write(t, e, func(tx rows.Tx) error { return tx.Put(one, []byte("b"), []byte("2")) }) // the next one may write
	if got := get(t, e, one, "b"); got != "2" {
		t.Errorf("the transaction after it wrote %q", got)
	}
}

func testReopen(t *testing.T, open EngineOpener) {
	dir := t.TempDir()
	e := openEngine(t, open, dir)
	for i := range 50 {
		write(t, e, func(tx rows.Tx) error {
			return errors.Join(tx.Put(one, fmt.Appendf(nil, "%d", i), []byte("kept")),
				tx.Delete(one, fmt.Appendf(nil, "%d", i-10)))
		})
	}
	if n, err := e.Size(context.Background()); err != nil || n <= 0 {
		t.Errorf("size %d, %v", n, err)
	}
	must(t, e.Close())
	e = openEngine(t, open, dir)
	for i := range 50 {
		want := "kept"
		if i < 40 {
			want = "-"
		}
		if got := get(t, e, one, fmt.Sprint(i)); got != want {
			t.Errorf("row %d is %q after the engine was opened again, want %q", i, got, want)
		}
	}
}

// A transaction whose caller is gone does not begin, and leaves nothing locked.
func testEndedContext(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, write := range []bool{false, true} {
		if _, err := e.Begin(ctx, write); !errors.Is(err, context.Canceled) {
			t.Errorf("Begin(%v) with an ended ctx: %v", write, err)
		}
	}
	write(t, e, func(tx rows.Tx) error { return tx.Put(one, []byte("k"), []byte("v")) })
	if got := get(t, e, one, "k"); got != "v" {
		t.Errorf("a later write is %q", got)
	}
}

func testEngineClosed(t *testing.T, open EngineOpener) {
	e := openEngine(t, open, t.TempDir())
	must(t, e.Close())
	must(t, e.Close())
	for _, write := range []bool{false, true} {
		if _, err := e.Begin(context.Background(), write); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Begin(%v) of a closed engine: %v", write, err)
		}
	}
}
