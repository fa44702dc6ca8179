package daemon

import "testing"

// The heap grows further for a backlog alone, and then up to a bound.
func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		live    uint64
		working int
		want    int
	}{
		{30 << 20, 0, 60}, {30 << 20, 63, 60}, {30 << 20, 64, 220}, {30 << 20, 256, 220}, {10 << 20, 256, 300},
		{40 << 20, 256, 140}, {62 << 20, 256, 60}, {96 << 20, 256, 60}, {1 << 30, 256, 60}, {0, 256, 60},
	} {
		if got := growth(c.live, c.working); got != c.want {
			t.Errorf("%d MiB live, %d in work: %d %%, want %d", c.live>>20, c.working, got, c.want)
		}
		if top := c.live + c.live*uint64(c.want)/100; c.want > heapGrowth && top > busyHeap {
			t.Errorf("%d MiB live may grow to %d MiB", c.live>>20, top>>20)
		}
	}
}
