package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// usage is what a process and its children have used so far.
type usage struct {
	written  int64         // bytes sent to the disk
	memory   int64         // bytes of its own: anonymous pages, without mapped files and children
	computed time.Duration // time of processors
}

// minus is what was used since before.
func (u usage) minus(before usage) usage {
	return usage{u.written - before.written, u.memory - before.memory, u.computed - before.computed}
}

func usageOf(pid int) (u usage) {
	for line := range lines(pid, "io") { // where it is not told the figure is 0
		_, _ = fmt.Sscanf(line, "write_bytes: %d", &u.written)
	}
	for line := range lines(pid, "status") {
		var kib int64
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			u.memory = kib << 10
		}
	}
	u.computed = computed(pid)
	return u
}

func lines(pid int, file string) func(func(string) bool) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	return strings.Lines(string(text))
}

// tick is the unit of times in /proc/pid/stat: USER_HZ, 100 on all that Go runs on.
const tick = 10 * time.Millisecond

// computed is the time of processors that a process and its children have used.
func computed(pid int) (sum time.Duration) {
	for line := range lines(pid, "stat") {
		_, rest, _ := strings.Cut(line, ") ") // behind the name, which may have spaces
		fields := strings.Fields(rest)
		for i := 11; i <= 14 && i < len(fields); i++ { // utime, stime, cutime, cstime
			n, _ := strconv.Atoi(fields[i])
			sum += time.Duration(n) * tick
		}
	}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		for line := range lines(pid, "task/"+task.Name()+"/children") {
			for _, child := range strings.Fields(line) {
				if n, err := strconv.Atoi(child); err == nil {
					sum += computed(n)
				}
			}
		}
	}
	return sum
}

// scored is what the bare scorer takes for the same files.
type scored struct {
	rate float64       // messages a second, by all processors
	each time.Duration // time of processors for one
}

// bare runs the scorer on a directory of n files.
func bare(ctx context.Context, dir string, n int) (scored, error) {
	begun := time.Now()
	cmd := exec.CommandContext(ctx, *binary, "score", "--json", dir)
	out, err := cmd.Output()
	took := time.Since(begun)
	if err != nil {
		return scored{}, fmt.Errorf("score: %w", err)
	}
	if lines := strings.Count(string(out), "\n"); lines != n {
		return scored{}, fmt.Errorf("score printed %d lines for %d files", lines, n)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return scored{float64(n) / took.Seconds(), used / time.Duration(n)}, nil
}
