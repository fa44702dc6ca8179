package queuetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"clawback/queue"
)

// asideFrom commits messages and puts them into quarantine, with a cause.
func asideFrom(t *testing.T, q queue.Queue, env queue.Envelope, cause queue.Cause, n int) (ids []string) {
	t.Helper()
	for range n {
		ids = append(ids, putFrom(t, q, env, "x"))
	}
	for range ids {
		claim(t, q, 1)
	}
	for _, id := range ids {
		must(t, q.Quarantine(t.Context(), id, cause, "why "+string(cause)+", of "+id))
	}
	return ids
}

// noteOf makes the note of a bulk discard.
func noteOf(key string) queue.Note {
	return queue.Note{Key: key, Text: func(d queue.Discarded) ([]byte, error) { return json.Marshal(d) }}
}

func preview(t *testing.T, q queue.Queue, s queue.Selection) queue.Preview {
	t.Helper()
	d, err := q.Preview(t.Context(), s)
	must(t, err)
	return d
}

// Items of one kind are one group, however many they are and however their reasons differ.
func groups(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	listed := envelope(contoso)
	listed.Network = "exchange-online"
	asideFrom(t, q, envelope(contoso), queue.CauseNetwork, 30)
	asideFrom(t, q, listed, queue.CauseOrganisation, 3)
	asideFrom(t, q, envelope(fabrikam), queue.CauseNetwork, 2)
	asideFrom(t, q, envelope(contoso), queue.CauseFault, 1)
	putFrom(t, q, envelope(contoso), "waits")
	q = reopen(t, h, q, queue.Options{})
	list, err := q.Groups(t.Context(), queue.Selection{})
	must(t, err)
	counts := ""
	for _, g := range list {
		counts += fmt.Sprintf("%d %s %s %s; ", g.Count, g.Cause, g.Network, g.Tenant[len(g.Tenant)-1:])
		if g.Bytes != int64(g.Count) || g.Last.State != queue.Quarantined || g.Oldest.IsZero() ||
			g.Newest.Before(g.Oldest) {
			t.Errorf("%+v", g)
		}
	}
	if want := "30 network  1; 3 organisation exchange-online 1; 2 network  2; 1 fault  1; "; counts != want {
		t.Errorf("groups are %q, want %q", counts, want)
	}
	if list, err = q.Groups(t.Context(), queue.Selection{Tenant: fabrikam}); err != nil || len(list) != 1 ||
		list[0].Count != 2 {
		t.Errorf("of one tenant: %+v, %v", list, err)
	}
}

// Each thing that a selection names keeps other items out of it.
func selections(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	base := envelope(contoso)
	base.MailFrom, base.Remote = "eve@evil.example", "192.0.2.1:25"
	vary := func(change func(*queue.Envelope)) queue.Envelope { e := base; change(&e); return e }
	ids := map[string]string{"base": asideFrom(t, q, base, queue.CauseNetwork, 1)[0]}
	for name, e := range map[string]queue.Envelope{
		"tenant":  vary(func(e *queue.Envelope) { e.Tenant = fabrikam }),
		"purpose": vary(func(e *queue.Envelope) { e.Purpose = queue.ForRecovery }),
		"network": vary(func(e *queue.Envelope) { e.Network = "office" }),
		"sender":  vary(func(e *queue.Envelope) { e.MailFrom = "eve@evil.example.org" }),
		"null":    vary(func(e *queue.Envelope) { e.MailFrom = "" }),
		"peer":    vary(func(e *queue.Envelope) { e.Remote = "198.51.100.1:25" }),
		"time":    vary(func(e *queue.Envelope) { e.Received = e.Received.AddDate(0, 0, 1) }),
	} {
		ids[name] = asideFrom(t, q, e, queue.CauseNetwork, 1)[0]
	}
	ids["cause"] = asideFrom(t, q, base, queue.CauseFault, 1)[0]
	for _, row := range []struct {
		name string
		s    queue.Selection
		out  []string // of all others than these it is not
	}{
		{"tenant", queue.Selection{Tenant: contoso}, []string{"tenant"}},
		{"purpose", queue.Selection{Purpose: queue.ForJournal}, []string{"purpose"}},
		{"unlisted", queue.Selection{Unlisted: true}, []string{"network"}},
		{"cause", queue.Selection{Cause: queue.CauseNetwork}, []string{"cause"}},
		{"sender", queue.Selection{MailFrom: "EVE@Evil.example"}, []string{"sender", "null"}},
		{"sender's domain", queue.Selection{MailFrom: "@evil.example"}, []string{"sender", "null"}},
		{"peer", queue.Selection{Peers: netip.MustParsePrefix("192.0.2.0/24")}, []string{"peer"}},
		{"time", queue.Selection{Before: base.Received.Add(time.Hour)}, []string{"time"}},
	} {
		if d := preview(t, q, row.s); d.Count != len(ids)-len(row.out) {
			t.Errorf("%s: %d selected of %d, want all but %v", row.name, d.Count, len(ids), row.out)
		}
	}
	if d := preview(t, q, queue.Selection{MailFrom: "<>"}); d.Count != 1 || d.Samples[0].ID != ids["null"] {
		t.Errorf("null sender: %+v", d)
	}
	if d := preview(t, q, queue.Selection{Network: "office"}); d.Count != 1 || d.Samples[0].ID != ids["network"] {
		t.Errorf("network: %+v", d)
	}
}

