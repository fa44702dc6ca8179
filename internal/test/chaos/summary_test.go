package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"clawback/internal/test/graphsim"
	"clawback/store"
)

// summary is what all scenarios together were.
type summary struct {
	mu     sync.Mutex
	counts map[string]map[string]int // by heading and kind
}

func newSummary() *summary { return &summary{counts: map[string]map[string]int{}} }

// count adds to a line. The caller holds the lock.
func (s *summary) count(heading, kind string, n int) {
	if s.counts[heading] == nil {
		s.counts[heading] = map[string]int{}
	}
	s.counts[heading][kind] += n
}

func (s *summary) add(j *judge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := j.w
	s.count("scenarios", "run", 1)
	if len(j.wrongs) > 0 {
		s.count("scenarios", "failed", 1)
	}
	s.count("restarts", "crashes", w.crashes)
	s.count("restarts", "in good order", w.restarts)
	s.count("restarts", "secrets refused meanwhile", w.lockouts)
	s.count("mail", "letters", len(w.letters)+len(w.quiet.posts))
	s.count("mail", "messages", len(j.messages)+len(w.quiet.posts))
	s.count("mail", "messages touched", len(w.sim.Changed()))
	s.count("mail", "brought back by their owners", w.broughtBack)
	s.count("mail", "copies that appeared later", w.released)
	s.addCalls(w.sim)
	for _, l := range w.letters {
		for _, in := range j.intents(l) {
			s.count("intents", string(in.Kind)+" "+string(in.Outcome), 1)
			if in.Outcome == store.Held {
				s.count("held for", in.Hold, 1)
			}
		}
	}
	for _, job := range w.jobs(true) {
		s.count("bulk jobs", string(job.State), 1)
	}
}

// addDaemon adds a scenario with the real daemon.
func (s *summary) addDaemon(d *drama) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count("scenarios", "run with the real daemon", 1)
	s.count("restarts", "by SIGKILL", d.killed)
	s.count("mail", "letters", len(d.posts))
	s.addCalls(d.bed.Sim)
	for kind, n := range d.counts {
		s.count("intents", kind, n)
	}
}

// addCalls adds the calls to a simulator. The caller holds the lock.
func (s *summary) addCalls(sim *graphsim.Sim) {
	for _, c := range sim.Calls() {
		s.count("calls", "made", 1)
		if c.Applied {
			s.count("calls", "that changed something", 1)
		}
		if c.Fault != "" {
			s.count("calls", "with a fault", 1)
			s.count("faults", c.Fault, 1)
		}
	}
}

// String is a line for each heading.
func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, heading := range []string{"scenarios", "restarts", "mail", "calls", "faults", "intents", "held for", "bulk jobs"} {
		if len(s.counts[heading]) == 0 {
			continue
		}
		var line []string
		for _, kind := range slices.Sorted(maps.Keys(s.counts[heading])) {
			line = append(line, fmt.Sprintf("%s %d", kind, s.counts[heading][kind]))
		}
		fmt.Fprintf(&b, "%-10s %s\n", heading, strings.Join(line, ", "))
	}
	return b.String()
}
