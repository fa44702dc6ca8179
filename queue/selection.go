package queue

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"clawback/internal/mailaddr"
)

// Selection selects items in quarantine: those that fit everything it names.
type Selection struct {
	Tenant   string       // "" for any
	Purpose  Purpose      // "" for any
	Network  string       // name of a network set, "" for any
	Unlisted bool         // only from networks that no listener names
	Cause    Cause        // "" for any
	MailFrom string       // an address or @domain, "<>" for the null sender, "" for any
	Peers    netip.Prefix // the zero value for any
	Before   time.Time    // received before; zero for any
}

// Empty reports whether a selection names nothing, and so selects everything.
func (s Selection) Empty() bool { return s == Selection{} }

// fits reports whether an item is in quarantine and selected.
func (s Selection) fits(it *Item) bool {
	e := it.Envelope
	switch {
	case it.State != Quarantined, s.Tenant != "" && s.Tenant != e.Tenant, s.Purpose != "" && s.Purpose != e.Purpose,
		s.Network != "" && s.Network != e.Network, s.Unlisted && e.Network != "", s.Cause != "" && s.Cause != it.Cause,
		!s.Before.IsZero() && !e.Received.Before(s.Before):
		return false
	}
	return s.fitsSender(e.MailFrom) && s.fitsPeer(e.Remote)
}

func (s Selection) fitsSender(from string) bool {
	switch {
	case s.MailFrom == "":
		return true
	case s.MailFrom == "<>":
		return from == ""
	case s.MailFrom[0] == '@':
		return from != "" && mailaddr.Domain(from) == mailaddr.Name(s.MailFrom[1:])
	}
	return mailaddr.Address(from) == mailaddr.Address(s.MailFrom)
}

func (s Selection) fitsPeer(remote string) bool {
	if !s.Peers.IsValid() {
		return true
	}
	at, err := netip.ParseAddrPort(remote)
	return err == nil && s.Peers.Contains(at.Addr().Unmap().WithZone(""))
}

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

// Groups counts the items in quarantine that are selected, by kind, the largest first.
func (q *Queue) Groups(s Selection) ([]Group, error) {
	groups := map[Kind]*Group{}
	err := q.view(func(tx *bolt.Tx) error {
		return eachQuarantined(tx, "", func(it *Item) bool {
			if s.fits(it) {
				group(groups, it)
			}
			return true
		})
	})
	list := make([]Group, 0, len(groups))
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Last.ID, b.Last.ID))
	})
	return list, err
}

// group counts an item in its group.
func group(groups map[Kind]*Group, it *Item) {
	k := Kind{it.Envelope.Tenant, it.Envelope.Purpose, it.Envelope.Network, it.Cause, ""}
	if k.Cause == "" {
		k.Reason = it.Reason
	}
	g := groups[k]
	if g == nil && len(groups) >= maxGroups {
		k = Kind{Reason: "of other kinds"}
		g = groups[k]
	}
	if g == nil {
		g = &Group{Kind: k, Oldest: it.Envelope.Received}
		groups[k] = g
	}
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

// eachQuarantined visits the items in quarantine with ids after one, in the order of their ids.
func eachQuarantined(tx *bolt.Tx, after string, visit func(it *Item) bool) (err error) {
	rows, c := tx.Bucket(itemsBucket), tx.Bucket(indexBucket).Cursor()
	letter := stateLetters[Quarantined]
	for k, _ := c.Seek(indexKey(letter, time.Time{}, after)); len(k) > keyHead && k[0] == letter; k, _ = c.Next() {
		if string(k[keyHead:]) <= after {
			continue
		}
		it, err := readItem(rows, string(k[keyHead:]))
		if err != nil {
			return err
		}
		if !visit(&it) {
			return nil
		}
	}
	return nil
}