// What was shown is discarded, in several commits with one note; what came, or changed, since then stays.
func discardSelected(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	other := envelope(fabrikam)
	previewed := asideFrom(t, q, envelope(contoso), queue.CauseNetwork, 1310)
	stays := asideFrom(t, q, other, queue.CauseNetwork, 3)
	d := preview(t, q, queue.Selection{Tenant: contoso, Cause: queue.CauseNetwork})
	if d.Count != 1310 || len(d.Samples) == 0 || len(d.Samples) > 20 || d.Samples[0].ID != previewed[0] ||
		d.Through != previewed[1309] {
		t.Fatalf("preview: %d, %d samples, through %s", d.Count, len(d.Samples), d.Through)
	}
	// Since then: one is ready, one was set aside again, one is deferred, one in work; and others came.
	for _, id := range previewed[:4] {
		must(t, q.Retry(t.Context(), id))
	}
	claim(t, q, 3) // 0 to 2
	must(t, q.Quarantine(t.Context(), previewed[1], queue.CauseNetwork, "again"))
	must(t, q.Defer(t.Context(), previewed[2], time.Now().Add(time.Hour), "later"))
	came := asideFrom(t, q, envelope(contoso), queue.CauseNetwork, 0)
	came = append(came, putFrom(t, q, envelope(contoso), "new"))
	stays = append(append(stays, previewed[:4]...), came...)

	done, err := q.DiscardSelected(t.Context(), d, noteOf("bulk-1"))
	must(t, err)
	if done.Count != 1306 || done.Bytes != 1306 || len(done.Digest) != 64 {
		t.Errorf("discarded: %+v, want 1306", done)
	}
	q = reopen(t, h, q, queue.Options{})
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	have := map[string]bool{}
	for _, it := range items {
		have[it.ID] = true
	}
	for _, id := range stays {
		if !have[id] {
			t.Errorf("%s is gone, and was not to be discarded", id)
		}
	}
	if len(items) != len(stays) {
		t.Errorf("%d items are left, want %d", len(items), len(stays))
	}
	notes, err := q.Discarded(t.Context())
	must(t, err)
	var said queue.Discarded
	if len(notes) != 1 || json.Unmarshal(notes["bulk-1"], &said) != nil || said != done {
		t.Errorf("notes: %q", notes)
	}
	must(t, q.Noted(t.Context(), "bulk-1"))
	if u := q.Usage(envelope(contoso).Source()); u.Unfinished.Count != 5 {
		t.Errorf("usage: %+v", u)
	}
}

// It discards neither everything, nor what was not shown.
func discardSelectedRefuses(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	asideFrom(t, q, envelope(contoso), queue.CauseNetwork, 5)
	d := preview(t, q, queue.Selection{Tenant: contoso})
	for name, change := range map[string]func(*queue.Preview){
		"everything":        func(d *queue.Preview) { d.Selection = queue.Selection{} },
		"without an end":    func(d *queue.Preview) { d.Through = "" },
		"without a time":    func(d *queue.Preview) { d.AsOf = time.Time{} },
		"more than shown":   func(d *queue.Preview) { d.Count = 4 },
		"nothing was shown": func(d *queue.Preview) { *d = queue.Preview{} },
	} {
		bad := d
		change(&bad)
		if _, err := q.DiscardSelected(t.Context(), bad, noteOf("n")); !errors.Is(err, queue.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) != 5 {
		t.Errorf("%d items are left, %v", len(items), err)
	}
	if notes, err := q.Discarded(t.Context()); err != nil || len(notes) > 0 {
		t.Errorf("notes: %q, %v", notes, err)
	}
}

// Where it ends in the middle, the note says what is gone, and the rest is there.
func discardSelectedEndsInTheMiddle(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	asideFrom(t, q, envelope(contoso), queue.CauseNetwork, 700)
	note, odd := noteOf("bulk-1"), errors.New("odd")
	text := note.Text
	note.Text = func(d queue.Discarded) ([]byte, error) {
		if d.Count > 600 {
			return nil, odd
		}
		return text(d)
	}
	done, err := q.DiscardSelected(t.Context(), preview(t, q, queue.Selection{Tenant: contoso}), note)
	if !errors.Is(err, odd) || done.Count == 0 || done.Count > 600 {
		t.Fatalf("%+v, %v", done, err)
	}
	q = reopen(t, h, q, queue.Options{})
	notes, err := q.Discarded(t.Context())
	must(t, err)
	var said queue.Discarded
	if json.Unmarshal(notes["bulk-1"], &said) != nil || said != done {
		t.Errorf("the note says %q, and %+v is gone", notes["bulk-1"], done)
	}
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) != 700-done.Count {
		t.Errorf("%d items are left, %v; %d were discarded of 700", len(items), err, done.Count)
	}
}

