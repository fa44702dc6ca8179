package storetest

import (
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
			Who: []string{"anna", "bert"}[n%2], What: "restore", Tenant: Contoso, Object: fmt.Sprint("r", n),
			Comment: "not \xff UTF-8",
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
