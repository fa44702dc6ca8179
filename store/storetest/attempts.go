package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testAttempts(t *testing.T, b *bench) {
	s := b.start(t)
	in := pending(t, s, Contoso, 1, 6, Start, Start)

	started := Start.Add(time.Second)
	begun, first, err := s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove, Started: started})
	must(t, err)
	if first.Seq != 1 || first.Intent != in.ID || begun.Rev != in.Rev+1 {
		t.Errorf("first attempt %+v, intent at revision %d", first, begun.Rev)
	}
	s = b.restart(t, s)
	if diff := cmp.Diff([]store.Attempt{first}, ok(s.Unfinished(t.Context()))); diff != "" {
		t.Errorf("unfinished after a crash:\n%s", diff)
	}
	again, same, err := s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove, Started: started})
	if err != nil || same != first || again.Rev != begun.Rev {
		t.Errorf("the same Begin again: %+v, %v", same, err)
	}
	if _, _, err := s.Begin(t.Context(), in, store.Attempt{Operation: "find"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Begin with an old revision: %v, want ErrConflict", err)
	}

	begun.Outcome, begun.Reason = store.Done, "moved"
	first.Outcome, first.Detail = "done", "201"
	done, err := s.Complete(t.Context(), begun, first)
	must(t, err)
	before := snapshot(t, s)
	again, err = s.Complete(t.Context(), begun, first)
	if err != nil || again.Rev != done.Rev {
		t.Errorf("the same Complete again: revision %d, %v", again.Rev, err)
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Errorf("the same Complete again changed something:\n%s", diff)
	}
	if list := ok(s.Unfinished(t.Context())); len(list) != 0 {
		t.Errorf("unfinished after Complete: %+v", list)
	}
	attempts := ok(s.Attempts(t.Context(), in.ID))
	if len(attempts) != 1 || attempts[0].Finished.IsZero() || !attempts[0].Started.Equal(started) {
		t.Errorf("attempts: %+v", attempts)
	}
	t.Run("verified after a crash", func(t *testing.T) { testVerified(t, &bench{open: b.open}) })
	t.Run("called off after a crash", func(t *testing.T) { testCalledOff(t, &bench{open: b.open}) })
	t.Run("refused", func(t *testing.T) { testRefused(t, &bench{open: b.open}) })
}

// testVerified is the path of an attempt whose answer was lost: another one finds out.
func testVerified(t *testing.T, b *bench) {
	s := b.start(t)
	in, _, err := s.Begin(t.Context(), pending(t, s, Contoso, 1, 6, Start, Start),
		store.Attempt{Operation: store.OpMove})
	must(t, err)
	s = b.restart(t, s)
	in, verify, err := s.Begin(t.Context(), in, store.Attempt{Operation: "verify"})
	must(t, err)
	if verify.Seq != 2 || len(ok(s.Unfinished(t.Context()))) != 2 {
		t.Errorf("the second attempt is number %d, %d are open; want 2, 2", verify.Seq,
			len(ok(s.Unfinished(t.Context()))))
	}
	in.Outcome = store.Done
	_, err = s.Complete(t.Context(), in, verify)
	must(t, err)
	if list := ok(s.Unfinished(t.Context())); len(list) != 0 {
		t.Errorf("the intent is done, and unfinished are %+v", list)
	}
	if list := ok(s.Attempts(t.Context(), in.ID)); list[0].Outcome != "unknown" || list[0].Finished.IsZero() ||
		list[0].Detail == "" {
		t.Errorf("the attempt that the crash left open has no end after it was verified: %+v", list[0])
	}
	snapshot(t, s)
}

// testCalledOff is an attempt that a crash left open, and whose intent a person ended meanwhile.
func testCalledOff(t *testing.T, b *bench) {
	s := b.start(t)
	in, _, err := s.Begin(t.Context(), pending(t, s, Contoso, 1, 6, Start, Start), store.Attempt{Operation: "find"})
	must(t, err)
	s = b.restart(t, s)
	in.Outcome, in.Reason = store.Skipped, "cancelled"
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	if list := ok(s.Attempts(t.Context(), in.ID)); len(list) != 1 || list[0].Outcome != "unknown" ||
		len(ok(s.Unfinished(t.Context()))) != 0 {
		t.Errorf("the attempt has no end: %+v", list)
	}
	snapshot(t, s)
}

func testRefused(t *testing.T, b *bench) {
	s := b.start(t)
	if _, _, err := s.Begin(t.Context(), store.Intent{ID: "i1"}, store.Attempt{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Begin of an unknown intent: %v", err)
	}
	in := pending(t, s, Contoso, 1, 6, Start, Start)
	if _, err := s.Complete(t.Context(), in, store.Attempt{Seq: 7}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Complete of an unknown attempt: %v", err)
	}
	bad := in
	bad.Record = "r-another"
	if _, _, err := s.Begin(t.Context(), bad, store.Attempt{}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Begin under another record: %v", err)
	}
	snapshot(t, s)
}

func testUpdate(t *testing.T, b *bench) {
	s := b.start(t)
	rec := apply(t, s, Report(Contoso, 1))
	in := ok(s.Intents(t.Context(), rec.ID))[0]
	restore := store.Intent{
		ID: store.IntentID(rec.ID, in.Address, store.Restore), Record: rec.ID, Kind: store.Restore, Address: in.Address,
		Outcome: store.Held,
	}
	act := &store.Act{Who: "operator", What: "restore", Tenant: Contoso, Object: rec.ID}
	before := snapshot(t, s)

	stale := in
	stale.Rev++
	unknown := rec
	unknown.ID = "r-unknown"
	for name, c := range map[string]store.Change{
		"intent at another revision": {Record: &rec, Intents: []store.Intent{restore, stale}, Act: act},
		"record that is not there":   {Record: &unknown, Intents: []store.Intent{restore}, Act: act},
		"intent of no record": {Intents: []store.Intent{{ID: "i1", Record: "r1", Outcome: store.Held}},
			Act: act},
	} {
		if err := s.Update(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Errorf("%s: a part was written:\n%s", name, diff)
		}
	}

	rec.Pinned = "restored"
	rec.MessageID, rec.Tenant, rec.Received = "<another@example.com>", Fabrikam, Start.AddDate(1, 0, 0)
	rec.FirstHand, rec.Content, rec.NetworkMessageID = false, "another", "another"
	in.Outcome = store.Skipped
	must(t, s.Update(t.Context(), store.Change{Record: &rec, Intents: []store.Intent{in, restore}, Act: act}))
	if err := s.Update(t.Context(), store.Change{Record: &rec}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same revision of a record twice: %v, want ErrConflict", err)
	}
	after := snapshot(t, b.restart(t, s))
	first := before.Records[0]
	first.Pinned, first.Rev = "restored", 2
	if diff := cmp.Diff([]store.Record{first}, after.Records); diff != "" {
		t.Errorf("an update changed what makes a record's identity:\n%s", diff)
	}
	c := after.Counts[Contoso]
	if c.Outcomes[store.Skipped] != 1 || c.Restores[store.Held] != 1 || c.Held != 1 {
		t.Errorf("counts: %+v", c)
	}
	if len(after.Audit) != 1 || after.Audit[0].Who != "operator" || after.Records[0].Pinned != "restored" {
		t.Errorf("audit %+v, pinned %q", after.Audit, after.Records[0].Pinned)
	}
}
