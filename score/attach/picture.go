package attach

import (
	"bytes"
	"image"
	_ "image/gif"  // decoders
	_ "image/jpeg" // decoders
	_ "image/png"  // decoders

	"clawback/score/attach/qr"
)

// maxScans is how often a JPEG may go over its pixels. Each time may take thirty octets.
const maxScans = 50

// picture looks for a QR code. The size is read before any pixel is.
func (w *work) picture(body []byte) {
	if len(body) > 4<<20 {
		return
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || config.Width < 40 || config.Height < 40 {
		return
	}
	if config.Width > 6*config.Height || config.Height > 6*config.Width {
		return
	}
	cost := max(config.Width*config.Height, 2*len(body)) // a byte may cost more than a pixel: deflate has empty blocks
	if cost > w.limits.Pixels || Sniff(body) == "jpeg" && bytes.Count(body, []byte{0xff, 0xda}) > maxScans {
		return
	}
	w.limits.Pixels -= cost // pictures of one message share the limit
	picture, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return
	}
	if text, ok := qr.Read(picture); ok {
		w.addLink(text, "QR code")
	}
}
