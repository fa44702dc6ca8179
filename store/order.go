package store

import (
	"context"
	"time"
)

// Order is an act that is carried out elsewhere than in the store, such as in the queue. It is written with its entry
// in the audit before anything is done, and removed when that is done: one that stands at a start is carried out then.
type Order struct {
	ID      string    `json:"id"`
	What    string    `json:"what"` // the operation
	Who     string    `json:"who"`
	Tenant  string    `json:"tenant,omitempty"`
	Object  string    `json:"object"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// Key implements Row.
func (o Order) Key() Key { return Key{o.Tenant, o.ID} }

// Orders lists what is not known to be done.
func (s *Store) Orders(ctx context.Context) ([]Order, error) {
	return listRows[Order](ctx, s, tableOrders, "")
}
