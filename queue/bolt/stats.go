package bolt

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
)

// Stats counts items and bounces.
func (q *Queue) Stats(_ context.Context) (queue.Stats, error) {
	waiting := q.logged.backlog().rows // before queue.db, to which they may be transferred any time
	s := q.tally.stats()
	err := q.view(func(tx *bbolt.Tx) error {
		s.Size = tx.Size()
		for state, c := range s.Items {
			c.Oldest = oldest(tx, state)
			s.Items[state] = c
		}
		for _, r := range waiting {
			if c := s.Items[r.item.State]; c.Count > 0 && c.Oldest.IsZero() {
				c.Oldest = queue.IDTime(r.item.ID)
				s.Items[r.item.State] = c
			}
		}
		return oldestBounces(tx, s.Bounces)
	})
	return s, err
}

// stats is a copy of the counts, without what is oldest.
func (y *tally) stats() queue.Stats {
	y.mu.Lock()
	defer y.mu.Unlock()
	s := queue.Stats{Items: map[queue.State]queue.Count{}, Tenants: map[string]map[queue.State]queue.Count{},
		Bounces: map[queue.BounceState]queue.Count{}, NextDue: y.due.deferred}
	for k, c := range y.items {
		s.Items[k] = c
	}
	for k, c := range y.bounces {
		s.Bounces[k] = c
	}
	for tenant, m := range y.tenants {
		s.Tenants[tenant] = map[queue.State]queue.Count{}
		for k, c := range m {
			s.Tenants[tenant][k] = c
		}
	}
	return s
}

// oldest is when the oldest item of a state came in, which its id tells.
func oldest(tx *bbolt.Tx, state queue.State) time.Time {
	first := ""
	earlier := func(id string) {
		if first == "" || id < first {
			first = id
		}
	}
	if state == queue.Ready {
		t := txn{index: tx.Bucket(indexBucket)}
		for _, tenant := range t.shares() {
			earlier(t.walk(readyKey(tenant, ""), 1)[0])
		}
		return queue.IDTime(first)
	}
	each(tx.Bucket(indexBucket), stateLetters[state], func(_ time.Time, id string) bool {
		earlier(id)
		return state == queue.Deferred || state == queue.Suspect // the others are in the order of their ids
	})
	return queue.IDTime(first)
}

func oldestBounces(tx *bbolt.Tx, counts map[queue.BounceState]queue.Count) error {
	rows := tx.Bucket(bouncesBucket)
	return rows.ForEach(func(id, _ []byte) error {
		b, err := readBounce(rows, string(id))
		if c := counts[b.State]; err == nil && c.Count > 0 && (c.Oldest.IsZero() || b.Created.Before(c.Oldest)) {
			c.Oldest = b.Created
			counts[b.State] = c
		}
		return err
	})
}
