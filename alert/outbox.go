package alert

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"clawback/config"
	boltfile "clawback/internal/bolt"
)

// File is the name of the outbox below state_dir.
const File = "alerts.db"

// The buckets: what the follower knows; and of each route, in a bucket of its name, what waits and what was answered.
var (
	bucketFollower = []byte("follower")
	bucketTold     = []byte("told") // notice -> told
	bucketRoutes   = []byte("routes")
	inWaiting      = []byte("waiting")    // number -> Event
	inDeliveries   = []byte("deliveries") // number -> Delivery
	keyState       = []byte("state")      // routeState
	keyCursor      = []byte("cursor")     // number of the change that was done with last
)

// outbox is what waits for receivers, durable before anything of it is sent.
type outbox struct{ db *bbolt.DB }

func openOutbox(stateDir string, log *slog.Logger) (*outbox, error) {
	path := filepath.Join(stateDir, File)
	db, err := boltfile.Open(path, boltfile.Options{Buckets: [][]byte{bucketFollower, bucketTold, bucketRoutes},
		MmapSize: 64 << 20, CompactAbove: 64 << 20, Log: log})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: move it away and start again; what waited for receivers is lost with it",
			path, err)
	}
	return &outbox{db}, nil
}

func (o *outbox) close() error { return o.db.Close() }

// routeState is how a route stands.
type routeState struct {
	Bytes        int64     `json:"bytes"` // of what waits
	Count        int       `json:"count"` // events that wait
	Batch        *batch    `json:"batch,omitempty"`
	Limit        int       `json:"limit,omitempty"` // events of a message, after one was refused; 0: as many as fit
	FailingSince time.Time `json:"failing_since,omitzero"`
	Failures     int       `json:"failures,omitempty"` // in a row
	Delivered    time.Time `json:"delivered,omitzero"` // last
	Dropped      int       `json:"dropped,omitempty"`  // events that a bound has cut, ever
	DroppedAt    time.Time `json:"dropped_at,omitzero"`
}

// batch is a message that was begun: the events from one number to another.
type batch struct {
	ID      string    `json:"id"`
	From    uint64    `json:"from"`
	To      uint64    `json:"to"`
	Begun   time.Time `json:"begun"`
	Refused time.Time `json:"refused,omitzero"` // when its body was first refused
	Tries   int       `json:"tries,omitempty"`
}

// Delivery is one attempt to deliver a message, with its answer.
type Delivery struct {
	Message string        `json:"message"` // its id, the same over all attempts
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"`
	Events  int           `json:"events"`
	OK      bool          `json:"ok"`
	Answer  string        `json:"answer"` // of the receiver, or why there was none
	Next    time.Time     `json:"next,omitzero"`
	Test    bool          `json:"test,omitempty"`
}

// keptDeliveries bounds the list of each route.
const keptDeliveries = 200

// Bounds of one message.
const (
	batchEvents = 500
	batchBytes  = 64 << 10 // of events as they wait
)

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// routeBucket is a route's bucket, made where it is not there.
func routeBucket(tx *bbolt.Tx, name string) (*bbolt.Bucket, error) {
	b, err := tx.Bucket(bucketRoutes).CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return nil, err
	}
	for _, inner := range [][]byte{inWaiting, inDeliveries} {
		if _, err := b.CreateBucketIfNotExists(inner); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func readState(b *bbolt.Bucket) (s routeState, err error) {
	if row := b.Get(keyState); row != nil {
		err = json.Unmarshal(row, &s)
	}
	return s, err
}

func writeState(b *bbolt.Bucket, s routeState) error {
	row, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return b.Put(keyState, row)
}

// edit changes a route in one transaction.
func (o *outbox) edit(name string, change func(b *bbolt.Bucket, s *routeState) error) error {
	return o.db.Update(func(tx *bbolt.Tx) error {
		b, err := routeBucket(tx, name)
		if err != nil {
			return err
		}
		s, err := readState(b)
		if err != nil {
			return err
		}
		if err := change(b, &s); err != nil {
			return err
		}
		return writeState(b, s)
	})
}

// cursor is the change that the follower has done with; found is false where it never followed any.
func (o *outbox) cursor() (at uint64, found bool, err error) {
	err = o.db.View(func(tx *bbolt.Tx) error {
		if row := tx.Bucket(bucketFollower).Get(keyCursor); len(row) == 8 {
			at, found = binary.BigEndian.Uint64(row), true
		}
		return nil
	})
	return at, found, err
}

// forget forgets where the follower was: nobody is to be told.
func (o *outbox) forget() error {
	return o.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketFollower).Delete(keyCursor) })
}

