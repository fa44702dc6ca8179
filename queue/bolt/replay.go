package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	boltfile "clawback/internal/bolt"
	"clawback/internal/nospace"
	"clawback/queue"
	"clawback/spool"
)

// replay transfers to queue.db what an earlier run has accepted.
func (q *Queue) replay() error {
	marks, err := q.marks()
	if err != nil {
		return err
	}
	items := 0
	found, err := q.spool.Replay(func(segment string) int64 { return marks[segment] },
		func(batch []spool.Entry, to spool.Mark) error {
			items += len(batch)
			return q.replayBatch(batch, to)
		})
	if err != nil {
		return err
	}
	q.logReplayed(items, found)
	if err := q.forgetMarks(marks); err != nil {
		return err
	}
	err = q.writeRows(q.logged.backlog(), nil)
	if nospace.Is(err) {
		q.noteFull(err) // they are safe where they are
		return nil
	}
	return err
}

// marks are how far the log of each segment has been read.
func (q *Queue) marks() (map[string]int64, error) {
	marks := map[string]int64{}
	err := q.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(logBucket).ForEach(func(segment, end []byte) error {
			marks[string(segment)] = -1 // of a mark that cannot be read: all of it once more
			if len(end) == 8 {
				marks[string(segment)] = int64(binary.BigEndian.Uint64(end))
			}
			return nil
		})
	})
	return marks, err
}

// replayBatch takes in a batch of the log as if it had been accepted now. There may be very many of them where queue.db
// is new or comes from a backup, so that they are transferred on the way.
func (q *Queue) replayBatch(batch []spool.Entry, to spool.Mark) error {
	var puts []*put
	err := q.view(func(tx *bbolt.Tx) error {
		for _, e := range batch {
			p, err := q.replayEntry(e)
			if err != nil {
				return err
			}
			if tx.Bucket(itemsBucket).Get([]byte(p.item.ID)) == nil { // a queue.db from a backup may have it
				puts = append(puts, p)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.logged.add(puts, to)
	q.tally.arrive(arrived(puts))
	if _, bytes := q.logged.size(); bytes < maxLogged/4 {
		return nil
	}
	return q.writeRows(q.logged.backlog(), nil)
}

// replayEntry reads one entry of the log. Like an item of queue.db it is quarantined when its row cannot be read or its
// bytes are not there.
func (q *Queue) replayEntry(e spool.Entry) (*put, error) {
	p := &put{entry: e}
	why, cause := "", queue.CauseLost
	if err := json.Unmarshal(e.Note, &p.item); err != nil || stateLetters[p.item.State] == 0 || p.item.ID == "" {
		p.item, why, cause = q.salvage(e.Note), "its row in the log cannot be read", queue.CauseRow
		p.item.ID = queue.NewID(q.now())
	}
	if e.Ref.File != "" {
		p.item.Body = e.Ref
	}
	err := q.present(p.item.Body)
	if err != nil && !isLost(err) {
		return nil, fmt.Errorf("look for the bytes of item %s: %w", p.item.ID, err)
	}
	switch {
	case why != "":
	case e.Torn:
		why = "its bytes are not whole: the process ended while they were written, and its sender, who had no " +
			"answer, sends it again; or the disk has damaged them"
	case err != nil:
		why = lostAt(p.item.Body, err)
	default:
		return p, nil
	}
	p.item.SetAside(cause, why)
	q.logLost(&p.item)
	note, err := json.Marshal(p.item)
	if err == nil { // else it stays as it was accepted
		p.entry = spool.Entry{Note: note}
	}
	return p, nil
}

// logReplayed logs what was found.
func (q *Queue) logReplayed(items int, found spool.Replayed) {
	if items > 0 {
		q.log.Info("accepted items were read back from the log", "event", "queue.replayed", "items", items)
	}
	for _, where := range found.Torn {
		q.log.Warn("the log ends in what is not whole: either the process ended while it was written, and its "+
			"senders, who had no answer, send it again, or the disk has damaged it",
			"event", "queue.torn", "where", where)
	}
	for _, where := range found.Lost {
		q.log.Error("a part of the log cannot be read: up to a batch of accepted items is missing",
			"event", "queue.log_damaged", "where", where)
	}
}

// forgetMarks drops those of segments that are no more and were begun more than a year ago: younger ones may be back at
// the next start, such as when the spool's disk was not there at this one.
func (q *Queue) forgetMarks(marks map[string]int64) error {
	limit := "seg/" + q.now().AddDate(-1, 0, 0).Format("20060102T15")
	old := slices.DeleteFunc(slices.Collect(maps.Keys(marks)), func(segment string) bool {
		return segment >= limit || !errors.Is(q.present(spool.Ref{File: segment}), spool.ErrMissing)
	})
	if len(old) == 0 {
		return nil
	}
	err := q.db.Update(func(tx *bbolt.Tx) error {
		for _, segment := range old {
			if err := tx.Bucket(logBucket).Delete([]byte(segment)); err != nil {
				return err
			}
		}
		return nil
	})
	if err = boltfile.Unhide(err); nospace.Is(err) {
		return nil // next time
	}
	return err
}
