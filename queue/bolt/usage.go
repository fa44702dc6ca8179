package bolt

import (
	"context"
	"fmt"
	"maps"
	"time"

	"clawback/queue"
)

// Usage says what the queue holds of a source. It is cheap. Bytes are those that bodies take on the disk.
func (q *Queue) Usage(of queue.Source) queue.Usage {
	q.tally.mu.Lock()
	defer q.tally.mu.Unlock()
	return q.tally.sources[of]
}

// Sources says what the queue holds of every source.
func (q *Queue) Sources() map[queue.Source]queue.Usage {
	q.tally.mu.Lock()
	defer q.tally.mu.Unlock()
	return maps.Clone(q.tally.sources)
}

// applySource counts a change of one source. The caller holds mu.
func (y *tally) applySource(d delta) {
	u := y.sources[d.source]
	size := int64(d.n) * queue.OnDisk(d.size)
	if d.bounce != queue.BounceSent {
		u.Unfinished.Count += d.n
		u.Unfinished.Bytes += size
	}
	if d.state == queue.Quarantined {
		u.Quarantined.Count += d.n
		u.Quarantined.Bytes += size
	}
	if u == (queue.Usage{}) {
		delete(y.sources, d.source)
		return
	}
	y.sources[d.source] = u
}

// ExpirePostmaster drops mail for postmaster that was received before a time, and unsent bounces of such mail. Nothing
// else ever expires. It says how many messages it dropped.
func (q *Queue) ExpirePostmaster(ctx context.Context, before time.Time) (dropped int, err error) {
	for {
		var n int
		err := q.submit(ctx, &op{apply: func(t *txn) (err error) {
			n, err = t.expirePostmaster(before)
			return err
		}})
		if err != nil {
			return dropped, fmt.Errorf("expire mail for postmaster: %w", err)
		}
		dropped += n
		if n < maxDrop {
			return dropped, nil
		}
	}
}

// expirePostmaster drops up to maxDrop messages and bounces.
func (t *txn) expirePostmaster(before time.Time) (n int, err error) {
	for _, state := range []queue.State{queue.Ready, queue.Deferred, queue.Quarantined} {
		for _, id := range t.before(state, before) {
			it, err := t.item(id)
			if err != nil {
				return n, err
			}
			if it.Envelope.Purpose != queue.ForPostmaster || !it.Envelope.Received.Before(before) || n >= maxDrop {
				continue
			}
			if err := t.set(it, nil); err != nil {
				return n, err
			}
			n++
		}
	}
	bounces, err := t.postmasterBounces(before, maxDrop-n)
	for _, b := range bounces {
		if err == nil {
			err = t.setBounce(&b, nil)
			n++
		}
	}
	return n, err
}

// before are the ids of a state's items that came in before a time, by their ids.
func (t *txn) before(state queue.State, limit time.Time) (ids []string) {
	each(t.index, stateLetters[state], func(_ time.Time, id string) bool {
		early := queue.IDTime(id).Before(limit)
		if early {
			ids = append(ids, id)
		}
		return early || state == queue.Deferred || state == queue.Ready // the others are in the order of their ids
	})
	return ids
}

// postmasterBounces are up to max unsent bounces of mail for postmaster from before a time.
func (t *txn) postmasterBounces(before time.Time, max int) (list []queue.Bounce, err error) {
	each(t.bindex, 'u', func(_ time.Time, id string) bool {
		var b queue.Bounce
		if b, err = readBounce(t.bounces, id); err != nil {
			return false
		}
		if b.Envelope.Purpose == queue.ForPostmaster && b.Envelope.Received.Before(before) && len(list) < max {
			list = append(list, b)
		}
		return len(list) < max
	})
	return list, err
}
