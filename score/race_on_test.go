//go:build race

package score

// raced: the race detector makes everything many times slower, so that times mean nothing.
const raced = true