// An item that was given up and set aside can be discarded; its bounce goes on.
func discardSelectedKeepsBounces(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := putFrom(t, q, envelope(contoso), "x")
	claim(t, q, 1)
	b, err := q.GiveUp(t.Context(), id, "panicked", queue.CauseFault)
	must(t, err)
	_, err = q.DiscardSelected(t.Context(), preview(t, q, queue.Selection{Cause: queue.CauseFault}), noteOf("n"))
	must(t, err)
	q = reopen(t, h, q, queue.Options{})
	if _, err := q.Get(t.Context(), id); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("the item: %v", err)
	}
	if got, err := q.Bounce(t.Context(), b.ID); err != nil || got.State != queue.BounceWaiting ||
		!inUse(t, q, b.Body.File) {
		t.Errorf("its bounce: %+v, %v", got, err)
	}
}

// Mail for postmaster expires, and nothing else, however old it is and wherever it came from.
func expirePostmaster(t *testing.T, h Harness) {
	now := time.Now().UTC()
	clock := now.AddDate(0, 0, -40)
	o := queue.Options{Now: func() time.Time { return clock }}
	q := h.Open(t, o)
	old := clock
	// Of each purpose and network one in each state.
	var gone, stay []string
	for _, env := range []queue.Envelope{
		postmasterMail(old), from(old, queue.ForJournal, ""), from(old, queue.ForJournal, "exchange-online"),
		from(old, queue.ForRecovery, ""), from(old, queue.ForSubmission, ""),
	} {
		ids := []string{putFrom(t, q, env, "quarantined"), putFrom(t, q, env, "deferred"),
			putFrom(t, q, env, "bounced")}
		claim(t, q, len(ids))
		must(t, q.Quarantine(t.Context(), ids[0], queue.CausePostmaster, "why"))
		must(t, q.Defer(t.Context(), ids[1], now, "later"))
		b, err := q.GiveUp(t.Context(), ids[2], "why "+string(env.Purpose)+env.Network, "")
		must(t, err)
		if env.Purpose == queue.ForPostmaster {
			gone = append(gone, ids[0], ids[1], b.ID)
		} else {
			stay = append(stay, ids[0], ids[1], b.ID)
		}
	}
	working := putFrom(t, q, postmasterMail(old), "working")
	claim(t, q, 1)
	waiting := putFrom(t, q, postmasterMail(old), "ready")
	clock = now
	young := putFrom(t, q, postmasterMail(now), "young")
	n, err := q.ExpirePostmaster(t.Context(), now.AddDate(0, 0, -14))
	must(t, err)
	if n != len(gone)+1 {
		t.Errorf("%d were dropped, want %d", n, len(gone)+1)
	}
	q = reopen(t, h, q, o)
	have := everything(t, q)
	for _, id := range append(stay, working, young) {
		if !have[id] {
			t.Errorf("%s was dropped", id)
		}
	}
	for _, id := range append(gone, waiting) {
		if have[id] {
			t.Errorf("%s is still there", id)
		}
	}
	if u := q.Usage(postmasterMail(now).Source()); u.Unfinished.Count != 2 {
		t.Errorf("usage after it: %+v", u)
	}
}

// everything is the ids of all items and bounces.
func everything(t *testing.T, q queue.Queue) map[string]bool {
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	bounces, err := q.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	have := map[string]bool{}
	for _, it := range items {
		have[it.ID] = true
	}
	for _, b := range bounces {
		have[b.ID] = true
	}
	return have
}

func from(received time.Time, purpose queue.Purpose, network string) queue.Envelope {
	e := envelope(contoso)
	e.Purpose, e.Network, e.Received = purpose, network, received
	return e
}

// A flood of mail for postmaster expires in several commits, all of it.
func expireMany(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	old := time.Now().Add(-time.Hour).UTC()
	for range 250 {
		putFrom(t, q, postmasterMail(old), "x")
	}
	keep := putFrom(t, q, envelope(contoso), "x")
	must(t, q.Probe(t.Context())) // all are in queue.db
	n, err := q.ExpirePostmaster(t.Context(), time.Now().Add(time.Minute))
	must(t, err)
	if n != 250 {
		t.Errorf("%d were dropped, want 250", n)
	}
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) != 1 || items[0].ID != keep {
		t.Errorf("left: %v, %v", itemIDs(items), err)
	}
}
