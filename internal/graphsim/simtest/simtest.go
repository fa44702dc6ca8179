// Package simtest starts a Graph simulator for a test and fails the test on what the simulator noticed.
//
// Reads: nothing. Writes: the authority's certificate into the test's directory.
//
// On failure: it ends the test.
package simtest

import (
	"path/filepath"
	"testing"

	"clawback/internal/graphsim"
)

// Start runs a simulator until the test ends, and reports its violations then.
func Start(t testing.TB, o graphsim.Options) *graphsim.Sim {
	t.Helper()
	if o.CAFile == "" {
		o.CAFile = filepath.Join(t.TempDir(), "graphsim-ca.pem")
	}
	s := graphsim.New(o)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			t.Errorf("the simulator noticed: %s", v)
		}
	})
	return s
}
