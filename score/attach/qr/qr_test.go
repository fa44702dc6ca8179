package qr

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// theirs is gozxing's own reader.
func theirs(picture image.Image) (string, bool) {
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

// code draws a QR code with pixels of so many to a side of its modules.
func code(t testing.TB, text string, module int, level decoder.ErrorCorrectionLevel) *image.Gray {
	t.Helper()
	hints := map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_ERROR_CORRECTION: level}
	matrix, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 1, 1, hints)
	if err != nil {
		t.Fatal(err)
	}
	picture := white(matrix.GetWidth()*module, matrix.GetHeight()*module)
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			if matrix.Get(x/module, y/module) {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	return picture
}

func white(width, height int) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.White, image.Point{}, draw.Src)
	return picture
}

// noisy puts pixels of the wrong shade on a picture, so many in a thousand.
func noisy(picture *image.Gray, share int, r *rand.Rand) *image.Gray {
	for i := range picture.Pix {
		if r.IntN(1000) < share {
			picture.Pix[i] ^= 0xff
		}
	}
	return picture
}

// turned draws a picture turned by an angle whose tangent is known, within a larger one.
func turned(picture *image.Gray, sine, cosine float64) *image.Gray {
	side := picture.Rect.Dx() * 3 / 2
	out := white(side, side)
	middle, old := float64(side)/2, float64(picture.Rect.Dx())/2
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-middle, float64(y)-middle
			at := image.Pt(int(dx*cosine+dy*sine+old), int(dy*cosine-dx*sine+old))
			if at.In(picture.Rect) {
				out.SetGray(x, y, picture.GrayAt(at.X, at.Y))
			}
		}
	}
	return out
}

// Whatever gozxing reads is read, with the same text.
func TestRead_asGozxingDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	levels := []decoder.ErrorCorrectionLevel{decoder.ErrorCorrectionLevel_L, decoder.ErrorCorrectionLevel_M, decoder.ErrorCorrectionLevel_H}
	read := 0
	for i := range 300 {
		text := "https://contoso-mfa.example/" + fmt.Sprintf("%0*d", 1+r.IntN(300), r.Int())
		picture := code(t, text, 1+r.IntN(6), levels[i%3])
		switch i % 4 {
		case 1:
			picture = noisy(picture, 1+r.IntN(20), r)
		case 2:
			picture = turned(picture, 0.28, 0.96)
		case 3:
			page := white(picture.Rect.Dx()+r.IntN(600), picture.Rect.Dy()+r.IntN(600))
			draw.Draw(page, picture.Rect.Add(image.Pt(r.IntN(100), r.IntN(100))), picture, image.Point{}, draw.Src)
			picture = page
		}
		want, readable := theirs(picture)
		got, ok := Read(picture)
		if readable && (!ok || got.Text != want || got.Again) {
			t.Errorf("picture %d: %q, %v; want %q", i, got.Text, ok, want)
		}
		if ok {
			read++
		}
	}
	if read < 200 {
		t.Errorf("%d of 300 codes were read: the test compares too little", read)
	}
}

