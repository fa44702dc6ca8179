package queue

import (
	"cmp"
	"slices"
	"time"
)

// Kind is what items in quarantine that are listed together have in common.
type Kind struct {
	Tenant  string  `json:"tenant"`
	Purpose Purpose `json:"purpose"`
	Network string  `json:"network"`
	Cause   Cause   `json:"cause,omitempty"`
	Reason  string  `json:"reason,omitempty"` // where there is no cause, in rows of older versions
}

// Group is a number of items of one kind.
type Group struct {
	Kind
	Count  int       `json:"count"`
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest"` // when the first of them was received
	Newest time.Time `json:"newest"`
	Last   Item      `json:"last"` // the newest of them
}

// maxGroups bounds the kinds that are told apart; the rest is one group.
const maxGroups = 1000

// Grouping counts items by kind. The zero value is empty.
type Grouping struct{ groups map[Kind]*Group }

// Add counts an item in its group.
func (s *Grouping) Add(it *Item) {
	g := s.group(it)
	g.Count++
	g.Bytes += it.Body.Size
	g.Last = *it
	if it.Envelope.Received.Before(g.Oldest) {
		g.Oldest = it.Envelope.Received
	}
	if it.Envelope.Received.After(g.Newest) {
		g.Newest = it.Envelope.Received
	}
}

// group is the group of an item, a new one for the first of its kind.
func (s *Grouping) group(it *Item) *Group {
	k := Kind{it.Envelope.Tenant, it.Envelope.Purpose, it.Envelope.Network, it.Cause, ""}
	if k.Cause == "" {
		k.Reason = it.Reason
	}
	if s.groups[k] == nil && len(s.groups) >= maxGroups {
		k = Kind{Reason: "of other kinds"}
	}
	if s.groups == nil {
		s.groups = map[Kind]*Group{}
	}
	if s.groups[k] == nil {
		s.groups[k] = &Group{Kind: k, Oldest: it.Envelope.Received}
	}
	return s.groups[k]
}

// List is the groups, the largest first.
func (s *Grouping) List() []Group {
	list := make([]Group, 0, len(s.groups))
	for _, g := range s.groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Last.ID, b.Last.ID))
	})
	return list
}
