package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Event says that something changed in the store. It names what did; how it is now is read from the row itself.
type Event struct {
	Seq  uint64    `json:"seq"`
	At   time.Time `json:"at"` // to the second
	Kind EventKind `json:"kind"`
	ID   string    `json:"id"` // of the record, the intent or the notice
}

// EventKind says what changed.
type EventKind byte

// The kinds of event. The numbers are part of the rows.
const (
	RecordAdded    EventKind = 1 // a record, with its first verdict
	RecordChanged  EventKind = 2 // a record, but for its verdict: recipients, forwards, what a person said of it
	VerdictChanged EventKind = 3 // a record's verdict, and perhaps more of it
	RecordDeleted  EventKind = 4 // a record with its intents, past its retention
	OutcomeChanged EventKind = 5 // an intent's outcome, the first one included
	NoticeChanged  EventKind = 6 // a notice was raised, reworded or cleared
)

var eventNames = [...]string{"", "record_added", "record_changed", "verdict_changed", "record_deleted",
	"outcome_changed",
	"notice_changed"}

// String names the kind.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && k > 0 {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", byte(k))
}

// ErrPruned means that changes behind a cursor are not kept any more, or happened before the sequence began: what
// follows from them is to be built anew from the rows, and the cursor set to [Store.LastChange] as it was before that.
var ErrPruned = errors.New("changes behind this cursor are not kept: build anew")

