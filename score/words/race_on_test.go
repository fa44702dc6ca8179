//go:build race

package words

// raced: the race detector makes everything many times slower, so that times mean nothing.
const raced = true
