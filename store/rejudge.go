package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"clawback/verdict"
)

// Rejudgement is a verdict that takes another one's place.
type Rejudgement struct {
	Record Record // as it was read to be judged
	// Key of the report whose form of the original was judged; "": of the form whose verdict rules.
	Report  string
	Verdict verdict.Verdict // never Unscored
	Cause   string          // why it was judged again: "feed NAME listed URL at ..."; required
	Who     string          // "": clawback
	Plan    Planner         // of the record's tenant; nil plans nothing
}

// Rejudged is kept of the last time that a record's verdict was replaced.
type Rejudged struct {
	At    time.Time           `json:"at"`
	Cause string              `json:"cause"`
	Was   verdict.Disposition `json:"was"`
}

// Rejudge replaces the verdict of one form of a record, and plans the record's intents again, in one transaction with
// an entry of the audit. It says whether anything changed.
//
// The worst form rules, as at the first time: a milder verdict of one form changes nothing while another is worse. What
// the verdict means for the intents is the plan's word, with these bounds: a record that is pinned is not touched at
// all, and no intent is changed behind which a person stands (who asked for it, approved or rejected it). A message
// that was taken is never put back by this: the plan may propose it.
//
// Done twice it changes nothing the second time, whatever the record's Rev says. ErrConflict when the record was
// written since it was read.
func (s *Store) Rejudge(ctx context.Context, j Rejudgement) (rec Record, changed bool, err error) {
	if err := j.check(); err != nil {
		return Record{}, false, fmt.Errorf("rejudge record: %w", err)
	}
	row, err := encodeRecord(&j.Record) // here, where many do so beside each other
	if err != nil {
		return Record{}, false, fmt.Errorf("rejudge record %s: %w", j.Record.ID, err)
	}
	err = s.do(ctx, "", func(t *txn) error {
		rec, changed, err = t.rejudge(j, row)
		return err
	})
	if err != nil {
		return Record{}, false, fmt.Errorf("rejudge record %s: %w", j.Record.ID, err)
	}
	return rec, changed, nil
}

func (j Rejudgement) check() error {
	switch {
	case j.Verdict.Disposition == verdict.Unscored:
		return fmt.Errorf("%w: a verdict is never taken back to unscored", ErrInvalid)
	case j.Cause == "":
		return fmt.Errorf("%w: a verdict is not replaced without a cause", ErrInvalid)
	}
	return checkID("record", j.Record.ID)
}

// recordAsRead reads a record that a caller has read before, with the row that he would write of it. Where that is the
// row still it is not decoded again.
func (t *txn) recordAsRead(read Record, row []byte) (Record, error) {
	if kept := t.get(tableRecords, []byte(read.ID)); kept != nil && bytes.Equal(kept, row) {
		return read, nil
	}
	return t.mustRecord(read.ID)
}

// rejudge does it; row is what j.Record is written as.
func (t *txn) rejudge(j Rejudgement, row []byte) (Record, bool, error) {
	old, err := t.recordAsRead(j.Record, row)
	if err != nil {
		return Record{}, false, err
	}
	if old.Pinned != "" {
		return old, false, nil // a person has decided
	}
	i, err := old.variantOf(j.Report)
	if err != nil {
		return old, false, err
	}
	if sameVerdict(old.Variants[i].Verdict, j.Verdict) {
		return old, false, nil
	}
	if err := conflict("record", old.ID, j.Record.Rev, old.Rev); err != nil {
		return old, false, err
	}
	rec := old.with(i, j.Verdict)
	rec.Rejudged = &Rejudged{At: t.now, Cause: j.Cause, Was: old.Verdict.Disposition}
	if err := t.replan(&rec, &old, j.Plan); err != nil {
		return old, false, err
	}
	act := Act{Who: orWho(j.Who), What: "verdict.changed", Tenant: rec.Tenant, Object: rec.ID,
		Comment: fmt.Sprintf("%s -> %s: %s", old.Verdict.Disposition, rec.Verdict.Disposition, j.Cause)}
	_, err = t.note(act)
	return rec, true, err
}

// Judged is the record as it would be with another verdict for the form that a report brought, or for "" of the one
// whose verdict rules.
func (r Record) Judged(report string, v verdict.Verdict) Record {
	i, err := r.variantOf(report)
	if err != nil {
		return r
	}
	return r.with(i, v)
}

// with is the record with another verdict for one of its forms.
func (r Record) with(form int, v verdict.Verdict) Record {
	r.Variants = slices.Clone(r.Variants)
	r.Variants[form].Verdict = v
	r.judge()
	return r
}

// sameVerdict compares two verdicts as they are kept.
func sameVerdict(a, b verdict.Verdict) bool {
	if a.Disposition != b.Disposition {
		return false
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func orWho(who string) string {
	if who == "" {
		return "clawback"
	}
	return who
}

// variantOf is the form of the original that a report brought; for "" the one whose verdict rules.
func (r Record) variantOf(report string) (int, error) {
	worst := -1
	for i, v := range r.Variants {
		if report != "" && v.Report == report {
			return i, nil
		}
		if r.FirstHand && !v.FirstHand {
			continue
		}
		if worst < 0 || worse(v.Verdict, r.Variants[worst].Verdict) {
			worst = i
		}
	}
	if report != "" || worst < 0 {
		return 0, fmt.Errorf("form of report %.60q: %w", report, ErrNotFound)
	}
	return worst, nil
}

// replan writes the record, and of what plan makes of it all that no person stands behind.
func (t *txn) replan(rec, old *Record, plan Planner) error {
	have, err := t.intentsOf(rec.ID)
	if err != nil {
		return err
	}
	var planned []Intent
	if plan != nil {
		planned = plan(*rec, slices.Clone(have))
	}
	planned = slices.DeleteFunc(planned, func(in Intent) bool {
		i := slices.IndexFunc(have, func(h Intent) bool { return h.ID == in.ID })
		return i >= 0 && have[i].Asked()
	})
	if err := t.putRecord(rec, old); err != nil {
		return err
	}
	return t.putAround(*rec, old, planned, have, plan)
}
