package limit

import (
	"testing"
	"time"

	"clawback/retract/fault"
)

// One trouble, from its first refusal to five minutes without one.
func TestPause_oneTrouble(t *testing.T) {
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	f := &fault.Fault{Class: fault.Auth, Detail: "the secret has expired"}
	var p pause
	for _, s := range []struct {
		at          time.Duration
		refused     bool // else answered
		alert, over bool
		open        bool
		until       time.Duration
	}{
		{0, true, true, false, true, 30 * time.Second},
		{time.Second, true, false, false, true, 30 * time.Second},       // failed together: one
		{20 * time.Second, false, false, false, true, 30 * time.Second}, // was on its way when the pause began
		{31 * time.Second, true, false, false, true, 91 * time.Second},  // again: twice as long
		{2 * time.Minute, false, false, false, false, 91 * time.Second}, // answered: over, if it stays so
		{3 * time.Minute, true, false, false, true, 210 * time.Second},  // it does not: the same trouble
		{4 * time.Minute, false, false, false, false, 210 * time.Second},
		{9*time.Minute - 1, false, false, false, false, 210 * time.Second},
		{9 * time.Minute, false, false, true, false, -1},
		{10 * time.Minute, true, true, false, true, 10*time.Minute + 30*time.Second}, // another one
	} {
		now, alert := began.Add(s.at), false
		if s.refused {
			alert = p.refused(f, now)
		} else {
			p.answered(now)
		}
		over := p.ended(now)
		if alert != s.alert || over != s.over || p.open != s.open ||
			s.until >= 0 && !p.until.Equal(began.Add(s.until)) {
			t.Errorf("after %s: told %t, over %t, open %t, until %s", s.at, alert, over, p.open, p.until.Sub(began))
		}
	}
}
