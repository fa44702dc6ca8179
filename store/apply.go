package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/verdict/history"
)

// Applied is the applied-set's row of one report: it was seen to the end.
type Applied struct {
	Record string    `json:"r"`
	Item   string    `json:"i,omitempty"`
	At     time.Time `json:"at"`
	Leaf   uint64    `json:"n,omitempty"` // in the log; 0: it is older than the log
}

// Planner decides what is to be done about a record. It is called inside the transaction, must be pure and quick, and
// returns the intents that are new or changed; one with the id of an intent in have replaces it.
type Planner func(rec Record, have []Intent) []Intent

// maxRelated bounds Record.Related.
const maxRelated = 8

// Apply is C2: it writes the record, verdict, history and intents that follow from one report, under the report's key.
// For a report that was applied before it changes nothing, and answers the stored record and false.
func (s *Store) Apply(ctx context.Context, a Application,
	plan func(rec Record, have []Intent) []Intent) (Record, bool, error) {
	if err := a.check(); err != nil {
		return Record{}, false, fmt.Errorf("apply report: %w", err)
	}
	a = a.clean()
	var rec Record
	var first bool
	// C2. Durable on return: record, verdict, history, intents, counters, and the report's key that guards them.
	// A crash before the commit: nothing is written, the item is claimed again. After it: the key makes the repeat a
	// no-op.
	err := s.do(ctx, "c2", func(t *txn) error {
		var err error
		rec, first, err = s.apply(t, a, plan)
		return err
	})
	if err != nil {
		return Record{}, false, fmt.Errorf("apply report: %w", err)
	}
	return rec, first, nil
}

// Applied reports whether a report was applied, and to which record.
func (s *Store) Applied(ctx context.Context, key string) (row Applied, found bool, err error) {
	err = s.view(ctx, func(t *txn) error {
		found, err = t.load(tableApplied, hash16(key), &row)
		return err
	})
	return row, found, err
}

func (a Application) check() error {
	if a.Key == "" {
		return fmt.Errorf("%w: no report key", ErrInvalid)
	}
	return checkID("tenant", a.Tenant)
}

// clean settles the application: what is not UTF-8 would not come back from a row as it went in, and then no index
// key that was made of it would be found again. The id is that of the octets as they were told.
func (a Application) clean() Application {
	r := &a.Record
	r.ID, r.Tenant, r.Rev = a.RecordID(), a.Tenant, 0
	r.NetworkMessageID = mailaddr.Lower(a.Network)
	r.Carries, r.Forwards = r.Carries.bound(), nil
	for _, field := range []*string{&r.MessageID, &r.NetworkMessageID, &r.Content, &r.Contents} {
		*field = strings.ToValidUTF8(*field, "\uFFFD")
	}
	for i, id := range r.AlternateIDs {
		r.AlternateIDs[i] = strings.ToValidUTF8(id, "\uFFFD")
	}
	r.AlternateIDs = uniteIDs(r.MessageID, nil, r.AlternateIDs)
	r.Received, r.Date = r.Received.UTC().Round(0), storable(r.Date)
	r.Recipients = uniteRecipients(nil, r.Recipients)
	variants := r.Variants
	r.Variants = nil
	r.addVariants(variants)
	for i := range r.Variants {
		r.Variants[i].FirstHand = r.FirstHand
		fill(&r.Variants[i].Report, a.Key)
	}
	r.judge()
	return a
}

// storable is a foreign time as JSON can hold it: in UTC, and zero when its year has more than four digits.
func storable(at time.Time) time.Time {
	at = at.UTC().Round(0)
	if at.Year() < 0 || at.Year() > 9999 {
		return time.Time{}
	}
	return at
}

