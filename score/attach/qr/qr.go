// Package qr reads the QR code in a picture, in time that is bounded by the picture's pixels; pure.
//
// The finder patterns, the three squares in a code's corners, are looked for and chosen here, by the rules of ZXing
// (https://github.com/zxing/zxing, Apache License 2.0). Its own choice tries every three candidates, and its search
// compares each candidate with all others, so that a picture of 640 by 640 pixels full of finder patterns keeps it busy
// for hours. What follows once the three are chosen is gozxing's, and is bounded by the largest code.
//
// Reads a picture, which a stranger made.
//
// Writes nothing.
//
// Invariants:
//   - I1 the work is at most a constant for each pixel: runs of one colour are followed no further than they can
//     matter, and at most maxCenters candidates are compared.
//   - I2 a picture with fewer candidates than that gives what ZXing gives, where ZXing gives anything. Where it
//     gives nothing, and two candidates are seen in several rows, a second look is taken (again.go), whose work is
//     bounded in the same way.
//
// On failure: a picture without a code, or with one that is damaged, has no text.
//
// Standards: ISO 18004 (QR).
package qr

import (
	"image"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// Code is what a code says.
type Code struct {
	Text  string
	Again bool // it took a second look, which ZXing does not take
}

// Read reads the QR code in a picture.
func Read(picture image.Image) (code Code, ok bool) {
	source, err := luminance(picture)
	if err != nil {
		return Code{}, false
	}
	image, err := binarize(source)
	if err != nil {
		return Code{}, false
	}
	f := finder{image: image, width: image.matrix.GetWidth(), height: image.matrix.GetHeight()}
	f.scan()
	if corners, found := choose(f.centers); found {
		if code.Text, ok = decode(image.whole(), corners); ok {
			return code, true
		}
	}
	if f.confirmed() < leastConfirmed {
		return Code{}, false
	}
	code.Text, code.Again = lookAgain(image)
	return code, code.Again
}

// decode reads the code whose three finder patterns are known.
func decode(matrix *gozxing.BitMatrix, corners [3]center) (string, bool) {
	var patterns [3]gozxing.ResultPoint
	for i, c := range corners {
		patterns[i] = detector.NewFinderPattern(c.x, c.y, c.module, c.count)
	}
	bottomLeft, topLeft, topRight := gozxing.ResultPoint_OrderBestPatterns(patterns[0], patterns[1], patterns[2])
	info := detector.NewFinderPatternInfo(bottomLeft.(*detector.FinderPattern), topLeft.(*detector.FinderPattern),
		topRight.(*detector.FinderPattern))
	grid, err := detector.NewDetector(matrix).ProcessFinderPatternInfo(info)
	if err != nil {
		return "", false
	}
	result, err := decoder.NewDecoder().Decode(grid.GetBits(), nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
