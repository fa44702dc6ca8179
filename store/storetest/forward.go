package storetest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
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

func link(value string) verdict.Indicator { return verdict.Indicator{Kind: "url", Value: value} }

// safe is a link as Safe Links writes it for one recipient.
func safe(link, who string) string {
	return "https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(link) + "&data=05%7C02%7C" + who +
		"%40contoso.example"
}

// forwards is what is stored of the messages that a record carries.
func forwards(s Store, id string) (list []string) {
	for _, f := range ok(s.Record(context.Background(), id)).Forwards {
		list = append(list, fmt.Sprintf("%s %s %s%s", f.Record, f.Disposition, f.How, f.Pinned))
	}
	return list
}

// attached is a letter with one message attached.
func attached(m store.Carried, refers ...string) store.Application {
	return letter(2, store.Carries{Messages: []store.Carried{m}, Refers: refers})
}

// linked is the letter with a link in it.
func linked(a store.Application, to string) store.Application {
	a.Record.Verdict.Indicators = []verdict.Indicator{link(to)}
	a.Record.Variants = slices.Clone(a.Record.Variants)
	a.Record.Variants[0].Verdict = a.Record.Verdict
	return a
}

func testForward(t *testing.T, b *bench) {
	for _, c := range forwardCases() {
		reports := map[string][]store.Application{"first": {c.letter, c.about}, "later": {c.about, c.letter}}
		for order, list := range reports {
			t.Run(c.name+", journaled "+order, func(t *testing.T) { c.run(t, &bench{open: b.open}, list) })
		}
	}
	t.Run("another record's network message id", func(t *testing.T) { testForwardOfAnothers(t, &bench{open: b.open}) })
	t.Run("changes", func(t *testing.T) { testForwardChanges(t, &bench{open: b.open}) })
	t.Run("bounds", func(t *testing.T) { testForwardBounds(t, &bench{open: b.open}) })
}

// forwardCase is a letter, and the message that it may carry or answer.
type forwardCase struct {
	name          string
	letter, about store.Application
	how           string // it is a forward of it; "": it is none
}

// run journals both and looks what the letter is told of, also after a restart.
func (c forwardCase) run(t *testing.T, b *bench, reports []store.Application) {
	s := b.start(t)
	for _, a := range reports {
		apply(t, s, a)
	}
	var want []string
	if c.how != "" {
		want = []string{c.about.RecordID() + " MALICIOUS " + c.how}
	}
	if diff := cmp.Diff(want, forwards(s, c.letter.RecordID())); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, forwards(b.restart(t, s), c.letter.RecordID())); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
}

func forwardCases() []forwardCase {
	const (
		evil, mid, other = "https://evil.example/a", "<message-1@example.com>", "<message-11@example.com>"
		network, another = "00000000-0000-4000-8000-00000000000F", "00000000-0000-4000-8000-0000000000aa"
		byNetwork        = "attached, with the same network message id"
		byContent        = "attached, with the same content"
		byLink           = "answered or forwarded, with the same link"
	)
	bait := judged(1, verdict.Malicious, link(evil))
	bait.Network = strings.ToLower(network)
	bare := judged(1, verdict.Malicious, link(evil))
	bare.Network = ""
	thread := letter(2, store.Carries{Refers: []string{mid}})
	elsewhere := attached(store.Carried{Network: []string{network}})
	elsewhere.Tenant, elsewhere.Record.Tenant = Fabrikam, Fabrikam
	forged := judged(1, verdict.Malicious)
	forged.Record.FirstHand, forged.Network = false, ""
	return []forwardCase{
		{"by network message id", attached(store.Carried{MessageID: mid, Network: []string{network}}), bait, byNetwork},
		{"by one of several network message ids, and without a Message-ID",
			attached(store.Carried{Network: []string{another, network}, Contents: "x"}), bait, byNetwork},
		{"by content", attached(store.Carried{MessageID: mid, Contents: "contents 1"}), bait, byContent},
		{"by content, without a Message-ID", attached(store.Carried{Contents: "contents 1"}), bait, byContent},
		{"by content, where the record has no network message id",
			attached(store.Carried{MessageID: mid, Network: []string{another}, Contents: "contents 1"}), bare,
			byContent},
		{"a copied Message-ID", attached(store.Carried{MessageID: mid, Contents: "contents 11"}), bait, ""},
		{"a copied Message-ID and content, and another network message id",
			attached(store.Carried{MessageID: mid, Network: []string{another}, Contents: "contents 1"}), bait, ""},
		{"the content under another Message-ID", attached(store.Carried{MessageID: other, Contents: "contents 1"}),
			bait, ""},
		{"another message", attached(store.Carried{MessageID: other, Network: []string{another},
			Contents: "contents 11"}), bait, ""},
		{"in the thread, with the link", linked(thread, evil), bait, byLink},
		{"in the thread, with the link as Safe Links writes it", linked(thread, safe(evil, "bert")), bait, byLink},
		{"in the thread, both as Safe Links writes them", linked(thread, safe(evil, "bert")),
			linked(bait, safe(evil, "anna")), byLink},
		{"in the thread, with another link as Safe Links writes it",
			linked(thread, safe("https://contoso.example/", "anna")), linked(bait, safe(evil, "anna")), ""},
		{"in the thread, with a link that only looks like one of Safe Links",
			linked(thread, "https://evil.example/x.safelinks.protection.outlook.com/?url="+url.QueryEscape(evil)), bait,
			""},
		{"in the thread, with another link", linked(thread, "https://contoso.example/"), bait, ""},
		{"in the thread, without a link", thread, bait, ""},
		{"the link alone", linked(letter(2, store.Carries{}), evil), bait, ""},
		{"in the thread, with the link, and attached as it was altered",
			linked(attached(store.Carried{MessageID: mid, Contents: "x"}, mid), evil), bait, byLink},
		{"in the thread, with the link, and another message is attached under its Message-ID",
			linked(attached(store.Carried{MessageID: mid, Network: []string{another}}, mid), evil), bait, ""},
		{"another tenant's", elsewhere, bait, ""},
		{"of a message that is not flagged", attached(store.Carried{Contents: "contents 1"}), judged(1, verdict.Bulk),
			""},
		{"of a message that anybody may have written", attached(store.Carried{Contents: "contents 1"}), forged, ""},
	}
}

