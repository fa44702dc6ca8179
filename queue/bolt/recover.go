package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"syscall"

	"clawback/queue"
	"clawback/spool"
)

// recover puts the rows in order before anything else uses them, in one commit, and builds the tally.
func (q *Queue) recover() error {
	tx, err := q.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	t := newTxn(tx, q.now())
	r := recovery{q: q, t: t}
	if err := errors.Join(r.rekey(), r.readScored(), r.items(), r.bounces(), t.err); err != nil {
		return err
	}
	if err := errors.Join(t.dropSent(t.now.Add(-q.o.KeepSent)), t.err); err != nil {
		return err
	}
	t.due = t.nextDues()
	if t.changed {
		err = tx.Commit()
	}
	q.tally.commit(t)
	return err
}

// recovery is what recover knows on its way through the rows.
type recovery struct {
	q      *Queue
	t      *txn
	scored map[string]bool // items that were being scored when the process ended
	alone  bool            // there was one
}

// readScored reads which items were being scored. A note of one that has ended since stands for nothing.
func (r *recovery) readScored() (err error) {
	if r.scored, err = r.q.readScoring(); err != nil {
		return err
	}
	maps.DeleteFunc(r.scored, func(id string, _ bool) bool {
		it, err := r.t.item(id)
		return err != nil || it.State != queue.Working
	})
	r.alone = len(r.scored) == 1
	return nil
}

// items counts every item, gives back what was in work, and sets aside what cannot be read or has no bytes.
func (r *recovery) items() error {
	var changed [][2]*queue.Item
	var unreadable []string
	err := r.t.items.ForEach(func(id, _ []byte) error {
		old, err := r.t.item(string(id))
		if err != nil || !wellFormed(old, id) {
			unreadable = append(unreadable, string(id))
			return nil
		}
		r.t.count(+1, old)
		it, err := r.item(*old)
		if err != nil {
			return fmt.Errorf("look for the bytes of item %s: %w", id, err)
		}
		if it != nil {
			changed = append(changed, [2]*queue.Item{old, it})
		}
		return nil
	})
	for _, pair := range changed {
		err = errors.Join(err, r.t.set(pair[0], pair[1]))
	}
	for _, id := range unreadable {
		err = errors.Join(err, r.unreadableItem(id))
	}
	return err
}

// item is what an item has to become, or nil when it is in order. An error says nothing of the bytes, such as that this
// user may not read them: the start fails, and can be repeated when the cause is mended.
func (r *recovery) item(it queue.Item) (*queue.Item, error) {
	if it.State == queue.Quarantined {
		return nil, nil
	}
	if err := r.q.present(it.Body); isLost(err) {
		it.SetAside(queue.CauseLost, lostAt(it.Body, err))
		r.q.logLost(&it)
		return &it, nil
	} else if err != nil {
		return nil, err
	}
	switch latest := r.t.now.Add(r.q.o.MaxDefer); {
	case it.State == queue.Working:
		it.Crashed(r.scored[it.ID], r.alone, r.t.now)
		if it.State == queue.Suspect {
			r.q.log.Warn("the process ended while an item was scored", "event", "item.suspect", "item", it.ID,
				"crashes", it.Crashes,
				"alone", it.CrashesAlone)
		}
		return &it, nil
	case it.State == queue.Deferred && it.NotBefore.After(latest):
		it.NotBefore = latest // the clock was wrong when it was deferred
		return &it, nil
	}
	return nil, nil
}

// logLost logs that an item is in quarantine because its bytes are lost.
func (q *Queue) logLost(it *queue.Item) {
	q.lost++
	q.log.Error("item quarantined", "event", "item.quarantined", "item", it.ID, "reason", it.Reason)
}

// alertLost sums them up.
func (q *Queue) alertLost() {
	if q.lost > 0 {
		q.log.Error("The bodies of accepted reports are missing or damaged in the spool.",
			"event", "alert.spool.damaged", "items", q.lost)
	}
}

// lostAt says why bytes are not to be had.
func lostAt(ref spool.Ref, err error) string {
	if errors.Is(err, spool.ErrMissing) {
		return fmt.Sprintf("%v: %s at %d", spool.ErrMissing, ref.File, ref.Offset)
	}
	return err.Error()
}

// isLost reports whether an error says that bytes are gone or damaged.
func isLost(err error) bool {
	return errors.Is(err, spool.ErrMissing) || errors.Is(err, spool.ErrCorrupt) || errors.Is(err, syscall.EIO)
}

// present checks that the bytes of a body are there, by the file's length alone. It reads none of them: Body does.
func (q *Queue) present(ref spool.Ref) error {
	b, err := q.spool.Open(context.Background(), ref)
	if err != nil {
		return err
	}
	return b.Close()
}

// bounces counts all bounces in.
func (r *recovery) bounces() error {
	var unreadable []string
	err := r.t.bounces.ForEach(func(id, _ []byte) error {
		b, err := readBounce(r.t.bounces, string(id))
		if err != nil || b.ID != string(id) {
			unreadable = append(unreadable, string(id))
			return nil
		}
		r.t.countBounce(+1, &b)
		return nil
	})
	for _, id := range unreadable {
		err = errors.Join(err, r.unreadableBounce(id))
	}
	return err
}
