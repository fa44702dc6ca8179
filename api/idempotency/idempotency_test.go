package idempotency

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/store"
	"clawback/store/memory"
)

// bench is a desk over a store whose writes can fail, at a time that the test sets.
type bench struct {
	*Desk
	store *store.Store
	now   time.Time
	fail  error
}

func (b *bench) KeyUses(ctx context.Context) ([]store.KeyUse, error) { return b.store.KeyUses(ctx) }
func (b *bench) KeyAnswer(ctx context.Context, id string) (store.KeyAnswer, error) {
	return b.store.KeyAnswer(ctx, id)
}
func (b *bench) Update(ctx context.Context, c store.Change) error {
	if b.fail != nil {
		return b.fail
	}
	return b.store.Update(ctx, c)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	st, err := store.New(&memory.Engine{}, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	b := &bench{store: st, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	b.reopen(t)
	return b
}

// reopen is what a restart does, and what a crash does.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	var err error
	b.Desk, err = Open(t.Context(), Options{Store: b, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return b.now }})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// claim takes a key that is free.
func (b *bench) claim(t *testing.T, key string) *Claim {
	t.Helper()
	c, earlier, err := b.Claim(t.Context(), "token t1", key, "job.start")
	must(t, err)
	if c == nil || earlier != nil {
		t.Fatalf("key %s is not free", key)
	}
	return c
}

// again asks with a key a second time, and says what is answered.
func (b *bench) again(t *testing.T, key, digest string) string {
	t.Helper()
	_, earlier, err := b.Claim(t.Context(), "token t1", key, "job.start")
	if err != nil {
		return string(api.CodeOf(err))
	}
	if earlier == nil {
		return "carried out again"
	}
	answer, err := earlier.Answer(t.Context(), []byte(digest))
	if err != nil {
		return string(api.CodeOf(err))
	}
	return string(answer)
}

// The first request is carried out and the second has its answer, over a restart too, for a day.
func TestClaim_once(t *testing.T) {
	b := newBench(t)
	c := b.claim(t, "k")
	if got := b.again(t, "k", "d"); got != "busy" {
		t.Errorf("while it is under way: %s", got)
	}
	c.Done(t.Context(), []byte("d"), []byte("answer"))
	for range 2 {
		if got := b.again(t, "k", "d"); got != "answer" {
			t.Errorf("again: %s", got)
		}
		if got := b.again(t, "k", "e"); got != "key_reused" {
			t.Errorf("with another body: %s", got)
		}
		if _, _, err := b.Claim(t.Context(), "token t1", "k", "job.cancel"); api.CodeOf(err) != api.KeyReused {
			t.Errorf("for another operation: %v", err)
		}
		b.reopen(t)
	}
	if other, _, err := b.Claim(t.Context(), "token t2", "k", "job.cancel"); err != nil || other == nil {
		t.Errorf("another's key of the same text: %v", err)
	}
	b.now = b.now.Add(Kept - time.Second)
	if got := b.again(t, "k", "d"); got != "answer" {
		t.Errorf("just before its end: %s", got)
	}
	b.now = b.now.Add(time.Second)
	b.claim(t, "k").Done(t.Context(), []byte("x"), []byte("new"))
	if got := b.again(t, "k", "x"); got != "new" {
		t.Errorf("a day later: %s", got)
	}
}

// What came between an act and its answer leaves the key used: the act is never repeated.
func TestClaim_outcomeUnknown(t *testing.T) {
	for name, end := range map[string]func(*bench, *Claim){
		"a crash": func(b *bench, _ *Claim) { b.reopen(t) },
		"a fault": func(_ *bench, c *Claim) { c.Unknown() },
		"an answer that was not written": func(b *bench, c *Claim) {
			b.fail = errors.New("no space")
			c.Done(t.Context(), []byte("d"), []byte("answer"))
			b.fail = nil
		},
		"a refusal that was not written": func(b *bench, c *Claim) {
			b.fail = errors.New("no space")
			c.Refused(t.Context())
			b.fail = nil
		},
	} {
		b := newBench(t)
		end(b, b.claim(t, "k"))
		for range 2 {
			if got := b.again(t, "k", "d"); got != "outcome_unknown" {
				t.Errorf("%s: %s", name, got)
			}
			b.reopen(t)
		}
		if b.bytes != 0 {
			t.Errorf("%s: %d bytes are counted", name, b.bytes)
		}
	}
}

// What was refused may be tried again with the same key; where nothing can be written nothing is carried out.
func TestClaim_refused(t *testing.T) {
	b := newBench(t)
	b.claim(t, "k").Refused(t.Context())
	b.claim(t, "k").Refused(t.Context())
	b.reopen(t)
	b.fail = errors.New("no space")
	if c, _, err := b.Claim(t.Context(), "token t1", "k", "job.start"); c != nil || err == nil {
		t.Error("a key was claimed without a commit")
	}
	b.fail = nil
	b.claim(t, "k")
}

// An answer that is large, or has a secret, is not kept, and that it was carried out is.
func TestDone_withoutAnswer(t *testing.T) {
	b := newBench(t)
	b.bounds.bytes = b.bounds.answer + 1
	b.claim(t, "secret").Done(t.Context(), []byte("d"), nil)
	b.claim(t, "large").Done(t.Context(), []byte("d"), make([]byte, b.bounds.answer+1))
	b.claim(t, "full").Done(t.Context(), []byte("d"), make([]byte, b.bounds.answer))
	b.claim(t, "no room").Done(t.Context(), []byte("d"), []byte("xx"))
	b.claim(t, "room").Done(t.Context(), []byte("d"), []byte("x"))
	for key, want := range map[string]string{"secret": "body_gone", "large": "body_gone", "no room": "body_gone",
		"full": strings.Repeat("\x00", b.bounds.answer), "room": "x"} {
		if got := b.again(t, key, "d"); got != want {
			t.Errorf("%s: %.20q", key, got)
		}
	}
	if got := b.again(t, "secret", "e"); got != "key_reused" {
		t.Errorf("another body: %s", got)
	}
}

// Keys are bounded for each and for all, and room comes back when they are forgotten.
func TestClaim_bounded(t *testing.T) {
	b := newBench(t)
	b.bounds.each, b.bounds.all = 2, 3
	b.claim(t, "a").Done(t.Context(), []byte("d"), []byte("answer"))
	b.claim(t, "b").Done(t.Context(), []byte("d"), []byte("answer"))
	if got := b.again(t, "c", "d"); got != "rate_limited" {
		t.Errorf("a third of one: %s", got)
	}
	if _, _, err := b.Claim(t.Context(), "token t2", "a", "job.start"); err != nil {
		t.Error(err)
	}
	if _, _, err := b.Claim(t.Context(), "token t3", "a", "job.start"); api.CodeOf(err) != api.RateLimited {
		t.Errorf("a fourth of all: %v", err)
	}
	if got := b.again(t, "a", "d"); got != "answer" {
		t.Errorf("what is remembered: %s", got)
	}
	b.now = b.now.Add(Kept)
	b.sweep(t.Context())
	rows, err := b.store.KeyUses(t.Context())
	must(t, err)
	if len(rows) != 1 || len(b.uses) != 1 || b.bytes != 0 || len(b.of) != 1 { // t2's is still under way
		t.Errorf("%d kept, %d in memory, %d bytes", len(rows), len(b.uses), b.bytes)
	}
	b.claim(t, "c")
}
