package attach

import (
	"bytes"
	"image"
	"regexp"
	"strconv"

	"clawback/score/attach/qr"
)

// maxPDFImages is how many pictures of a PDF are searched for QR codes.
const maxPDFImages = 6

// pdfImage looks for a QR code in a picture of a PDF: JPEG as it is (DCTDecode), and pixels of 8 bits or of 1 that are
// packed by deflate (ISO 32000-1, 8.9.5).
func (w *work) pdfImage(name string, object, stream []byte) {
	end := bytes.Index(stream, []byte("endstream"))
	if end < 0 {
		return
	}
	if w.pdfImages++; w.pdfImages > maxPDFImages {
		w.unsearched("Of the pictures in %q the first %d were searched for codes.", name, maxPDFImages)
		return
	}
	stream = bytes.TrimLeft(stream[:end], "\r\n")
	switch {
	case bytes.Contains(object, []byte("/DCTDecode")):
		w.picture(name, stream)
	case bytes.Contains(object, []byte("/FlateDecode")) && len(stream) > 2 && stream[0]&0x0f == 8:
		w.pdfPacked(name, pixelsOf(object), stream)
	}
}

// pdfPacked looks for a code in pixels that are packed by deflate.
func (w *work) pdfPacked(name string, p pdfPixels, stream []byte) {
	if !p.plausible() || !w.payPixels(name, p.width*p.height) {
		return
	}
	indexed := uint32(0)
	if p.indexed {
		indexed = 1
	}
	key := keyOf(stream, uint32(p.width), uint32(p.height), uint32(p.bits), indexed)
	before := w.left
	if cost, seen := w.seen.has(key); seen && before >= maxInner { // else less of it would be unpacked
		w.left -= cost
		return
	}
	barren := false
	w.decode(w.deflated(bytes.NewReader(stream[2:])), maxInner, func(b []byte, cut bool) {
		if cut {
			w.unsearched("A picture (%q) was not searched for codes: it is too large.", name)
			return
		}
		barren = !w.pdfCode(p, b)
	})
	if barren && before >= maxInner {
		w.seen.add(key, before-w.left)
	}
}

// pdfPixels is how the pixels of a picture lie.
type pdfPixels struct {
	width, height, bits int
	indexed             bool // which value is the darker is not known
}

func pixelsOf(object []byte) pdfPixels {
	return pdfPixels{
		width: pdfNumber(object, widthKey), height: pdfNumber(object, heightKey), bits: pdfNumber(object, bitsKey),
		indexed: bytes.Contains(object, []byte("/Indexed")) || bytes.Contains(object, []byte("/ImageMask")) ||
			bytes.Contains(object, []byte("/Decode[")),
	}
}

// plausible reports whether a picture may hold a code, and its pixels can be counted.
func (p pdfPixels) plausible() bool {
	const most = 1 << 15
	return p.width >= leastPicture && p.height >= leastPicture && p.width < most && p.height < most
}

// pdfCode searches pixels, of which the lines begin at whole bytes, for a QR code, and reports whether there is one.
// How many colours there are follows from their size, and the first is taken for all: codes are black on white. Lines
// with a predictor of PNG's have a byte before them (ISO 32000-1, 7.4.4.4).
func (w *work) pdfCode(p pdfPixels, b []byte) bool {
	if p.bits != 1 && p.bits != 2 && p.bits != 4 && p.bits != 8 {
		return false
	}
	line := len(b) / p.height
	unpredicted := (p.width*p.bits + 7) / 8
	step := line / max(unpredicted, 1)
	if step < 1 || p.bits < 8 && step > 1 {
		return false
	}
	skip := line - unpredicted*step
	if skip > 1 {
		return false
	}
	if skip == 1 {
		unpredict(b, line, step)
	}
	picture := image.NewGray(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		row := b[y*line+skip : (y+1)*line]
		p.shades(picture.Pix[y*picture.Stride:][:p.width], row, step)
	}
	code, ok := qr.Read(picture)
	if !ok && p.indexed {
		for i := range picture.Pix {
			picture.Pix[i] = ^picture.Pix[i]
		}
		code, ok = qr.Read(picture)
	}
	if ok {
		w.addCode(code)
	}
	return ok
}

// shades are the pixels of a line.
func (p pdfPixels) shades(out, row []byte, step int) {
	switch {
	case p.bits == 8 && step == 1 && !p.indexed:
		copy(out, row)
	case p.bits == 8 && step > 1:
		for x := range out {
			out[x] = row[x*step]
		}
	default:
		for x := range out {
			out[x] = p.shade(row, x)
		}
	}
}

// shade is a pixel of a line. Of indices the first is one shade, and all others are the other: codes have two colours.
func (p pdfPixels) shade(row []byte, x int) byte {
	if p.bits == 8 {
		if row[x] > 0 { // these are indexed
			return 255
		}
		return 0
	}
	most := byte(1<<p.bits - 1)
	value := row[x*p.bits/8] >> (8 - p.bits - x*p.bits%8) & most
	if p.indexed && value > 0 {
		return 255
	}
	return byte(int(value) * 255 / int(most))
}

// unpredict undoes the filters of PNG (ISO 15948, clause 9): each line begins with the number of its own. step is how
// many bytes a pixel has.
func unpredict(b []byte, line, step int) {
	above := make([]byte, line)
	for len(b) >= line {
		row := b[:line]
		for i := 1; i < line; i++ {
			var left, corner byte
			if i > step {
				left, corner = row[i-step], above[i-step]
			}
			switch row[0] {
			case 1:
				row[i] += left
			case 2:
				row[i] += above[i]
			case 3:
				row[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				row[i] += paeth(left, above[i], corner)
			}
		}
		above, b = row, b[line:]
	}
}

// paeth is PNG's predictor of that name: the neighbour that is nearest to left + above - corner.
func paeth(left, above, corner byte) byte {
	distance := func(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }
	toLeft, toAbove := distance(above, corner), distance(left, corner)
	toCorner := int(left) + int(above) - 2*int(corner)
	toCorner = max(toCorner, -toCorner)
	switch {
	case toLeft <= toAbove && toLeft <= toCorner:
		return left
	case toAbove <= toCorner:
		return above
	}
	return corner
}

var (
	widthKey  = regexp.MustCompile(`/Width\s+(\d{1,6})`)
	heightKey = regexp.MustCompile(`/Height\s+(\d{1,6})`)
	bitsKey   = regexp.MustCompile(`/BitsPerComponent\s+(\d{1,2})`)
)

func pdfNumber(object []byte, key *regexp.Regexp) int {
	m := key.FindSubmatch(object)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1])) // digits, few enough
	return n
}
