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
		if cost := p.width * p.height; p.width >= 40 && p.height >= 40 && p.width < 1<<15 && p.height < 1<<15 && cost <= w.limits.Pixels {
			w.limits.Pixels -= cost
			w.decode(w.deflated(bytes.NewReader(stream[2:])), maxInner, func(b []byte, _ bool) { w.pdfCode(p, b) })
		}
	}
}

// pdfPixels is how the pixels of a picture lie.
type pdfPixels struct{ width, height, bits int }

// pdfCode searches pixels, of which the lines begin at whole bytes, for a QR code. How many colours there are follows from their size, and the
// first is taken for all: codes are black on white. Lines with a predictor have a byte before them.
func (w *work) pdfCode(p pdfPixels, b []byte) {
	if p.bits != 8 && p.bits != 1 {
		return
	}
	line := len(b) / p.height
	unpredicted := (p.width*p.bits + 7) / 8
	step := line / max(unpredicted, 1)
	if step < 1 || p.bits == 1 && step > 1 {
		return
	}
	skip := line - unpredicted*step
	if skip > 1 {
		return
	}
	picture := image.NewGray(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		row := b[y*line+skip : (y+1)*line]
		for x := range p.width {
			if p.bits == 1 {
				picture.Pix[y*picture.Stride+x] = 255 * (row[x/8] >> (7 - x%8) & 1)
				continue
			}
			picture.Pix[y*picture.Stride+x] = row[x*step]
		}
	}
	if text, ok := qr.Read(picture); ok {
		w.addLink(text, "QR code")
	}
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
