//go:build failpoint

// Package failpoint lets the crash tests stop the real daemon at a named commit point.
//
// The environment variable CLAWBACK_FAILPOINT holds POINT=ACTION@N entries, separated by commas: at the N-th time that
// POINT is passed (every time when @N is missing), ACTION is done: "kill" ends the process by SIGKILL, "error" makes
// the step answer an error, "slow" takes 200 ms, "spin" computes for ever, "hang" waits for ever.
//
// Reads: that variable. Writes: nothing.
package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type rule struct {
	action string
	at     int // 0: every time
	passed int
}

var (
	once  sync.Once
	mu    sync.Mutex
	rules map[string]*rule
	spun  atomic.Int64
)

func load() {
	rules = map[string]*rule{}
	for _, entry := range strings.Split(os.Getenv("CLAWBACK_FAILPOINT"), ",") {
		point, action, ok := strings.Cut(entry, "=")
		if !ok {
			continue
		}
		action, n, _ := strings.Cut(action, "@")
		at, _ := strconv.Atoi(n)
		rules[point] = &rule{action: action, at: at}
	}
}

// Hit is called at a named point.
func Hit(point string) error {
	once.Do(load)
	mu.Lock()
	r := rules[point]
	if r == nil {
		mu.Unlock()
		return nil
	}
	r.passed++
	due := r.at == 0 || r.passed == r.at
	mu.Unlock()
	if !due {
		return nil
	}
	switch r.action {
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute) // the signal is on its way
	case "slow":
		time.Sleep(200 * time.Millisecond)
		return nil
	case "hang":
		for {
			time.Sleep(time.Hour)
		}
	case "spin":
		for n := 0; ; n++ {
			spun.Store(int64(n))
		}
	}
	return fmt.Errorf("failpoint %s", point)
}