// apply writes one report that has been checked and cleaned.
func (s *Store) apply(t *txn, a Application, plan Planner) (Record, bool, error) {
	var prior Applied
	if found, err := t.load(tableApplied, hash16(a.Key), &prior); err != nil || found {
		if err != nil {
			return Record{}, false, err
		}
		rec, found, err := t.record(prior.Record)
		if !found {
			rec = Record{ID: prior.Record, Tenant: a.Tenant} // it has expired
		}
		return rec, false, err
	}
	old, err := t.existing(a)
	if err != nil {
		return Record{}, false, err
	}
	if old != nil && !a.Record.FirstHand {
		return *old, true, t.noteOnly(a, *old)
	}
	rec, err := t.merge(a, old, plan)
	if err != nil {
		return Record{}, false, err
	}
	return rec, true, s.learn(t, a, rec, old)
}

// existing is the record that a report tells of, nil when it is the first. A report that is not first-hand is also
// about a first-hand record with the same Message-ID and content: it is not the only source then.
func (t *txn) existing(a Application) (*Record, error) {
	rec, found, err := t.record(a.Record.ID)
	if err != nil || found {
		return &rec, err
	}
	if a.Record.FirstHand {
		return nil, nil
	}
	twins, err := t.twins(a.Record, true)
	if err != nil || len(twins) == 0 {
		return nil, err
	}
	return &twins[0], nil
}

// twins are the other records of the tenant with this Message-ID and content that are first-hand, or that are not.
func (t *txn) twins(rec Record, firstHand bool) (twins []Record, err error) {
	if rec.Content == "" {
		return nil, nil
	}
	prefix := rec.contentName()
	t.each(tableNames, prefix, func(k, _ []byte) bool {
		id := string(k[len(prefix):])
		if id == rec.ID {
			return true
		}
		var other Record
		if other, _, err = t.record(id); err == nil && other.FirstHand == firstHand && other.ID != "" {
			twins = append(twins, other)
		}
		return err == nil && len(twins) < maxRelated
	})
	return twins, err
}

// noteOnly records that a report not first-hand was seen, without a change to the record it tells of.
func (t *txn) noteOnly(a Application, rec Record) error {
	if err := t.setApplied(a, rec.ID); err != nil {
		return err
	}
	counts, err := t.counting(a.Tenant)
	if err != nil {
		return err
	}
	counts.Processed++
	counts.NotFirstHand++
	_, err = t.note(Act{Who: "clawback", What: "report.not_first_hand", Tenant: a.Tenant, Object: rec.ID,
		Comment: "item " + a.Item})
	return err
}

// merge writes the record and what plan makes of it.
func (t *txn) merge(a Application, old *Record, plan Planner) (Record, error) {
	rec := a.Record
	if old != nil {
		rec = unite(*old, a.Record)
	} else if rec.Received.IsZero() {
		rec.Received = t.now
	}
	if err := t.relate(&rec); err != nil {
		return Record{}, err
	}
	var err error
	if rec.Forwards, err = t.forwardsOf(rec); err != nil {
		return Record{}, err
	}
	var have []Intent // a new record has none
	if old != nil {
		if have, err = t.intentsOf(rec.ID); err != nil {
			return Record{}, err
		}
	}
	var planned []Intent
	if plan != nil {
		planned = plan(rec, slices.Clone(have)) // it may change what it is given
	}
	if err := t.putRecord(&rec, old); err != nil {
		return Record{}, err
	}
	return rec, t.putAround(rec, old, planned, have, plan)
}

// putAround writes what is planned for a record that is written, beside the intents that there are, and has those
// records planned again that carry it.
func (t *txn) putAround(rec Record, old *Record, planned, have []Intent, plan Planner) error {
	intents, err := t.putPlanned(rec, planned, have)
	if err != nil {
		return err
	}
	t.written, t.touchedSince = recentOf(rec, intents, t.get(tableRecords, []byte(rec.ID))), len(t.touched)
	return t.carriers(rec, old, plan)
}

