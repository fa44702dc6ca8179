package store

import (
	"fmt"
	"testing"

	"clawback/store/rows"
)

// However many rows a call changes, each is found as it was left, and flushed once, in order.
func TestPending_rowsAsTheyWereLeft(t *testing.T) {
	for _, n := range []int{0, 1, fewChanges - 1, fewChanges, fewChanges + 1, 5 * fewChanges} {
		var p pending
		key := make([]byte, 0, 8) // written over, as callers do
		for round := range 3 {
			for i := n - 1; i >= 0; i-- {
				key = fmt.Appendf(key[:0], "%04d", i/2)
				value := fmt.Appendf(nil, "%d of round %d", i, round)
				if i%3 == 0 && round == 2 {
					value = nil
				}
				p.put(rows.Table(1+i%2), key, value)
			}
		}
		if len(p.list) != n {
			t.Fatalf("%d changes of %d rows", len(p.list), n)
		}
		for i := range n {
			value, changed := p.find(rows.Table(1+i%2), fmt.Appendf(nil, "%04d", i/2))
			want := fmt.Sprintf("%d of round 2", i)
			if !changed || (value == nil) != (i%3 == 0) || value != nil && string(value) != want {
				t.Errorf("%d of %d: %q, %v", i, n, value, changed)
			}
		}
		for _, key := range []string{"", "000", "0000x", "9999"} {
			if _, changed := p.find(1, []byte(key)); changed {
				t.Errorf("%q is changed", key)
			}
		}
		last := change{}
		for _, c := range p.sorted() {
			if c.table < last.table || c.table == last.table && string(c.key) <= string(last.key) {
				t.Errorf("%d %q comes behind %d %q", c.table, c.key, last.table, last.key)
			}
			last = c
		}
	}
}
