package alert

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"clawback/config"
)

// cut drops the oldest events where more waits than the route's bounds allow: by size down to nine tenths, so that it
// is not done for each event, and by age. In their place stands one event that tells of it, so that the receiver knows
// of the gap where it is.
func cut(b *bbolt.Bucket, s *routeState, a config.Alert, now time.Time) error {
	size, most := s.Bytes, s.Bytes
	if s.Bytes > a.MaxSize {
		most = a.MaxSize / 10 * 9
	}
	var last uint64
	fresh, lost := 0, Lost{}
	err := eachFrom(b, 0, func(n uint64, row []byte) (bool, error) {
		var e Event
		readable := json.Unmarshal(row, &e) == nil // else it cannot be sent, and is as good as lost
		if readable && size <= most && !e.At.Before(now.Add(-a.Keep)) {
			return false, nil
		}
		if !readable {
			e = Event{At: now}
		}
		if e.Lost == nil {
			fresh++
		}
		size, last = size-int64(len(row)), n
		lost.add(e)
		return true, nil
	})
	if err != nil || last == 0 {
		return err
	}
	s.Dropped += fresh
	return dropCut(b, s, last, lost, now)
}

// add counts an event that is lost; of one that tells of a cut, what that had dropped.
func (l *Lost) add(e Event) {
	from, to := e.At, e.At
	if e.Lost != nil {
		l.Events += e.Lost.Events
		from, to = e.Lost.From, e.Lost.To
	} else {
		l.Events++
	}
	if l.From.IsZero() || from.Before(l.From) {
		l.From = from
	}
	if to.After(l.To) {
		l.To = to
	}
}

func dropCut(b *bbolt.Bucket, s *routeState, last uint64, lost Lost, now time.Time) error {
	if err := drop(b, s, last); err != nil {
		return err
	}
	if s.Batch != nil && s.Batch.From <= last {
		s.Batch = nil
	}
	s.DroppedAt = now
	row, err := json.Marshal(cutEvent(lost, now, fmt.Sprintf("cut-%d", last)))
	if err != nil {
		return err
	}
	s.Count, s.Bytes = s.Count+1, s.Bytes+int64(len(row))
	return b.Bucket(inWaiting).Put(binary.BigEndian.AppendUint64(nil, last), row)
}

// cutEvent tells of events that were dropped.
func cutEvent(lost Lost, now time.Time, id string) Event {
	text := fmt.Sprintf("%d events from %s to %s were dropped: more waited for this receiver than its route may keep",
		lost.Events, lost.From.UTC().Format(time.RFC3339), lost.To.UTC().Format(time.RFC3339))
	if lost.Events == 0 {
		text = "events were dropped before they could be told: the changes that they follow from are not kept"
	}
	return Event{ID: id, At: now, Type: OfCut, Severity: High, Text: text, Lost: &lost}
}

// abandon drops the one event of a message that its receiver does not take.
func (o *outbox) abandon(name string, m batch, now time.Time) error {
	return o.edit(name, func(b *bbolt.Bucket, s *routeState) error {
		var lost Lost
		err := eachFrom(b, m.From, func(n uint64, row []byte) (bool, error) {
			var e Event
			if n <= m.To {
				_ = json.Unmarshal(row, &e)
				lost.add(e)
			}
			return n <= m.To, nil
		})
		if err != nil || lost.Events == 0 {
			return err
		}
		s.Dropped += lost.Events
		return dropCut(b, s, m.To, lost, now)
	})
}
