package daemon

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strings"

	"clawback/api"
)

// process says what the daemon has in memory.
func (d *daemon) process() api.Process {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	p := api.Process{Heap: int64(heap[0].Value.Uint64()), Cache: d.store.CacheSize()}
	status, _ := os.ReadFile("/proc/self/status") // where it cannot be read the figures are 0
	p.Own, p.Mapped = resident(string(status))
	return p
}

// resident reads how many bytes of a process's memory are its own, and how many are pages of files
// (proc_pid_status(5)).
func resident(status string) (own, mapped int64) {
	for line := range strings.Lines(status) {
		var kib int64
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			own = kib << 10
		}
		if _, err := fmt.Sscanf(line, "RssFile: %d kB", &kib); err == nil {
			mapped = kib << 10
		}
	}
	return own, mapped
}
