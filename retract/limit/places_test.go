package limit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// A mailbox has as many places as it is given, four at most; who waits gets one as soon as it is free, or gives up.
func TestPlaces_atOnce(t *testing.T) {
	for _, c := range []struct{ limit, want int }{{1, 1}, {3, 3}, {4, 4}, {5, 4}, {0, 4}, {-1, 4}} {
		synctest.Test(t, func(t *testing.T) {
			var p Places
			releases := make(chan func(), 10)
			for range 10 {
				go func() {
					release, err := p.Enter(t.Context(), "A", c.limit)
					if err != nil {
						t.Error(err)
					}
					releases <- release
				}()
			}
			synctest.Wait()
			if got := len(releases); got != c.want {
				t.Errorf("limit %d: %d at once, want %d", c.limit, got, c.want)
			}
			if _, err := p.Enter(stopped(t), "A", c.limit); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller that is stopped got %v", err)
			}
			if release, err := p.Enter(t.Context(), "B", c.limit); err != nil {
				t.Error("another mailbox has to wait:", err)
			} else {
				release()
				release() // twice gives back one place
			}
			for range 10 {
				release := <-releases
				release()
				release()
				synctest.Wait()
			}
			if n := p.InUse(); n != 0 {
				t.Errorf("%d mailboxes take memory, and none has requests", n)
			}
		})
	}
}

func stopped(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
