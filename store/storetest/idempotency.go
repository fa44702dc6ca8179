package storetest

import (
	"errors"
	"testing"

	"clawback/store"
)

// testKeyUses: that a key was used, and what was answered then, are rows of their own.
func testKeyUses(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.KeyUse{ID: "aa", Who: "token t1", Operation: "job.start", At: Start}
	must(t, s.Update(t.Context(), store.Change{KeyUses: store.Edit[store.KeyUse]{Put: []store.KeyUse{one}}}))
	s = b.restart(t, s)
	same(t, []store.KeyUse{one}, ok(s.KeyUses(t.Context())))
	if _, err := s.KeyAnswer(t.Context(), one.ID); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	one.Done, one.Digest, one.Size = true, []byte{0, 1, 255}, 2
	answer := store.KeyAnswer{ID: one.ID, Body: []byte("{}")}
	must(t, s.Update(t.Context(), store.Change{KeyUses: store.Edit[store.KeyUse]{Put: []store.KeyUse{one}},
		KeyAnswers: store.Edit[store.KeyAnswer]{Put: []store.KeyAnswer{answer}}}))
	s = b.restart(t, s)
	same(t, []store.KeyUse{one}, ok(s.KeyUses(t.Context())))
	same(t, answer, ok(s.KeyAnswer(t.Context(), one.ID)))
	must(t, s.Update(t.Context(), store.Change{KeyUses: store.Edit[store.KeyUse]{Remove: []store.Key{one.Key()}},
		KeyAnswers: store.Edit[store.KeyAnswer]{Remove: []store.Key{answer.Key()}}}))
	same(t, nil, ok(s.KeyUses(t.Context())))
	if _, err := s.KeyAnswer(t.Context(), one.ID); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