// relate names the records not first-hand that tell of the same message as a first-hand one.
func (t *txn) relate(rec *Record) error {
	if !rec.FirstHand {
		return nil
	}
	// Most tenants never had a report that was not first-hand: these are counted for ever.
	if counts, err := t.counting(rec.Tenant); err != nil || counts.NotFirstHand == 0 {
		return err
	}
	twins, err := t.twins(*rec, false)
	if err != nil {
		return err
	}
	for _, twin := range twins {
		if len(rec.Related) < maxRelated && !slices.Contains(rec.Related, twin.ID) {
			rec.Related = append(rec.Related[:len(rec.Related):len(rec.Related)], twin.ID)
		}
	}
	return nil
}

// putPlanned writes the intents that plan returned. One that it returned unchanged is not written again: that would
// be a conflict for whoever is at work on it.
func (t *txn) putPlanned(rec Record, planned, have []Intent) (stored map[string]Intent, err error) {
	stored = make(map[string]Intent, len(have)+len(planned))
	for _, in := range have {
		stored[in.ID] = in
	}
	for _, in := range planned {
		if old, ok := stored[in.ID]; ok && reflect.DeepEqual(old, in) {
			continue
		}
		if in.Record != "" && in.Record != rec.ID {
			return nil, fmt.Errorf("%w: plan for record %s made intent %s of record %s", ErrInvalid, rec.ID, in.ID,
				in.Record)
		}
		in.Record, in.Tenant, in.Received = rec.ID, rec.Tenant, rec.Received
		if stored[in.ID], err = t.putIntent(in); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// learn writes what stays of a report beside its record: its key, what its verdict read, what it teaches, and counts.
// Old is the record as it was, nil for a new one.
func (s *Store) learn(t *txn, a Application, rec Record, old *Record) error {
	if err := t.setApplied(a, rec.ID); err != nil {
		return err
	}
	counts, err := t.counting(a.Tenant)
	if err != nil {
		return err
	}
	counts.Processed++
	counts.LastReport = t.now
	if !a.Record.FirstHand {
		counts.NotFirstHand++
	} else if old == nil || !old.FirstHand {
		t.countMinute(a.Tenant, seen, 1)
	}
	var have []facts // a new record has none
	if old != nil {
		if have, err = t.facts(rec.ID); err != nil {
			return err
		}
	}
	teaches, err := t.saveFacts(a, rec.ID, have)
	if err != nil || !a.Record.FirstHand {
		return err // anybody may have written it: it teaches nothing
	}
	return t.observe(a.Tenant, teaches, s.o.HistoryLimit)
}

func (t *txn) setApplied(a Application, record string) error {
	key := hash16(a.Key)
	t.put(tableAge, join(stamp(t.now), key), marked)
	row := Applied{Record: record, Item: a.Item, At: t.now, Leaf: t.nextLeaf()}
	t.appendLeaf("", reportText(a.Key, row))
	return t.save(tableApplied, key, row)
}

// facts is what one report's verdict read and what it taught.
type facts struct {
	Report string          `json:"report"`
	Read   []history.Entry `json:"read,omitempty"`
	Taught []string        `json:"taught,omitempty"`
	// What the record taught was taken back, and its forks teach nothing.
	Untaught bool `json:"untaught,omitempty"`
}

// saveFacts writes a report's facts and returns what it teaches that none of the record's other reports, of which all
// are the facts, has taught yet.
func (t *txn) saveFacts(a Application, record string, all []facts) ([]history.Observation, error) {
	taught := make(map[string]bool)
	f := facts{Report: a.Key, Read: a.Read}
	for _, other := range all {
		f.Untaught = f.Untaught || other.Untaught
		for _, key := range other.Taught {
			taught[key] = true
		}
	}
	var teaches []history.Observation
	for _, o := range a.History {
		if !taught[o.Key] && a.Record.FirstHand && !f.Untaught {
			taught[o.Key] = true
			f.Taught = append(f.Taught, o.Key)
			teaches = append(teaches, o)
		}
	}
	return teaches, t.save(tableFacts, append(nulled(record), hash16(a.Key)...), f)
}
