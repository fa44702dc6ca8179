package queue

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// Source is whom mail came from and what for: what quotas are kept by.
type Source struct {
	Tenant  string
	Purpose Purpose
	Network string // "" for networks that no listener names
}

// Source is the source of a message.
func (e Envelope) Source() Source { return Source{e.Tenant, e.Purpose, e.Network} }

// Usage is what the queue holds of one source.
type Usage struct {
	Unfinished  Count // items in any state, and bounces that are not sent
	Quarantined Count // items in quarantine alone
}

// Usage says what the queue holds of a source. It is cheap. Bytes are those that bodies take on the disk.
func (q *Queue) Usage(of Source) Usage {
	q.tally.mu.Lock()
	defer q.tally.mu.Unlock()
	return q.tally.sources[of]
}

// Sources says what the queue holds of every source.
func (q *Queue) Sources() map[Source]Usage {
	q.tally.mu.Lock()
	defer q.tally.mu.Unlock()
	return maps.Clone(q.tally.sources)
}

// blockSize is what the smallest body takes on the disk.
const blockSize = 4 << 10

// onDisk is how much of the disk a body takes.
func onDisk(size int64) int64 { return max(blockSize, (size+blockSize-1)&^(blockSize-1)) }

// applySource counts a change of one source. The caller holds mu.
func (y *tally) applySource(d delta) {
	u := y.sources[d.source]
	size := int64(d.n) * onDisk(d.size)
	if d.bounce != BounceSent {
		u.Unfinished.Count += d.n
		u.Unfinished.Bytes += size
	}
	if d.state == Quarantined {
		u.Quarantined.Count += d.n
		u.Quarantined.Bytes += size
	}
	if u == (Usage{}) {
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
	for _, state := range []State{Ready, Deferred, Quarantined} {
		for _, id := range t.before(state, before) {
			it, err := t.item(id)
			if err != nil {
				return n, err
			}
			if it.Envelope.Purpose != ForPostmaster || !it.Envelope.Received.Before(before) || n >= maxDrop {
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
func (t *txn) before(state State, limit time.Time) (ids []string) {
	each(t.index, stateLetters[state], func(_ time.Time, id string) bool {
		early := idTime(id).Before(limit)
		if early {
			ids = append(ids, id)
		}
		return early || state == Deferred // the others are in the order of their ids
	})
	return ids
}

// postmasterBounces are up to max unsent bounces of mail for postmaster from before a time.
func (t *txn) postmasterBounces(before time.Time, max int) (list []Bounce, err error) {
	each(t.bindex, 'u', func(_ time.Time, id string) bool {
		var b Bounce
		if b, err = readBounce(t.bounces, id); err != nil {
			return false
		}
		if b.Envelope.Purpose == ForPostmaster && b.Envelope.Received.Before(before) && len(list) < max {
			list = append(list, b)
		}
		return len(list) < max
	})
	return list, err
}
