package smtpload

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Latencies are sorted durations.
type Latencies []time.Duration

func sorted(l []time.Duration) Latencies {
	slices.Sort(l)
	return l
}

// Quantile gives the smallest duration that the share q (0 to 1) of all did not pass; 0 when there are none.
func (l Latencies) Quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(l)))) - 1
	return l[min(max(i, 0), len(l)-1)]
}

// String gives the usual quantiles.
func (l Latencies) String() string {
	r := func(q float64) time.Duration { return l.Quantile(q).Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v p90 %v p99 %v p99.9 %v max %v", r(.5), r(.9), r(.99), r(.999), r(1))
}
