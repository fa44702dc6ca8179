package daemon

import (
	"os"
	"runtime/debug"
)

// heapGrowth is by how many percent the heap may grow before garbage is collected: a large message is judged within 64
// MiB above idle, with half as much garbage as by default. A floor of 72 MiB under a small heap made draining cheaper,
// and large messages take 99 MiB.
const heapGrowth = 60

// keepHeap sets how far the heap may grow, unless GOGC says it.
func keepHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
