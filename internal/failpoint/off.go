//go:build !failpoint

// Package failpoint lets the crash tests stop the real daemon at a named commit point.
//
// It does nothing unless the binary is built with -tags failpoint, which `make crash` does and a release does not.
//
// Reads, Writes: nothing, in a release.
package failpoint

// Hit does nothing in a release.
func Hit(string) error { return nil }
