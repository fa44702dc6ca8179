package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
	"clawback/verdict"
)

// testIdentity holds what makes two reports one record.
func testIdentity(t *testing.T, b *bench) {
	base := func() store.Application { return Report(Contoso, 1) }
	tests := []struct {
		name   string
		change func(a *store.Application)
		bare   bool // the first report has no network message id either
		same   bool
	}{
		{"same network message id, altered content",
			func(a *store.Application) { a.Record.Content = "other" }, false, true},
		{"same network message id in capitals",
			func(a *store.Application) { a.Network = "00000000-0000-4000-8000-000000000001" }, false, true},
		{"another network message id", func(a *store.Application) { a.Network = "ffffffff" }, false, false},
		{"another tenant", func(a *store.Application) { a.Tenant = Fabrikam }, false, false},
		{"no network message id beside one", func(a *store.Application) { a.Network = "" }, false, false},
		{"Message-ID and content", func(*store.Application) {}, true, true},
		{"Message-ID and other content", func(a *store.Application) { a.Record.Content = "other" }, true, false},
		{"content and other Message-ID",
			func(a *store.Application) { a.Record.MessageID = "<x@example.com>" }, true, false},
		{"Message-ID and no content", func(a *store.Application) {
			a.Record.Content, a.Record.Variants[0].SHA256 = "", "other"
		}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := (&bench{open: b.open}).start(t)
			a, fork := base(), base()
			fork.Key = "another report"
			if tt.bare {
				a.Network, fork.Network = "", ""
			}
			tt.change(&fork)
			one, two := apply(t, s, a), apply(t, s, fork)
			if (one.ID == two.ID) != tt.same {
				t.Errorf("records %s and %s, want one record: %v", one.ID, two.ID, tt.same)
			}
		})
	}
	t.Run("alternate Message-IDs", func(t *testing.T) { testAlternateIDs(t, &bench{open: b.open}) })
	t.Run("forks are variants", func(t *testing.T) { testForks(t, &bench{open: b.open}) })
	t.Run("variants are bounded", func(t *testing.T) { testVariants(t, &bench{open: b.open}) })
	t.Run("not first-hand changes nothing", func(t *testing.T) { testNotFirstHand(t, &bench{open: b.open}) })
	t.Run("first-hand takes over", func(t *testing.T) { testTakeOver(t, &bench{open: b.open}) })
}

// testAlternateIDs: a record is found by each Message-ID that its reports name, and keeps at most 8 beside its own.
func testAlternateIDs(t *testing.T, b *bench) {
	s := b.start(t)
	a := Report(Contoso, 1)
	a.Record.AlternateIDs = []string{"<other@example.com>", a.Record.MessageID, "", "<other@example.com>",
		"<\xff@example.com>"}
	own := a.Record.MessageID
	first := apply(t, s, a)
	if want := []string{"<other@example.com>", "<\uFFFD@example.com>"}; first.MessageID != own ||
		!slices.Equal(first.AlternateIDs, want) {
		t.Errorf("%s, also %q, want %q", first.MessageID, first.AlternateIDs, want)
	}
	fork := Report(Contoso, 1)
	fork.Key, fork.Record.MessageID = "fork", "<fork@example.com>"
	for i := range 20 {
		fork.Record.AlternateIDs = append(fork.Record.AlternateIDs, fmt.Sprintf("<%d@example.com>", i))
	}
	rec := apply(t, s, fork)
	if rec.ID != first.ID || rec.MessageID != own || len(rec.AlternateIDs) != 8 ||
		!slices.Contains(rec.AlternateIDs, "<fork@example.com>") {
		t.Errorf("record %s, %s, also %q", rec.ID, rec.MessageID, rec.AlternateIDs)
	}
	for _, id := range append([]string{own, "other@example.com"}, rec.AlternateIDs...) {
		if found, err := s.Lookup(t.Context(), Contoso, id); err != nil || len(found) != 1 || found[0].ID != rec.ID {
			t.Errorf("by %s: %d records, error %v", id, len(found), err)
		}
	}
}

