package attach

import (
	"bytes"
	"image"
	_ "image/gif"  // decoders
	_ "image/jpeg" // decoders
	_ "image/png"  // decoders

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// picture looks for a QR code. The size is read before any pixel is.
func (w *work) picture(body []byte) {
	if len(body) > 4<<20 {
		return
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || config.Width < 40 || config.Height < 40 || config.Width*config.Height > w.limits.Pixels {
		return
	}
	if config.Width > 6*config.Height || config.Height > 6*config.Width {
		return
	}
	w.limits.Pixels -= config.Width * config.Height // pictures of one file share the limit
	picture, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return
	}
	if text, ok := QR(picture); ok {
		w.link(text, "QR code")
	}
}

// QR reads the QR code in a picture.
func QR(picture image.Image) (string, bool) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return "", false
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
