package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

func testSearch(t *testing.T, b *bench) {
	s := b.start(t)
	dispositions := []verdict.Disposition{verdict.Clean, verdict.Spam, verdict.Malicious, verdict.Unscored}
	ids := map[string]string{}
	for n := range 8 {
		a := Report([]string{Contoso, Fabrikam}[n%2], n)
		a.Record.Received = Start.Add(time.Duration(n) * time.Minute)
		a.Record.Variants[0].Verdict.Disposition = dispositions[n/2]
		if n == 3 {
			a.Record.Recipients[0].Address = "Bert@fabrikam.example"
			a.Record.From = "ceo@EXAMPLE.com"
		}
		rec := apply(t, s, a)
		ids[rec.ID] = rec.Subject[len("Invoice "):]
	}
	at := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Minute) }
	tests := []struct {
		name string
		f    store.RecordFilter
		want string
	}{
		{"all, newest first", store.RecordFilter{}, "76543210"},
		{"tenant", store.RecordFilter{Tenant: Contoso}, "6420"},
		{"tenant without rows", store.RecordFilter{Tenant: "nobody"}, ""},
		{"limit", store.RecordFilter{Limit: 3}, "765"},
		{"since", store.RecordFilter{Since: at(6)}, "76"},
		{"until", store.RecordFilter{Until: at(2)}, "10"},
		{"dispositions", store.RecordFilter{Dispositions: []verdict.Disposition{verdict.Clean, verdict.Malicious}},
			"5410"},
		{"unscored", store.RecordFilter{Dispositions: []verdict.Disposition{verdict.Unscored}}, "76"},
		{"sender", store.RecordFilter{Sender: "CEO@example"}, "3"},
		{"recipient", store.RecordFilter{Recipient: "bert@"}, "3"},
		{"subject", store.RecordFilter{Subject: "invoice 5"}, "5"},
		{"nothing", store.RecordFilter{Subject: "offer"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, subjects(ids, ok(s.Records(t.Context(), tt.f)))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("page by page", func(t *testing.T) {
		got, f := "", store.RecordFilter{Limit: 3}
		for page := ok(s.Records(t.Context(), f)); len(page) > 0; page = ok(s.Records(t.Context(), f)) {
			got += subjects(ids, page)
			f.After = page[len(page)-1].ID
		}
		if got != "76543210" {
			t.Errorf("pages give %s", got)
		}
	})
	t.Run("bound", func(t *testing.T) {
		list, err := s.Records(t.Context(), store.RecordFilter{Subject: "Invoice 6", Scan: 3})
		if !errors.Is(err, store.ErrBound) || subjects(ids, list) != "6" {
			t.Errorf("found %d, error %v; want 1, ErrBound", len(list), err)
		}
	})
	testLookup(t, s, ids)
	testIntentsBy(t, s)
	t.Run("by proof", func(t *testing.T) { testByProof(t, s, ids) })
}

// testByProof: what was moved on equal content alone is found, and counted, by its code and not by a sentence.
func testByProof(t *testing.T, s Store, ids map[string]string) {
	moved := func(subject string, kind store.Kind, taken ...store.Taken) {
		rec := ok(s.Records(t.Context(), store.RecordFilter{Subject: "Invoice " + subject}))[0]
		id := store.IntentID(rec.ID, "proof@contoso.example", kind)
		must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{{ID: id, Record: rec.ID,
			Address: "proof@contoso.example", Kind: kind,
			Outcome: store.Done, Taken: taken}}}))
	}
	moved("0", store.Retract, store.Taken{Message: "a", State: store.TakenMoved, Proof: store.ByContent})
	moved("2", store.Retract, store.Taken{Message: "a", State: store.TakenMoved, Proof: store.ByNetworkID},
		store.Taken{Message: "b", State: store.TakenEarlier, Proof: store.ByContent})
	moved("3", store.Retract, store.Taken{Message: "a", State: store.TakenMoved, Proof: store.ByPerson})
	moved("4", store.Retract, store.Taken{Message: "a", State: "kept", Proof: store.ByContent})
	moved("5", store.Restore, store.Taken{Message: "a", State: store.TakenMoved, Proof: store.ByContent})
	for _, c := range []struct {
		f    store.RecordFilter
		want string
	}{
		{store.RecordFilter{Proof: store.ByContent}, "20"},
		{store.RecordFilter{Proof: store.ByContent, Subject: "Invoice 2"}, "2"},
		{store.RecordFilter{Proof: store.ByContent, Tenant: Fabrikam}, ""},
		{store.RecordFilter{Proof: store.ByNetworkID}, "2"},
		{store.RecordFilter{Proof: store.ByPerson}, "3"},
	} {
		if got := subjects(ids, ok(s.Records(t.Context(), c.f))); got != c.want {
			t.Errorf("moved by %s: records %q, want %q", c.f.Proof, got, c.want)
		}
	}
	if n := ok(s.Counts(t.Context(), "")).ByContent; n != 2 {
		t.Errorf("%d intents moved by content are counted, want 2", n)
	}
	rec := ok(s.Records(t.Context(), store.RecordFilter{Proof: store.ByContent}))[1]
	in := ok(s.Intent(t.Context(), store.IntentID(rec.ID, "proof@contoso.example", store.Retract)))
	in.Taken = nil
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	if n := ok(s.Counts(t.Context(), "")).ByContent; n != 1 {
		t.Errorf("%d are counted when one is not any more, want 1", n)
	}
}

func subjects(ids map[string]string, list []store.Record) (got string) {
	for _, rec := range list {
		got += ids[rec.ID]
	}
	return got
}

func testLookup(t *testing.T, s Store, ids map[string]string) {
	rec := ok(s.Records(t.Context(), store.RecordFilter{Subject: "Invoice 4"}))[0]
	tests := []struct{ name, tenant, key, want string }{
		{"id", "", rec.ID, "4"},
		{"id in its tenant", Contoso, rec.ID, "4"},
		{"id in another tenant", Fabrikam, rec.ID, ""},
		{"beginning of an id", "", rec.ID[:12], "4"},
		{"too little of an id", "", "r", ""},
		{"Message-ID", "", "<message-4@example.com>", "4"},
		{"Message-ID without brackets", Contoso, "message-4@example.com", "4"},
		{"Message-ID in another tenant", Fabrikam, "message-4@example.com", ""},
		{"network message id", "", "00000000-0000-4000-8000-000000000004", "4"},
		{"unknown", "", "<nobody@example.com>", ""},
		{"empty", "", "", ""},
	}
	for _, tt := range tests {
		t.Run("lookup "+tt.name, func(t *testing.T) {
			if got := subjects(ids, ok(s.Lookup(t.Context(), tt.tenant, tt.key))); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := s.Record(t.Context(), "r-unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Record of an unknown id: %v", err)
	}
	if _, err := s.Intent(t.Context(), "i-unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Intent of an unknown id: %v", err)
	}
}
