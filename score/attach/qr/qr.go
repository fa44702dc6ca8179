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
//   - I1 the work is at most a constant for each pixel: runs of one colour are followed no further than they can matter,
//     and at most maxCenters candidates are compared.
//   - I2 a picture with fewer candidates than that gives what ZXing gives.
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

// Read reads the QR code in a picture.
func Read(picture image.Image) (text string, ok bool) {
	source, err := luminance(picture)
	if err != nil {
		return "", false
	}
	image, err := binarize(source)
	if err != nil {
		return "", false
	}
	f := finder{image: image, width: image.matrix.GetWidth(), height: image.matrix.GetHeight()}
	f.scan()
	corners, found := choose(f.centers)
	if !found {
		return "", false
	}
	return decode(image.whole(), corners)
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
