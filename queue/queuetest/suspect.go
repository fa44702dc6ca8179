package queuetest

import (
	"testing"
	"time"

	"clawback/queue"
)

// clock is the time that a queue is told.
type clock struct{ now time.Time }

func (c *clock) options() queue.Options { return queue.Options{Now: func() time.Time { return c.now }} }

func newClock() *clock { return &clock{time.Now()} }

// score notes that items are being scored.
func score(t *testing.T, q queue.Queue, items ...queue.Item) (ends []func()) {
	t.Helper()
	for _, it := range items {
		end, err := q.StartScoring(t.Context(), it.ID)
		must(t, err)
		ends = append(ends, end)
	}
	return ends
}

func wantItem(t *testing.T, q queue.Queue, id string, want queue.Item) {
	t.Helper()
	got := get(t, q, id)
	if got.State != want.State || got.Crashes != want.Crashes || got.CrashesAlone != want.CrashesAlone ||
		!got.NotBefore.Equal(want.NotBefore) {
		t.Errorf("item %s is %s until %v after %d crashes, %d alone; want %s until %v after %d, %d", id, got.State,
			got.NotBefore, got.Crashes,
			got.CrashesAlone, want.State, want.NotBefore, want.Crashes, want.CrashesAlone)
	}
}

// A kill makes suspects of what was being scored, and of nothing else.
func killMakesSuspects(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	for range 4 {
		put(t, q, contoso, []byte("x"))
	}
	items := claim(t, q, 4)
	score(t, q, items[:2]...)
	score(t, q, items[2])[0]() // its scoring has ended
	q = reopen(t, h, q, queue.Options{})
	for i, it := range items {
		want := queue.Item{State: queue.Ready}
		if i < 2 {
			want = queue.Item{State: queue.Suspect, Crashes: 1}
		}
		wantItem(t, q, it.ID, want)
	}
	check(t, q)
}

// Suspects are handed out one at a time, beside all other work.
func suspectsOneAtATime(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const suspects, others = 30, 50
	for range suspects {
		put(t, q, contoso, []byte("x"))
	}
	score(t, q, claim(t, q, suspects)...)
	q = reopen(t, h, q, queue.Options{})
	for range others {
		put(t, q, contoso, []byte("x"))
	}
	first := claim(t, q, 1+others)
	if len(first) != 1+others || first[0].Crashes != 1 || first[1].Crashes != 0 {
		t.Fatalf("claimed %d items, want a suspect and all %d others", len(first), others)
	}
	claimNone(t, q)
	for _, it := range first[1:] {
		must(t, q.Finish(t.Context(), it.ID))
	}
	claimNone(t, q)
	it := first[0]
	for n := 1; n < suspects; n++ {
		if n%3 == 0 { // however one ends, the next one comes
			must(t, q.Defer(t.Context(), it.ID, time.Now().Add(time.Hour), "later"))
		} else {
			must(t, q.Finish(t.Context(), it.ID))
		}
		next := claim(t, q, 10)
		if len(next) != 1 || next[0].Crashes != 1 {
			t.Fatalf("claimed %d items after %d suspects, want one suspect", len(next), n)
		}
		it = next[0]
	}
	must(t, q.Finish(t.Context(), it.ID))
	claimNone(t, q)
	check(t, q)
}

// A suspect that is given back is one still, and the next one may be handed out meanwhile.
func suspectReleased(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	put(t, q, contoso, []byte("x"))
	put(t, q, contoso, []byte("y"))
	score(t, q, claim(t, q, 2)...)
	q = reopen(t, h, q, queue.Options{})
	it := claim(t, q, 2)[0]
	must(t, q.Release(t.Context(), it.ID))
	wantItem(t, q, it.ID, queue.Item{State: queue.Suspect, Crashes: 1})
	if got := claim(t, q, 10); len(got) != 1 {
		t.Errorf("claimed %d suspects, want one", len(got))
	}
}

