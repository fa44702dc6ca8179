package config

import (
	"fmt"
	"strings"
	"testing"
)

// Every session has room for the beginning of a body: a cap that is too small for them is a mistake, the default never
// is.
func TestMaxMemory_fitsTheSessions(t *testing.T) {
	for lines, want := range map[string]int64{
		"":                    128 << 20,
		"max_sessions = 4000": 250 << 20,
		"max_sessions = 4000\nmax_memory = \"250MiB\"":                           250 << 20,
		"max_sessions = 4000\nmax_memory = \"249MiB\"":                           0,
		"max_sessions = 100\nmax_memory = \"7MiB\"":                              7 << 20,
		"max_sessions = 100\nmax_memory = \"6MiB\"":                              0,
		"max_sessions = 100\nmax_unlisted_sessions = 100\nmax_memory = \"7MiB\"": 0,
		"max_sessions = 100\nmax_unlisted_sessions = 100":                        128 << 20,
		"max_sessions = 1\nmax_memory = \"0\"":                                   0,
	} {
		cfg, r := parse("clawback.toml", []byte("[smtp]\n"+lines+"\n"))
		problem := ""
		for _, p := range r.problems {
			if p.Key == "smtp.max_memory" {
				problem = fmt.Sprint(p)
			}
		}
		switch {
		case want == 0 && !strings.Contains(problem, "or more, or lower max_sessions"):
			t.Errorf("%q: %q does not say what to do", lines, problem)
		case want != 0 && (problem != "" || cfg.SMTP.MaxMemory != want):
			t.Errorf("%q: %d, want %d; %s", lines, cfg.SMTP.MaxMemory, want, problem)
		}
	}
}
