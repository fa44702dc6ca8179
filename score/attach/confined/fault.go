//go:build !failpoint

package confined

// environment is the child's: empty.
func environment() []string { return []string{} }

// beforeFile does nothing.
func beforeFile() {}
