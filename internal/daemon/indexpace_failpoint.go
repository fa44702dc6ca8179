//go:build failpoint

package daemon

import (
	"time"

	"clawback/internal/failpoint"
	"clawback/store/index"
)

// indexPace can have the index written every few messages (failpoint index.often), so that the crash tests meet each of
// its steps within seconds.
func indexPace(o index.Options) index.Options {
	if failpoint.Hit("index.often") != nil {
		o.Every, o.Flush, o.Small = 20*time.Millisecond, 50*time.Millisecond, 8
	}
	return o
}
