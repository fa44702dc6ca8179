//go:build failpoint

package confined

import (
	"os"

	"clawback/internal/failpoint"
)

// environment hands the failpoints on to the child.
func environment() []string { return []string{"CLAWBACK_FAILPOINT=" + os.Getenv("CLAWBACK_FAILPOINT")} }

// beforeFile can have a child never end with a file (failpoint child.file): the tests of a stop stand for the decoders
// of which nobody knows yet.
func beforeFile() { _ = failpoint.Hit("child.file") }
