package store

import (
	"bytes"
	"cmp"
	"slices"

	"clawback/store/rows"
)

// change is what becomes of one row.
type change struct {
	table rows.Table
	key   []byte
	value []byte // nil: it is deleted
}

// pending are the changes that a call has collected, one for each row. Most calls have a dozen, which are looked
// through one by one. The zero value is ready for use.
type pending struct {
	list []change
	keys []byte         // room for the keys of list
	at   map[string]int // where in list a row stands, by table and key; nil while they are few
}

// fewChanges are looked through.
const fewChanges = 24

// reused is the room of changes that have been written, for those of another call. It keeps no value of them.
func (p *pending) reused() pending {
	const most = 256 // rows, as a message to a hundred mailboxes has
	if cap(p.list) > most || cap(p.keys) > most*64 {
		return pending{}
	}
	clear(p.list)
	return pending{list: p.list[:0], keys: p.keys[:0]}
}

// find gives a row's value after the changes, and whether one of them is about it.
func (p *pending) find(table rows.Table, key []byte) (value []byte, changed bool) {
	if i := p.index(table, key); i >= 0 {
		return p.list[i].value, true
	}
	return nil, false
}

// put changes a row. It keeps value, and no key.
func (p *pending) put(table rows.Table, key, value []byte) {
	if i := p.index(table, key); i >= 0 {
		p.list[i].value = value
		return
	}
	from := len(p.keys)
	p.keys = append(p.keys, key...) // where it grows, earlier keys stay in what it was before
	p.list = append(p.list, change{table, p.keys[from:len(p.keys):len(p.keys)], value})
	switch {
	case p.at != nil:
		p.at[rowName(table, key)] = len(p.list) - 1
	case len(p.list) > fewChanges:
		p.at = make(map[string]int, 2*len(p.list))
		for i, c := range p.list {
			p.at[rowName(c.table, c.key)] = i
		}
	}
}

// index is where in the list a row stands, -1 for nowhere.
func (p *pending) index(table rows.Table, key []byte) int {
	if p.at != nil {
		if i, found := p.at[rowName(table, key)]; found {
			return i
		}
		return -1
	}
	return slices.IndexFunc(p.list, func(c change) bool { return c.table == table && bytes.Equal(c.key, key) })
}

func rowName(table rows.Table, key []byte) string { return string(byte(table)) + string(key) }

// sorted are the changes by table and key, which spares an engine that keeps pages from moving rows about. Nothing may
// be put or looked for any more.
func (p *pending) sorted() []change {
	p.at = nil
	slices.SortFunc(p.list, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.table, b.table), bytes.Compare(a.key, b.key))
	})
	return p.list
}
