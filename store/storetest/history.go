package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
	"clawback/verdict/history"
)

func testHistory(t *testing.T, b *bench) {
	s := b.start(t)
	teach := func(n int, key string, at time.Time) {
		t.Helper()
		a := Report(Contoso, n)
		a.History = []history.Observation{{Key: key, At: at}}
		apply(t, s, a)
	}
	teach(1, "from:a", Start)
	fork := Report(Contoso, 1)
	fork.Key, fork.History = "fork", []history.Observation{{Key: "from:a", At: Start}, {Key: "to:b", At: Start}}
	apply(t, s, fork)
	want := []history.Entry{
		{Key: "from:a", FirstSeen: Start, LastSeen: Start, Received: 1}, // a fork is the same message: it teaches once
		{Key: "to:b", FirstSeen: Start, LastSeen: Start, Received: 1},
	}
	if diff := cmp.Diff(want, ok(s.History(t.Context(), Contoso, []string{"from:a", "unknown", "to:b"}))); diff != "" {
		t.Errorf("history:\n%s", diff)
	}
	if h := ok(s.History(t.Context(), Fabrikam, []string{"from:a"})); len(h) != 0 {
		t.Errorf("another tenant knows it too: %+v", h)
	}

	rec := ok(s.Lookup(t.Context(), Contoso, "message-1@example.com"))[0]
	if diff := cmp.Diff(Report(Contoso, 1).Read, ok(s.Read(t.Context(), rec.ID, Report(Contoso, 1).Key))); diff != "" {
		t.Errorf("what the verdict read:\n%s", diff)
	}

	for n := 2; n < 10; n++ {
		teach(n, fmt.Sprint("from:", n), Start.Add(time.Duration(n)*time.Hour))
	}
	if got := ok(s.Counts(t.Context(), Contoso)).History; got != 5 {
		t.Errorf("%d entries are counted, want the bound of 5", got)
	}
	kept := ok(s.History(t.Context(), Contoso, []string{"from:a", "to:b", "from:2", "from:4", "from:5", "from:9"}))
	if len(kept) != 2 || kept[0].Key != "from:5" || kept[1].Key != "from:9" {
		t.Errorf("those seen last are to be kept: %+v", kept)
	}

	sent := Report(Contoso, 20)
	sent.Record.Direction = "outbound"
	sent.History = []history.Observation{{Key: "from:friend", At: Start, Sent: true, Began: true}}
	apply(t, s, sent)
	for n := 21; n < 40; n++ { // however many strangers come
		teach(n, fmt.Sprint("from:", n), Start.Add(time.Duration(n)*time.Hour))
	}
	kept = ok(s.History(t.Context(), Contoso, []string{"from:friend", "from:38", "from:39"}))
	if len(kept) != 3 || kept[0].Began != 1 || ok(s.Counts(t.Context(), Contoso)).History != 5 {
		t.Errorf("whom the tenant's people write to gives way to strangers: %+v", kept)
	}
	must(t, s.Update(t.Context(), store.Change{Unteach: ok(s.Lookup(t.Context(), Contoso,
		"message-20@example.com"))[0].ID}))
	if kept := ok(s.History(t.Context(), Contoso, []string{"from:friend"})); len(kept) != 0 ||
		ok(s.Counts(t.Context(), Contoso)).History != 4 {
		t.Errorf("what was taken back is still known: %+v", kept)
	}
}

// What a message has taught is taken back when it was taken out of a mailbox: once, durably, and its forks teach
// nothing more.
func testUnteach(t *testing.T, b *bench) {
	s := b.start(t)
	report := func(n int, direction string, observed ...history.Observation) store.Application {
		a := Report(Contoso, n)
		a.Record.Direction, a.History = direction, observed
		a.Record.Recipients = append(a.Record.Recipients,
			journal.Recipient{Address: "bert@contoso.example", Type: journal.To})
		return a
	}
	at := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Hour) }
	bad := report(1, "inbound", history.Observation{Key: "from:a", At: at(1), Aligned: true},
		history.Observation{Key: "domain:a", At: at(1), Aligned: true})
	rec := apply(t, s, bad)
	second := apply(t, s, report(2, "inbound", history.Observation{Key: "from:a", At: at(2)}))
	sent := apply(t, s, report(3, "outbound", history.Observation{Key: "from:a", At: at(3), Sent: true},
		history.Observation{Key: "from:b", At: at(3), Sent: true}))
	known := func(when string, want ...history.Entry) {
		t.Helper()
		if diff := cmp.Diff(want, ok(s.History(t.Context(), Contoso,
			[]string{"from:a", "domain:a", "from:b"}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if got := ok(s.Counts(t.Context(), Contoso)).History; got != len(want) {
			t.Errorf("%s: %d entries are counted, and %d are there", when, got, len(want))
		}
	}
	ends := func(rec store.Record, kind store.Outcome) {
		t.Helper()
		for _, in := range ok(s.Intents(t.Context(), rec.ID)) {
			in.Outcome = kind
			must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
		}
	}
	var day history.Days
	day.Add(Start)
	a := history.Entry{Key: "from:a", FirstSeen: at(1), LastSeen: at(3), Received: 2, Sent: 1, Aligned: 1,
		AlignedDays: day, SentDays: day}
	domain := history.Entry{Key: "domain:a", FirstSeen: at(1), LastSeen: at(1), Received: 1, Aligned: 1,
		AlignedDays: day}
	other := history.Entry{Key: "from:b", FirstSeen: at(3), LastSeen: at(3), Sent: 1, SentDays: day}
	known("at first", a, domain, other)
	ends(rec, store.NotFound)
	known("when it was in no mailbox", a, domain, other)
	ends(rec, store.Done) // two mailboxes
	a.Received, a.Aligned, a.AlignedDays = 1, 0, 0
	known("when it was taken away", a, other)
	fork := bad
	fork.Key = "fork"
	apply(t, s, fork)
	known("after a fork of it", a, other)
	s = b.restart(t, s)
	ends(sent, store.Gone)
	a.Sent, a.SentDays = 0, 0
	known("when mail that was sent was removed", a)
	must(t, s.Update(t.Context(), store.Change{Unteach: second.ID}))
	known("when somebody said that the last one is bad")

	named := history.Unsubscribe("eve@evil.example")
	last := apply(t, s, report(4, "inbound", history.Observation{Key: named, At: at(4)}))
	must(t, s.Update(t.Context(), store.Change{Unteach: last.ID}))
	if len(ok(s.History(t.Context(), Contoso, []string{named}))) != 1 {
		t.Error("what a bad message named to mail programs is forgotten with it")
	}
	must(t, s.Update(t.Context(), store.Change{Unteach: "no record"}))
}
