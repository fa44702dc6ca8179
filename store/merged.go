package store

import (
	"bytes"

	"clawback/store/rows"
)

// maxScan bounds how many rows one search looks at.
const maxScan = 100_000

// merged walks several ranges of one index side by side, in the order of what follows their prefixes.
type merged struct {
	t      *txn
	ranges []*walk
	last   *walk // whose row was returned last, and is still to be moved on
}

// walk is the state of one range: where its cursor stands.
type walk struct {
	cursor rows.Cursor
	prefix []byte
	suffix []byte // nil at the end
	value  []byte
}

// mergedFrom starts, in each range, at the first row whose suffix is not less than from; nil: at the first.
func (t *txn) mergedFrom(b rows.Table, prefixes [][]byte, from []byte) *merged {
	m := &merged{t: t}
	for _, prefix := range prefixes {
		w := &walk{cursor: t.cursor(b), prefix: prefix}
		w.set(w.cursor.Seek(join(prefix, from)))
		if w.suffix != nil {
			m.ranges = append(m.ranges, w)
		}
	}
	return m
}

func (w *walk) set(k, v []byte) {
	w.suffix, w.value = nil, nil
	if k != nil && bytes.HasPrefix(k, w.prefix) {
		w.suffix, w.value = k[len(w.prefix):], v
	}
}

// next returns the least row that is left, which is valid until the next call.
func (m *merged) next() (suffix, value []byte, ok bool) {
	if !m.t.step() {
		return nil, nil, false
	}
	if m.last != nil {
		m.last.set(m.last.cursor.Next())
	}
	var least *walk
	for _, w := range m.ranges {
		if w.suffix != nil && (least == nil || bytes.Compare(w.suffix, least.suffix) < 0) {
			least = w
		}
	}
	m.last = least
	if least == nil {
		return nil, nil, false
	}
	return least.suffix, least.value, true
}

// tenants is the one asked for, or all that have rows.
func (t *txn) tenants(only string) []string {
	if only != "" {
		return []string{only}
	}
	var list []string
	t.eachCounter(tableCounts, nil, nil, func(k, _ []byte) bool {
		list = append(list, string(k[:len(k)-1]))
		return true
	})
	return list
}
