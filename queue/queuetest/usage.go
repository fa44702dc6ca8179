package queuetest

import (
	"testing"
	"time"

	"clawback/queue"
)

// putFrom commits a message with an envelope.
func putFrom(t *testing.T, q queue.Queue, env queue.Envelope, body string) string {
	t.Helper()
	d, err := q.Begin(t.Context(), env, 0)
	must(t, err)
	defer d.Abort()
	_, err = d.Write([]byte(body))
	must(t, err)
	id, err := d.Commit(t.Context())
	must(t, err)
	return id
}

// postmasterMail is the envelope of a stranger's mail for postmaster.
func postmasterMail(received time.Time) queue.Envelope {
	e := envelope("")
	e.Purpose, e.Rcpts, e.Received = queue.ForPostmaster, []string{"postmaster"}, received
	return e
}

// Usage follows what the queue holds, over restarts, and tells sources apart.
func usage(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	stranger, exchange := envelope(contoso), envelope(contoso)
	exchange.Network = "exchange-online"
	wants := func(when string, of queue.Envelope, unfinished, quarantined int) {
		t.Helper()
		u := q.Usage(of.Source())
		if u.Unfinished.Count != unfinished || u.Quarantined.Count != quarantined {
			t.Errorf("%s: %s from %q: %+v, want %d unfinished, %d in quarantine", when, of.Purpose, of.Network, u,
				unfinished, quarantined)
		}
		if least := int64(unfinished) * 4096; u.Unfinished.Bytes < least || u.Unfinished.Bytes > 2*least {
			t.Errorf("%s: %d messages of a few bytes take %d on the disk", when, unfinished, u.Unfinished.Bytes)
		}
	}
	wants("empty", stranger, 0, 0)
	first := putFrom(t, q, stranger, "a")
	putFrom(t, q, stranger, "b")
	third := putFrom(t, q, exchange, "c")
	wants("put", stranger, 2, 0)
	wants("put", exchange, 1, 0)
	claim(t, q, 3)
	must(t, q.Quarantine(t.Context(), first, queue.CauseNetwork, "why"))
	_, err := q.GiveUp(t.Context(), third, "cannot be unwrapped", "")
	must(t, err)
	for _, when := range []string{"worked on", "opened again"} {
		wants(when, stranger, 2, 1)
		wants(when, exchange, 1, 0) // its bounce
		if n := len(q.Sources()); n != 2 {
			t.Errorf("%s: %d sources", when, n)
		}
		q = reopen(t, h, q, queue.Options{})
	}
	b, err := q.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	must(t, q.BounceSent(t.Context(), b[0].ID, "mx.example: 250 OK"))
	wants("bounce sent", exchange, 0, 0)
	must(t, q.Finish(t.Context(), first))
	wants("finished", stranger, 1, 0)
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
