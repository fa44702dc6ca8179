package store

import (
	"cmp"
	"context"
	"fmt"
)

// Change is a set of writes of which all are made or none.
type Change struct {
	Intents []Intent // new ones have Rev 0, the others the Rev they were read with
	Record  *Record  // with the Rev it was read with; only a report makes a new one
	Act     *Act     // entry of the audit
	Acts    []Act    // further entries, where many things are done at once
	Unteach string   // a record that the sender history is to unlearn: somebody said that it is bad
	Plan    Planner  // for the records that carry Record, when what is known of it changes; nil plans nothing for them

	Policies    Edit[Policy]
	Corrections Edit[Correction]
	Submissions Edit[Submission]
	Addresses   Edit[Address]
	Gates       Edit[Gate]
	Orders      Edit[Order]
	Indicators  Edit[Indicator]
	Schedules   Edit[Schedule]
	Rescans     Edit[Rescan]
	Tokens      Edit[Token]
	TokenUses   Edit[TokenUse]
	Sessions    Edit[Session]
	KeyUses     Edit[KeyUse]
	KeyAnswers  Edit[KeyAnswer]
}

// Update writes a change. ErrConflict when a row was written by somebody else since it was read: read again, decide
// again.
func (s *Store) Update(ctx context.Context, c Change) error {
	err := s.do(ctx, "", func(t *txn) error { return t.update(c) })
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return nil
}

func (t *txn) update(c Change) error {
	if c.Record != nil {
		if err := t.updateRecord(*c.Record, c.Plan); err != nil {
			return err
		}
	}
	for _, in := range c.Intents {
		if err := t.updateIntent(in); err != nil {
			return err
		}
	}
	if err := t.editTables(c); err != nil {
		return err
	}
	if c.Unteach != "" {
		if err := t.unteach(c.Unteach); err != nil {
			return err
		}
	}
	acts := c.Acts
	if c.Act != nil {
		acts = append([]Act{*c.Act}, acts...)
	}
	for _, act := range acts {
		if _, err := t.note(act); err != nil {
			return err
		}
	}
	return nil
}

// updateRecord writes a record anew. What its identity and its indexes are made of stays as it is.
func (t *txn) updateRecord(rec Record, plan Planner) error {
	old, err := t.mustRecord(rec.ID)
	if err != nil {
		return err
	}
	if err := conflict("record", rec.ID, rec.Rev, old.Rev); err != nil {
		return err
	}
	rec.Tenant, rec.Received, rec.FirstHand = old.Tenant, old.Received, old.FirstHand
	rec.NetworkMessageID, rec.MessageID, rec.Content = old.NetworkMessageID, old.MessageID, old.Content
	rec.AlternateIDs = old.AlternateIDs
	rec.Contents, rec.Carries, rec.Forwards, rec.Doubts = old.Contents, old.Carries, old.Forwards, old.Doubts
	if err := t.putRecord(&rec, &old); err != nil {
		return err
	}
	return t.carriers(rec, &old, plan)
}

func (t *txn) updateIntent(in Intent) error {
	old, found, err := t.intent(in.ID)
	if err != nil {
		return err
	}
	if err := conflict("intent", in.ID, in.Rev, old.Rev); err != nil {
		return err
	}
	if old.Rev == 0 {
		rec, err := t.mustRecord(in.Record)
		if err != nil {
			return err
		}
		in.Received, in.Tenant = rec.Received, rec.Tenant
	}
	_, err = t.putIntentOver(in, old, found)
	return err
}

func (t *txn) editTables(c Change) error {
	return cmp.Or(
		editTable(t, tablePolicies, c.Policies),
		editTable(t, tableCorrections, c.Corrections),
		editTable(t, tableSubmissions, c.Submissions),
		editTable(t, tableAddresses, c.Addresses),
		editTable(t, tableGates, c.Gates),
		editTable(t, tableOrders, c.Orders),
		editTable(t, tableIndicators, c.Indicators),
		editTable(t, tableSchedules, c.Schedules),
		editTable(t, tableRescans, c.Rescans),
		editTable(t, tableTokens, c.Tokens),
		editTable(t, tableTokenUses, c.TokenUses),
		editTable(t, tableSessions, c.Sessions),
		editTable(t, tableKeyUses, c.KeyUses),
		editTable(t, tableKeyAnswers, c.KeyAnswers),
	)
}