// tiles is a picture full of finder patterns, of a module's size, with so many modules from one to the next.
func tiles(width, height, module, step int) *image.Gray {
	picture := white(width, height)
	for y := range height {
		for x := range width {
			a, b := x/module%step, y/module%step
			ring := a < 7 && b < 7 && (a == 0 || a == 6 || b == 0 || b == 6)
			if ring || a >= 2 && a <= 4 && b >= 2 && b <= 4 {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	return picture
}

func inverted(picture *image.Gray) *image.Gray {
	for i := range picture.Pix {
		picture.Pix[i] ^= 0xff
	}
	return picture
}

// stripes are patterns in each row that no column confirms.
func stripes(width, height int) *image.Gray {
	picture := white(width, height)
	for i := range picture.Pix {
		if a := i % width % 8; a == 0 || a == 6 || a >= 2 && a <= 4 {
			picture.Pix[i] = 0
		}
	}
	return picture
}

// hostile are pictures of up to six million pixels that cost as much as pictures can.
func hostile() map[string]*image.Gray {
	r := rand.New(rand.NewPCG(3, 4))
	all := map[string]*image.Gray{
		"noise":              noisy(white(2448, 2448), 500, r),
		"sparse noise":       noisy(white(2448, 2448), 100, r),
		"vertical stripes":   stripes(2448, 2448),
		"one row of them":    tiles(150_000, 40, 1, 8),
		"one column of them": tiles(40, 150_000, 1, 8),
	}
	for _, side := range []int{160, 640, 2448} {
		for _, step := range []int{8, 11} {
			for _, module := range []int{1, 2} {
				name := fmt.Sprintf("%d pixels, modules of %d, one in %d", side, module, step)
				all[name] = tiles(side, side, module, step)
				all["inverted "+name] = inverted(tiles(side, side, module, step))
				all["noisy "+name] = noisy(tiles(side, side, module, step), 5, r)
			}
		}
	}
	return all
}

// A picture of 640 by 640 finder patterns kept gozxing's choice of three busy for hours.
func TestRead_hostilePicturesAreBounded(t *testing.T) {
	for name, picture := range hostile() {
		done := make(chan time.Duration, 1)
		go func() {
			started := time.Now()
			Read(picture)
			done <- time.Since(started)
		}()
		select {
		case took := <-done:
			t.Logf("%-50s %v", name, took)
		case <-time.After(time.Minute): // nothing bounded takes so long on any machine
			t.Fatalf("%s: not done after a minute", name)
		}
	}
}

// A real code is found among many things that look like a part of one.
func TestRead_amongOtherPatterns(t *testing.T) {
	const text = "https://contoso-mfa.example/auth?id=8812"
	r := rand.New(rand.NewPCG(5, 6))
	for name, page := range map[string]*image.Gray{
		"noise":               noisy(white(900, 900), 300, r),
		"sparse noise":        noisy(white(900, 900), 50, r),
		"stripes":             stripes(900, 900),
		"larger noise, below": noisy(white(900, 2400), 300, r),
	} {
		real := code(t, text, 6, decoder.ErrorCorrectionLevel_M)
		draw.Draw(page, real.Rect.Add(image.Pt(300, page.Rect.Dy()-500)), real, image.Point{}, draw.Src)
		if got, ok := Read(page); got.Text != text {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

// The kinds of picture that Go's decoders make give the shades that the picture's own pixels have.
func TestLuminance_asEachPixelSays(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	random := func(pixels []byte) {
		for i := range pixels {
			pixels[i] = byte(r.Uint32())
		}
	}
	area := image.Rect(3, 2, 43, 32)
	gray, nrgba, rgba := image.NewGray(area), image.NewNRGBA(area), image.NewRGBA(area)
	ycbcr := image.NewYCbCr(area, image.YCbCrSubsampleRatio420)
	palette := color.Palette{color.White, color.Black, color.NRGBA{200, 10, 90, 128}, color.Transparent}
	paletted := image.NewPaletted(area, palette)
	for _, pixels := range [][]byte{gray.Pix, nrgba.Pix, ycbcr.Y, ycbcr.Cb, ycbcr.Cr} {
		random(pixels)
	}
	draw.Draw(rgba, area, nrgba, area.Min, draw.Src)
	for i := range paletted.Pix {
		paletted.Pix[i] = byte(i % len(palette))
	}
	for _, picture := range []image.Image{gray, nrgba, rgba, ycbcr, paletted, image.NewGray16(area)} {
		source, err := luminance(picture)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range source.GetMatrix() {
			want := expected(picture, area.Min.X+i%area.Dx(), area.Min.Y+i/area.Dx())
			if int(got) < want-1 || int(got) > want+1 { // rounding
				t.Errorf("%T: pixel %d is %d, want %d", picture, i, got, want)
				break
			}
		}
	}
}

// Pictures of every size about a block's are told apart into dark and light as ZXing's own binarizer does it.
func TestBinarize_asZXing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		picture := image.NewGray(image.Rect(0, 0, 30+r.IntN(80), 30+r.IntN(80)))
		spread := 1 + r.IntN(255)
		for i := range picture.Pix {
			picture.Pix[i] = byte(r.IntN(spread) + (i/997)%3*(255-spread)/2)
		}
		source, err := luminance(picture)
		if err != nil {
			t.Fatal(err)
		}
		got, gotErr := binarize(source)
		want, wantErr := gozxing.NewHybridBinarizer(source).GetBlackMatrix()
		if (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("a picture of %v: %v, want %v", picture.Rect.Size(), gotErr, wantErr)
		}
		if gotErr != nil {
			continue
		}
		for range 20 { // rows are compared as they are asked for, in any order
			if x, y := r.IntN(want.GetWidth()), r.IntN(want.GetHeight()); got.dark(x, y) != want.Get(x, y) {
				t.Fatalf("pixel %d, %d of a picture of %v is dark: %v", x, y, picture.Rect.Size(), got.dark(x, y))
			}
		}
		if got.whole().String() != want.String() {
			t.Fatalf("a picture of %v is told apart otherwise", picture.Rect.Size())
		}
	}
}

// expected is the shade of a pixel: a JPEG's own luminance; else of its colour, green counting twice, on white.
func expected(picture image.Image, x, y int) int {
	if p, ok := picture.(*image.YCbCr); ok {
		return int(p.YCbCrAt(x, y).Y)
	}
	r, g, b, a := picture.At(x, y).RGBA()
	return int((r+2*g+b)/4+0xffff-a) >> 8
}

func TestRead_nothing(t *testing.T) {
	for name, picture := range map[string]image.Image{
		"blank": white(200, 200), "small": white(3, 3), "none": white(0, 0), "a line": white(500, 1), "dark": inverted(white(100, 100)),
	} {
		if text, ok := Read(picture); ok {
			t.Errorf("%s: %v", name, text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(uint8(40), []byte("\x00\xff\x00"))
	f.Add(uint8(60), tiles(60, 60, 1, 8).Pix)
	f.Fuzz(func(t *testing.T, width uint8, pixels []byte) {
		if width == 0 || len(pixels) < int(width) {
			return
		}
		picture := &image.Gray{Pix: pixels, Stride: int(width), Rect: image.Rect(0, 0, int(width), len(pixels)/int(width))}
		Read(picture)
	})
}
