package api

import (
	"slices"
	"strings"
	"testing"

	"clawback/store"
	"clawback/store/storetest"
)

// The audit of what was done with the messages that a query finds, and with their mailboxes: nothing of other messages,
// and a part at a time.
func TestListAudit_ofASearch(t *testing.T) {
	d := openDisk(t, t.TempDir())
	s := d.service(t)
	var records []store.Record
	for n := range 3 {
		a := storetest.Report(tenantA, n+1)
		a.Record.From, a.Record.Sender = []string{"eve@evil.example", "ann@good.example"}[n%2], ""
		rec, _, err := d.store.Apply(t.Context(), a, storetest.PlanAll)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	intents, err := d.store.Intents(t.Context(), records[0].ID)
	if err != nil || len(intents) == 0 {
		t.Fatal(intents, err)
	}
	for _, object := range []string{records[0].ID, records[1].ID, intents[0].ID, "policy-x", records[2].ID,
		records[0].ID} {
		act := store.Act{Who: "ada", What: "did", Tenant: tenantA, Object: object}
		if err := d.store.Note(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}
	objects := func(q AuditQuery) (list []string) {
		t.Helper()
		for {
			page, err := ListAudit.Do(t.Context(), s, Root("ada"), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, act := range page.Items {
				list = append(list, act.Object)
			}
			if q.Cursor = page.Next; page.Next == "" {
				return list
			}
		}
	}
	want := []string{records[0].ID, records[2].ID, intents[0].ID, records[0].ID}
	for _, limit := range []int{0, 1} {
		got := objects(AuditQuery{Query: "from:evil.example", What: "did", Paging: Paging{Limit: limit}})
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
	}
	if got := objects(AuditQuery{Query: "from:nobody.example"}); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	if got := objects(AuditQuery{Query: "from:good.example", Who: "ada"}); !slices.Equal(got, []string{records[1].ID}) {
		t.Errorf("beside another filter: %v", got)
	}
	_, err = ListAudit.Do(t.Context(), s, Root("ada"), AuditQuery{Query: "frm:evil.example"})
	if CodeOf(err) != InvalidRequest || !strings.Contains(err.Error(), "frm: is not known") {
		t.Errorf("a wrong query: %v", err)
	}
}
