package store

import (
	"context"
	"fmt"
	"testing"

	"clawback/store/memory"
	"clawback/store/rows"
)

// A walk over counters sees each row once, those whose keys begin with the key before them included, and none that the
// call has deleted.
func TestEachCounter_seesEachRowOnce(t *testing.T) {
	e := &memory.Engine{}
	edit(t, e, func(tx rows.Tx) error {
		for _, key := range []string{"a", "b", "b\x00", "b\x00\x00", "ba", "bc", "c"} {
			if err := tx.Put(tableMinutes, []byte(key), []byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	walk := func(c *txn, prefix, from string, most int) (seen []string) {
		c.eachCounter(tableMinutes, []byte(prefix), []byte(from), func(k, v []byte) bool {
			if string(k) != string(v) {
				t.Errorf("%q has %q", k, v)
			}
			seen = append(seen, string(k))
			return len(seen) < most
		})
		return seen
	}
	gone := &txn{tx: tx}
	gone.del(tableMinutes, []byte("b\x00"))
	for _, c := range []struct {
		txn          *txn
		prefix, from string
		most         int
		want         []string
	}{
		{&txn{tx: tx}, "", "", 9, []string{"a", "b", "b\x00", "b\x00\x00", "ba", "bc", "c"}},
		{&txn{tx: tx}, "b", "", 9, []string{"b", "b\x00", "b\x00\x00", "ba", "bc"}},
		{&txn{tx: tx}, "b", "a", 9, []string{"ba", "bc"}},
		{&txn{tx: tx}, "b", "", 2, []string{"b", "b\x00"}},
		{&txn{tx: tx}, "d", "", 9, nil},
		{gone, "b", "", 9, []string{"b", "b\x00\x00", "ba", "bc"}},
	} {
		if have := walk(c.txn, c.prefix, c.from, c.most); fmt.Sprintf("%q", have) != fmt.Sprintf("%q", c.want) {
			t.Errorf("from %q %q: %q, want %q", c.prefix, c.from, have, c.want)
		}
	}
}
