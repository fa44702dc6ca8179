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

// bitmap tells dark pixels from light ones, by a threshold for each block of eight by eight pixels: ZXing's hybrid
// binarizer, which gozxing sets bit by bit. A test holds that both give the same. Rows are compared when they are asked
// for: in a picture without a code most are not.
type bitmap struct {
	matrix *gozxing.BitMatrix
	blocks *blocks           // nil: all rows are compared
	done   []bool            // rows that are
	limits [][]int           // the thresholds of each row of blocks, nil before they are needed
	line   *gozxing.BitArray // of the row that is compared
}

func binarize(source gozxing.LuminanceSource) (*bitmap, error) {
	width, height := source.GetWidth(), source.GetHeight()
	if width < leastSide || height < leastSide {
		matrix, err := gozxing.NewGlobalHistgramBinarizer(source).GetBlackMatrix()
		return &bitmap{matrix: matrix}, err
	}
	matrix, err := gozxing.NewBitMatrix(width, height)
	if err != nil {
		return nil, err
	}
	b := &blocks{shades: source.GetMatrix(), width: width, height: height, across: (width + block - 1) / block,
		down: (height + block - 1) / block}
	b.measure()
	return &bitmap{matrix: matrix, blocks: b, done: make([]bool, height), limits: make([][]int, b.down),
		line: gozxing.NewBitArray(width)}, nil
}

// dark reports whether a pixel is.
func (m *bitmap) dark(x, y int) bool {
	if m.blocks != nil && !m.done[y] {
		m.compare(y)
	}
	return m.matrix.Get(x, y)
}

// whole is the picture with all its rows compared.
func (m *bitmap) whole() *gozxing.BitMatrix {
	for y, done := range m.done {
		if !done {
			m.compare(y)
		}
	}
	return m.matrix
}

// compare marks the pixels of a row that are no lighter than the mean of the black points around.
func (m *bitmap) compare(y int) {
	m.done[y] = true
	m.line.Clear()
	m.blocks.line(m.thresholds(y/block), y, m.line.GetBitArray())
	// The last blocks overlap the ones above, where the height is not whole: dark by either is dark.
	if last := m.blocks.down - 1; y/block < last && y >= m.blocks.height-block {
		m.blocks.line(m.thresholds(last), y, m.line.GetBitArray())
	}
	m.matrix.SetRow(y, m.line)
}

// row gives a copy of a row, in the one that it is given.
func (m *bitmap) row(y int, into *gozxing.BitArray) *gozxing.BitArray {
	if m.blocks != nil && !m.done[y] {
		m.compare(y)
	}
	return m.matrix.GetRow(y, into)
}

// thresholds are those of a row of blocks.
func (m *bitmap) thresholds(y int) []int {
	if m.limits[y] == nil {
		m.limits[y] = make([]int, m.blocks.across)
		for x := range m.limits[y] {
			m.limits[y][x] = m.blocks.threshold(x, y)
		}
	}
	return m.limits[y]
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
