package daemon

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The heap may grow by 60 % before garbage is collected: a large message is judged within 64 MiB above idle, with half as much garbage as by
// default. A small heap may grow to heapFloor: it would be collected dozens of times a second while a backlog is worked through.
const (
	heapGrowth = 60 // percent
	heapFloor  = 72 << 20
)

// keepHeap sets after each collection how far the heap may grow until the next one, unless GOGC says it.
func keepHeap() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(heapGrowth)
	afterCollection(heapGrowth)
}

// afterCollection runs once the next collection has found what it allocates here to be garbage.
func afterCollection(set int) {
	runtime.AddCleanup(new([4]uintptr), func(set int) {
		percent := growth(liveHeap())
		if percent < set || percent > set+set/8 { // to set it stops the program for a moment
			debug.SetGCPercent(percent)
			set = percent
		}
		afterCollection(set)
	}, set)
}

// growth is by how many percent a heap of live bytes may grow.
func growth(live uint64) int {
	if live == 0 {
		return heapGrowth
	}
	return max(heapGrowth, int(min(100*heapFloor/live, 10_100))-100)
}

func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
