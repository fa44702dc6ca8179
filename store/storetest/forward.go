package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

// letter is a report of a message that carries others.
func letter(n int, c store.Carries) store.Application {
	a := judged(n, verdict.Clean)
	a.Record.Carries = c
	return a
}

func judged(n int, d verdict.Disposition, indicators ...verdict.Indicator) store.Application {
	a := Report(Contoso, n)
	v := verdict.Verdict{Disposition: d, Score: 90, Indicators: indicators}
	a.Record.Verdict, a.Record.Variants[0].Verdict = v, v
	a.Record.Contents = fmt.Sprint("contents ", n)
	return a
}

func link(url string) verdict.Indicator { return verdict.Indicator{Kind: "url", Value: url} }

// forwards is what is stored of the messages that a record carries.
func forwards(s Store, id string) (list []string) {
	for _, f := range ok(s.Record(id)).Forwards {
		list = append(list, fmt.Sprintf("%s %s %s%s", f.Record, f.Disposition, f.How, f.Pinned))
	}
	return list
}

func testForward(t *testing.T, b *bench) {
	bait := judged(1, verdict.Malicious, link("https://evil.example/a"))
	id := bait.RecordID()
	attached := store.Carries{Attached: []string{"<message-1@example.com>"}}
	contents := store.Carries{Attached: []string{""}, Contents: []string{"contents 1"}}
	thread := store.Carries{Refers: []string{"<message-1@example.com>"}}
	withLink, otherLink := letter(2, thread), letter(2, thread)
	for a, url := range map[*store.Application]string{&withLink: "https://evil.example/a", &otherLink: "https://contoso.example/"} {
		a.Record.Verdict.Indicators = []verdict.Indicator{link(url)}
		a.Record.Variants[0].Verdict = a.Record.Verdict
	}
	elsewhere := letter(2, attached)
	elsewhere.Tenant, elsewhere.Record.Tenant = Fabrikam, Fabrikam
	forged := judged(1, verdict.Malicious)
	forged.Record.FirstHand, forged.Network = false, ""
	for _, c := range []struct {
		name          string
		letter, about store.Application
		want          string
	}{
		{"attached, by Message-ID", letter(2, attached), bait, id + " MALICIOUS attached, with the same Message-ID"},
		{"attached, by content", letter(2, contents), bait, id + " MALICIOUS attached, with the same content"},
		{"in the thread, with the link", withLink, bait, id + " MALICIOUS answered or forwarded, with the same link"},
		{"in the thread, with another link", otherLink, bait, ""},
		{"in the thread, without a link", letter(2, thread), bait, ""},
		{"another message is attached", letter(2, store.Carries{Attached: []string{"<message-11@example.com>"}}), bait, ""},
		{"another tenant's", elsewhere, bait, ""},
		{"of a message that is not flagged", letter(2, attached), judged(1, verdict.Bulk), ""},
		{"of a message that anybody may have written", letter(2, attached), forged, ""},
	} {
		for order, reports := range map[string][]store.Application{"first": {c.letter, c.about}, "later": {c.about, c.letter}} {
			t.Run(c.name+", journaled "+order, func(t *testing.T) {
				b := &bench{open: b.open}
				s := b.start(t)
				for _, a := range reports {
					apply(t, s, a)
				}
				var want []string
				if c.want != "" {
					want = []string{c.want}
				}
				if diff := cmp.Diff(want, forwards(s, c.letter.RecordID())); diff != "" {
					t.Errorf("forwards (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want, forwards(b.restart(t, s), c.letter.RecordID())); diff != "" {
					t.Errorf("after a restart (-want +got):\n%s", diff)
				}
			})
		}
	}
	t.Run("changes", func(t *testing.T) { testForwardChanges(t, &bench{open: b.open}) })
	t.Run("bounds", func(t *testing.T) { testForwardBounds(t, &bench{open: b.open}) })
}

// testForwardChanges: what becomes of the original is told to those that carry it, and these are planned again.
func testForwardChanges(t *testing.T, b *bench) {
	s := b.start(t)
	fwd := letter(2, store.Carries{Attached: []string{"<message-1@example.com>"}})
	carrier := fwd.RecordID()
	apply(t, s, fwd)
	rec := apply(t, s, judged(1, verdict.Spam))
	seen := map[string][]string{}
	plan := func(rec store.Record, have []store.Intent) []store.Intent {
		for _, f := range rec.Forwards {
			seen[rec.ID] = append(seen[rec.ID], f.Disposition.String()+f.Pinned)
		}
		if len(rec.Forwards) == 0 {
			seen[rec.ID] = append(seen[rec.ID], "none")
		}
		return nil
	}
	change := func(f func(*store.Record)) {
		t.Helper()
		rec = ok(s.Record(rec.ID))
		f(&rec)
		must(t, s.Update(t.Context(), store.Change{Record: &rec, Plan: plan}))
	}
	change(func(r *store.Record) { r.Verdict.Disposition = verdict.Malicious })
	change(func(r *store.Record) { r.PinnedBy = "ada" }) // nothing that matters to the forward
	change(func(r *store.Record) { r.Pinned = "clean" })
	change(func(r *store.Record) { r.Verdict.Disposition = verdict.Clean })
	if diff := cmp.Diff(map[string][]string{carrier: {"MALICIOUS", "MALICIOUSclean", "none"}}, seen); diff != "" {
		t.Errorf("planned again (-want +got):\n%s", diff)
	}
	if got := forwards(s, carrier); got != nil {
		t.Errorf("forwards at the end: %v", got)
	}
}

func testForwardBounds(t *testing.T, b *bench) {
	s := b.start(t)
	var all store.Carries
	for n := range 200 {
		all.Attached = append(all.Attached, fmt.Sprintf("<message-%d@example.com>", n), "bad \xff utf-8")
		apply(t, s, letter(1000+n, store.Carries{Attached: []string{"<message-1@example.com>"}}))
	}
	for n := range 20 {
		apply(t, s, judged(n, verdict.Malicious))
	}
	fwd := letter(500, all)
	rec := apply(t, s, fwd)
	if len(rec.Carries.Attached) != 32 || len(rec.Forwards) != 8 {
		t.Errorf("%d attached and %d forwards are kept", len(rec.Carries.Attached), len(rec.Forwards))
	}
	found := 0
	for n := range 200 {
		found += len(forwards(s, letter(1000+n, store.Carries{}).RecordID()))
	}
	if found == 0 || found > 64 {
		t.Errorf("%d of 200 records that carry one are told of it, want up to 64", found)
	}
	if diff := cmp.Diff(rec, ok(b.restart(t, s).Record(rec.ID))); diff != "" {
		t.Errorf("the stored record is another (-want +got):\n%s", diff)
	}
}
