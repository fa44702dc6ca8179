package pipeline

import (
	"testing"
	"time"
)

// A large report gets more time than a small one, and no report gets it without end.
func TestLimit_growsWithTheSize(t *testing.T) {
	p := New(Options{})
	for size, want := range map[int64]time.Duration{
		0: time.Minute, 50_000: time.Minute, 150_000_000: 3 * time.Minute, 400 << 20: 7 * time.Minute,
	} {
		if got := p.limit(size); got != want {
			t.Errorf("%d octets: %v, want %v", size, got, want)
		}
	}
}
