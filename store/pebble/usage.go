package pebble

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"clawback/store"
	"clawback/store/rows"
)

// TableUsage is what the rows of one table take.
type TableUsage struct {
	Name   string
	Rows   int
	Keys   int64 // bytes of their keys
	Values int64 // bytes of their values, as the store wrote them
	Kept   int64 // bytes of their values, as they are kept: packed and compressed
	// Bytes of tables' files, about: without what is in the log alone, with what was written over and not yet
	// compacted.
	Disk int64
}

// Usage reads all rows and says what each table takes, in the order of their numbers. It works on a snapshot, beside
// normal work.
func (e *Engine) Usage(ctx context.Context) ([]TableUsage, error) {
	snapshot := e.db.NewSnapshot()
	defer snapshot.Close()
	var all []TableUsage
	for _, table := range tables() {
		u, err := e.usageOf(ctx, snapshot, table)
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

func (e *Engine) usageOf(ctx context.Context, snapshot *pebble.Snapshot, table rows.Table) (TableUsage, error) {
	u := TableUsage{Name: store.Tables()[table]}
	from, to := []byte{byte(table)}, []byte{byte(table) + 1}
	iter, err := snapshot.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return u, err
	}
	defer iter.Close()
	for iter.First(); iter.Valid() && ctx.Err() == nil; iter.Next() {
		kept, err := iter.ValueAndErr()
		if err != nil {
			return u, err
		}
		value, err := e.codec.decode(kept)
		if err != nil {
			return u, err
		}
		u.Rows++
		u.Keys += int64(len(iter.Key()))
		u.Values += int64(len(value))
		u.Kept += int64(len(kept))
	}
	disk, err := e.db.EstimateDiskUsage(from, to)
	if err != nil || iter.Error() != nil {
		return u, firstOf(iter.Error(), err)
	}
	u.Disk = int64(disk)
	return u, ctx.Err()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
