package pipeline

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate_othersWaitForOneThatIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		leave := g.enter(true)
		var inside atomic.Int32
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				defer g.enter(false)()
				inside.Add(1)
			})
		}
		time.Sleep(aloneTime / 2)
		if n := inside.Load(); n != 0 {
			t.Errorf("%d are inside beside one that is to be alone", n)
		}
		leave()
		group.Wait()
		if n := inside.Load(); n != 3 {
			t.Errorf("%d have been inside, want 3", n)
		}
	})
}

func TestGate_aloneWaitsForThoseInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		first, second := g.enter(false), g.enter(false)
		in := make(chan func())
		go func() { in <- g.enter(true) }()
		time.Sleep(time.Second)
		first()
		select {
		case <-in:
			t.Error("it is inside beside another one")
		case <-time.After(time.Second):
		}
		second()
		(<-in)()
		g.enter(false)()
	})
}

// However long one takes that is to be alone, or one that it waits for, the others go on.
func TestGate_aloneHoldsNobodyForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, busy := range []bool{false, true} {
			g := newGate()
			if busy {
				g.enter(false) // and never leaves
			}
			started := time.Now()
			leave := g.enter(true) // and leaves late
			other := g.enter(false)
			if took := time.Since(started); took > 2*aloneTime {
				t.Errorf("others were kept for %v", took)
			}
			other()
			leave()
			g.enter(false)()
		}
	})
}
