package memory_test

import (
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/memory"
	"clawback/queue/queuetest"
)

func TestContract(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queuetest.Harness { return harness{memory.New(nil)} })
}

// harness opens one server, whose clock is that of who opened it last.
type harness struct{ server *memory.Server }

func (h harness) Open(_ *testing.T, o queue.Options) queuetest.Queue {
	h.server.SetClock(time.Now)
	if o.Now != nil {
		h.server.SetClock(o.Now)
	}
	return h.server.Open(o)
}

// OpenAs opens it for one of several owners, beside the others.
func (h harness) OpenAs(_ *testing.T, o queue.Options) queuetest.Queue { return h.server.Open(o) }

func (h harness) SetClock(now func() time.Time) { h.server.SetClock(now) }
