package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"clawback/store/rows"
)

var schemaKey = []byte("schema")

// migration brings the rows from one schema version to the next.
type migration func(tx rows.Tx) error

// migrations are run in order; the number of those that the rows have seen is their schema version.
func migrations() []migration {
	return []migration{firstVersion, jobsInTables, beginChanges, valuesInTables, packedRows, suspendedIntents,
		shortRows, oneVerdict, beginLog}
}

// oneVerdict is version 8: a record's verdict stands with the variant that it is of, and not a second time beside it.
// Rows that are there stay as they are, and are read; earlier programs would read no verdict in the new ones.
func oneVerdict(rows.Tx) error { return nil }

// shortRows is version 7: an engine compresses short rows in a form that earlier programs do not know.
func shortRows(rows.Tx) error { return nil }

// suspendedIntents is version 6: intents of paused jobs are in an index of their own, in which earlier programs would
// not look for what is due.
func suspendedIntents(rows.Tx) error { return nil }

// packedRows is version 5: engines may keep rows in forms that earlier programs do not know. Rows that are there stay
// as they are, and are read; a program that could not read the new ones refuses the store at its start, not in the
// middle of its work.
func packedRows(rows.Tx) error { return nil }

// firstVersion is version 1, which has nothing to change.
func firstVersion(rows.Tx) error { return nil }

// beginChanges is version 3: the sequence of changes begins. Of what was there before it has no events, so that a
// follower that starts at its beginning is told to build anew.
func beginChanges(tx rows.Tx) error {
	c := tx.Cursor(tableRecords)
	defer c.Close()
	if k, _ := c.First(); k == nil {
		return c.Err()
	}
	return errors.Join(c.Err(), tx.Put(tableMeta, prunedKey, number(1)))
}

// migrate runs, in one transaction, the migrations that the rows have not seen. Rows that have seen more than there are
// belong to a newer program: they are refused and left alone.
func migrate(e rows.Engine, steps []migration) error {
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	seen, err := schemaVersion(tx)
	switch {
	case err != nil:
		return err
	case seen == len(steps):
		return nil
	case seen > len(steps):
		return fmt.Errorf("%w: its schema is version %d, this program knows up to %d; "+
			"use the newer program or a backup", ErrNewer, seen, len(steps))
	}
	for i := seen; i < len(steps); i++ {
		if err := steps[i](tx); err != nil {
			return fmt.Errorf("migrate schema from version %d to %d: %w", i, i+1, err)
		}
	}
	version := binary.BigEndian.AppendUint32(nil, uint32(len(steps)))
	return errors.Join(tx.Put(tableMeta, schemaKey, version), tx.Commit())
}

// schemaVersion is 0 where there is none: the rows are new.
func schemaVersion(tx rows.Tx) (int, error) {
	v, err := tx.Get(tableMeta, schemaKey)
	switch {
	case err != nil:
		return 0, err
	case len(v) == 0:
		return 0, nil
	case len(v) != 4:
		return 0, fmt.Errorf("schema version of %d bytes", len(v))
	}
	return int(binary.BigEndian.Uint32(v)), nil
}
