package intel

import (
	"context"
	"fmt"
	"io"

	"clawback/config"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// Teach keeps a correction, and the submissions that it settles in the same transaction. Of a lesson that has no tokens
// yet, and says no reason for it, the record's original is learnt.
func (j *Judge) Teach(ctx context.Context, l Lesson, with store.Edit[store.Submission]) (Lesson, error) {
	if l.Is == verdict.Unscored {
		return Lesson{}, Refuse(ErrInvalid, "%s is no disposition to give a message", l.Is)
	}
	if _, err := j.tenant(l.Tenant); err != nil {
		return Lesson{}, err
	}
	if l.Tokens == nil && l.NotLearned == "" {
		rec, err := j.o.Records.Record(ctx, l.Record)
		if err != nil {
			return Lesson{}, err
		}
		l.Was = rec.Verdict.Disposition
		if l.Tokens, l.NotLearned, err = j.tokens(ctx, rec); err != nil {
			return Lesson{}, err
		}
	}
	l.At = j.now()
	return l, j.keepLesson(ctx, l, with)
}

// Withdraw takes a correction back, as if it had never been given, and edits submissions in the same transaction. A
// record that was pinned stays so.
func (j *Judge) Withdraw(ctx context.Context, act store.Act, with store.Edit[store.Submission]) (Lesson, error) {
	j.writing.Lock()
	defer j.writing.Unlock()
	row, err := j.o.Tables.Correction(ctx, act.Tenant, act.Object)
	if err != nil {
		return Lesson{Tenant: act.Tenant, Record: act.Object}, fmt.Errorf("read correction: %w", err)
	}
	l := Lesson(row)
	after := j.lessons[l.Tenant].copy()
	after.without(l)
	act.At, act.What = j.now(), "feedback.withdraw"
	remove := store.Edit[store.Correction]{Remove: []store.Key{row.Key()}}
	err = j.o.Tables.Update(ctx, store.Change{Corrections: remove, Submissions: with, Act: &act})
	if err != nil {
		return l, fmt.Errorf("withdraw correction: %w", err)
	}
	j.setLessons(l.Tenant, after)
	return l, nil
}

// Again judges a record's message as it would be judged now, with what people of the organisation say of it. It changes
// nothing.
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
