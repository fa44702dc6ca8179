package bounce

import "time"

// steps are the waits after the first failures; the last one repeats until the bounce is stuck.
var steps = [...]time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

const (
	stuckAfter = 5 * 24 * time.Hour
	stuckStep  = 24 * time.Hour
)

// next is when a bounce that has now failed for the tries-th time (from 1) is due again, and whether it is stuck.
func next(created, now time.Time, tries int) (at time.Time, stuck bool) {
	if now.Sub(created) >= stuckAfter {
		return now.Add(stuckStep), true
	}
	i := min(max(tries, 1), len(steps)) - 1
	return now.Add(steps[i]), false
}
