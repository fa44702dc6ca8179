package qr

import (
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"testing"

	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// Every clean code is read, whatever it says, how large it is, and what stands around it. The first look misses some.
func TestRead_cleanCodes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	levels := []decoder.ErrorCorrectionLevel{decoder.ErrorCorrectionLevel_L, decoder.ErrorCorrectionLevel_M,
		decoder.ErrorCorrectionLevel_Q, decoder.ErrorCorrectionLevel_H}
	again, missed := 0, 0
	for i := range 500 {
		text := "https://login.fabrikam.example/" + letters(r, 1+r.IntN(120))
		picture := code(t, text, 2+r.IntN(5), levels[i%4])
		if i%2 == 1 {
			page := white(picture.Rect.Dx()+40+r.IntN(300), picture.Rect.Dy()+40+r.IntN(300))
			draw.Draw(page, picture.Rect.Add(image.Pt(r.IntN(40), r.IntN(40))), picture, image.Point{}, draw.Src)
			picture = page
		}
		got, ok := Read(picture)
		if !ok || got.Text != text {
			missed++
			t.Logf("code %d, %d by %d: %q, %v", i, picture.Rect.Dx(), picture.Rect.Dy(), got.Text, ok)
		}
		if got.Again {
			again++
		}
	}
	if missed > 0 || again == 0 {
		t.Errorf("%d of 500 clean codes are not read; %d took a second look", missed, again)
	}
}

func letters(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_"[r.IntN(59)]
	}
	return string(b)
}

// What only resembles a code costs no more than twice the first look, and gives nothing.
func TestRead_secondLookFindsNoCodeWhereThereIsNone(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for name, picture := range map[string]*image.Gray{
		"patterns everywhere": tiles(640, 640, 2, 8),
		"large patterns":      tiles(640, 640, 9, 9),
		"one pattern":         tiles(70, 70, 7, 12),
		"noise":               noisy(white(400, 400), 400, r),
	} {
		if got, ok := Read(picture); ok {
			t.Errorf("%s: %q", name, fmt.Sprint(got))
		}
	}
}
