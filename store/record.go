package store

import (
	"context"
	"fmt"
	"iter"

	"clawback/internal/mailaddr"
	"clawback/spool"
	"clawback/store/rows"
	"clawback/verdict"
)

// maxVariants bounds a record: what an attacker can fork is not kept without end.
const maxVariants = 32

// Record reads one record.
func (s *Store) Record(ctx context.Context, id string) (rec Record, err error) {
	err = s.view(ctx, func(t *txn) error {
		rec, err = t.mustRecord(id)
		return err
	})
	return rec, err
}

// record reads a record and whether there is one.
func (t *txn) record(id string) (rec Record, found bool, err error) {
	row := t.get(tableRecords, []byte(id))
	if row == nil {
		return rec, false, nil
	}
	rec, err = decodeRecord(row)
	return rec, true, err
}

func (t *txn) mustRecord(id string) (Record, error) {
	rec, found, err := t.record(id)
	if err == nil && !found {
		err = fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	return rec, err
}

// putRecord writes a record in place of old (nil: a new one), with its indexes and counters, and counts its revision.
func (t *txn) putRecord(rec *Record, old *Record) error {
	rec.Changed = t.now
	rec.Rev = 1
	if old != nil {
		rec.Rev = old.Rev + 1
	}
	row, err := encodeRecord(rec)
	if err != nil {
		return fmt.Errorf("write record %s: %w", rec.ID, err)
	}
	t.touch(rec.ID)
	t.put(tableRecords, []byte(rec.ID), row)
	t.changed(recordEvent(*rec, old), rec.ID)
	return t.indexRecord(*rec, old)
}

func recordEvent(rec Record, old *Record) EventKind {
	switch {
	case old == nil:
		return RecordAdded
	case !sameVerdict(rec.Verdict, old.Verdict):
		return VerdictChanged
	}
	return RecordChanged
}

// indexRecord writes the rows that lead to a record, in place of those that led to it as it was (nil: none), and counts
// it. A row that stays is not written again.
func (t *txn) indexRecord(rec Record, old *Record) error {
	if old == nil {
		for row := range leadingTo(rec) {
			t.put(row.table, row.key, row.value)
		}
		return t.countRecord(rec, 1)
	}
	if err := t.countRecord(*old, -1); err != nil {
		return err
	}
	was := map[place]string{}
	for row := range leadingTo(*old) {
		was[row.place()] = string(row.value)
	}
	for row := range leadingTo(rec) {
		at := row.place()
		if had, stays := was[at]; !stays || had != string(row.value) {
			t.put(row.table, row.key, row.value)
		}
		delete(was, at)
	}
	for at := range was {
		t.del(at.table, []byte(at.key))
	}
	return t.countRecord(rec, 1)
}

// unindexRecord takes back what indexRecord wrote for a record that goes.
func (t *txn) unindexRecord(rec Record) error {
	for row := range leadingTo(rec) {
		t.del(row.table, row.key)
	}
	return t.countRecord(rec, -1)
}

// place is where a row is.
type place struct {
	table rows.Table
	key   string
}

func (c change) place() place { return place{c.table, string(c.key)} }

// leadingTo are the rows that lead to a record. One may come twice.
func leadingTo(rec Record) iter.Seq[change] {
	return func(yield func(change) bool) {
		if !yield(change{tableTime, timeKey(rec), timeRow(rec)}) {
			return
		}
		for _, name := range rec.names() {
			if !yield(change{tableNames, append(name, rec.ID...), []byte(rec.Tenant)}) {
				return
			}
		}
		for _, file := range rec.files() {
			if !yield(change{tableFiles, append(nulled(file), rec.ID...), marked}) {
				return
			}
		}
	}
}

func timeKey(rec Record) []byte {
	return join(tenantKey(rec.Tenant), stampDown(rec.Received), []byte(rec.ID))
}

// unscored in the time index's flags: some variant waits for its verdict.
const unscored = 1

func flags(rec Record) byte {
	for _, v := range rec.Variants {
		if v.Verdict.Disposition == verdict.Unscored {
			return unscored
		}
	}
	return 0
}

// names are the keys under which a record is looked up, each to be followed by its id.
func (r Record) names() [][]byte {
	var keys [][]byte
	for _, id := range append([]string{r.MessageID}, r.AlternateIDs...) {
		if id != "" {
			keys = append(keys, messageIDName(id))
		}
	}
	if r.NetworkMessageID != "" {
		keys = append(keys, networkName(r.NetworkMessageID))
	}
	if r.Content != "" {
		keys = append(keys, r.contentName())
	}
	if r.Contents != "" && r.forwardsNoted() { // only these are looked for
		keys = append(keys, contentsName(r.Tenant, r.Contents))
	}
	return append(keys, r.carriedNames()...)
}

// messageIDName finds a Message-ID with or without its angle brackets.
func messageIDName(id string) []byte {
	return hash16("message-id", bare(id))
}

func networkName(id string) []byte { return hash16("network", mailaddr.Lower(id)) }

func (r Record) contentName() []byte {
	return hash16("content", r.Tenant, r.MessageID, r.Content)
}

// files names the spool's files that a record refers to, each once.
func (r Record) files() []string {
	var files []string
	seen := make(map[string]bool)
	add := func(file string) {
		if file != "" && !seen[file] {
			seen[file] = true
			files = append(files, file)
		}
	}
	for _, v := range r.Variants {
		add(v.Body.File)
		if v.Kept != nil {
			add(v.Kept.File)
		}
	}
	return files
}

// Bodies lists the bodies in a file of the spool that records with unfinished intents need: those of which there is no
// long-lived copy.
func (s *Store) Bodies(ctx context.Context, file string) (bodies []spool.Ref, err error) {
	err = s.view(ctx, func(t *txn) error {
		var failed error
		prefix := nulled(file)
		t.each(tableFiles, prefix, func(k, _ []byte) bool {
			id := string(k[len(prefix):])
			if t.tally(id).Open == 0 {
				return true
			}
			var rec Record
			if rec, _, failed = t.record(id); failed != nil {
				return false
			}
			for _, v := range rec.Variants {
				if v.Body.File == file && v.Kept == nil {
					bodies = append(bodies, v.Body)
				}
			}
			return true
		})
		return failed
	})
	return bodies, err
}

// InUse reports whether a record with unfinished intents refers to a file of the spool.
func (s *Store) InUse(ctx context.Context, file string) (used bool, err error) {
	err = s.view(ctx, func(t *txn) error {
		prefix := nulled(file)
		t.each(tableFiles, prefix, func(k, _ []byte) bool {
			used = t.tally(string(k[len(prefix):])).Open > 0
			return !used
		})
		return nil
	})
	return used, err
}
