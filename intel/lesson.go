package intel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/score/learn"
	"clawback/store"
	"clawback/verdict"
)

// Lesson is a correction, and what the classifier learns of it.
type Lesson store.Correction

// maxLessons bounds the corrections of a tenant; the oldest give way.
const maxLessons = 5_000

// bad: SPAM and worse are unwanted. BULK is wanted by somebody, and for the classifier good.
func (l Lesson) bad() bool { return l.Is.Flagged() }

// Lessons lists a tenant's corrections, the newest first, without their tokens.
func (j *Judge) Lessons(ctx context.Context, tenant string) ([]Lesson, error) {
	list, err := j.storedLessons(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Tokens = nil
	}
	slices.SortFunc(list, func(a, b Lesson) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Record, b.Record))
	})
	return list, nil
}

// storedLessons reads a tenant's lessons, in order of their records.
func (j *Judge) storedLessons(ctx context.Context, tenant string) ([]Lesson, error) {
	rows, err := j.o.Tables.Corrections(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("read corrections: %w", err)
	}
	list := make([]Lesson, len(rows))
	for i, row := range rows {
		list[i] = Lesson(row)
	}
	return list, nil
}

// readLessons learns again what the store's corrections teach, for every tenant that has some.
func (j *Judge) readLessons(ctx context.Context) error {
	tenants, err := j.o.Tables.CorrectedTenants(ctx)
	if err != nil {
		return fmt.Errorf("read corrections: %w", err)
	}
	for _, tenant := range tenants {
		if j.lessons[tenant], err = j.learnAll(ctx, tenant); err != nil {
			return err
		}
	}
	return nil
}

// learnAll trains from all of a tenant's corrections.
func (j *Judge) learnAll(ctx context.Context, tenant string) (*lessons, error) {
	list, err := j.storedLessons(ctx, tenant)
	if err != nil {
		return nil, err
	}
	l := &lessons{given: map[string]time.Time{}, model: &learn.Model{Tokens: map[string]learn.Counts{}}}
	for _, one := range list {
		l.add(one)
	}
	return l, nil
}

// Correct keeps an operator's word on a record, and learns from it.
func (j *Judge) Correct(ctx context.Context, who, record string, is verdict.Disposition,
	comment string) (Lesson, error) {
	rec, err := j.o.Records.Record(ctx, record)
	if err != nil {
		return Lesson{}, err
	}
	return j.Teach(ctx, Lesson{Record: rec.ID, Tenant: rec.Tenant, Is: is, By: who, Comment: comment},
		store.Edit[store.Submission]{})
}

// tokens are what there is to learn of a record, or why there is nothing.
func (j *Judge) tokens(ctx context.Context, rec store.Record) (tokens []string, notLearned string, err error) {
	if rec.Direction != "inbound" {
		return nil, "it did not come from outside", nil
	}
	o, err := j.reopen(ctx, rec)
	if store.Unavailable(err) {
		return nil, "", err
	}
	if err != nil {
		return nil, "its original cannot be read any more: " + err.Error(), nil
	}
	defer o.Close()
	j.mu.RLock()
	s := j.scorer
	j.mu.RUnlock()
	if tokens, err = s.Tokens(o.message); err != nil {
		return nil, "its original cannot be read: " + err.Error(), nil
	}
	return tokens, "", nil
}

// keepLesson makes a lesson durable, with the submissions that it settles, and then lets the classifier know it.
func (j *Judge) keepLesson(ctx context.Context, l Lesson, with store.Edit[store.Submission]) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	change := store.Change{
		Corrections: store.Edit[store.Correction]{Put: []store.Correction{store.Correction(l)}},
		Submissions: with,
		Act: &store.Act{At: l.At, Who: l.By, What: "feedback " + l.Is.String(), Tenant: l.Tenant, Object: l.Record,
			Comment: l.Comment},
	}
	if l.bad() && !l.Reporter {
		change.Unteach = l.Record
	}
	after := j.lessons[l.Tenant].copy()
	stale, found, err := j.stale(ctx, after, l)
	if err != nil {
		return err
	}
	if found {
		after.without(stale)
		if stale.Record != l.Record {
			change.Corrections.Remove = []store.Key{store.Correction(stale).Key()}
		}
	}
	after.add(l)
	if err := j.o.Tables.Update(ctx, change); err != nil {
		return fmt.Errorf("keep correction: %w", err)
	}
	j.setLessons(l.Tenant, after)
	return nil
}

// stale is the lesson that gives way to a new one: the earlier word on the same record, or the oldest of too many.
func (j *Judge) stale(ctx context.Context, have *lessons, l Lesson) (Lesson, bool, error) {
	record := l.Record
	if _, given := have.given[record]; !given {
		record = have.oldest()
	}
	if record == "" {
		return Lesson{}, false, nil
	}
	old, err := j.o.Tables.Correction(ctx, l.Tenant, record)
	if err != nil {
		return Lesson{}, false, fmt.Errorf("read correction of record %s: %w", record, err)
	}
	return Lesson(old), true, nil
}

func (j *Judge) setLessons(tenant string, l *lessons) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lessons[tenant] = l
}

// Lesson is the operator's word on a record; false when there is none.
func (j *Judge) Lesson(ctx context.Context, tenant, record string) (l Lesson, given bool, err error) {
	row, err := j.o.Tables.Correction(ctx, tenant, record)
	if errors.Is(err, store.ErrNotFound) {
		return Lesson{}, false, nil
	}
	if err != nil {
		return Lesson{}, false, fmt.Errorf("read correction of record %s: %w", record, err)
	}
	row.Tokens = nil
	return Lesson(row), true, nil
}

// Model is what a tenant's corrections have taught. It must not be changed.
func (j *Judge) Model(tenant string) (*learn.Model, error) {
	if _, err := j.tenant(tenant); err != nil {
		return nil, err
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	if l := j.lessons[tenant]; l != nil {
		return l.model, nil
	}
	return &learn.Model{Tokens: map[string]learn.Counts{}}, nil
}

// Forget drops all corrections of a tenant, and says how many there were. Records that were pinned stay so.
func (j *Judge) Forget(ctx context.Context, who, tenant, comment string) (int, error) {
	t, err := j.tenant(tenant)
	if err != nil {
		return 0, err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	rows, err := j.o.Tables.Corrections(ctx, tenant)
	if err != nil {
		return 0, fmt.Errorf("read corrections: %w", err)
	}
	change := store.Change{Act: &store.Act{At: j.now(), Who: who, What: "feedback.reset", Tenant: tenant,
		Object: t.Name, Comment: comment}}
	for _, row := range rows {
		change.Corrections.Remove = append(change.Corrections.Remove, row.Key())
	}
	if err := j.o.Tables.Update(ctx, change); err != nil {
		return 0, fmt.Errorf("drop corrections: %w", err)
	}
	j.setLessons(tenant, nil)
	return len(rows), nil
}
