package qr

import (
	"github.com/makiuchi-d/gozxing"
)

const (
	block        = 8         // pixels of a block's side
	leastSide    = 5 * block // of a picture whose blocks can be compared
	leastRange   = 24        // difference of shades below which a block is taken to be of one shade
	neighbouring = 2         // blocks on each side that share a threshold
)

// binarize tells dark pixels from light ones, by a threshold for each block of eight by eight pixels: ZXing's hybrid
// binarizer, which gozxing sets bit by bit. A test holds that both give the same.
func binarize(source gozxing.LuminanceSource) (*gozxing.BitMatrix, error) {
	width, height := source.GetWidth(), source.GetHeight()
	if width < leastSide || height < leastSide {
		return gozxing.NewGlobalHistgramBinarizer(source).GetBlackMatrix()
	}
	b := blocks{shades: source.GetMatrix(), width: width, height: height, across: (width + block - 1) / block,
		down: (height + block - 1) / block}
	b.measure()
	return b.matrix()
}

// blocks are the thresholds of a picture's blocks. The last of a row or column overlaps the one before it where the
// sides are not whole.
type blocks struct {
	shades        []byte
	width, height int
	across, down  int
	points        []int // the black point of each block
}

// measure finds each block's black point.
func (b *blocks) measure() {
	b.points = make([]int, b.across*b.down)
	for y := range b.down {
		top := min(y*block, b.height-block)
		for x := range b.across {
			b.points[y*b.across+x] = b.point(x, y, b.shades[top*b.width+min(x*block, b.width-block):])
		}
	}
}

// point is the black point of a block: its mean shade, or where it is of one shade, half of that, unless its neighbours
// say that it is dark.
func (b *blocks) point(x, y int, pixels []byte) int {
	total, low, high := 0, 0xff, 0
	for line := range block {
		for _, p := range pixels[line*b.width:][:block] {
			shade := int(p)
			total += shade
			low, high = min(low, shade), max(high, shade)
		}
	}
	if high-low > leastRange {
		return total / (block * block)
	}
	if x > 0 && y > 0 {
		at := y*b.across + x
		if around := (b.points[at-b.across] + 2*b.points[at-1] + b.points[at-b.across-1]) / 4; low < around {
			return around
		}
	}
	return low / 2
}

// matrix marks the pixels that are no lighter than the mean of the black points around.
func (b *blocks) matrix() (*gozxing.BitMatrix, error) {
	m, err := gozxing.NewBitMatrix(b.width, b.height)
	if err != nil {
		return nil, err
	}
	line := gozxing.NewBitArray(b.width)
	above, limits := make([]int, b.across), make([]int, b.across)
	for y := range b.down {
		above, limits = limits, above
		for x := range limits {
			limits[x] = b.threshold(x, y)
		}
		top := min(y*block, b.height-block)
		for at := top; at < top+block; at++ {
			line.Clear()
			b.line(limits, at, line.GetBitArray())
			if at < y*block { // it is one of the blocks above, too, which overlap these: dark by either is dark
				b.line(above, at, line.GetBitArray())
			}
			m.SetRow(at, line)
		}
	}
	return m, nil
}

// line marks the dark pixels of a line by the thresholds of the blocks that it goes through.
func (b *blocks) line(limits []int, at int, dark []uint32) {
	shades := b.shades[at*b.width:][:b.width]
	for x, limit := range limits {
		left := min(x*block, b.width-block)
		var bits uint64
		for i, shade := range shades[left:][:block] {
			bits |= uint64((int(shade)-limit-1)>>63&1) << i
		}
		bits <<= left % 32
		dark[left/32] |= uint32(bits)
		if left%32 > 32-block {
			dark[left/32+1] |= uint32(bits >> 32)
		}
	}
}

// threshold is the mean black point of the 25 blocks around one.
func (b *blocks) threshold(x, y int) int {
	x = min(max(x, neighbouring), b.across-1-neighbouring)
	y = min(max(y, neighbouring), b.down-1-neighbouring)
	total := 0
	for row := y - neighbouring; row <= y+neighbouring; row++ {
		for _, point := range b.points[row*b.across+x-neighbouring:][:2*neighbouring+1] {
			total += point
		}
	}
	return total / 25
}
