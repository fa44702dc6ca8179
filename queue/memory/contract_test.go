package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/memory"
	"clawback/queue/queuetest"
	"clawback/spool"
	"clawback/spool/spooltest"
)

func TestContract(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queuetest.Harness { return harness{memory.New(nil)} })
}

func TestContract_bodies(t *testing.T) {
	spooltest.Run(t, func(t *testing.T) spooltest.Harness {
		s := memory.New(nil)
		q := s.Open(queue.Options{})
		put := func(body []byte) spool.Ref {
			d, err := q.Begin(t.Context(), queue.Envelope{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Write(body)
			id, failed := d.Commit(t.Context())
			it, missing := q.Get(t.Context(), id)
			if err := errors.Join(err, failed, missing); err != nil {
				t.Fatal(err)
			}
			return it.Body
		}
		return spooltest.Harness{Keeper: memory.Bodies{Server: s}, Put: put,
			Clock: func(now time.Time) { s.SetClock(func() time.Time { return now }) }}
	})
}

// harness opens one server, whose clock is that of who opened it last.
type harness struct{ server *memory.Server }

func (h harness) Open(_ *testing.T, o queue.Options) queue.Queue {
	h.server.SetClock(time.Now)
	if o.Now != nil {
		h.server.SetClock(o.Now)
	}
	return h.server.Open(o)
}

// OpenAs opens it for one of several owners, beside the others.
func (h harness) OpenAs(_ *testing.T, o queue.Options) queue.Queue { return h.server.Open(o) }

func (h harness) SetClock(now func() time.Time) { h.server.SetClock(now) }

// A bounce that was sent is not made to wait for bytes that are gone.
func TestRetryBounce_bytesAreGone(t *testing.T) {
	s := memory.New(nil)
	q := s.Open(queue.Options{})
	for _, gone := range []bool{false, true} {
		d, err := q.Begin(t.Context(), queue.Envelope{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(d, "message, gone: %v", gone)
		id, err := d.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := q.GiveUp(t.Context(), id, "why", "")
		if err := errors.Join(err, q.BounceSent(t.Context(), b.ID, "mx: 250")); err != nil {
			t.Fatal(err)
		}
		if gone {
			later := time.Now().Add(time.Hour)
			if _, err := (memory.Bodies{Server: s}).Expire(t.Context(), later, later, q.InUse); err != nil {
				t.Fatal(err)
			}
		}
		err = q.RetryBounce(t.Context(), b.ID)
		if errors.Is(err, spool.ErrMissing) != gone || err != nil && !gone {
			t.Errorf("gone %v: %v", gone, err)
		}
		after, err := q.Bounce(t.Context(), b.ID)
		if err != nil || (after.State == queue.BounceSent) != gone {
			t.Errorf("gone %v: %+v, %v", gone, after, err)
		}
	}
}