// Changes lists what changed after a cursor, in the order of the commits, limit at most (0: 1000). Each commit's
// changes are in the sequence when the commit is durable, and with all of those before it: a number that was read is
// never filled in later. What changed twice has two events, but one for one call of the store. The cursor to go on from
// is the last event's Seq. A follower must bear to see an event again, and rows that have changed again, or gone, since
// the event.
func (s *Store) Changes(ctx context.Context, after uint64, limit int) (list []Event, err error) {
	limit = orDefault(limit, 1000)
	err = s.view(ctx, func(t *txn) error {
		if pruned := t.pruned(); after < pruned {
			return fmt.Errorf("changes after %d, kept from %d: %w", after, pruned+1, ErrPruned)
		}
		c := t.cursor(tableChanges)
		for k, v := c.Seek(number(after + 1)); k != nil && len(list) < limit && t.step(); k, v = c.Next() {
			e, err := readEvent(k, v)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

// LastChange is the number of the newest event, pruned ones included; 0 when nothing has ever changed.
func (s *Store) LastChange(ctx context.Context) (seq uint64, err error) {
	err = s.view(ctx, func(t *txn) error {
		seq = t.lastChange()
		return nil
	})
	return seq, err
}

func (t *txn) lastChange() uint64 {
	c := t.cursor(tableChanges)
	if k, _ := c.Last(); len(k) == 8 {
		return binary.BigEndian.Uint64(k)
	}
	return t.pruned()
}

// prunedKey leads to the greatest number of an event that is not kept.
var prunedKey = []byte("pruned")

func (t *txn) pruned() uint64 {
	if v := t.get(tableMeta, prunedKey); len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

// changed notes that a row changed. The event gets its number when the call is written. What a call changes twice is
// one event, with the kind that says most of it.
func (t *txn) changed(kind EventKind, id string) {
	if i, ok := t.eventAt[id]; ok {
		t.events[i].Kind = moreTelling(t.events[i].Kind, kind)
		return
	}
	if t.eventAt == nil {
		t.eventAt = map[string]int{}
	}
	t.eventAt[id] = len(t.events)
	t.events = append(t.events, Event{Kind: kind, ID: id})
}

// moreTelling joins two changes of one row in one call: that it is new, or gone, says most; then its verdict.
func moreTelling(a, b EventKind) EventKind {
	switch {
	case b == RecordDeleted || a == RecordChanged:
		return b
	}
	return a
}

// flushEvents numbers the call's events from seq on, and returns the last number.
func (t *txn) flushEvents(seq uint64) uint64 {
	for _, e := range t.events {
		seq++
		t.put(tableChanges, number(seq), writeEvent(e, t.now))
	}
	return seq
}

// An event's row: kind, seconds, the id's letter, 16 bytes. An id of another form has the letter 0 and stands as it is.
func writeEvent(e Event, at time.Time) []byte {
	row := binary.BigEndian.AppendUint32([]byte{byte(e.Kind)}, uint32(max(0, at.Unix())))
	if raw, err := encoding.DecodeString(e.ID[min(1, len(e.ID)):]); err == nil && len(raw) == 16 && e.ID[0] < 0x80 {
		return append(append(row, e.ID[0]), raw...)
	}
	return append(append(row, 0), e.ID...)
}

func readEvent(key, row []byte) (Event, error) {
	if len(key) != 8 || len(row) < 7 {
		return Event{}, fmt.Errorf("%w: row of %s: %d bytes", ErrRead, title(tableChanges), len(row))
	}
	e := Event{Seq: binary.BigEndian.Uint64(key), Kind: EventKind(row[0]), ID: string(row[6:]),
		At: time.Unix(int64(binary.BigEndian.Uint32(row[1:])), 0).UTC()}
	if row[5] != 0 {
		e.ID = string(row[5]) + encoding.EncodeToString(row[6:])
	}
	return e, nil
}

// Cursor is how far a follower of the changes has come: 0 for one that is not known.
func (s *Store) Cursor(ctx context.Context, follower string) (seq uint64, err error) {
	err = s.view(ctx, func(t *txn) error {
		if v := t.get(tableCursors, []byte(follower)); len(v) == 8 {
			seq = binary.BigEndian.Uint64(v)
		}
		return nil
	})
	return seq, err
}

// SetCursor notes that a follower has done with all changes up to seq. No change behind a cursor is pruned, so that a
// follower makes itself known before it reads. Durable on return.
func (s *Store) SetCursor(ctx context.Context, follower string, seq uint64) error {
	if err := checkID("follower", follower); err != nil {
		return err
	}
	err := s.do(ctx, "", func(t *txn) error {
		if last := t.lastChange(); seq > last {
			return fmt.Errorf("%w: cursor %d lies beyond the last change, %d", ErrInvalid, seq, last)
		}
		t.put(tableCursors, []byte(follower), number(seq))
		return nil
	})
	if err != nil {
		return fmt.Errorf("set cursor of %s: %w", follower, err)
	}
	return nil
}

// DropCursor forgets a follower: changes are not kept for it any more.
func (s *Store) DropCursor(ctx context.Context, follower string) error {
	return s.do(ctx, "", func(t *txn) error {
		t.del(tableCursors, []byte(follower))
		return nil
	})
}

// expireChanges drops the events from before a time that all followers have done with.
func (s *Store) expireChanges(ctx context.Context, before time.Time) (total int, err error) {
	for {
		n := 0
		err := s.do(ctx, "", func(t *txn) error {
			var err error
			n, err = t.pruneChanges(before)
			return err
		})
		if total += n; err != nil || n < expireChunk {
			return total, err
		}
	}
}

func (t *txn) pruneChanges(before time.Time) (n int, err error) {
	last := uint64(0)
	done := t.followed()
	t.each(tableChanges, nil, func(k, v []byte) bool {
		var e Event
		if e, err = readEvent(k, v); err != nil || e.Seq > done || !e.At.Before(before) || n >= expireChunk {
			return false
		}
		t.del(tableChanges, number(e.Seq))
		last = e.Seq
		n++
		return true
	})
	if n > 0 {
		t.put(tableMeta, prunedKey, number(last))
	}
	return n, err
}

// followed is up to where all followers have come.
func (t *txn) followed() uint64 {
	least := ^uint64(0)
	t.each(tableCursors, nil, func(_, v []byte) bool {
		if len(v) == 8 {
			least = min(least, binary.BigEndian.Uint64(v))
		}
		return true
	})
	return least
}
