package config

import "time"

// Retract is how retraction works for every tenant.
type Retract struct {
	// LookForCopies are the waits before each look for further copies of what was taken; the last one repeats for as
	// long as the record is kept. None: copies are not looked for.
	LookForCopies []time.Duration
}

// defaultCopies are the waits as they stand in the configuration.
func defaultCopies() []string {
	return []string{"10m", "2h", "10h", "12h", "1d", "2d", "4d", "7d", "14d"}
}

// DefaultLookForCopies are the waits where nothing is configured.
func DefaultLookForCopies() (list []time.Duration) {
	for _, word := range defaultCopies() {
		d, _ := parseDuration(word)
		list = append(list, d)
	}
	return list
}

// Bounds of the waits. The last one repeats: it must not keep a mailbox busy.
const (
	maxCopyLooks = 20
	leastWait    = time.Second
	leastLast    = time.Hour
	greatestWait = 30 * 24 * time.Hour
)

func readRetract(t *table) Retract {
	var c Retract
	words := t.list("look_for_copies", defaultCopies(), func(s string) (string, error) {
		switch d, err := parseDuration(s); {
		case err != nil:
			return "", err
		case d < leastWait:
			return "", bad(s, "is too short", "use at least 1s")
		case d > greatestWait:
			return "", bad(s, "is too long", "use 30d at most")
		}
		return s, nil
	})
	for _, word := range words {
		d, _ := parseDuration(word) // it was read before
		c.LookForCopies = append(c.LookForCopies, d)
	}
	if n := len(words); n > maxCopyLooks {
		t.wrong("look_for_copies", "names too many waits", "name 20 at most: the last one repeats")
	} else if n > 0 && c.LookForCopies[n-1] < leastLast {
		t.wrong("look_for_copies", "ends with "+words[n-1], "end with at least 1h: the last wait repeats")
	}
	return c
}
