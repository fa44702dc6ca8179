package history

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(day int) time.Time { return time.Date(2026, 10, day, 12, 0, 0, 0, time.UTC) }

func TestObserve_orderDoesNotMatter(t *testing.T) {
	observations := []Observation{
		{Key: "from:a@example.com", At: at(3), Aligned: true},
		{Key: "from:a@example.com", At: at(1)},
		{Key: "from:a@example.com", At: at(9), Sent: true},
	}
	want := Entry{Key: "from:a@example.com", FirstSeen: at(1), LastSeen: at(9), Received: 2, Sent: 1, Aligned: 1}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
		got := Entry{Key: "from:a@example.com"}
		for _, i := range order {
			got.Observe(observations[i])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v: (-want +got)\n%s", order, diff)
		}
	}
}

func TestKey_isBounded(t *testing.T) {
	if got := len(From(strings.Repeat("x", 10000) + "@example.com")); got > maxKey+10 {
		t.Errorf("key of a long address has %d octets", got)
	}
	if From("A@Example.COM") != From("a@example.com") {
		t.Error("keys of one address in two cases differ")
	}
}
