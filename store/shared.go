package store

import (
	"errors"

	"clawback/store/rows"
)

// sharedTx is the transaction of a group of calls. Most calls write the same few rows over again: counters, tallies and
// the audit's head. These are kept here, and reach the engine once, as the last call left them.
type sharedTx struct {
	rows.Tx
	kept map[rows.Table]map[string][]byte // nil value: deleted
	err  error                            // of a row that was written before a walk
}

// keeps reports whether a table's rows are kept until the end.
func keeps(t rows.Table) bool {
	switch t {
	case tableMeta, tableTally, tableCounts, tableMinutes, tableJobTally:
		return true
	}
	return false
}

// Get implements rows.Tx.
func (s *sharedTx) Get(t rows.Table, key []byte) ([]byte, error) {
	if value, ok := s.kept[t][string(key)]; ok {
		return value, nil
	}
	return s.Tx.Get(t, key)
}

// Put implements rows.Tx.
func (s *sharedTx) Put(t rows.Table, key, value []byte) error {
	if !keeps(t) {
		return s.Tx.Put(t, key, value)
	}
	s.keep(t, key, append([]byte{}, value...))
	return nil
}

// Delete implements rows.Tx.
func (s *sharedTx) Delete(t rows.Table, key []byte) error {
	if !keeps(t) {
		return s.Tx.Delete(t, key)
	}
	s.keep(t, key, nil)
	return nil
}

func (s *sharedTx) keep(t rows.Table, key, value []byte) {
	if s.kept == nil {
		s.kept = map[rows.Table]map[string][]byte{}
	}
	if s.kept[t] == nil {
		s.kept[t] = map[string][]byte{}
	}
	s.kept[t][string(key)] = value
}

// Cursor implements rows.Tx. The engine has to know what it walks over.
func (s *sharedTx) Cursor(t rows.Table) rows.Cursor {
	s.err = errors.Join(s.err, s.write(t))
	return s.Tx.Cursor(t)
}

// write hands a table's rows to the engine.
func (s *sharedTx) write(t rows.Table) error {
	changes := s.kept[t]
	delete(s.kept, t)
	return writeAll(s.Tx, t, changes)
}

// Commit implements rows.Tx.
func (s *sharedTx) Commit() error {
	err := s.err
	for t := range s.kept {
		err = errors.Join(err, s.write(t))
	}
	if err != nil {
		return err
	}
	return s.Tx.Commit()
}
