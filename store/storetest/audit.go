package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testAudit(t *testing.T, b *bench) {
	s := b.start(t)
	for n := range 6 {
		b.advance(time.Minute)
		must(t, s.Note(t.Context(), store.Act{
			Who: []string{"anna", "bert"}[n%2], What: "restore", Tenant: Contoso, Object: fmt.Sprint("r", n), Comment: "not \xff UTF-8",
		}))
	}
	s = b.restart(t, s)
	must(t, s.VerifyAudit(t.Context()))
	at := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Minute) }
	tests := []struct {
		name string
		f    store.AuditFilter
		want []uint64
	}{
		{"all, newest first", store.AuditFilter{}, []uint64{6, 5, 4, 3, 2, 1}},
		{"who", store.AuditFilter{Who: "bert"}, []uint64{6, 4, 2}},
		{"object", store.AuditFilter{Object: "r2"}, []uint64{3}},
		{"what", store.AuditFilter{What: "approve"}, nil},
		{"tenant", store.AuditFilter{Tenant: Fabrikam}, nil},
		{"since and until", store.AuditFilter{Since: at(2), Until: at(4)}, []uint64{3, 2}},
		{"limit", store.AuditFilter{Limit: 2}, []uint64{6, 5}},
		{"before", store.AuditFilter{Before: 3}, []uint64{2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []uint64
			for _, act := range ok(s.Audit(t.Context(), tt.f)) {
				got = append(got, act.Seq)
				if len(act.Chain) != 64 {
					t.Errorf("chain %q", act.Chain)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func testMeta(t *testing.T, b *bench) {
	s := b.start(t)
	if _, err := s.Meta(t.Context(), "address/a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Meta of an unknown key: %v", err)
	}
	must(t, s.PutMeta(t.Context(), "address/b", []byte{}))
	must(t, s.PutMeta(t.Context(), "address/a", []byte("seen")))
	must(t, s.PutMeta(t.Context(), "job/1", []byte("x")))
	s = b.restart(t, s)
	if got := string(ok(s.Meta(t.Context(), "address/a"))); got != "seen" {
		t.Errorf("value %q", got)
	}
	if diff := cmp.Diff([]string{"address/a", "address/b"}, ok(s.MetaKeys(t.Context(), "address/"))); diff != "" {
		t.Errorf("keys:\n%s", diff)
	}
	must(t, s.PutMeta(t.Context(), "address/a", nil))
	if _, err := s.Meta(t.Context(), "address/a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Meta of a removed key: %v", err)
	}
	if err := s.PutMeta(t.Context(), "", nil); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("PutMeta without a key: %v", err)
	}
	testValues(t, s)
}

// testValues: the values of a change are written with its act, or neither is.
func testValues(t *testing.T, s Store) {
	t.Helper()
	act := &store.Act{Who: "ada", What: "policy.add", Object: "p1"}
	must(t, s.Update(t.Context(), store.Change{Values: []store.Value{{Key: "policy/1", Data: []byte("x")}, {Key: "policy/2", Data: []byte("y")}, {Key: "address/b"}}, Act: act}))
	if diff := cmp.Diff([]string{"policy/1", "policy/2"}, ok(s.MetaKeys(t.Context(), "policy/"))); diff != "" {
		t.Errorf("keys:\n%s", diff)
	}
	if _, err := s.Meta(t.Context(), "address/b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a value that the change removes: %v", err)
	}
	before := len(ok(s.Audit(t.Context(), store.AuditFilter{})))
	err := s.Update(t.Context(), store.Change{Values: []store.Value{{Key: "policy/3", Data: []byte("z")}, {}}, Act: act})
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a change with a value without a key: %v", err)
	}
	if _, err := s.Meta(t.Context(), "policy/3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a value of a change that was refused: %v", err)
	}
	if after := len(ok(s.Audit(t.Context(), store.AuditFilter{}))); after != before || before == 0 {
		t.Errorf("%d entries in the audit, %d before the change that was refused", after, before)
	}
}
