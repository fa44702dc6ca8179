package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/spool"
	"clawback/store"
)

func testExpire(t *testing.T, b *bench) {
	s := b.start(t)
	old := pending(t, s, Contoso, 1, 6, Start, Start)
	open := pending(t, s, Contoso, 2, 6, Start, Start)
	in, attempt, err := s.Begin(t.Context(), old, store.Attempt{Operation: store.OpMove})
	must(t, err)
	if !ok(s.InUse(t.Context(), "segment-1")) || ok(s.InUse(t.Context(), "segment-2")) ||
		ok(s.InUse(t.Context(), "segment")) {
		t.Errorf("in use: segment-1 %v, segment-2 %v; want true, false", ok(s.InUse(t.Context(), "segment-1")),
			ok(s.InUse(t.Context(), "segment-2")))
	}
	if bodies, err := s.Bodies(t.Context(), "segment-1"); err != nil || len(bodies) != 2 ||
		bodies[0] != (spool.Ref{File: "segment-1", Size: 100}) {
		t.Errorf("needed of segment-1: %+v, %v; want those of both records", bodies, err)
	}
	if bodies, err := s.Bodies(t.Context(), "segment"); err != nil || len(bodies) != 0 {
		t.Errorf("needed of a file that no record names: %+v, %v", bodies, err)
	}
	in.Outcome = store.Done
	_, err = s.Complete(t.Context(), in, attempt)
	must(t, err)
	b.advance(48 * time.Hour)
	fresh := pending(t, s, Fabrikam, 3, 6, b.now(), b.now())
	audit := ok(s.Audit(t.Context(), store.AuditFilter{}))

	day := b.now().Add(-24 * time.Hour)
	e, err := s.Expire(t.Context(), store.Retention{Applied: day, Attempts: day, Records: day, Minutes: day})
	must(t, err)
	want := store.Expired{Applied: 2, Attempts: 1, Records: 1, Minutes: 2}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("expired:\n%s", diff)
	}
	if _, err := s.Record(t.Context(), old.Record); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a record past its retention: %v, want ErrNotFound", err)
	}
	for _, key := range []string{old.Record, "message-1@example.com", "00000000-0000-4000-8000-000000000001"} {
		if list := ok(s.Lookup(t.Context(), "", key)); len(list) != 0 {
			t.Errorf("%s still leads to it", key)
		}
	}
	for _, kept := range []store.Intent{open, fresh} {
		if _, err := s.Intent(t.Context(), kept.ID); err != nil {
			t.Errorf("intent %s: %v", kept.ID, err)
		}
	}
	if diff := cmp.Diff(audit, ok(s.Audit(t.Context(), store.AuditFilter{}))); diff != "" {
		t.Errorf("the audit changed:\n%s", diff)
	}
	snapshot(t, b.restart(t, s))
}
