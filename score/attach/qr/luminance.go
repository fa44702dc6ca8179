package qr

import (
	"image"

	"github.com/makiuchi-d/gozxing"
)

// luminance is a picture in shades of grey, on white where it is transparent. The kinds of picture that Go's decoders make are read each in
// its own way: asking an image.Image for each pixel takes longer than all that follows.
func luminance(picture image.Image) (gozxing.LuminanceSource, error) {
	r := picture.Bounds()
	shades := make([]byte, 0, r.Dx()*r.Dy())
	switch p := picture.(type) {
	case *image.Gray:
		for y := range r.Dy() {
			shades = append(shades, p.Pix[y*p.Stride:][:r.Dx()]...)
		}
	case *image.Paletted:
		shades = appendPaletted(shades, p)
	case *image.YCbCr:
		shades = appendEach(shades, r, func(x, y int) byte { return shade(p.YCbCrAt(x, y).RGBA()) })
	case *image.NRGBA:
		shades = appendEach(shades, r, func(x, y int) byte { return shade(p.NRGBAAt(x, y).RGBA()) })
	case *image.RGBA:
		shades = appendEach(shades, r, func(x, y int) byte { return shade(p.RGBAAt(x, y).RGBA()) })
	default:
		shades = appendEach(shades, r, func(x, y int) byte { return shade(picture.At(x, y).RGBA()) })
	}
	return gozxing.NewPlanarYUVLuminanceSource(shades, r.Dx(), r.Dy(), 0, 0, r.Dx(), r.Dy(), false)
}

func appendEach(shades []byte, r image.Rectangle, at func(x, y int) byte) []byte {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			shades = append(shades, at(x, y))
		}
	}
	return shades
}

func appendPaletted(shades []byte, p *image.Paletted) []byte {
	var table [256]byte
	for i, c := range p.Palette {
		table[i] = shade(c.RGBA())
	}
	for y := range p.Rect.Dy() {
		for _, i := range p.Pix[y*p.Stride:][:p.Rect.Dx()] {
			shades = append(shades, table[i])
		}
	}
	return shades
}

// shade is a colour's, green counting twice, on white.
func shade(r, g, b, a uint32) byte {
	lum := (r + 2*g + b) * 255 / (4 * 0xffff)
	return byte((lum*a + (0xffff-a)*255) / 0xffff)
}
