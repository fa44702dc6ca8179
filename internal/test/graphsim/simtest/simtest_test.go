package simtest

import (
	"strings"
	"testing"

	"clawback/internal/test/graphsim"
)

func TestStart_servesWithItsAuthority(t *testing.T) {
	s := Start(t, graphsim.Options{Rates: graphsim.Calm()})
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") || len(s.CA()) == 0 {
		t.Errorf("URL %s, %d octets of CA", s.URL(), len(s.CA()))
	}
}
