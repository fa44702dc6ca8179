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

// pdfImage looks for a QR code in a picture of a PDF: JPEG as it is (DCTDecode), and pixels of 8 bits or of 1 that are packed by deflate
// (ISO 32000-1, 8.9.5). Pictures of a message share a limit of pixels.
func (w *work) pdfImage(object, stream []byte) {
	end := bytes.Index(stream, []byte("endstream"))
	if w.pdfImages++; w.pdfImages > maxPDFImages || end < 0 {
		return
	}
	stream = bytes.TrimLeft(stream[:end], "\r\n")
	switch {
	case bytes.Contains(object, []byte("/DCTDecode")):
		w.picture(stream)
	case bytes.Contains(object, []byte("/FlateDecode")) && len(stream) > 2 && stream[0]&0x0f == 8:
		p := pdfPixels{width: pdfNumber(object, widthKey), height: pdfNumber(object, heightKey), bits: pdfNumber(object, bitsKey)}
		p.indexed = bytes.Contains(object, []byte("/Indexed")) || bytes.Contains(object, []byte("/ImageMask")) || bytes.Contains(object, []byte("/Decode["))
		if cost := p.width * p.height; p.width >= 40 && p.height >= 40 && p.width < 1<<15 && p.height < 1<<15 && cost <= w.limits.Pixels {
			w.limits.Pixels -= cost
			w.decode(w.deflated(bytes.NewReader(stream[2:])), maxInner, func(b []byte, _ bool) { w.pdfCode(p, b) })
		}
	}
}

// pdfPixels is how the pixels of a picture lie.
type pdfPixels struct {
	width, height, bits int
	indexed             bool // which value is the darker is not known
}

// pdfCode searches pixels, of which the lines begin at whole bytes, for a QR code. How many colours there are follows from their size, and the
// first is taken for all: codes are black on white. Lines with a predictor of PNG's have a byte before them (ISO 32000-1, 7.4.4.4).
func (w *work) pdfCode(p pdfPixels, b []byte) {
	if p.bits != 1 && p.bits != 2 && p.bits != 4 && p.bits != 8 {
		return
	}
	line := len(b) / p.height
	unpredicted := (p.width*p.bits + 7) / 8
	step := line / max(unpredicted, 1)
	if step < 1 || p.bits < 8 && step > 1 {
		return
	}
	skip := line - unpredicted*step
	if skip > 1 {
		return
	}
	if skip == 1 {
		unpredict(b, line, step)
	}
	picture := image.NewGray(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		row := b[y*line+skip : (y+1)*line]
		for x := range p.width {
			picture.Pix[y*picture.Stride+x] = p.shade(row, x, step)
		}
	}
	text, ok := qr.Read(picture)
	if !ok && p.indexed {
		for i := range picture.Pix {
			picture.Pix[i] = ^picture.Pix[i]
		}
		text, ok = qr.Read(picture)
	}
	if ok {
		w.addLink(text, "QR code")
	}
}

// shade is a pixel of a line. Of indices the first is one shade, and all others are the other: codes have two colours.
func (p pdfPixels) shade(row []byte, x, step int) byte {
	if p.bits == 8 {
		if p.indexed && step == 1 && row[x] > 0 {
			return 255
		}
		return row[x*step]
	}
	most := byte(1<<p.bits - 1)
	value := row[x*p.bits/8] >> (8 - p.bits - x*p.bits%8) & most
	if p.indexed && value > 0 {
		return 255
	}
	return byte(int(value) * 255 / int(most))
}

// unpredict undoes the filters of PNG (ISO 15948, clause 9): each line begins with the number of its own. step is how many bytes a pixel has.
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
