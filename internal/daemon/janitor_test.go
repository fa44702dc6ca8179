package daemon

import (
	"bytes"
	"io"
	"testing"
	"time"

	"clawback/config"
	"clawback/queue"
	"clawback/spool"
)

// One small mail an hour in quarantine, or on its way to the alternate mailbox, keeps itself past the retention, and
// not the segment that it lies in. When a person has discarded it, it goes.
func TestDeleteExpired_oneMailDoesNotKeepItsSegment(t *testing.T) {
	d, err := openOn(t, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must(t, d.local.openStore(t.Context()))
	d.store = d.local.store
	must(t, d.openIndex(t.Context()))
	d.live = &live{cfg: &config.Config{Spool: config.Spool{Retention: time.Hour, FlaggedRetention: 2 * time.Hour}}}
	small := map[string]string{}
	for _, text := range []string{"held", "bounced", "waits"} {
		small[text] = put(t, d, []byte(text))
	}
	big := put(t, d, bytes.Repeat([]byte("x"), 300_000))
	must(t, d.queue.Quarantine(t.Context(), small["held"], queue.CauseNetwork, "from elsewhere"))
	_, err = d.queue.GiveUp(t.Context(), small["bounced"], "cannot be unwrapped", "")
	must(t, err)
	must(t, d.queue.Finish(t.Context(), big))
	held, err := d.queue.Get(t.Context(), small["held"])
	must(t, err)
	later := time.Now().Add(5 * time.Hour)
	d.deleteExpired(t.Context(), later) // all of it is in the segment that is appended to
	must(t, d.bodies.Close())
	d.local.spool, err = spool.Open(d.cfg.StateDir+"/spool", spool.Options{})
	must(t, err)
	d.bodies = d.local.spool
	before, err := d.bodies.Size(t.Context())
	must(t, err)

	d.deleteExpired(t.Context(), later)
	after, err := d.bodies.Size(t.Context())
	must(t, err)
	if before < 300_000 || after > 100 {
		t.Errorf("the spool has %d bytes, %d before", after, before)
	}
	for text, id := range small {
		if it, err := d.queue.Get(t.Context(), id); err == nil {
			wantText(t, d, it.Body, text)
		}
	}
	due, err := d.queue.DueBounces(t.Context(), later, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%v, %v", due, err)
	}
	wantText(t, d, due[0].Body, "bounced")

	must(t, d.queue.Discard(t.Context(), small["held"], []byte("{}")))
	d.deleteExpired(t.Context(), later)
	if _, err := d.bodies.Open(t.Context(), held.Body); err == nil {
		t.Error("a body that was discarded is there past its retention")
	}
}

// put makes an item of a message that a journal address got.
func put(t *testing.T, d *daemon, body []byte) string {
	t.Helper()
	draft, err := d.queue.Begin(t.Context(), queue.Envelope{Tenant: "t", Purpose: queue.ForJournal}, 0)
	must(t, err)
	_, err = draft.Write(body)
	must(t, err)
	id, err := draft.Commit(t.Context())
	must(t, err)
	return id
}

func wantText(t *testing.T, d *daemon, r spool.Ref, want string) {
	t.Helper()
	b, err := d.bodies.Open(t.Context(), r)
	must(t, err)
	defer b.Close()
	if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
