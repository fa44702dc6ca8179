package store

import (
	"clawback/internal/mailaddr"
	"context"

	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Intents lists a record's intents, in the order of their ids.
func (s *Store) Intents(ctx context.Context, record string) (list []Intent, err error) {
	err = s.view(ctx, func(t *txn) error {
		list, err = t.intentsOf(record)
		return err
	})
	return list, err
}

// Intent reads one intent.
func (s *Store) Intent(ctx context.Context, id string) (in Intent, err error) {
	err = s.view(ctx, func(t *txn) error {
		in, err = t.mustIntent(id)
		return err
	})
	return in, err
}

// IntentFilter selects intents; a zero field selects all.
type IntentFilter struct {
	Tenant   string
	Record   string
	Address  string // as in the intent, in any case
	Mailbox  string // object id
	Kind     Kind
	Outcomes []Outcome
	Since    time.Time // of records received then or later
	Until    time.Time // of records received before
	DryRun   bool      // only what a tenant in dry-run would have had done
	After    string    // id of an intent: those that follow it in the order, whatever its outcome is by now
	Limit    int       // 0: 1000
}

// IntentsBy lists intents, those of the newest record first. It looks at 100,000 at most and says so by [ErrBound].
// ErrNotFound when After is none of the tenant's any more. The intents of one record are listed whole: After is not
// used.
func (s *Store) IntentsBy(ctx context.Context, f IntentFilter) (list []Intent, err error) {
	f.Limit = orDefault(f.Limit, 1000)
	err = s.view(ctx, func(t *txn) error {
		if f.Record != "" {
			list, err = t.intentsOfFiltered(f)
			return err
		}
		list, err = t.intentsByOutcome(f)
		return err
	})
	return list, err
}

func (t *txn) intentsOfFiltered(f IntentFilter) ([]Intent, error) {
	all, err := t.intentsOf(f.Record)
	var list []Intent
	for _, in := range all {
		if f.match(in) && len(list) < f.Limit {
			list = append(list, in)
		}
	}
	return list, err
}

// allOutcomes in the order of their index.
func allOutcomes() []Outcome {
	return []Outcome{Pending, Done, Gone, NotFound, Mismatch, Failed, Held, Skipped}
}

// intentsByOutcome walks the outcome index of each tenant and outcome asked for, side by side.
func (t *txn) intentsByOutcome(f IntentFilter) (list []Intent, err error) {
	outcomes := f.Outcomes
	if len(outcomes) == 0 {
		outcomes = allOutcomes()
	}
	var prefixes [][]byte
	for _, tenant := range t.tenants(f.Tenant) {
		for _, o := range outcomes {
			prefixes = append(prefixes, outcomePrefix(tenant, o))
		}
	}
	from, err := t.behind(f)
	if err != nil {
		return nil, err
	}
	m := t.mergedFrom(tableOutcomes, prefixes, from)
	for scanned := 0; len(list) < f.Limit; scanned++ {
		suffix, _, ok := m.next()
		if !ok || !f.Since.IsZero() && string(suffix[:8]) > string(stampDown(f.Since)) {
			return list, nil
		}
		if scanned >= maxScan {
			return list, fmt.Errorf("list intents: %w", ErrBound)
		}
		in, err := t.mustIntent(string(suffix[8:]))
		if err != nil {
			return list, err
		}
		if f.match(in) {
			list = append(list, in)
		}
	}
	return list, nil
}

// behind is where a list goes on that has come to f.After.
func (t *txn) behind(f IntentFilter) ([]byte, error) {
	if f.After == "" && !f.Until.IsZero() {
		return stampDown(f.Until), nil
	}
	if f.After == "" {
		return nil, nil
	}
	in, err := t.mustIntent(f.After)
	if err == nil && f.Tenant != "" && in.Tenant != f.Tenant {
		err = fmt.Errorf("intent %s: %w", f.After, ErrNotFound)
	}
	return join(stampDown(in.Received), []byte(in.ID), []byte{0}), err
}

func (f IntentFilter) match(in Intent) bool {
	return (!f.DryRun || in.DryRun) && (f.Since.IsZero() || !in.Received.Before(f.Since)) &&
		(f.Until.IsZero() || in.Received.Before(f.Until)) && (f.Tenant == "" || f.Tenant == in.Tenant) &&
		(f.Address == "" || mailaddr.Equal(f.Address, in.Address)) &&
		(f.Mailbox == "" || f.Mailbox == in.Mailbox) &&
		(f.Kind == "" || f.Kind == in.Kind) &&
		(len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, in.Outcome))
}

func (t *txn) intent(id string) (in Intent, found bool, err error) {
	found, err = t.load(tableIntents, []byte(id), &in)
	return in, found, err
}

func (t *txn) mustIntent(id string) (Intent, error) {
	in, found, err := t.intent(id)
	if err == nil && !found {
		err = fmt.Errorf("intent %s: %w", id, ErrNotFound)
	}
	return in, err
}

