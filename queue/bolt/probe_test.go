package bolt

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// The watchdog has to see when either of the two goroutines hangs.
func TestProbe_seesWhatHangs(t *testing.T) {
	for _, point := range []string{"c1.before-log", "c1.before-rows"} {
		t.Run(point, func(t *testing.T) {
			gate, reached := make(chan struct{}), make(chan struct{}, 100)
			q := openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(at string) error {
				if at == point {
					reached <- struct{}{}
					<-gate
				}
				return nil
			}}})
			delivered := make(chan error, 1)
			go func() { delivered <- deliver(q, small) }()
			<-reached
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := q.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Probe of a queue that hangs at %s = %v", point, err)
			}
			close(gate)
			must(t, <-delivered)
			must(t, q.Probe(t.Context()))
		})
	}
}