// routed is an event with the routes that tell of it.
type routed struct {
	event  Event
	routes []string
}

// told is a notice that was told, for when it is over.
type told struct {
	Event Event     `json:"event"`
	At    time.Time `json:"at"` // when its text was last told
}

// add makes events wait, and moves the follower on: I1. Told are notices that stand, and those that are over, as nil.
func (o *outbox) add(cursor uint64, list []routed, notices map[string]*told) error {
	return o.db.Update(func(tx *bbolt.Tx) error {
		for id, n := range notices {
			if err := putTold(tx, id, n); err != nil {
				return err
			}
		}
		byRoute := map[string][]Event{}
		for _, r := range list {
			for _, name := range r.routes {
				byRoute[name] = append(byRoute[name], r.event)
			}
		}
		for name, events := range byRoute {
			if err := appendTo(tx, name, events); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketFollower).Put(keyCursor, number(cursor))
	})
}

func putTold(tx *bbolt.Tx, id string, n *told) error {
	if n == nil {
		return tx.Bucket(bucketTold).Delete([]byte(id))
	}
	row, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketTold).Put([]byte(id), row)
}

func appendTo(tx *bbolt.Tx, name string, events []Event) error {
	b, err := routeBucket(tx, name)
	if err != nil {
		return err
	}
	s, err := readState(b)
	if err != nil {
		return err
	}
	waiting := b.Bucket(inWaiting)
	for _, e := range events {
		row, err := json.Marshal(e)
		if err != nil {
			return err
		}
		n, err := waiting.NextSequence()
		if err != nil {
			return err
		}
		if err := waiting.Put(number(n), row); err != nil {
			return err
		}
		s.Count, s.Bytes = s.Count+1, s.Bytes+int64(len(row))
	}
	return writeState(b, s)
}

// toldOf is what was told of a notice; nil for one of which nothing was.
func (o *outbox) toldOf(id string) (n *told, err error) {
	err = o.db.View(func(tx *bbolt.Tx) error {
		if row := tx.Bucket(bucketTold).Get([]byte(id)); row != nil {
			n = &told{}
			return json.Unmarshal(row, n)
		}
		return nil
	})
	return n, err
}

// next is the message to send now, and how long to wait for one where there is none: 0 for until something comes. A
// message that was begun goes on (I3); else one begins once its first event has waited for digest, or it is full.
func (o *outbox) next(a config.Alert, now time.Time) (m *batch, events []Event, wait time.Duration, err error) {
	err = o.edit(a.Name, func(b *bbolt.Bucket, s *routeState) error {
		if err := cut(b, s, a, now); err != nil {
			return err
		}
		if s.Batch == nil {
			if wait = begin(b, s, a.Digest, now); s.Batch == nil {
				return nil
			}
		}
		m = s.Batch
		return eachFrom(b, m.From, func(n uint64, row []byte) (bool, error) {
			var e Event
			if n > m.To {
				return false, nil
			}
			if err := json.Unmarshal(row, &e); err != nil { // damaged: the receiver knows that one is lost
				e = cutEvent(Lost{Events: 1, From: now, To: now}, now, fmt.Sprintf("damaged-%d", n))
			}
			events = append(events, e)
			return true, nil
		})
	})
	return m, events, wait, err
}

