package store

import (
	"errors"
	"maps"
	"slices"

	"clawback/store/rows"
)

// gathered are rows that the calls of one transaction write over and over: counters, and what a tenant's mail teaches
// of its senders. The engine, which packs each row that it is given, gets the last value of each when the transaction
// ends, or before a call walks their table. A call's rows come here when it has succeeded, as those of other tables
// come to the transaction.
type gathered struct {
	rows   map[rows.Table]map[string][]byte // nil value: deleted
	counts map[string]*Counts               // by tenant

	log       logHead // the log's end, with the leaves of this transaction
	hashes    []byte  // that these have added to it
	firstHash uint64  // the number of the first of them
}

// gathers reports whether the rows of a table are gathered.
func gathers(b rows.Table) bool {
	switch b {
	case tableMinutes, tableHistory, tableOldest, tableTally, tableJobTally, tableMeta:
		return true
	}
	return false
}

// add takes what becomes of a row.
func (g *gathered) add(c change) {
	if g.rows == nil {
		g.rows = map[rows.Table]map[string][]byte{}
	}
	if g.rows[c.table] == nil {
		g.rows[c.table] = map[string][]byte{}
	}
	g.rows[c.table][string(c.key)] = c.value
}

// addCounts takes a tenant's counters, which are not changed any more.
func (g *gathered) addCounts(tenant string, c *Counts) {
	if g.counts == nil {
		g.counts = map[string]*Counts{}
	}
	g.counts[tenant] = c
}

// settle gives the engine what was gathered of a table.
func (g *gathered) settle(tx rows.Tx, b rows.Table) error {
	if b == tableCounts {
		for tenant, c := range g.counts {
			t := &txn{}
			if err := t.save(tableCounts, tenantKey(tenant), c); err != nil {
				return err
			}
			for _, c := range t.pending.list {
				g.add(c)
			}
		}
		g.counts = nil
	}
	changes := g.rows[b]
	delete(g.rows, b)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if err := write(tx, change{b, []byte(key), changes[key]}); err != nil {
			return err
		}
	}
	return nil
}

// settleAll gives the engine all that was gathered.
func (g *gathered) settleAll(tx rows.Tx) error {
	err := errors.Join(g.settle(tx, tableCounts), g.settleLog(tx))
	for b := range g.rows {
		err = errors.Join(err, g.settle(tx, b))
	}
	return err
}
