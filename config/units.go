package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// parseSize reads bytes: 1048576, "1MiB", "400 MB".
func parseSize(s string) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || strings.TrimSpace(s) == "" || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return int64(n), nil
}

// parseDuration reads "90s", "12h", "14d", "2w" and sums of them such as "1d12h".
func parseDuration(s string) (time.Duration, error) {
	rest, total := strings.TrimSpace(s), time.Duration(0)
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		head, tail, ok := strings.Cut(rest, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(head, 10, 32)
		if err != nil || time.Duration(n) > math.MaxInt64/4/unit.length {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		total, rest = total+time.Duration(n)*unit.length, tail
	}
	if rest == "" && total >= 0 && s != "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64/4 {
		return 0, fmt.Errorf("%q is not a duration", s)
	}
	return total + d, nil
}
