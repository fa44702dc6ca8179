package submission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/journal/identity"
	"clawback/store"
)

// find is the record that a copy of a message is of, and what shows it. named is a network message id that is told of
// it elsewhere, for a copy that bears none. Where two records fit, none does.
//
// The rules are those by which package retract knows a message of a mailbox: a network message id that is a record's
// makes the copy that record's, and no other's; content is compared only where the copy or the record has no id, and
// never where there is a doubt.
func (d *Desk) find(ctx context.Context, tenant string, m identity.Message,
	named string) (rec store.Record, how string, err error) {
	ids := m.NetworkMessageIDs
	if len(ids) == 0 && named != "" {
		ids = []string{named}
	}
	for _, id := range ids {
		rec, err = d.sole(ctx, tenant, id, func(r store.Record) bool { return mailaddr.Equal(r.NetworkMessageID, id) })
		switch {
		case err != nil:
			return rec, "", err
		case rec.ID != "" && len(ids) == 1:
			return rec, "network message id", nil
		case rec.ID != "": // one of several, of which any may be a stranger's
			return store.Record{}, "", nil
		}
	}
	contents := m.Contents()
	if m.MessageID == "" || contents == "" || len(m.Doubts) > 0 {
		return rec, "", nil
	}
	rec, err = d.sole(ctx, tenant, m.MessageID, func(r store.Record) bool {
		return r.Contents == contents && len(r.Doubts) == 0 && (r.NetworkMessageID == "" || len(ids) == 0)
	})
	if rec.ID == "" {
		return rec, "", err
	}
	return rec, "decoded parts", nil
}

// sole is the only record under a key that fits; of several the only first-hand one. Its id is "" when there is none.
func (d *Desk) sole(ctx context.Context, tenant, key string, fits func(store.Record) bool) (store.Record, error) {
	found, err := d.o.Store.Lookup(ctx, tenant, key)
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
		if mailaddr.Address(strings.Trim(r.Address, "<>")) == mailaddr.Address(address) {
			return true
		}
	}
	return false
}
