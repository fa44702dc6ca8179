package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// By how many percent the heap may grow before garbage is collected.
const (
	// heapGrowth: a large message is judged within 64 MiB above idle, with half as much garbage as by default.
	heapGrowth = 60
	// mostGrowth is for a small heap, of which half and more would be collected over and over.
	mostGrowth = 300
)

const (
	// busyItems in work are a backlog of small messages: the memory that their bodies may take keeps large ones fewer.
	busyItems = 64
	// busyHeap is up to where the heap may grow meanwhile: the daemon stays well under 200 MiB, with what it has
	// beside the heap.
	busyHeap = 96 << 20
	// heapEvery is how often it is looked at.
	heapEvery = 500 * time.Millisecond
)

// keepHeap sets how far the heap may grow, unless GOGC says it.
func keepHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// watchHeap lets the heap grow further while a backlog is worked through, until ctx ends.
func (d *daemon) watchHeap(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	tick := time.NewTicker(heapEvery)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for is := heapGrowth; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		metrics.Read(live)
		if next := growth(live[0].Value.Uint64(), d.pipeline.Working()); next != is {
			debug.SetGCPercent(next)
			is = next
		}
	}
}

// growth is by how many percent a heap of so many live bytes may grow while so many items are in work: in steps, so
// that it is not set all the time.
func growth(live uint64, working int) int {
	const step = 20
	if working < busyItems || live == 0 || live >= busyHeap {
		return heapGrowth
	}
	percent := int(min(100*(busyHeap-live)/live, mostGrowth))
	return max(heapGrowth, percent/step*step)
}
