package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc, on every architecture that Linux runs Go on (USER_HZ, proc_pid_stat(5)).
const tick = 10 * time.Millisecond

// process is a line of /proc/PID/stat.
type process struct {
	pid, parent int
	cpu         time.Duration // user and system
}

// parseStat reads such a line. The name of the program stands in brackets, and may hold anything.
func parseStat(line string) (process, error) {
	wrong := errors.New("not a line of /proc/PID/stat")
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return process{}, wrong
	}
	fields := strings.Fields(line[end+1:]) // the first is field 3, state
	if len(fields) < 13 {
		return process{}, wrong
	}
	var values [4]int
	// Pid, ppid, utime, stime.
	for i, field := range []string{strings.TrimSpace(line[:open]), fields[1], fields[11], fields[12]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return process{}, wrong
		}
		values[i] = n
	}
	return process{values[0], values[1], time.Duration(values[2]+values[3]) * tick}, nil
}

func readStat(pid int) (process, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	return parseStat(string(line))
}

// children are the processes that a process has started.
func children(parent int) ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, err := readStat(pid); err == nil && p.parent == parent { // one that has ended meanwhile is none
			all = append(all, p)
		}
	}
	return all, nil
}
