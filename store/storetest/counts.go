package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
	"clawback/verdict"
	"clawback/verdict/history"
)

// testCounts runs random histories and requires after each that the counters equal a recount.
func testCounts(t *testing.T, b *bench) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			b := &bench{open: b.open}
			w := &walker{t: t, b: b, s: b.start(t), rnd: rand.New(rand.NewPCG(seed, 1)), alone: true}
			for i := range 300 {
				w.step()
				if i%60 == 0 {
					w.s = b.restart(t, w.s)
				}
			}
			snapshot(t, w.s)
		})
	}
	t.Run("many at once", func(t *testing.T) { testTogether(t, &bench{open: b.open}) })
	t.Run("validated", func(t *testing.T) {
		s := (&bench{open: b.open}).start(t)
		must(t, s.Validated(t.Context(), Contoso, Start))
		must(t, s.Validated(t.Context(), Contoso, Start.Add(-time.Hour)))
		if c := ok(s.Counts(t.Context(), "")); !c.ConnectorValidated.Equal(Start) {
			t.Errorf("connector validated at %v, want %v", c.ConnectorValidated, Start)
		}
	})
}

// testTogether lets several walkers loose on one store: they meet conflicts, and leave nothing wrong.
func testTogether(t *testing.T, b *bench) {
	s := b.start(t)
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			w := &walker{t: t, b: b, s: s, rnd: rand.New(rand.NewPCG(seed, 2))}
			for range 150 {
				w.step()
			}
		})
	}
	wg.Wait()
	snapshot(t, b.restart(t, s))
}

// walker makes random calls on a store. Another one may be at the same rows.
type walker struct {
	t   *testing.T
	b   *bench
	s   Store
	rnd *rand.Rand

	alone bool
}

// try reports an error, but for those that mean that somebody else was first. It says whether there was none.
func (w *walker) try(err error) bool {
	w.t.Helper()
	raced := errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound)
	if err != nil && (w.alone || !raced) {
		w.t.Error(err)
	}
	return err == nil
}

func (w *walker) step() {
	w.b.advance(time.Duration(w.rnd.IntN(120)) * time.Second)
	switch w.rnd.IntN(10) {
	case 0, 1, 2, 3:
		w.report()
	case 4, 5, 6, 7:
		w.work()
	case 8:
		w.rejudge()
	case 9:
		_, err := w.s.Expire(w.t.Context(), store.Retention{
			Records: w.b.now().Add(-time.Hour), Attempts: w.b.now().Add(-time.Hour),
			Applied: w.b.now().Add(-3 * time.Hour),
		})
		w.try(err)
	}
}

// report applies a new report, a fork, one not first-hand, or one that was applied before.
func (w *walker) report() {
	a := Report([]string{Contoso, Fabrikam}[w.rnd.IntN(2)], w.rnd.IntN(40))
	a.Record.Received, a.History[0].At = w.b.now(), w.b.now()
	a.Record.Variants[0].Verdict.Disposition = verdict.Disposition(w.rnd.IntN(7))
	if w.rnd.IntN(3) == 0 {
		a.Key += " fork"
		a.Record.Variants[0].SHA256 += "fork"
		a.Record.Recipients[0].Address = "bert@contoso.example"
	}
	if w.rnd.IntN(5) == 0 {
		a.Key, a.Network, a.Record.FirstHand = a.Key+" forged", "", false
	}
	_, _, err := w.s.Apply(w.t.Context(), a, PlanAll)
	w.try(err)
}

// work begins and completes an attempt with a random outcome.
func (w *walker) work() {
	list := ok(w.s.Due(w.t.Context(), w.b.now(), store.DueFilter{Limit: 5})).Intents
	if len(list) == 0 {
		return
	}
	in := list[w.rnd.IntN(len(list))]
	in, attempt, err := w.s.Begin(w.t.Context(), in,
		store.Attempt{Operation: []string{store.OpMove, "find"}[w.rnd.IntN(2)]})
	if !w.try(err) || w.rnd.IntN(4) == 0 {
		return // its answer never comes
	}
	outcomes := []store.Outcome{store.Pending, store.Done, store.Gone, store.NotFound, store.Mismatch, store.Failed,
		store.Held, store.Skipped}
	in.Outcome = outcomes[w.rnd.IntN(len(outcomes))]
	in.NotBefore = w.b.now().Add(time.Duration(w.rnd.IntN(1000)) * time.Second)
	_, err = w.s.Complete(w.t.Context(), in, attempt)
	w.try(err)
}

// rejudge gives a record another verdict and its held intents another chance.
func (w *walker) rejudge() {
	list := ok(w.s.Records(w.t.Context(), store.RecordFilter{}))
	if len(list) == 0 {
		return
	}
	rec := list[w.rnd.IntN(len(list))]
	rec.Verdict.Disposition = verdict.Disposition(w.rnd.IntN(7))
	intents := ok(w.s.Intents(w.t.Context(), rec.ID))
	for i := range intents {
		if intents[i].Outcome == store.Held {
			intents[i].Outcome = store.Pending
		}
	}
	w.try(w.s.Update(w.t.Context(), store.Change{Record: &rec, Intents: intents, Act: &store.Act{What: "rejudge"}}))
}