func testForks(t *testing.T, b *bench) {
	s := b.start(t)
	a := Report(Contoso, 1)
	a.Record.Variants[0].Verdict.Disposition = verdict.Clean
	fork := Report(Contoso, 1)
	fork.Key, fork.Record.Variants[0].SHA256 = "fork", "altered"
	fork.Record.Variants[0].Verdict.Disposition = verdict.Spam
	fork.Record.Recipients = []journal.Recipient{
		{Address: "Anna@Contoso.example", Type: journal.To, ExpandedFrom: "all@contoso.example"},
		{Address: "bert@contoso.example", Type: journal.Bcc},
	}
	apply(t, s, a)
	rec := apply(t, s, fork)
	if rec.Verdict.Disposition != verdict.Spam || len(rec.Variants) != 2 {
		t.Errorf("%d variants, verdict %v; want 2, SPAM", len(rec.Variants), rec.Verdict.Disposition)
	}
	want := []journal.Recipient{
		{Address: "anna@contoso.example", Type: journal.To, ExpandedFrom: "all@contoso.example"},
		{Address: "bert@contoso.example", Type: journal.Bcc},
	}
	if diff := cmp.Diff(want, rec.Recipients); diff != "" {
		t.Errorf("recipients:\n%s", diff)
	}
	if got := ok(s.Intents(t.Context(), rec.ID)); len(got) != 2 || got[0].Rev != 1 || got[1].Rev != 1 {
		t.Errorf("a late fork adds intents for its new recipients only; intents: %+v", got)
	}
}

func testVariants(t *testing.T, b *bench) {
	s := b.start(t)
	var rec store.Record
	for i := range 40 {
		fork := Report(Contoso, 1)
		fork.Key, fork.Record.Variants[0].SHA256 = fmt.Sprint("fork", i), fmt.Sprint("form", i)
		fork.Record.Variants[0].Verdict.Disposition = verdict.Clean
		if i == 35 {
			fork.Record.Variants[0].Verdict.Disposition = verdict.Malicious
		}
		rec = apply(t, s, fork)
	}
	if len(rec.Variants) != 32 || rec.MoreVariants != 8 {
		t.Errorf("%d variants kept, %d counted; want 32, 8", len(rec.Variants), rec.MoreVariants)
	}
	if rec.Verdict.Disposition != verdict.Malicious {
		t.Errorf("the worst of 40 verdicts is lost: %v", rec.Verdict.Disposition)
	}
	// Of the same class the one that a person must decide on is worse.
	for n, review := range []verdict.Review{"", verdict.ReviewConversation, ""} {
		form := Report(Contoso, 2)
		form.Key, form.Record.Variants[0].SHA256 = fmt.Sprint("review", n), fmt.Sprint("review", n)
		form.Record.Variants[0].Verdict = verdict.Verdict{Disposition: verdict.Suspicious, Score: float64(90 + n),
			Review: review}
		rec = apply(t, s, form)
	}
	if rec.Verdict.Review != verdict.ReviewConversation {
		t.Errorf("that a person must decide is lost: %+v", rec.Verdict)
	}
}

func testTakeOver(t *testing.T, b *bench) {
	s := b.start(t)
	suspected := apply(t, s, forged(1))
	suspected.Pinned, suspected.RetractedBy = "clean", "ada"
	must(t, s.Update(t.Context(), store.Change{Record: &suspected}))
	if h := ok(s.History(t.Context(), Contoso, []string{"from:sender@example.com"})); len(h) != 0 {
		t.Errorf("a report that is not first-hand taught: %+v", h)
	}
	told := Report(Contoso, 1)
	told.Network = ""
	told.Record.Variants[0].Verdict.Disposition = verdict.Clean
	rec := apply(t, s, told)
	if rec.ID != suspected.ID || rec.Pinned != "clean" || rec.RetractedBy != "ada" {
		t.Errorf("record %s, pinned %q, retracted by %q; want %s, clean, ada", rec.ID, rec.Pinned, rec.RetractedBy,
			suspected.ID)
	}
	if !rec.FirstHand || rec.Verdict.Disposition != verdict.Clean {
		t.Errorf("first-hand %v, verdict %v; want true, CLEAN", rec.FirstHand, rec.Verdict.Disposition)
	}
	if diff := cmp.Diff(told.Record.Recipients, rec.Recipients); diff != "" {
		t.Errorf("recipients that anybody may have written were kept:\n%s", diff)
	}
	real := Report(Contoso, 1)
	real.Key = "with a network message id"
	if other := apply(t, s, real); other.ID == rec.ID {
		t.Errorf("the network message id made no identity")
	}

	lone := (&bench{open: b.open}).start(t)
	suspect := apply(t, lone, forged(1))
	other := apply(t, lone, Report(Contoso, 1))
	if diff := cmp.Diff([]string{suspect.ID}, other.Related); diff != "" {
		t.Errorf("related records:\n%s", diff)
	}
}