// testForwardOfAnothers: what is attached has the content of a bad message that has no network message id, and the id
// of a good one. It is the good one.
func testForwardOfAnothers(t *testing.T, b *bench) {
	const theirs = "00000000-0000-4000-8000-0000000000bb"
	s := b.start(t)
	bait := judged(1, verdict.Malicious)
	bait.Network = ""
	good := judged(3, verdict.Clean)
	good.Network, good.Record.MessageID = theirs, bait.Record.MessageID
	apply(t, s, good)
	apply(t, s, bait)
	fwd := attached(store.Carried{MessageID: bait.Record.MessageID, Network: []string{strings.ToUpper(theirs)},
		Contents: bait.Record.Contents})
	apply(t, s, fwd)
	if got := forwards(s, fwd.RecordID()); got != nil {
		t.Errorf("forwards %v, want none", got)
	}
	again := judged(1, verdict.Malicious) // the bad one is told of once more, after its carrier
	again.Network, again.Key = "", "another report"
	apply(t, s, again)
	if got := forwards(s, fwd.RecordID()); got != nil {
		t.Errorf("forwards after another report: %v, want none", got)
	}
}

// testForwardChanges: what becomes of the original is told to those that carry it, and these are planned again.
func testForwardChanges(t *testing.T, b *bench) {
	s := b.start(t)
	fwd := attached(store.Carried{Contents: "contents 1"})
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
		rec = ok(s.Record(t.Context(), rec.ID))
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
		all.Messages = append(all.Messages, store.Carried{Contents: fmt.Sprintf("contents %d", n),
			Network: make([]string, 20)},
			store.Carried{MessageID: fmt.Sprintf("<message-%d@example.com>", n)}, // proves nothing, and is not kept
			store.Carried{Contents: "bad \xff utf-8",
				Network: strings.Fields(strings.Repeat(fmt.Sprintf("a b c d%d e f g h i j ", n), 2))})
		apply(t, s, letter(1000+n, store.Carries{Messages: []store.Carried{{Contents: "contents 1"}}}))
	}
	for n := range 20 {
		apply(t, s, judged(n, verdict.Malicious))
	}
	testForwardAmongTenants(t, s)
	fwd := letter(500, all)
	rec := apply(t, s, fwd)
	if m := rec.Carries.Messages; len(m) != 32 || len(m[1].Network) != 8 || len(rec.Forwards) != 8 {
		t.Errorf("%d attached and %d forwards are kept", len(m), len(rec.Forwards))
	}
	found := 0
	for n := range 200 {
		found += len(forwards(s, letter(1000+n, store.Carries{}).RecordID()))
	}
	if found == 0 || found > 64 {
		t.Errorf("%d of 200 records that carry one are told of it, want up to 64", found)
	}
	if diff := cmp.Diff(rec, ok(b.restart(t, s).Record(t.Context(), rec.ID))); diff != "" {
		t.Errorf("the stored record is another (-want +got):\n%s", diff)
	}
}

// testForwardAmongTenants: that a bad message came to very many others hides nothing.
func testForwardAmongTenants(t *testing.T, s Store) {
	const evil, thread = "https://evil.example/a", "<message-3000@example.com>"
	for n := range 150 {
		a := Report(Fabrikam, 4000+n)
		a.Record.MessageID = thread
		apply(t, s, a)
	}
	bait := judged(3000, verdict.Malicious, link(evil))
	apply(t, s, bait)
	answer := linked(letter(3001, store.Carries{Refers: []string{thread}}), evil)
	if rec := apply(t, s, answer); len(rec.Forwards) != 1 || rec.Forwards[0].Record != bait.RecordID() {
		t.Errorf("forwards %+v", rec.Forwards)
	}
}
