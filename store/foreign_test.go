package store_test

import (
	"testing"
	"time"

	"clawback/journal"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
)

// FuzzApply_foreignStrings applies what a stranger may have written, finds it again, and drops it without a trace.
func FuzzApply_foreignStrings(f *testing.F) {
	f.Add("<a@example.com>", "00000000-0000-4000-8000-000000000001", "content", "Subject", "anna@contoso.example")
	f.Add("", "", "", "", "")
	f.Add("<\xff\xfe@\xff>", "\xff\xff", "\xc3", "\x00", "a\x00\xff")
	f.Add("<\uFFFD@x>", "ABC\uFFFD", "\xff", "\xff", "\xff")
	s, err := store.New(&memory.Engine{}, store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, messageID, network, content, subject, address string) {
		a := storetest.Report(storetest.Contoso, 1)
		a.Network = network
		a.Record.MessageID, a.Record.Content, a.Record.Subject = messageID, content, subject
		a.Record.Sender, a.Record.From, a.Record.FromName = address, address, subject
		a.Record.Date = time.Unix(int64(len(subject))<<40, 0).In(time.FixedZone("", len(address)*3600))
		a.Record.Recipients = []journal.Recipient{{Address: address}, {Address: subject}}
		rec, _, err := s.Apply(t.Context(), a, storetest.PlanAll)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := s.Lookup(t.Context(), storetest.Contoso, messageID); messageID != "" &&
			(err != nil || len(found) == 0) {
			t.Errorf("Message-ID %q does not find its record: %v", messageID, err)
		}
		again, first, err := s.Apply(t.Context(), a, nil)
		if err != nil || first || again.ID != rec.ID {
			t.Errorf("applied again: %s, %v, %v", again.ID, first, err)
		}
		dropAll(t, s)
	})
}

// dropAll ends every intent and lets everything expire.
func dropAll(t *testing.T, s *store.Store) {
	t.Helper()
	intents, err := s.IntentsBy(t.Context(), store.IntentFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range intents {
		intents[i].Outcome = store.Skipped
	}
	if err := s.Update(t.Context(), store.Change{Intents: intents}); err != nil {
		t.Fatal(err)
	}
	verify(t, s)
	later := time.Now().AddDate(1, 0, 0)
	if _, err := s.Expire(t.Context(), store.Retention{Applied: later, Attempts: later, Records: later, Minutes: later}); err != nil {
		t.Fatal(err)
	}
	verify(t, s)
	if c, err := s.Counts(t.Context(), ""); err != nil || c.Records != 0 || len(c.Outcomes) != 0 ||
		len(c.Dispositions) != 0 {
		t.Errorf("after all has expired: %+v, %v", c, err)
	}
}

func verify(t *testing.T, s *store.Store) {
	t.Helper()
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("the rows do not fit together: %q, %v", findings, err)
	}
}
