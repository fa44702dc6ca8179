package store

import (
	"context"
	"fmt"
	"time"

	"clawback/query"
)

// Document is what an index keeps of a record.
type Document struct {
	ID       string
	Tenant   string
	Received time.Time
	Terms    []uint64 // in order, each once
}

// Documents are the records that changes are about, each once and as it is now. Those that are gone are left out.
func (s *Store) Documents(ctx context.Context, events []Event) ([]Document, error) {
	return s.NewDocumentReader().Read(ctx, events)
}

// DocumentReader reads the documents of changes for a follower that is told all of them, in their order. Of a record
// with many intents it keeps how far each of them is, so that the end of one of thousands costs that one's row, and no
// document where a search would find the record as before. It is not safe for concurrent use.
type DocumentReader struct {
	store   *Store
	kept    map[string]*mailing // by record
	intents int                 // in kept
}

const (
	manyIntents = 32      // from which on a record's are kept
	keptIntents = 100_000 // at most, of all records: some 10 MiB; beyond it the reader begins anew
)

// NewDocumentReader makes a reader that knows of no change yet.
func (s *Store) NewDocumentReader() *DocumentReader { return &DocumentReader{store: s} }

// Forget has the reader read everything again: what it gave last is not in the index, or the index is another one.
func (d *DocumentReader) Forget() { d.kept, d.intents = nil, 0 }

// Read gives the records that changes are about, each once and as it is now. Left out are those that are gone, and
// those of which only intents have changed, if what they are found by has not.
func (d *DocumentReader) Read(ctx context.Context, events []Event) (list []Document, err error) {
	err = d.store.view(ctx, func(t *txn) error {
		var ids []string
		seen := map[string]bool{}
		for _, e := range events {
			id, err := d.changed(t, e)
			if err != nil || !t.step() {
				return err
			}
			if id != "" && !seen[id] {
				seen[id], ids = true, append(ids, id)
			}
		}
		for _, id := range ids {
			doc, found, err := d.document(t, id)
			if err != nil || !t.step() {
				return err
			}
			if found {
				list = append(list, doc)
			}
		}
		return nil
	})
	if err != nil {
		d.Forget()
	}
	return list, err
}

// changed is the record that is found by something else since an event; "" for none, or none any more.
func (d *DocumentReader) changed(t *txn, e Event) (string, error) {
	switch e.Kind {
	case RecordAdded, RecordChanged, VerdictChanged:
		d.drop(e.ID)
		return e.ID, nil
	case RecordDeleted:
		d.drop(e.ID)
	case OutcomeChanged:
		in, found, err := t.intent(e.ID)
		if err != nil || !found {
			return "", err
		}
		if m := d.kept[in.Record]; m == nil || m.note(in) {
			return in.Record, nil
		}
	}
	return "", nil
}

func (d *DocumentReader) document(t *txn, id string) (Document, bool, error) {
	if rec, ends, lately := d.store.recent.find(id); lately {
		d.drop(id)
		message := rec.searchable()
		for _, e := range ends {
			e.addTo(&message)
		}
		return Document{id, rec.Tenant, rec.Received, message.Terms()}, true, nil
	}
	rec, found, err := t.record(id)
	if err != nil || !found {
		d.drop(id)
		return Document{}, false, err
	}
	m := d.kept[id]
	if m == nil {
		if m, err = t.mailing(id); err != nil {
			return Document{}, false, fmt.Errorf("read intents of %s: %w", id, err)
		}
		d.keep(id, m)
	}
	message := rec.searchable()
	for e := range m.ends {
		e.addTo(&message)
	}
	return Document{id, rec.Tenant, rec.Received, message.Terms()}, true, nil
}

// keep keeps a mailing that is large.
func (d *DocumentReader) keep(id string, m *mailing) {
	n := len(m.each)
	if n < manyIntents || n > keptIntents {
		return
	}
	if d.intents+n > keptIntents {
		d.Forget()
	}
	if d.kept == nil {
		d.kept = map[string]*mailing{}
	}
	d.kept[id] = m
	d.intents += n
}

func (d *DocumentReader) drop(id string) {
	if m := d.kept[id]; m != nil {
		delete(d.kept, id)
		d.intents -= len(m.each)
	}
}

// mailing is how far the intents of one record are.
type mailing struct {
	each map[string]end // by intent
	ends map[end]int    // how many have come to each
}

// mailing reads how far a record's intents are, one at a time.
func (t *txn) mailing(record string) (*mailing, error) {
	m := &mailing{each: map[string]end{}, ends: map[end]int{}}
	err := t.eachIntent(record, func(in Intent) { m.note(in) })
	return m, err
}

// note takes in how far an intent is, and reports whether the record is found by something else now.
func (m *mailing) note(in Intent) (otherwise bool) {
	is := endOf(in)
	was, known := m.each[in.ID]
	if known && was == is {
		return false
	}
	m.each[in.ID] = is
	m.ends[is]++
	otherwise = m.ends[is] == 1
	if known {
		if m.ends[was]--; m.ends[was] == 0 {
			delete(m.ends, was)
			otherwise = true
		}
	}
	return otherwise
}

// end is how far an intent is, as a query can ask for it.
type end struct {
	outcome Outcome
	proofs  [len(proofs)]bool
}

var proofs = [...]Proof{ByNetworkID, ByContent, ByPerson}

func endOf(in Intent) end {
	e := end{outcome: in.Outcome}
	for i, p := range proofs {
		e.proofs[i] = in.MovedBy(p)
	}
	return e
}

func (e end) addTo(m *query.Message) {
	m.Outcomes = append(m.Outcomes, string(e.outcome))
	for i, p := range proofs {
		if e.proofs[i] {
			m.Proofs = append(m.Proofs, string(p))
		}
	}
}
