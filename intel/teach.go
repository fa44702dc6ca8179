package intel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"clawback/config"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// Teach keeps a correction, and more values in the same transaction. Of a lesson that has no tokens yet, and says no reason
// for it, the record's original is learnt.
func (j *Judge) Teach(ctx context.Context, l Lesson, with ...store.Value) (Lesson, error) {
	if l.Is == verdict.Unscored {
		return Lesson{}, Refuse(ErrInvalid, "%s is no disposition to give a message", l.Is)
	}
	if _, err := j.tenant(l.Tenant); err != nil {
		return Lesson{}, err
	}
	if l.Tokens == nil && l.Untold == "" {
		rec, err := j.o.Records.Record(ctx, l.Record)
		if err != nil {
			return Lesson{}, err
		}
		l.Was = rec.Verdict.Disposition
		if l.Tokens, l.Untold, err = j.tokens(ctx, rec); err != nil {
			return Lesson{}, err
		}
	}
	l.At = j.now()
	return l, j.keepLesson(ctx, l, with)
}

// Withdraw takes a correction back, as if it had never been given, and writes more values in the same transaction. A record
// that was pinned stays so.
func (j *Judge) Withdraw(ctx context.Context, act store.Act, with ...store.Value) (Lesson, error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	l := Lesson{Tenant: act.Tenant, Record: act.Object}
	data, err := j.o.Values.Meta(ctx, l.key())
	if errors.Is(err, store.ErrNotFound) {
		return l, fmt.Errorf("correction of %s: %w", l.Record, store.ErrNotFound) // without the store's key
	}
	if err != nil {
		return l, fmt.Errorf("read correction of %s: %w", l.Record, err)
	}
	if err := json.Unmarshal(data, &l); err != nil {
		return l, fmt.Errorf("read correction of %s: %w", l.Record, err)
	}
	after := j.lessons[l.Tenant].copy()
	after.without(l)
	act.At, act.What = j.now(), "feedback.withdraw"
	err = j.o.Values.Update(ctx, store.Change{Values: append(slices.Clone(with), store.Value{Key: l.key()}), Act: &act})
	if err != nil {
		return l, fmt.Errorf("withdraw correction: %w", err)
	}
	j.learnt(l.Tenant, after)
	return l, nil
}

// Again judges a record's message as it would be judged now, with what people of the organisation say of it. It changes nothing.
func (j *Judge) Again(ctx context.Context, rec store.Record, claim string) (verdict.Verdict, error) {
	o, err := j.reopen(ctx, rec)
	if err != nil {
		return verdict.Verdict{}, err
	}
	defer o.Close()
	o.message.Claim = claim
	result, err := j.Score(ctx, o.message)
	return result.Verdict, err
}

// Tokens are what there is to learn of a message that came from outside and is no record.
func (j *Judge) Tokens(t *config.Tenant, octets io.ReaderAt, size int64) ([]string, error) {
	j.mu.RLock()
	s := j.scorer
	j.mu.RUnlock()
	tokens, err := s.Tokens(score.Message{Original: octets, Size: size, Direction: "in", Tenant: t})
	if err == nil && len(tokens) == 0 {
		err = Refuse(ErrInvalid, "there are no words in it")
	}
	return tokens, err
}
