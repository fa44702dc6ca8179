package retract

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// Each comes once, at the last time that was set for it, the earliest first; what was put off or forward comes at no
// other time.
func TestRevisits_eachOnceAtItsLastTime(t *testing.T) {
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return began.Add(time.Duration(minutes) * time.Minute) }
	var r revisits
	if !r.next().IsZero() || r.due(began) != nil {
		t.Error("nothing was set, and something is due")
	}
	for n := range 1000 {
		r.set(strconv.Itoa(n), at(1+n%10))
	}
	r.set("5", at(20)) // put off
	r.set("7", at(1))  // put forward
	r.set("9", at(30))
	r.set("9", at(10)) // and back again
	if next := r.next(); !next.Equal(at(1)) {
		t.Errorf("next at %v", next)
	}
	if early := r.due(at(1).Add(-time.Nanosecond)); early != nil {
		t.Errorf("%q are due before their time", early)
	}
	seen := map[string]int{}
	for minute := range 31 {
		for _, id := range r.due(at(minute)) {
			seen[id]++
			n, _ := strconv.Atoi(id)
			want := map[int]int{5: 20, 7: 1}[n]
			if want == 0 {
				want = 1 + n%10
			}
			if minute != want {
				t.Errorf("%s is due after %d minutes, want %d", id, minute, want)
			}
		}
	}
	if len(seen) != 1000 || slices.ContainsFunc([]string{"5", "7", "9"}, func(id string) bool { return seen[id] != 1 }) {
		t.Errorf("%d of 1000 came; 5, 7 and 9 %d, %d and %d times", len(seen), seen["5"], seen["7"], seen["9"])
	}
	if !r.next().IsZero() || len(r.order) > 0 {
		t.Errorf("%d are left", len(r.order))
	}
}
