package mailgen

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // QR makes that
)

// PDFImage is a PDF with one picture, of which the pixels lie as form says: jpeg, grey, rgb, bits, or cut (of which
// nothing is there).
func PDFImage(picture []byte, form string) []byte {
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		panic(err) // made by QR
	}
	var body bytes.Buffer
	filter, bits := "/FlateDecode", 8
	if form == "jpeg" {
		filter = "/DCTDecode"
		if err := jpeg.Encode(&body, img, nil); err != nil {
			panic(err)
		}
	} else {
		z := zlib.NewWriter(&body)
		if form == "bits" {
			bits = 1
		}
		z.Write(pixels(img, form)) // to memory
		z.Close()
	}
	size := img.Bounds()
	return fmt.Appendf(nil, "%%PDF-1.4\n4 0 obj<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent "+
		"%d/Filter%s/Length %d>>\nstream\n%s\nendstream\nendobj\n",
		size.Dx(), size.Dy(), bits, filter, body.Len(), body.Bytes())
}

func pixels(img image.Image, form string) []byte {
	var out []byte
	size := img.Bounds()
	for y := size.Min.Y; y < size.Max.Y && form != "cut"; y++ {
		var row []byte
		for x := size.Min.X; x < size.Max.X; x++ {
			v := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
			switch form {
			case "rgb":
				row = append(row, v, v, v)
			case "grey":
				row = append(row, v)
			case "bits":
				i := x - size.Min.X
				if i%8 == 0 {
					row = append(row, 0)
				}
				if v > 127 {
					row[i/8] |= 1 << (7 - i%8)
				}
			}
		}
		out = append(out, row...)
	}
	return out
}
