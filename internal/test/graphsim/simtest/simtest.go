// Package simtest starts a Graph simulator for a test and fails the test on what the simulator noticed.
//
// Reads: the OpenAPI document of Graph beside the project, when it is there. Writes: the authority's certificate into
// the test's directory.
//
// On failure: it ends the test.
package simtest

import (
	"path/filepath"
	"sync"
	"testing"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/graphsim/openapi"
)

// document is loaded once for each test process.
var document = sync.OnceValues(func() (*openapi.Document, error) {
	file, err := openapi.Find()
	if err != nil {
		return nil, err
	}
	return openapi.Load(file)
})

// Start runs a simulator until the test ends, and reports its violations then.
func Start(t testing.TB, o graphsim.Options) *graphsim.Sim {
	t.Helper()
	if o.CAFile == "" {
		o.CAFile = filepath.Join(t.TempDir(), "graphsim-ca.pem")
	}
	if d, err := document(); err != nil {
		t.Logf("requests are not checked against the OpenAPI document: %v", err)
	} else if o.Check == nil {
		o.Check = d.Check
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