func testBrake(t *testing.T, b *bench) {
	s := b.start(t)
	counts := func(want ...int) {
		t.Helper()
		since := b.now().Add(-time.Hour)
		got := []int{ok(s.Seen(t.Context(), Contoso, since)), ok(s.Acted(t.Context(), Contoso, since)),
			ok(s.Acted(t.Context(), Fabrikam, since))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seen, acted, acted for another tenant:\n%s", diff)
		}
	}
	in := pending(t, s, Contoso, 1, 6, Start, Start)
	fork := Report(Contoso, 1)
	fork.Key = "fork"
	apply(t, s, fork)
	apply(t, s, forged(2))
	counts(1, 0, 0)

	in, attempt, err := s.Begin(t.Context(), in, store.Attempt{Operation: "find"})
	must(t, err)
	counts(1, 0, 0)
	in, err = s.Complete(t.Context(), in, attempt)
	must(t, err)
	in, attempt, err = s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(1, 1, 0) // from C3 on: what is under way counts
	in, err = s.Complete(t.Context(), in, attempt)
	must(t, err)
	in, _, err = s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(1, 1, 0) // the same mailbox and message
	if n := ok(s.RecordActed(t.Context(), in.Record)); n != 1 {
		t.Errorf("mailboxes acted upon for the record: %d, want 1", n)
	}
	asked := pending(t, s, Contoso, 3, 6, Start, Start)
	asked.Approved = "ada"
	_, _, err = s.Begin(t.Context(), asked, store.Attempt{Operation: store.OpMove})
	must(t, err)
	asked = pending(t, s, Contoso, 4, 6, Start, Start)
	asked.By = "ada"
	_, _, err = s.Begin(t.Context(), asked, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(3, 1, 0) // what a person stands behind is not the brake's
	if n := ok(s.RecordActed(t.Context(), asked.Record)); n != 0 {
		t.Errorf("mailboxes acted upon by itself for a record that a person asked for: %d, want 0", n)
	}
	s = b.restart(t, s)
	counts(3, 1, 0)
	b.advance(62 * time.Minute)
	counts(0, 0, 0)
}

// testCampaigns: a mailbox counts for each of its intent's campaigns, once, for an hour; nobody else's name is taken
// for it.
func testCampaigns(t *testing.T, b *bench) {
	s := b.start(t)
	act := func(n int, tenant string, campaigns ...string) {
		t.Helper()
		in := pending(t, s, tenant, n, 6, Start, Start)
		in.Campaigns = campaigns
		for range 2 { // the second attempt at the same mailbox does not count
			begun, attempt, err := s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
			must(t, err)
			in, err = s.Complete(t.Context(), begun, attempt)
			must(t, err)
		}
	}
	act(1, Contoso, "sender:evil.example", "link:evil.example")
	act(2, Contoso, "sender:evil.example")
	act(3, Contoso, "sender:evil.example.net")
	act(4, Fabrikam, "sender:evil.example")
	act(5, Contoso)
	check := func(since time.Time, want []store.Campaign) {
		t.Helper()
		got := ok(s.Campaigns(t.Context(), Contoso, since, 10))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("campaigns since %s:\n%s", since, diff)
		}
		for _, c := range want {
			if n := ok(s.CampaignActed(t.Context(), Contoso, c.Name, since)); n != c.Mailboxes {
				t.Errorf("%s: %d mailboxes, want %d", c.Name, n, c.Mailboxes)
			}
		}
	}
	all := []store.Campaign{{Name: "sender:evil.example", Mailboxes: 2}, {Name: "link:evil.example", Mailboxes: 1},
		{Name: "sender:evil.example.net", Mailboxes: 1}}
	hour := func() time.Time { return b.now().Add(-time.Hour) }
	check(hour(), all)
	for _, name := range []string{"sender:evil.exampl", "sender:evil", "", "link:evil.example.net"} {
		if n := ok(s.CampaignActed(t.Context(), Contoso, name, hour())); n != 0 {
			t.Errorf("%q: %d mailboxes", name, n)
		}
	}
	if got := ok(s.Campaigns(t.Context(), Contoso, hour(), 1)); len(got) != 1 || got[0] != all[0] {
		t.Errorf("the first one: %v", got)
	}
	s = b.restart(t, s)
	check(hour(), all)
	b.advance(62 * time.Minute)
	check(hour(), []store.Campaign{})
	if n := ok(s.Acted(t.Context(), Contoso, b.now().Add(-2*time.Hour))); n != 4 {
		t.Errorf("%d mailboxes in all, want 4: the campaigns' rows count beside them", n)
	}
}

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
	must(t, s.Update(t.Context(), store.Change{Unteach: "no record"}))
}
