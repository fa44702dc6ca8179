package store

import (
	"context"
	"time"
)

// Gate is a server's word not to ask for a mailbox, or anything of a tenant's, before a time. The next process keeps to
// it too.
type Gate struct {
	Tenant  string    `json:"tenant"`
	Mailbox string    `json:"mailbox,omitempty"` // or what stands for one; "": all of the tenant's
	Until   time.Time `json:"until"`
}

// Key implements Row. The slash stands before the mailbox so that the tenant's own gate has an id too.
func (g Gate) Key() Key { return Key{g.Tenant, "/" + g.Mailbox} }

// Gates lists the gates of a tenant, those that have opened meanwhile too.
func (s *Store) Gates(ctx context.Context, tenant string) ([]Gate, error) {
	return listRows[Gate](ctx, s, tableGates, tenant)
}
