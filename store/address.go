package store

import (
	"context"
	"time"
)

// Address is one to which mail was accepted once: it is deferred, and not refused, when it is not configured any more.
type Address struct {
	Address string    `json:"address"`       // in lower case
	Tenant  string    `json:"tenant"`        // whose mail it took last
	Last    time.Time `json:"last,omitzero"` // when it last took mail, to the hour; zero: never noted
}

// Key implements Row. An address is one tenant's at a time.
func (a Address) Key() Key { return Key{ID: a.Address} }

// Addresses lists all addresses that have taken mail, in order.
func (s *Store) Addresses(ctx context.Context) ([]Address, error) {
	return listRows[Address](ctx, s, tableAddresses, "")
}
