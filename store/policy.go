package store

import (
	"context"
	"time"
)

// Policy is a policy that somebody added to a tenant's. What it means is known to package intel.
type Policy struct {
	ID      string    `json:"id"` // follows from kind, pattern and field
	Tenant  string    `json:"tenant"`
	Kind    string    `json:"kind"`
	Pattern string    `json:"pattern"`
	Field   string    `json:"field,omitempty"` // of block_content, unless it is "any"
	Verify  bool      `json:"verify,omitempty"`
	Note    string    `json:"note,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	By      string    `json:"by,omitempty"` // who added it
	Added   time.Time `json:"added,omitzero"`
}

// Key implements Row.
func (p Policy) Key() Key { return Key{p.Tenant, p.ID} }

// Policies lists the policies of a tenant, or with "" of all, in order of their ids.
func (s *Store) Policies(ctx context.Context, tenant string) ([]Policy, error) {
	return listRows[Policy](ctx, s, tablePolicies, tenant)
}
