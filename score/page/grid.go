package page

import (
	"strconv"
	"strings"
)

// Grid is a table whose cells are coloured and nothing else: by rows, dark cells and light ones. Codes are drawn so by
// senders whose pictures are looked at.
type Grid [][]bool

// Limits of grids. The least side is that of the smallest QR code (ISO 18004: 21 modules), the largest that of the
// largest with its margin.
const (
	leastGrid = 21
	mostGrid  = 200 // cells of a row, and rows
	maxGrids  = 8   // of a page
	maxNested = 40  // tables within each other
)

// table is one that is open.
type table struct {
	rows      Grid
	dark, row bool // what a cell is that has no colour of its own: the table's, the row's
	skipped   bool // it has more cells than a code
}

// tableTag takes in the start of a table, of a row or of a cell.
func (r *reader) tableTag(tag string, d *declared) {
	if tag == "table" {
		if len(r.tables) < maxNested {
			r.tables = append(r.tables, table{dark: isDark(d, false)})
		} else {
			r.notRead("Of the tables of a page those within %d others were not searched for codes.", maxNested)
		}
		return
	}
	if len(r.tables) == 0 {
		return
	}
	t := &r.tables[len(r.tables)-1]
	switch tag {
	case "tr":
		t.row = isDark(d, t.dark)
		t.skipped = t.skipped || len(t.rows) > mostGrid
		if !t.skipped {
			t.rows = append(t.rows, nil)
		}
	case "td", "th":
		if t.skipped || len(t.rows) == 0 {
			return
		}
		row := &t.rows[len(t.rows)-1]
		dark := isDark(d, t.row)
		for range r.attrs.columns() {
			*row = append(*row, dark)
		}
		t.skipped = len(*row) > mostGrid
	}
}

// endTable keeps a table that may be a code: enough rows of as many cells as the longest.
func (r *reader) endTable() {
	if len(r.tables) == 0 {
		return
	}
	t := r.tables[len(r.tables)-1]
	r.tables = r.tables[:len(r.tables)-1]
	if t.skipped || len(t.rows) < leastGrid {
		return
	}
	width := 0
	for _, row := range t.rows {
		width = max(width, len(row))
	}
	kept := t.rows[:0]
	for _, row := range t.rows {
		if len(row) == width {
			kept = append(kept, row)
		}
	}
	switch {
	case width < leastGrid || len(kept) < leastGrid:
	case len(r.page.Grids) == maxGrids:
		r.notRead("Of the tables of a page that may draw a code the first %d were read.", maxGrids)
	default:
		r.page.Grids = append(r.page.Grids, kept)
	}
}

// columns is how many columns a cell goes over.
func (a *attributes) columns() int {
	n, err := strconv.Atoi(strings.TrimSpace(a.span))
	if err != nil {
		return 1
	}
	return min(max(n, 1), mostGrid)
}

// isDark reports whether a ground is nearer to black than to white; without one, it is the ground of what is around.
func isDark(d *declared, around bool) bool {
	if !d.hasGround || !d.ground.known || d.ground.clear {
		return around
	}
	g := d.ground
	return (int(g.red)+2*int(g.green)+int(g.blue))/4 < 128
}
