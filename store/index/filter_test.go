package index

import (
	"math/rand/v2"
	"testing"
)

// A filter never denies what is in it, and seldom takes what is not to be there.
func TestFilter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{0, 1, 51, 52, 1000, 50_000} {
		in := make([]uint64, n)
		for i := range in {
			in[i] = short(r.Uint64())
		}
		f := filter(newFilter(in))
		for _, h := range in {
			if !f.has(h) {
				t.Fatalf("of %d hashes %x is denied", n, h)
			}
		}
		taken := 0
		for range 10_000 {
			if f.has(short(r.Uint64())) {
				taken++
			}
		}
		if taken > 500 {
			t.Errorf("of 10,000 that are not among %d hashes %d are taken to be there", n, taken)
		}
	}
}
