package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/journal"
	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
	"clawback/verdict/history"
)

const recentTenant = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"

// clean is the report of a clean message.
func clean(n int) Application {
	return Application{
		Key: fmt.Sprint("report ", n), Tenant: recentTenant, Item: fmt.Sprint("q", n), Network: fmt.Sprintf("5d6e4f70-0000-4000-8000-%012d", n),
		Record: Record{
			MessageID: fmt.Sprintf("<%d@example.com>", n), Sender: "a@example.com", From: "a@example.com", Subject: "Größe ☃", FirstHand: true,
			Direction: "inbound", Received: time.Date(2026, 3, 1, 12, 0, n, 12345, time.UTC),
			Recipients: []journal.Recipient{{Address: "b@contoso.example"}},
			Variants: []Variant{{SHA256: fmt.Sprintf("%064d", n), Verdict: verdict.Verdict{Disposition: verdict.Clean,
				Indicators: []verdict.Indicator{{Kind: "domain", Value: "example.com"}}}}},
		},
	}
}

func oneIntent(rec Record, have []Intent) []Intent {
	return []Intent{{ID: IntentID(rec.ID, "b@contoso.example", Retract), Record: rec.ID, Address: "b@contoso.example", Kind: Retract,
		Outcome: Held}}
}

func manyOf(n int) Planner {
	return func(rec Record, _ []Intent) (all []Intent) {
		for i := range n {
			in := oneIntent(rec, nil)[0]
			in.Address = fmt.Sprintf("b%d@contoso.example", i)
			in.ID, in.Outcome = IntentID(rec.ID, in.Address, Retract), allOutcomes()[i%4]
			all = append(all, in)
		}
		return all
	}
}

