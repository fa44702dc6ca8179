package queuetest

import (
	"bytes"
	"testing"
	"time"

	"clawback/queue"
)

// inUse reports whether what holds a body is needed: InUse and Bodies must say the same.
func inUse(t *testing.T, q queue.Queue, file string) bool {
	t.Helper()
	used, err := q.InUse(t.Context(), file)
	must(t, err)
	bodies, whole, err := q.Bodies(t.Context(), file)
	must(t, err)
	if used != (whole || len(bodies) > 0) {
		t.Errorf("%s: in use is %v, and these need it: %v, all of it: %v", file, used, bodies, whole)
	}
	return used
}

func bodiesInUse(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	large := bytes.Repeat([]byte("x"), 3<<20) // with a file of its own
	id := put(t, q, contoso, large)
	file := get(t, q, id).Body.File
	want := func(step string, want bool) {
		t.Helper()
		q = reopen(t, h, q, queue.Options{})
		if inUse(t, q, file) != want {
			t.Errorf("%s: in use %v, want %v", step, !want, want)
		}
	}
	want("ready", true)
	b, err := q.GiveUp(t.Context(), id, "why", queue.CauseFault)
	must(t, err)
	want("quarantined, bounce waits", true)
	must(t, q.Finish(t.Context(), id))
	want("gone, bounce waits", true)
	must(t, q.BounceDefer(t.Context(), b.ID, time.Now(), "421", true))
	want("gone, bounce stuck", true)
	must(t, q.BounceSent(t.Context(), b.ID, "mx"))
	want("gone, bounce sent", false)
	if inUse(t, q, "seg/none") {
		t.Error("a file that nobody refers to is in use")
	}
}