// A suspect in work that the process ends with, without having begun to score it, is none the worse for it.
func suspectNotScored(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	score(t, q, claim(t, q, 1)...)
	for range 5 {
		q = reopen(t, h, q, queue.Options{})
		claim(t, q, 1)
	}
	q = reopen(t, h, q, queue.Options{})
	wantItem(t, q, id, queue.Item{State: queue.Suspect, Crashes: 1})
}

// Only an end of the process with a suspect and nothing else being scored counts against it, and the next try waits.
func crashAloneCounts(t *testing.T, h Harness) {
	c := newClock()
	q := h.Open(t, c.options())
	id := put(t, q, contoso, []byte("x"))
	for n, wait := range []time.Duration{0, 10 * time.Second, time.Minute, time.Minute} {
		got := claim(t, q, 10)
		if len(got) != 1 || got[0].ID != id || got[0].CrashesAlone != max(0, n-1) {
			t.Fatalf("claimed %+v", got)
		}
		score(t, q, got...)
		q = reopen(t, h, q, c.options())
		want := queue.Item{State: queue.Suspect, Crashes: n + 1, CrashesAlone: n}
		if wait > 0 {
			want.NotBefore = c.now.UTC().Round(0).Add(wait)
			claimNone(t, q)
		}
		wantItem(t, q, id, want)
		c.now = c.now.Add(wait)
	}
	if it := claim(t, q, 1)[0]; it.CrashesAlone != queue.MaxCrashes {
		t.Errorf("%d crashes alone, want %d", it.CrashesAlone, queue.MaxCrashes)
	}
	must(t, q.Quarantine(t.Context(), id, queue.CauseCrash, "why"))
	must(t, q.Retry(t.Context(), id))
	wantItem(t, q, id, queue.Item{State: queue.Ready})
}

// Where something else was being scored too, the end of the process counts against nobody.
func crashInCompany(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	score(t, q, claim(t, q, 1)...)
	q = reopen(t, h, q, queue.Options{})
	for n := 2; n < 8; n++ {
		other := put(t, q, contoso, []byte("y"))
		score(t, q, claim(t, q, 2)...)
		q = reopen(t, h, q, queue.Options{})
		wantItem(t, q, id, queue.Item{State: queue.Suspect, Crashes: n})
		wantItem(t, q, other, queue.Item{State: queue.Suspect, Crashes: 1})
		must(t, q.Quarantine(t.Context(), other, queue.CauseFault, "out of the way"))
	}
}

// Three kills from outside within seconds put nobody aside: whatever was being scored is done after them.
func threeKillsConvictNobody(t *testing.T, h Harness) {
	for _, many := range []int{1, 2, 20} {
		c := newClock()
		q := h.Open(t, c.options())
		for range many {
			put(t, q, contoso, unlike())
		}
		for range 3 {
			score(t, q, claimable(t, q)...)
			q = reopen(t, h, q, c.options())
			c.now = c.now.Add(time.Second)
		}
		c.now = c.now.Add(time.Minute)
		for range many {
			it := claim(t, q, 1)[0]
			if it.CrashesAlone >= queue.MaxCrashes {
				t.Errorf("%d items: %d crashes are held against %s", many, it.CrashesAlone, it.ID)
			}
			for _, end := range score(t, q, it) {
				must(t, q.Finish(t.Context(), it.ID))
				end()
			}
		}
		claimNone(t, q)
		must(t, q.Close())
	}
}

// What a note names may have ended before the process did.
func noteOfWhatHasEnded(t *testing.T, h Harness) {
	c := newClock()
	q := h.Open(t, c.options())
	id := put(t, q, contoso, []byte("x"))
	score(t, q, claim(t, q, 1)...)
	q = reopen(t, h, q, c.options())
	ended := put(t, q, contoso, []byte("y"))
	score(t, q, claim(t, q, 2)...)
	must(t, q.Finish(t.Context(), ended))
	q = reopen(t, h, q, c.options())
	wantItem(t, q, id, queue.Item{State: queue.Suspect, Crashes: 2, CrashesAlone: 1,
		NotBefore: c.now.UTC().Round(0).Add(10 * time.Second)})
}
