package attach

import (
	"bytes"
	"image"
	_ "image/gif"  // decoders
	_ "image/jpeg" // decoders
	_ "image/png"  // decoders

	"clawback/score/attach/qr"
)

const (
	maxPicture   = 4 << 20 // bytes of a picture that is searched
	leastPicture = 40      // pixels of a side: a code has 21 modules and a margin
	// maxScans is how often a JPEG may go over its pixels. Each time may take thirty bytes.
	maxScans = 50
)

// picture looks for a QR code. The size is read before any pixel is.
func (w *work) picture(name string, body []byte) {
	config, _, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || config.Width < leastPicture || config.Height < leastPicture {
		return
	}
	if len(body) > maxPicture || Sniff(body) == "jpeg" && bytes.Count(body, []byte{0xff, 0xda}) > maxScans {
		w.unsearched("A picture (%q) was not searched for codes: it is too large.", name)
		return
	}
	// A byte may cost more than a pixel: deflate has empty blocks.
	if !w.payPixels(name, max(config.Width*config.Height, 2*len(body))) {
		return
	}
	key := keyOf(body)
	if _, seen := w.seen.has(key); seen {
		return
	}
	picture, _, err := image.Decode(bytes.NewReader(body))
	if err == nil {
		if code, ok := qr.Read(picture); ok {
			w.addCode(code)
			return
		}
	}
	w.seen.add(key, 0)
}

// payPixels takes what a picture costs off the limit, which the pictures of a message share. It answers false where too
// little is left.
func (w *work) payPixels(name string, pixels int) bool {
	if pixels > w.limits.Pixels {
		w.unsearched("A picture (%q) was not searched for codes: it has more pixels than are left to search.", name)
		return false
	}
	w.limits.Pixels -= pixels
	return true
}
