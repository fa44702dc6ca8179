// Package cputime bounds a test by the computing time of its process, which other work on the machine does not change.
package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Used is the computing time that this process has used, in all of its threads.
func Used() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // Linux has had it since 2.6.12
	}
	return time.Duration(t.Nano())
}
