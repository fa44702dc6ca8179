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
