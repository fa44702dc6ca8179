package queue

import (
	"os"
	"runtime"
)

// MoreProcessors lets the runtime use two threads more than the machine has processors, unless GOMAXPROCS says
// otherwise. A thread that waits for the disk keeps its place in the runtime until that takes notice, up to some 60
// microseconds each time; the intake waits twice a batch, and on a small machine its place is half of all.
// docs/decisions/0010 has the measurement. A program calls it once, before it opens a queue.
func MoreProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	}
}
