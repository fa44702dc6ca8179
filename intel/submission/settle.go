package submission

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"clawback/config"
	"clawback/intel"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/store"
	"clawback/verdict"
)

// Decision is what an administrator says.
type Decision struct {
	Who     string
	Is      verdict.Disposition
	Comment string
}

// Accept settles a submission by an administrator's word, and every other that waits for the same record; the
// classifier learns of it. It may be settled again, by another word.
func (d *Desk) Accept(ctx context.Context, id string, by Decision) (Submission, intel.Lesson, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.Get(ctx, id)
	if err != nil {
		return s, intel.Lesson{}, err
	}
	lesson := intel.Lesson{Tenant: s.Tenant, Record: s.Record, Is: by.Is, By: by.Who, Comment: by.Comment}
	if s.Record == "" {
		lesson.Record = s.ID
		lesson.Tokens, lesson.NotLearned = d.tokensOf(s)
	}
	settled, err := d.settled(ctx, s, Accepted, by)
	if err != nil {
		return s, lesson, err
	}
	if lesson, err = d.o.Judge.Teach(ctx, lesson, settled); err != nil {
		return s, lesson, err
	}
	s, err = d.Get(ctx, s.ID)
	return s, lesson, err
}

// settled writes a submission, and the others of its record that wait, as settled.
func (d *Desk) settled(ctx context.Context, s Submission, state State, by Decision) (edit Edit, err error) {
	list, err := d.List(ctx, s.Tenant)
	if err != nil {
		return edit, err
	}
	for _, o := range list {
		if o.ID != s.ID && (s.Record == "" || o.Record != s.Record || o.State.Settled()) {
			continue
		}
		o.State, o.Is, o.By, o.Comment, o.Settled = state, by.Is, by.Who, by.Comment, d.now()
		edit.Put = append(edit.Put, store.Submission(o))
	}
	return edit, nil
}

// Dismiss settles one submission without a word on the message. What it has taught is taken back.
func (d *Desk) Dismiss(ctx context.Context, id string, by Decision) (Submission, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.Get(ctx, id)
	if err != nil {
		return s, err
	}
	taught := s.State == Taught
	s.State, s.Is, s.By, s.Comment, s.Settled = Dismissed, verdict.Unscored, by.Who, by.Comment, d.now()
	edit := Edit{Put: []store.Submission{store.Submission(s)}}
	if taught {
		act := store.Act{Who: by.Who, Tenant: s.Tenant, Object: s.Record, Comment: "submission " + s.ID + " dismissed"}
		_, err = d.o.Judge.Withdraw(ctx, act, edit)
		return s, err
	}
	act := &store.Act{At: d.now(), Who: by.Who, What: "submission.dismiss", Tenant: s.Tenant, Object: s.ID,
		Comment: by.Comment}
	if err := d.o.Store.Update(ctx, store.Change{Submissions: edit, Act: act}); err != nil {
		return s, fmt.Errorf("dismiss submission: %w", err)
	}
	return s, nil
}

// tokensOf are what there is to learn of a submission's copy, or why there is nothing.
func (d *Desk) tokensOf(s Submission) (tokens []string, notLearned string) {
	t, ok := d.o.Tenant(s.Tenant)
	if !ok || s.Attached < 0 {
		return nil, "no copy of it was attached"
	}
	body, err := d.o.Open(s.Body)
	if err != nil {
		return nil, "its copy cannot be read any more: " + err.Error()
	}
	defer body.Close()
	err = Within(body, body.Size(), s.Journaled, func(octets io.ReaderAt, size int64) error {
		copies, err := journal.Attachments(octets, size)
		if err != nil || s.Attached >= len(copies) {
			return fmt.Errorf("it has no attachment %d any more: %w", s.Attached, err)
		}
		copied, err := copies[s.Attached].Readable(octets)
		if err != nil {
			return err
		}
		defer copied.Close()
		tokens, err = d.o.Judge.Tokens(t, copied, copied.Size)
		return err
	})
	if err != nil {
		return nil, "its copy cannot be read: " + err.Error()
	}
	return tokens, ""
}

// Within opens the user's mail in what was accepted: that itself, or the original of a journal report.
func Within(body io.ReaderAt, size int64, journaled bool, use func(io.ReaderAt, int64) error) error {
	if !journaled {
		return use(body, size)
	}
	r, err := journal.Parse(body, size)
	if err != nil {
		return err
	}
	if len(r.Originals) == 0 {
		return fmt.Errorf("the report has no original")
	}
	original, err := r.Clear().Readable(body)
	if err != nil {
		return err
	}
	defer original.Close()
	return use(original, original.Size)
}

// File is an administrator's word on a message out of a file: on its record where that is known, else on the copy. The
// file is the message or a journal report of it.
func (d *Desk) File(ctx context.Context, t *config.Tenant, octets io.ReaderAt, size int64,
	by Decision) (l intel.Lesson, record string, err error) {
	r, err := journal.Parse(octets, size)
	if err != nil {
		return l, "", intel.Refuse(intel.ErrInvalid, "read the file: %w", err)
	}
	report := r.Kind == journal.KindReport && len(r.Originals) > 0
	err = Within(octets, size, report, func(message io.ReaderAt, size int64) error {
		m, err := identity.Of(io.NewSectionReader(message, 0, size), t.SubjectTags...)
		if err != nil {
			return err
		}
		if len(m.Parts) == 0 && m.From == "" {
			return intel.Refuse(intel.ErrInvalid, "the file holds no message")
		}
		rec, _, err := d.find(ctx, t.ID, m, "")
		if err != nil {
			return err
		}
		record = rec.ID
		l = intel.Lesson{Tenant: t.ID, Record: rec.ID, Is: by.Is, By: by.Who, Comment: by.Comment}
		if record == "" {
			sum, err := hex.DecodeString(m.Content())
			if err != nil {
				return err
			}
			l.Record = "f" + hex.EncodeToString(sum[:13])
			if l.Tokens, err = d.o.Judge.Tokens(t, message, size); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return l, "", err
	}
	l, err = d.o.Judge.Teach(ctx, l, Edit{})
	return l, record, err
}
