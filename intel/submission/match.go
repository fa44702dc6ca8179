package submission

import (
	"fmt"
	"slices"
	"strings"

	"clawback/journal/identity"
	"clawback/store"
)

// find is the record that a copy of a message is of, and what shows it. named is a network message id that is told of it
// elsewhere, for a copy that bears none. Where two records fit, none is taken.
func (d *Desk) find(tenant string, m identity.Message, named string) (rec store.Record, how string, err error) {
	ids := m.NetworkMessageIDs
	if len(ids) == 0 && named != "" {
		ids = []string{named}
	}
	if len(ids) == 1 {
		rec, err = d.sole(tenant, ids[0], func(r store.Record) bool { return r.NetworkMessageID == ids[0] })
		if rec.ID != "" || err != nil {
			return rec, "network message id", err
		}
	}
	if m.MessageID == "" || len(m.Parts) == 0 {
		return rec, "", nil
	}
	content := m.Content()
	rec, err = d.sole(tenant, m.MessageID, func(r store.Record) bool { return r.Content == content })
	if rec.ID == "" {
		return rec, "", err
	}
	return rec, "decoded parts", nil
}

// sole is the only record under a key that fits; of several the only first-hand one. Its id is "" when there is none.
func (d *Desk) sole(tenant, key string, fits func(store.Record) bool) (store.Record, error) {
	found, err := d.o.Store.Lookup(tenant, key)
	if err != nil {
		return store.Record{}, fmt.Errorf("find record: %w", err)
	}
	found = slices.DeleteFunc(found, func(r store.Record) bool { return !fits(r) })
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(r store.Record) bool { return !r.FirstHand })
	}
	if len(found) != 1 {
		return store.Record{}, nil
	}
	return found[0], nil
}

// receivedBy reports whether an address is among a record's recipients.
func receivedBy(rec store.Record, address string) bool {
	for _, r := range rec.Recipients {
		if strings.EqualFold(strings.Trim(r.Address, "<>"), address) {
			return true
		}
	}
	return false
}
