package qr

import "image"

// side is how many pixels a cell of a grid is drawn with, and margin how many cells of white are put around it (ISO
// 18004: four).
const (
	side   = 4
	margin = 4
)

// ReadGrid reads the code that is drawn by cells, one for each of its modules: dark ones are true.
func ReadGrid(rows [][]bool) (code Code, ok bool) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return Code{}, false
	}
	picture := image.NewGray(image.Rect(0, 0, side*(len(rows[0])+2*margin), side*(len(rows)+2*margin)))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	for y, row := range rows {
		for x, dark := range row[:min(len(row), len(rows[0]))] {
			if dark {
				blacken(picture, side*(x+margin), side*(y+margin))
			}
		}
	}
	return Read(picture)
}

func blacken(picture *image.Gray, left, top int) {
	for y := top; y < top+side; y++ {
		clear(picture.Pix[y*picture.Stride+left:][:side])
	}
}