// begin begins a message of what waits, where it is time.
func begin(b *bbolt.Bucket, s *routeState, digest time.Duration, now time.Time) (wait time.Duration) {
	m := batch{Begun: now}
	count, size, full := 0, 0, false
	most := batchEvents
	if s.Limit > 0 {
		most = s.Limit
	}
	var first Event
	_ = eachFrom(b, 0, func(n uint64, row []byte) (bool, error) {
		if full = count >= most || count > 0 && size+len(row) > batchBytes; full {
			return false, nil
		}
		if count == 0 {
			m.From = n
			if err := json.Unmarshal(row, &first); err != nil {
				first.At = now
			}
		}
		m.To, count, size = n, count+1, size+len(row)
		return true, nil
	})
	if count == 0 {
		return 0
	}
	if left := first.At.Add(digest).Sub(now); left > 0 && left <= digest && !full {
		return left
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it does not fail
	m.ID = "msg_" + hex.EncodeToString(id)
	s.Batch = &m
	return 0
}

func eachFrom(b *bbolt.Bucket, from uint64, visit func(n uint64, row []byte) (bool, error)) error {
	c := b.Bucket(inWaiting).Cursor()
	for k, v := c.Seek(number(from)); k != nil; k, v = c.Next() {
		if more, err := visit(binary.BigEndian.Uint64(k), v); err != nil || !more {
			return err
		}
	}
	return nil
}

// drop takes the events up to a number out of what waits.
func drop(b *bbolt.Bucket, s *routeState, upTo uint64) error {
	waiting := b.Bucket(inWaiting)
	c := waiting.Cursor()
	for k, v := c.First(); k != nil && binary.BigEndian.Uint64(k) <= upTo; k, v = c.Next() {
		size := int64(len(v))
		if err := c.Delete(); err != nil {
			return err
		}
		s.Count, s.Bytes = s.Count-1, s.Bytes-size
	}
	return nil
}

// taken ends a message that the receiver took: I2.
func (o *outbox) taken(name string, m batch, d Delivery) error {
	return o.edit(name, func(b *bbolt.Bucket, s *routeState) error {
		if err := drop(b, s, m.To); err != nil {
			return err
		}
		s.Batch, s.FailingSince, s.Failures, s.Delivered = nil, time.Time{}, 0, d.At
		s.Limit = min(2*s.Limit, batchEvents)
		return noteDelivery(b, d)
	})
}

// failed notes an attempt that failed. A body that was refused is divided, down to one event.
func (o *outbox) failed(name string, d Delivery, refused bool) (s routeState, err error) {
	err = o.edit(name, func(b *bbolt.Bucket, st *routeState) error {
		if st.Failures++; st.FailingSince.IsZero() {
			st.FailingSince = d.At
		}
		if m := st.Batch; m != nil {
			if m.Tries++; refused && m.Refused.IsZero() {
				m.Refused = d.At
			}
			if refused && m.To > m.From {
				st.Limit, st.Batch = max(1, d.Events/2), nil
			}
		}
		s = *st
		return noteDelivery(b, d)
	})
	return s, err
}

// noteDelivery keeps an attempt, and forgets the oldest beyond the bound.
func noteDelivery(b *bbolt.Bucket, d Delivery) error {
	list := b.Bucket(inDeliveries)
	row, err := json.Marshal(d)
	if err != nil {
		return err
	}
	n, err := list.NextSequence()
	if err != nil {
		return err
	}
	if n > keptDeliveries {
		if err := list.Delete(number(n - keptDeliveries)); err != nil {
			return err
		}
	}
	return list.Put(number(n), row)
}

// noted keeps an attempt that is of no message that waits.
func (o *outbox) noted(name string, d Delivery) error {
	return o.edit(name, func(b *bbolt.Bucket, _ *routeState) error { return noteDelivery(b, d) })
}

// deliveries lists a route's attempts, the newest first.
func (o *outbox) deliveries(name string) (list []Delivery, err error) {
	err = o.view(name, func(b *bbolt.Bucket) error {
		c := b.Bucket(inDeliveries).Cursor()
		for k, v := c.Last(); k != nil; k, v = c.Prev() {
			var d Delivery
			if err := json.Unmarshal(v, &d); err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

// state reads how a route stands.
func (o *outbox) state(name string) (s routeState, err error) {
	err = o.view(name, func(b *bbolt.Bucket) error {
		s, err = readState(b)
		return err
	})
	return s, err
}

// view reads a route that is there.
func (o *outbox) view(name string, read func(b *bbolt.Bucket) error) error {
	return o.db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(bucketRoutes).Bucket([]byte(name)); b != nil {
			return read(b)
		}
		return nil
	})
}

// keepOnly drops the lists of routes that are not configured any more.
func (o *outbox) keepOnly(routes []config.Alert) error {
	known := map[string]bool{}
	for _, a := range routes {
		known[a.Name] = true
	}
	return o.db.Update(func(tx *bbolt.Tx) error {
		var gone [][]byte
		err := tx.Bucket(bucketRoutes).ForEachBucket(func(name []byte) error {
			if !known[string(name)] {
				gone = append(gone, append([]byte(nil), name...))
			}
			return nil
		})
		for _, name := range gone {
			err = errors.Join(err, tx.Bucket(bucketRoutes).DeleteBucket(name))
		}
		return err
	})
}
