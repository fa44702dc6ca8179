package queue

import (
	"encoding/binary"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Stats says what is in the queue.
type Stats struct {
	Items   map[State]Count            `json:"items"`
	Tenants map[string]map[State]Count `json:"tenants"` // without Oldest
	Bounces map[BounceState]Count      `json:"bounces"`
	NextDue time.Time                  `json:"next_due,omitzero"` // of the deferred items
	Size    int64                      `json:"size"`              // octets of queue.db
}

// Stats counts items and bounces.
func (q *Queue) Stats() (Stats, error) {
	waiting := q.logged.all().rows // before queue.db, into which they may come any time
	s := q.tally.stats()
	err := q.view(func(tx *bolt.Tx) error {
		s.Size = tx.Size()
		for state, c := range s.Items {
			c.Oldest = oldest(tx, state)
			s.Items[state] = c
		}
		for _, r := range waiting {
			if c := s.Items[r.item.State]; c.Count > 0 && c.Oldest.IsZero() {
				c.Oldest = idTime(r.item.ID)
				s.Items[r.item.State] = c
			}
		}
		return oldestBounces(tx, s.Bounces)
	})
	return s, err
}

func (y *tally) stats() Stats {
	y.mu.Lock()
	defer y.mu.Unlock()
	s := Stats{Items: map[State]Count{}, Tenants: map[string]map[State]Count{}, Bounces: map[BounceState]Count{}, NextDue: y.due.deferred}
	for k, c := range y.items {
		s.Items[k] = c
	}
	for k, c := range y.bounces {
		s.Bounces[k] = c
	}
	for tenant, m := range y.tenants {
		s.Tenants[tenant] = map[State]Count{}
		for k, c := range m {
			s.Tenants[tenant][k] = c
		}
	}
	return s
}

// oldest is when the oldest item of a state came in, which its id tells.
func oldest(tx *bolt.Tx, state State) time.Time {
	first := ""
	each(tx.Bucket(indexBucket), stateLetters[state], func(_ time.Time, id string) bool {
		if first == "" || id < first {
			first = id
		}
		return state == Deferred || state == Suspect // the others are in the order of their ids
	})
	return idTime(first)
}

// idTime reads the time out of an item's id.
func idTime(id string) time.Time {
	b, err := order.DecodeString(strings.ToUpper(strings.TrimPrefix(id, "q")))
	if err != nil || len(b) < 8 {
		return time.Time{}
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC()
}

func oldestBounces(tx *bolt.Tx, counts map[BounceState]Count) error {
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
