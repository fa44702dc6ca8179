//go:build !race

package confined

// raced: the race detector's shadow memory does not fit in a limit on data.
const raced = false