func applied(t *testing.T, s *Store, a Application, plan Planner) Record {
	t.Helper()
	rec, _, err := s.Apply(t.Context(), a, plan)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// lately reports whether a record is read from memory, and fails where that is not what its row says.
func lately(t *testing.T, s *Store, id string) bool {
	t.Helper()
	got, ends, found := s.recent.find(id)
	if !found {
		return false
	}
	intents, err := s.Intents(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range intents {
		if !slices.Contains(ends, endOf(in)) {
			t.Errorf("of the intents %+v in memory are %+v", intents, ends)
		}
	}
	if len(ends) > len(intents) {
		t.Errorf("of %d intents there are %d ends in memory", len(intents), len(ends))
	}
	row, err := s.Record(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	have, _ := json.Marshal(got)
	want, _ := json.Marshal(row)
	if string(have) != string(want) {
		t.Errorf("in memory\n%s\nand its row\n%s", have, want)
	}
	return true
}

// A record that was committed lately is read from memory until it, or an intent of it, changes.
func TestFollowed_isNeverOlderThanTheRow(t *testing.T) {
	s := openStore(t, &memory.Engine{}, Options{})
	ctx := t.Context()
	rec := applied(t, s, clean(1), nil)
	if !lately(t, s, rec.ID) {
		t.Error("what was just committed is read from its row")
	}
	fork := clean(1)
	fork.Key = "another report"
	fork.Record.Recipients = []journal.Recipient{{Address: "c@contoso.example"}}
	if rec = applied(t, s, fork, nil); !lately(t, s, rec.ID) || len(rec.Recipients) != 2 {
		t.Errorf("a second report: %+v", rec)
	}
	pinned := rec
	pinned.Pinned = "keep"
	if err := s.Update(ctx, Change{Record: &pinned}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Followed(ctx, rec.ID); err != nil || got.Pinned != "keep" || lately(t, s, rec.ID) {
		t.Errorf("once it was pinned: %+v, %v", got, err)
	}

	planned := applied(t, s, clean(2), oneIntent)
	if !lately(t, s, planned.ID) {
		t.Error("one that was committed with its intent is read from its row")
	}
	intents, err := s.Intents(ctx, planned.ID)
	if err != nil || len(intents) != 1 {
		t.Fatalf("%+v, %v", intents, err)
	}
	intents[0].Outcome = Pending
	if err := s.Update(ctx, Change{Intents: intents}); err != nil {
		t.Fatal(err)
	}
	if lately(t, s, planned.ID) {
		t.Error("one whose intent has gone on since is in memory")
	}
	planned, changed, err := s.Rejudge(ctx, Rejudgement{Record: planned, Cause: "a test", Plan: oneIntent,
		Verdict: verdict.Verdict{Disposition: verdict.Malicious, Score: 100}})
	if err != nil || !changed || !lately(t, s, planned.ID) {
		t.Errorf("one that was judged again is read from its row: %v", err)
	}
	many := applied(t, s, clean(6), manyOf(manyIntents))
	if lately(t, s, many.ID) {
		t.Error("one with many intents is in memory")
	}
	few := applied(t, s, clean(7), manyOf(manyIntents-1))
	if !lately(t, s, few.ID) {
		t.Error("one with fewer is read from its row")
	}
	third := applied(t, s, clean(3), nil)
	if err := s.Update(ctx, Change{Intents: oneIntent(third, nil)}); err != nil {
		t.Fatal(err)
	}
	if lately(t, s, third.ID) {
		t.Error("one that was given an intent is in memory")
	}
	fourth := applied(t, s, clean(4), nil)
	if _, err := s.Expire(ctx, Retention{Records: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Followed(ctx, fourth.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("past its retention: %+v, %v", got, err)
	}
	odd := clean(5)
	odd.Record.Subject = "gr\xfcn"
	if rec := applied(t, s, odd, nil); lately(t, s, rec.ID) {
		t.Error("one that does not come back from its row as it went in is in memory")
	}
}

// Within one transaction too: what a later call changes is not found as the earlier one left it.
func TestFollowed_changedInTheSameTransaction(t *testing.T) {
	s := openStore(t, &memory.Engine{}, Options{})
	a := clean(1).clean()
	b := clean(2).clean()
	batch := []*call{
		{ctx: t.Context(), fn: func(tx *txn) error { _, _, err := s.apply(tx, a, nil); return err }},
		{ctx: t.Context(), fn: func(tx *txn) error { return tx.updateIntent(oneIntent(a.Record, nil)[0]) }},
		{ctx: t.Context(), fn: func(tx *txn) error { // and within one call
			_, _, err := s.apply(tx, b, nil)
			return errors.Join(err, tx.updateIntent(oneIntent(b.Record, nil)[0]))
		}},
	}
	for _, c := range batch {
		c.done = make(chan struct{})
	}
	s.commit(batch)
	if batch[0].err != nil || batch[1].err != nil || lately(t, s, a.Record.ID) {
		t.Errorf("%v, %v", batch[0].err, batch[1].err)
	}
	if batch[2].err != nil || lately(t, s, b.Record.ID) {
		t.Errorf("changed by the call that wrote it: %v", batch[2].err)
	}
}

// What was not committed is not found.
func TestFollowed_commitThatFailed(t *testing.T) {
	full := true
	s := openStore(t, &memory.Engine{}, Options{Fail: func(point string) error {
		if point == "commit" && full {
			return syscall.ENOSPC
		}
		return nil
	}})
	a := clean(1)
	if _, _, err := s.Apply(t.Context(), a, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want no space", err)
	}
	if _, err := s.Followed(t.Context(), a.RecordID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, want that there is none", err)
	}
	full = false
	if rec := applied(t, s, a, nil); !lately(t, s, rec.ID) {
		t.Error("once there is space it is not found")
	}
}

func TestRecent_isBounded(t *testing.T) {
	var r recent
	for n := range maxRecent + 10 {
		r.add(&recentRecord{record: Record{ID: fmt.Sprint(n)}, bytes: 1})
	}
	if _, _, found := r.find("9"); found || len(r.records) != maxRecent || r.bytes != maxRecent {
		t.Errorf("%d records, %d octets; the tenth is kept: %v", len(r.records), r.bytes, found)
	}
	r.drop("20")
	r.add(&recentRecord{record: Record{ID: "large"}, bytes: maxRecentBytes})
	if _, _, found := r.find("large"); !found || len(r.records) != 1 || r.bytes != maxRecentBytes {
		t.Errorf("%d records, %d octets beside a large one", len(r.records), r.bytes)
	}
}

// The documents of the changes are the same whether records come from memory or from their rows.
func TestDocuments_fromMemoryAndFromRows(t *testing.T) {
	e := &memory.Engine{}
	s := openStore(t, e, Options{})
	for n := range 20 {
		plan := Planner(nil)
		switch n % 5 {
		case 0:
			plan = oneIntent
		case 1:
			plan = manyOf(n)
		}
		a := clean(n)
		if n%3 == 0 {
			a.Record.Subject = "gr\xfcn \ufffd"
		}
		applied(t, s, a, plan)
	}
	events, err := s.Changes(t.Context(), 0, 0)
	if err != nil || len(events) < 20 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	fromMemory, err := s.Documents(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	s.recent = recent{}
	fromRows, err := s.Documents(t.Context(), events)
	if err != nil || len(fromRows) != 20 || !reflect.DeepEqual(fromMemory, fromRows) {
		t.Errorf("%d and %d documents, %v", len(fromMemory), len(fromRows), err)
	}
}

// Rows that the calls of one transaction write over and over are the same as when each has a transaction of its own:
// what a call that failed would have written is in none.
func TestCommit_gatheredRowsAreThoseOfSingleCommits(t *testing.T) {
	calls := []func(s *Store) func(*txn) error{func(*Store) func(*txn) error {
		return func(tx *txn) error {
			_, err := tx.putJob(JobChange{Job: Job{ID: "j1"}})
			return err
		}
	}}
	ofJob := func(rec Record, have []Intent) []Intent {
		list := oneIntent(rec, have)
		for i := range list {
			list[i].Job = "j1"
		}
		return list
	}
	for n := range 30 {
		a := clean(n)
		for _, key := range []string{"domain:example.com", fmt.Sprint("from:", n%4)} {
			a.History = append(a.History, history.Observation{Key: key, At: a.Record.Received})
		}
		a = a.clean()
		calls = append(calls, func(s *Store) func(*txn) error {
			return func(tx *txn) error {
				_, _, err := s.apply(tx, a, ofJob)
				if err == nil {
					_, err = tx.note(Act{Who: "ada", What: "retract trash", Object: fmt.Sprint(n)})
				}
				if n%7 == 6 {
					err = errors.New("bad")
				}
				return err
			}
		})
	}
	now := func() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }
	dump := func(each int) (all []string) {
		s := openStore(t, &memory.Engine{}, Options{Now: now, HistoryLimit: 3})
		for list := range slices.Chunk(calls, each) {
			var batch []*call
			for _, fn := range list {
				batch = append(batch, &call{ctx: t.Context(), fn: fn(s), done: make(chan struct{})})
			}
			s.commit(batch)
		}
		if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("%d at a time: %v, %v", each, findings, err)
		}
		var hashes []byte // of the log, which has a row for each transaction
		err := s.view(t.Context(), func(tx *txn) error {
			for b := range tableTitles {
				tx.each(rows.Table(b), nil, func(k, v []byte) bool {
					if rows.Table(b) == tableLog {
						hashes = append(hashes, v...)
						return true
					}
					all = append(all, fmt.Sprintf("%d %q %s", b, k, v))
					return true
				})
			}
			return nil
		})
		if err != nil || len(all) < 100 {
			t.Fatalf("%d rows, %v", len(all), err)
		}
		return append(all, fmt.Sprintf("log %x", hashes))
	}
	if one, many := dump(1), dump(len(calls)); !slices.Equal(one, many) {
		for i := range min(len(one), len(many)) {
			if one[i] != many[i] {
				t.Fatalf("alone   %s\ntogether %s", one[i], many[i])
			}
		}
		t.Errorf("%d and %d rows:\n%s", len(one), len(many), strings.Join(many, "\n"))
	}
}
