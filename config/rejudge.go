package config

import (
	"slices"
	"time"
)

// Rejudge says when delivered messages are judged again.
type Rejudge struct {
	After []time.Duration // each so long after it came, ascending; none: never
	Rate  int             // originals read in a second at most; Off: as many as half of the processors can
}

// maxRejudge bounds how long after its arrival a message is judged again, and how often.
const (
	maxRejudgeAfter = 30 * 24 * time.Hour
	maxRejudgeTimes = 8
)

func readRejudge(t *table) Rejudge {
	c := Rejudge{Rate: t.limit("rate", 100)}
	words := t.list("after", []string{"5m", "12h", "24h"}, func(s string) (string, error) {
		switch d, err := parseDuration(s); {
		case err != nil:
			return "", err
		case d < time.Second:
			return "", bad(s, "is too soon", "use at least 1s")
		case d > maxRejudgeAfter:
			return "", bad(s, "is too late", "use 30d at most")
		}
		return s, nil
	})
	for _, word := range words {
		d, _ := parseDuration(word) // it was read before
		c.After = append(c.After, d)
	}
	if len(words) > maxRejudgeTimes {
		t.wrong("after", "names too many times", "name 8 at most")
	}
	slices.Sort(c.After)
	c.After = slices.Compact(c.After)
	return c
}
