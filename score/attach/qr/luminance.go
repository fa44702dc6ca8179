package qr

import (
	"image"

	"github.com/makiuchi-d/gozxing"
)

// luminance is a picture in shades of grey, on white where it is transparent. The kinds of picture that Go's decoders
// make are read each in its own way: asking an image.Image for each pixel takes longer than all that follows.
func luminance(picture image.Image) (gozxing.LuminanceSource, error) {
	r := picture.Bounds()
	var shades []byte
	switch p := picture.(type) {
	case *image.Gray:
		shades = rows(p.Pix, p.Stride, r)
	case *image.YCbCr:
		shades = rows(p.Y, p.YStride, r) // the first plane of a JPEG is its luminance
	case *image.Paletted:
		shades = paletted(p)
	case *image.NRGBA:
		shades = quads(p.Pix, p.Stride, r, onWhite)
	case *image.RGBA:
		shades = quads(p.Pix, p.Stride, r, shade)
	default:
		shades = each(picture)
	}
	return gozxing.NewPlanarYUVLuminanceSource(shades, r.Dx(), r.Dy(), 0, 0, r.Dx(), r.Dy(), false)
}

// rows cuts a plane of shades to the picture's width. A plane as wide as the picture is not copied: the binarizer only
// reads it.
func rows(plane []byte, stride int, r image.Rectangle) []byte {
	if stride == r.Dx() {
		return plane[:stride*r.Dy()]
	}
	shades := make([]byte, 0, r.Dx()*r.Dy())
	for y := range r.Dy() {
		shades = append(shades, plane[y*stride:][:r.Dx()]...)
	}
	return shades
}

// quads reads pixels of four bytes: red, green, blue, alpha.
func quads(pix []byte, stride int, r image.Rectangle, shade func(r, g, b, a uint32) byte) []byte {
	shades := make([]byte, 0, r.Dx()*r.Dy())
	for y := range r.Dy() {
		row := pix[y*stride:][:4*r.Dx()]
		for len(row) >= 4 {
			shades = append(shades, shade(uint32(row[0]), uint32(row[1]), uint32(row[2]), uint32(row[3])))
			row = row[4:]
		}
	}
	return shades
}

func paletted(p *image.Paletted) []byte {
	var table [256]byte
	for i, c := range p.Palette {
		r, g, b, a := c.RGBA()
		table[i] = shade(r>>8, g>>8, b>>8, a>>8)
	}
	shades := make([]byte, 0, p.Rect.Dx()*p.Rect.Dy())
	for y := range p.Rect.Dy() {
		for _, i := range p.Pix[y*p.Stride:][:p.Rect.Dx()] {
			shades = append(shades, table[i])
		}
	}
	return shades
}

func each(picture image.Image) []byte {
	b := picture.Bounds()
	shades := make([]byte, 0, b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA()
			shades = append(shades, shade(r>>8, g>>8, b>>8, a>>8))
		}
	}
	return shades
}

// shade is a colour's, of components from 0 to 255 that are multiplied by the alpha already; green counts twice; on
// white.
func shade(r, g, b, a uint32) byte {
	return byte(min((r+2*g+b)/4+255-a, 255))
}

// onWhite is the shade of a colour whose components are not multiplied by its alpha.
func onWhite(r, g, b, a uint32) byte {
	return byte(((r+2*g+b)*a/4 + 255*(255-a)) / 255)
}
