package store

import (
	"bytes"
	"context"
	"time"

	"clawback/verdict"
)

// Correction is what an operator, or a reporter who is trusted, says that a message is.
type Correction struct {
	Record     string              `json:"record"` // or the id of a message that is no record
	Tenant     string              `json:"tenant"`
	Is         verdict.Disposition `json:"is"`
	Was        verdict.Disposition `json:"was"`
	By         string              `json:"by"`
	At         time.Time           `json:"at"`
	Comment    string              `json:"comment,omitempty"`
	NotLearned string              `json:"not_learned,omitempty"` // why the classifier learns nothing of it
	Tokens     []string            `json:"tokens,omitempty"`      // that are learnt

	// A trusted reporter's word, and no operator's: only the classifier hears it.
	Reporter bool `json:"reporter,omitempty"`
}

// Key implements Row.
func (c Correction) Key() Key { return Key{c.Tenant, c.Record} }

// Correction reads the correction of one message, or ErrNotFound.
func (s *Store) Correction(ctx context.Context, tenant, record string) (Correction, error) {
	return readRow[Correction](ctx, s, tableCorrections, Key{tenant, record})
}

// Corrections lists the corrections of a tenant in order of their records.
func (s *Store) Corrections(ctx context.Context, tenant string) ([]Correction, error) {
	return listRows[Correction](ctx, s, tableCorrections, tenant)
}

// CorrectedTenants lists the tenants that have corrections.
func (s *Store) CorrectedTenants(ctx context.Context) (tenants []string, err error) {
	err = s.view(ctx, func(t *txn) error {
		c := t.cursor(tableCorrections)
		defer c.Close()
		for k, _ := c.First(); k != nil && t.step(); {
			tenant := string(k[:max(0, bytes.IndexByte(k, 0))])
			tenants = append(tenants, tenant)
			k, _ = c.Seek(append([]byte(tenant), 1)) // behind all keys that begin with the tenant and NUL
		}
		return nil
	})
	return tenants, err
}