// intentsOf reads a record's intents as they were before this call.
func (t *txn) intentsOf(record string) (list []Intent, err error) {
	err = t.eachIntent(record, func(in Intent) { list = append(list, in) })
	return list, err
}

// eachIntent reads them one at a time.
func (t *txn) eachIntent(record string, fn func(Intent)) (err error) {
	prefix := nulled(record)
	t.each(tableMailings, prefix, func(k, _ []byte) bool {
		var in Intent
		if in, err = t.mustIntent(string(k[len(prefix):])); err == nil {
			fn(in)
		}
		return err == nil
	})
	return err
}

// putIntent writes an intent over the stored one, with its indexes and counters, and counts its revision.
func (t *txn) putIntent(in Intent) (Intent, error) {
	old, found, err := t.intent(in.ID)
	if err != nil {
		return in, err
	}
	return t.putIntentOver(in, old, found)
}

// putIntentOver is putIntent where the stored one was read already in this call, or found not to be there.
func (t *txn) putIntentOver(in, old Intent, found bool) (Intent, error) {
	err := in.check()
	if err != nil {
		return in, err
	}
	if found {
		if old.Record != in.Record {
			return in, fmt.Errorf("%w: intent %s belongs to record %s", ErrInvalid, in.ID, old.Record)
		}
		in.Tenant, in.Kind = old.Tenant, old.Kind
		in.Created, in.Received, in.Acted = old.Created, old.Received, later(in.Acted, old.Acted)
		err = t.unindexIntent(old, in)
	}
	if err != nil {
		return in, err
	}
	if in.Kind == Retract && (in.Outcome == Done || in.Outcome == Gone) {
		if err := t.unteach(in.Record); err != nil {
			return in, err
		}
	}
	if in.Outcome.Final() {
		if err := t.closeOpen(in.ID, 0, "no answer was recorded; the intent has ended: "+in.Reason); err != nil {
			return in, err
		}
	}
	in.Rev, in.Changed, in.NotBefore = old.Rev+1, t.now, in.NotBefore.UTC().Round(0)
	if in.Created.IsZero() {
		in.Created = t.now
	}
	if err := t.save(tableIntents, []byte(in.ID), in); err != nil {
		return in, err
	}
	t.touch(in.Record)
	if !found || old.Outcome != in.Outcome {
		t.changed(OutcomeChanged, in.ID)
	}
	return in, t.indexIntent(in)
}

func (in Intent) check() error {
	if err := checkID("intent", in.ID); err != nil {
		return err
	}
	if err := checkID("record", in.Record); err != nil {
		return err
	}
	if !slices.Contains(allOutcomes(), in.Outcome) {
		return fmt.Errorf("%w: intent %s has outcome %q", ErrInvalid, in.ID, in.Outcome)
	}
	return checkID("tenant", in.Tenant)
}

// indexIntent writes what leads to an intent, and counts it.
func (t *txn) indexIntent(in Intent) error {
	t.mark(tableMailings, append(nulled(in.Record), in.ID...))
	t.mark(tableOutcomes, outcomeKey(in))
	if in.Outcome == Pending {
		t.indexDue(in)
	}
	t.addTally(in.Record, open(in), 0)
	if err := t.countJob(in, 1); err != nil {
		return err
	}
	return t.countIntent(in, 1)
}

// unindexIntent takes back what indexIntent wrote for the intent as it was, but leaves what next will write again.
func (t *txn) unindexIntent(old, next Intent) error {
	if string(outcomeKey(old)) != string(outcomeKey(next)) {
		t.del(tableOutcomes, outcomeKey(old))
	}
	t.unindexDue(old)
	t.addTally(old.Record, -open(old), 0)
	if err := t.countJob(old, -1); err != nil {
		return err
	}
	return t.countIntent(old, -1)
}

func open(in Intent) int {
	if in.Outcome.Final() {
		return 0
	}
	return 1
}

func outcomePrefix(tenant string, o Outcome) []byte {
	return join(tenantKey(tenant), nulled(string(o)))
}

func outcomeKey(in Intent) []byte {
	return join(outcomePrefix(in.Tenant, in.Outcome), stampDown(in.Received), []byte(in.ID))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// tally is what is counted of one record: its unfinished intents, and its mailboxes acted upon.
type tally struct{ Open, Acted uint32 }

func (t *txn) tally(record string) tally {
	row := t.get(tableTally, []byte(record))
	if len(row) != 8 {
		return tally{}
	}
	return tally{Open: binary.BigEndian.Uint32(row), Acted: binary.BigEndian.Uint32(row[4:])}
}

func (t *txn) addTally(record string, open, acted int) {
	if open == 0 && acted == 0 {
		return
	}
	n := t.tally(record)
	row := binary.BigEndian.AppendUint32(nil, uint32(int(n.Open)+open))
	t.put(tableTally, []byte(record), binary.BigEndian.AppendUint32(row, uint32(int(n.Acted)+acted)))
}
