package queue

import "time"

// Filter selects items. The zero value selects all.
type Filter struct {
	State  State     // "" for any
	Tenant string    // "" for any
	Since  time.Time // received then or later; zero for any time
	After  string    // only ids greater than this one: where the last page ended
	Limit  int       // 0 for no limit
}

// Selects reports whether an item is one of the filter, of which Limit is not looked at.
func (f Filter) Selects(it *Item) bool {
	return (f.State == "" || f.State == it.State) && (f.Tenant == "" || f.Tenant == it.Envelope.Tenant) &&
		!it.Envelope.Received.Before(f.Since) && it.ID > f.After
}

// BounceFilter selects bounces. The zero value selects all.
type BounceFilter struct {
	State  BounceState // "" for any
	Tenant string      // "" for any
	Since  time.Time   // created then or later; zero for any time
	Limit  int         // 0 for no limit
}

// Selects reports whether a bounce is one of the filter, of which Limit is not looked at.
func (f BounceFilter) Selects(b *Bounce) bool {
	return (f.State == "" || f.State == b.State) && (f.Tenant == "" || f.Tenant == b.Envelope.Tenant) &&
		!b.Created.Before(f.Since)
}
