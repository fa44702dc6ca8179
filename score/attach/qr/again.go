package qr

import (
	"cmp"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

const (
	leastConfirmed = 2 // candidates of the first look without which no second one is taken: photographs have none

	secondTries = 8  // triples of candidates that are tried
	secondKept  = 24 // candidates that triples are made of
	leastCode   = 21 // modules of the smallest code's side, and of the largest
	mostCode    = 177
)

// lookAgain reads a code that the first look has missed. Of clean codes that look misses some: it stops at the first
// three candidates that fit, skips rows, and lays its grid by how wide the patterns seem.
func lookAgain(image *bitmap) (string, bool) {
	matrix := image.whole()
	if text, ok := upright(matrix); ok {
		return text, true
	}
	f := finder{image: image, width: image.matrix.GetWidth(), height: image.matrix.GetHeight(), everyRow: true}
	f.scan()
	for _, corners := range likeliest(f.centers) {
		if text, ok := decode(matrix, corners); ok {
			return text, true
		}
	}
	return "", false
}

// upright reads a code that fills the picture but for its margin, and stands straight: the sides of its grid are those
// of all that is dark.
func upright(matrix *gozxing.BitMatrix) (string, bool) {
	box := matrix.GetEnclosingRectangle()
	if len(box) != 4 {
		return "", false
	}
	left, top, wide, high := box[0], box[1], box[2], box[3]
	seven := 0 // modules of a finder pattern's side
	for seven < wide && matrix.Get(left+seven, top) {
		seven++
	}
	if seven < 7 || math.Abs(float64(wide-high)) > float64(wide)/leastCode/2 {
		return "", false
	}
	modules := int(math.Round(7*float64(wide)/float64(seven)-17)/4)*4 + 17
	for _, n := range []int{modules, modules + 4, modules - 4} {
		if n < leastCode || n > mostCode || wide < n {
			continue
		}
		if text, ok := decodeGrid(sample(matrix, box, n)); ok {
			return text, true
		}
	}
	return "", false
}

// sample takes the middle of each of n by n modules that fill a box.
func sample(matrix *gozxing.BitMatrix, box []int, n int) *gozxing.BitMatrix {
	grid, err := gozxing.NewSquareBitMatrix(n)
	if err != nil {
		return nil
	}
	for y := range n {
		for x := range n {
			if matrix.Get(box[0]+(2*x+1)*box[2]/(2*n), box[1]+(2*y+1)*box[3]/(2*n)) {
				grid.Set(x, y)
			}
		}
	}
	return grid
}

func decodeGrid(grid *gozxing.BitMatrix) (string, bool) {
	if grid == nil {
		return "", false
	}
	result, err := decoder.NewDecoder().Decode(grid, nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}

// likeliest are the triples that come closest to the corners of a square, for their size, of the candidates that were
// seen in the most rows.
func likeliest(centers []center) [][3]center {
	slices.SortStableFunc(centers, func(a, b center) int { return cmp.Compare(b.count, a.count) })
	centers = centers[:min(len(centers), secondKept)]
	type triple struct {
		corners [3]center
		off     float64
	}
	var all []triple
	for i, a := range centers {
		for j, b := range centers[i+1:] {
			for _, c := range centers[i+1+j+1:] {
				ab, bc, ac := distance(a, b), distance(b, c), distance(a, c)
				least, most := min(a.module, b.module, c.module), max(a.module, b.module, c.module)
				longest := max(ab, bc, ac)
				if most > least*alike || longest < 2*14*14*least*least*0.7 {
					continue // a code's patterns are 14 modules apart at least
				}
				all = append(all, triple{[3]center{a, b, c}, distortion(ab, bc, ac) / longest})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b triple) int { return cmp.Compare(a.off, b.off) })
	var best [][3]center
	for _, t := range all[:min(len(all), secondTries)] {
		best = append(best, t.corners)
	}
	return best
}
