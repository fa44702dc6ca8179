package store

import (
	"bytes"
	"testing"

	"clawback/verdict/history"
)

// CheckIndexes requires that every row of every index leads to a row, and every row has all its index rows: it builds
// the indexes anew from records and intents and compares. For the contract suite's stores, at their end.
func CheckIndexes(t *testing.T, s *Store) {
	t.Helper()
	err := s.view(func(tx *txn) error {
		built := &txn{tx: tx.tx, now: tx.now, pending: map[bucket]map[string][]byte{}}
		if err := rebuild(tx, built); err != nil {
			return err
		}
		for _, b := range []bucket{bTime, bNames, bFiles, bMailings, bOutcomes, bOldest} {
			compareIndex(t, tx, b, built.pending[b])
		}
		checkDue(t, tx)
		checkOrphans(t, tx)
		return nil
	})
	if err != nil {
		t.Errorf("check indexes: %v", err)
	}
}

// rebuild writes into built the index rows that the records, intents and history should have.
func rebuild(tx, built *txn) (err error) {
	put := func(b bucket, key, value []byte) { built.put(b, append([]byte(nil), key...), value) }
	tx.each(bRecords, nil, func(k, _ []byte) bool {
		var rec Record
		rec, err = tx.mustRecord(string(k))
		put(bTime, timeKey(rec), []byte{byte(rec.Verdict.Disposition), flags(rec)})
		for _, name := range rec.names() {
			put(bNames, append(name, k...), []byte(rec.Tenant))
		}
		for _, file := range rec.files() {
			put(bFiles, append(nulled(file), k...), []byte{1})
		}
		return err == nil
	})
	tx.each(bIntents, nil, func(k, _ []byte) bool {
		var in Intent
		in, err = tx.mustIntent(string(k))
		put(bMailings, append(nulled(in.Record), k...), []byte{1})
		put(bOutcomes, outcomeKey(in), []byte{1})
		return err == nil
	})
	tx.each(bHistory, nil, func(k, v []byte) bool {
		var e history.Entry
		err = decode(bHistory, v, &e)
		put(bOldest, oldestKey(string(k[:len(k)-17]), e), []byte{1})
		return err == nil
	})
	return err
}

func compareIndex(t *testing.T, tx *txn, b bucket, want map[string][]byte) {
	t.Helper()
	n := 0
	tx.each(b, nil, func(k, v []byte) bool {
		n++
		if w, ok := want[string(k)]; !ok || !bytes.Equal(w, v) {
			t.Errorf("index %s has %q -> %q, should have %q", b, k, v, w)
		}
		return true
	})
	if n != len(want) {
		t.Errorf("index %s has %d rows, should have %d", b, n, len(want))
	}
}

// checkDue is I5: a pending intent is in one due index, and no other intent is in any.
func checkDue(t *testing.T, tx *txn) {
	t.Helper()
	rows := 0
	for _, b := range []bucket{bReady, bWaiting} {
		tx.each(b, nil, func(_, _ []byte) bool { rows++; return true })
	}
	tx.each(bIntents, nil, func(k, _ []byte) bool {
		in, _ := tx.mustIntent(string(k))
		ready, waiting := tx.get(bReady, readyKey(in)) != nil, tx.get(bWaiting, waitingKey(in)) != nil
		if in.Outcome == Pending {
			rows--
			if ready == waiting {
				t.Errorf("pending intent %s: ready %v, waiting %v", in.ID, ready, waiting)
			}
		}
		return true
	})
	if rows != 0 {
		t.Errorf("the due indexes have %d rows too many", rows)
	}
}

// checkOrphans requires that what hangs on a record or an intent has one.
func checkOrphans(t *testing.T, tx *txn) {
	t.Helper()
	owner := func(b, of bucket, id func(k []byte) []byte) {
		tx.each(b, nil, func(k, _ []byte) bool {
			if tx.get(of, id(k)) == nil {
				t.Errorf("%s %q belongs to no row of %s", b, k, of)
			}
			return true
		})
	}
	head := func(k []byte) []byte { return k[:bytes.IndexByte(k, 0)] }
	owner(bTally, bRecords, func(k []byte) []byte { return k })
	owner(bFacts, bRecords, head)
	owner(bAttempts, bIntents, head)
	owner(bOpen, bAttempts, func(k []byte) []byte { return k })
	owner(bAge, bApplied, func(k []byte) []byte { return k[8:] })
	tx.each(bTally, nil, func(k, _ []byte) bool {
		want := 0
		list, err := tx.intentsOf(string(k))
		for _, in := range list {
			want += open(in)
		}
		if got := tx.tally(string(k)).Open; err != nil || int(got) != want {
			t.Errorf("record %s counts %d unfinished intents, and has %d (%v)", k, got, want, err)
		}
		return true
	})
}
