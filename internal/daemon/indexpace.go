//go:build !failpoint

package daemon

import "clawback/store/index"

// indexPace leaves the index's pace as it is.
func indexPace(o index.Options) index.Options { return o }
