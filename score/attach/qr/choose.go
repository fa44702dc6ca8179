package qr

import (
	"cmp"
	"math"
	"slices"
)

// alike is by what factor the modules of a code's three patterns may differ in size.
const alike = 1.4

// choose gives the three candidates of similar size that come closest to a right triangle with two equal sides.
func choose(centers []center) (best [3]center, found bool) {
	slices.SortFunc(centers, func(a, b center) int { return cmp.Compare(a.module, b.module) })
	least := math.MaxFloat64
	for i, a := range centers {
		for j := i + 1; j < len(centers); j++ {
			b := centers[j]
			if b.module > a.module*alike {
				break
			}
			ab := distance(a, b)
			for _, c := range centers[j+1:] {
				if c.module > a.module*alike {
					break
				}
				if d := distortion(ab, distance(b, c), distance(a, c)); d < least {
					least, best, found = d, [3]center{a, b, c}, true
				}
			}
		}
	}
	return best, found
}

// distance is the square of the distance between two candidates.
func distance(a, b center) float64 {
	x, y := a.x-b.x, a.y-b.y
	return x*x + y*y
}

// distortion is how far three squared sides are from those of a right triangle with two equal sides: the largest is
// twice each other one.
func distortion(a, b, c float64) float64 {
	longest := max(a, b, c)
	middle := max(min(a, b), min(max(a, b), c))
	shortest := min(a, b, c)
	return math.Abs(longest-2*middle) + math.Abs(longest-2*shortest)
}
