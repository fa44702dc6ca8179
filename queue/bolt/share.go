package bolt

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"

	"clawback/queue"
)

// What waits is claimed tenant by tenant, so that one which sends much delays no other. The index has the ready items
// of a tenant beside each other: where the keys of other states have a time, theirs have a number that stands for the
// tenant.

// tenantNumber is what stands for a tenant. Two with the same one would have one share between them.
func tenantNumber(tenant string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(tenant)) // which does not fail
	return max(1, h.Sum64())
}

// readyKey is the index key of a ready item, or what the keys of a tenant's begin with.
func readyKey(tenant uint64, id string) []byte {
	key := append(make([]byte, 0, keyHead+len(id)), stateLetters[queue.Ready])
	return append(binary.BigEndian.AppendUint64(key, tenant), id...)
}

// shares are the numbers of the tenants that have ready items, in order.
func (t *txn) shares() (list []uint64) {
	c := t.index.Cursor()
	for k, _ := c.Seek(readyKey(0, "")); len(k) > keyHead && k[0] == stateLetters[queue.Ready]; {
		tenant := binary.BigEndian.Uint64(k[1:keyHead])
		list = append(list, tenant)
		if tenant == ^uint64(0) {
			break
		}
		k, _ = c.Seek(readyKey(tenant+1, ""))
	}
	return list
}

// ready is up to max ready ids, from the tenants in turns. Each has an equal part of max; what some do not need goes to
// the others, to those first whose turn it is.
func (t *txn) ready(max int) []string {
	shares := t.shares()
	if len(shares) == 0 {
		return nil
	}
	first := int(t.turn % uint64(len(shares)))
	shares = append(shares[first:len(shares):len(shares)], shares[:first]...)
	shares = shares[:min(len(shares), max)]
	wide := max >= wideClaim
	part := (max + len(shares) - 1) / len(shares)
	lists, left := make([][]string, len(shares)), max
	for i, tenant := range shares {
		lists[i] = t.readyOf(tenant, part, wide)
		left -= len(lists[i])
	}
	for i, tenant := range shares {
		if had := len(lists[i]); had == part && left > 0 {
			lists[i] = t.readyOf(tenant, part+left, wide)
			left -= len(lists[i]) - had
		}
	}
	return inTurns(lists, max)
}

// inTurns takes up to max from lists, one of each in each round.
func inTurns(lists [][]string, max int) (all []string) {
	for taken := true; taken && len(all) < max; {
		taken = false
		for i := range lists {
			next := head(&lists[i])
			all = append(all, next...)
			taken = taken || len(next) > 0
		}
	}
	return all[:min(len(all), max)]
}

// wideClaim is the size of a claim from which it takes from both ends: who claims few at a time gets them in order.
const wideClaim = 16

// readyOf is up to max ready ids of a tenant. In a wide claim half of them are the oldest and half the newest: a
// message that comes while a backlog is worked through is judged in seconds, and the backlog's oldest still go on.
func (t *txn) readyOf(tenant uint64, max int, wide bool) []string {
	prefix := readyKey(tenant, "")
	ids := t.walk(prefix, max)
	if len(ids) < max || !wide {
		return ids
	}
	ids = ids[:(max+int(t.turn%2))/2] // where there is but one to claim, the two ends take turns
	oldest := ""
	if len(ids) > 0 {
		oldest = ids[len(ids)-1]
	}
	c := t.index.Cursor()
	for k := lastBelow(c, prefix); bytes.HasPrefix(k, prefix) && len(ids) < max; k, _ = c.Prev() {
		id := string(k[keyHead:])
		if id <= oldest {
			break
		}
		ids = append(ids, id)
	}
	return ids
}

// walk is up to max ids from the beginning of those that begin with prefix.
func (t *txn) walk(prefix []byte, max int) (ids []string) {
	c := t.index.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(ids) < max; k, _ = c.Next() {
		ids = append(ids, string(k[keyHead:]))
	}
	return ids
}

// lastBelow moves to the last key that begins with prefix, or to one before it.
func lastBelow(c interface {
	Seek([]byte) ([]byte, []byte)
	Prev() ([]byte, []byte)
	Last() ([]byte, []byte)
}, prefix []byte) []byte {
	k, _ := c.Seek(append(bytes.Clone(prefix), 0xff)) // ids are of letters and digits
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k
}

// rekey gives the ready items of an older version keys with their tenant's number. A row that cannot be read is set
// aside later.
func (r *recovery) rekey() error {
	for _, id := range r.t.walk(readyKey(0, ""), 1<<62) {
		it, err := r.t.item(id)
		if err != nil || !wellFormed(it, []byte(id)) {
			continue
		}
		r.t.delete(r.t.index, readyKey(0, id))
		if it.State == queue.Ready {
			r.t.put(r.t.index, itemKey(it), nil)
		}
	}
	return r.t.err
}
