package qr

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

const (
	maxCenters = 200 // candidates that are kept: trying every three of them takes some milliseconds
	quorum     = 2   // rows that a candidate is seen in before it counts as confirmed
	minStep    = 3   // rows from one that is scanned to the next, before anything is found
	maxModules = 97  // of a code whose every finder pattern is hit by that step, in a larger picture
)

// center is a candidate for the middle of a finder pattern.
type center struct {
	x, y   float64
	module float64 // pixels of a module's side
	count  int     // rows that it was seen in
}

// matches reports whether a pattern that is seen at a place is this one, seen once more.
func (c *center) matches(x, y, module float64) bool {
	if math.Abs(y-c.y) > module || math.Abs(x-c.x) > module {
		return false
	}
	diff := math.Abs(module - c.module)
	return diff <= 1 || diff <= c.module
}

// add takes the mean of all rows that the pattern was seen in.
func (c *center) add(x, y, module float64) {
	n := float64(c.count)
	c.x, c.y, c.module = (n*c.x+x)/(n+1), (n*c.y+y)/(n+1), (n*c.module+module)/(n+1)
	c.count++
}

// finder looks for finder patterns: dark, light, dark, light, dark in widths of 1:1:3:1:1, in rows, columns and
// diagonals.
type finder struct {
	image         *bitmap
	width, height int
	centers       []center
	skipped       bool // rows were skipped already, to where the third pattern should be
	everyRow      bool // none is skipped, and the picture is scanned to its end
	step          int  // rows to the next that is scanned
	line          *gozxing.BitArray
}

// runs are the widths of five neighbouring runs, dark ones first.
type runs = [5]int

// scan looks at the rows until three patterns fit, or there are no more.
func (f *finder) scan() {
	f.step = max(minStep, 3*f.height/(4*maxModules))
	if f.everyRow {
		f.step = 1
	}
	for y := f.step - 1; y < f.height; y += f.step {
		skip, done := f.row(y)
		if done {
			return
		}
		y += skip
	}
}

// row looks for patterns in a row. It says how many rows may be skipped, and whether there is enough.
func (f *finder) row(y int) (skip int, done bool) {
	var seen runs
	state := 0
	f.line = f.image.row(y, f.line)
	for x := 0; x < f.width; x++ {
		end := f.line.GetNextSet(x)
		if dark := state&1 == 0; dark {
			end = f.line.GetNextUnset(x)
		}
		seen[state] += end - x
		if x = end; x == f.width {
			break
		}
		if state < 4 {
			state++
			seen[state]++
			continue
		}
		if !ratio(seen) || !f.candidate(seen, x, y) {
			seen, state = runs{seen[2], seen[3], seen[4], 1}, 3
			continue
		}
		if f.everyRow {
			seen, state = runs{}, 0
			continue
		}
		f.step = 2 // the rows of a small pattern are few
		if f.skipped {
			done = f.enough()
		} else if skip = f.rowsToSkip(); skip > seen[2] {
			return skip - seen[2] - f.step, false
		}
		seen, state = runs{}, 0
	}
	if ratio(seen) && f.candidate(seen, f.width, y) && !f.everyRow {
		f.step = seen[0]
		if f.skipped {
			done = f.enough()
		}
	}
	return 0, done
}

func ratio(seen runs) bool { return detector.FinderPatternFinder_foundPatternCross(seen[:]) }

func sum(seen runs) int { return seen[0] + seen[1] + seen[2] + seen[3] + seen[4] }

// middle is the middle of runs that end before end.
func middle(seen runs, end int) float64 {
	return detector.FinderPatternFinder_centerFromEnd(seen[:], end)
}

// candidate checks what a row shows of a pattern against the column and the diagonal through its middle, and notes it.
func (f *finder) candidate(seen runs, end, row int) bool {
	total := sum(seen)
	column := int(middle(seen, end))
	y, ok := f.cross(image.Pt(column, row), image.Pt(0, 1), seen[2], 0.4*float64(total), total)
	if !ok {
		return false
	}
	x, ok := f.cross(image.Pt(column, int(y)), image.Pt(1, 0), seen[2], 0.2*float64(total), total)
	if !ok || !f.diagonal(image.Pt(int(x), int(y)), total) {
		return false
	}
	f.note(x, y, float64(total)/7)
	return true
}

// follow counts the pixels of one shade from a place on, limit at most, and says where it stopped.
func (f *finder) follow(at, step image.Point, dark bool, limit int) (count int, stop image.Point) {
	for count < limit && f.inside(at) && f.image.dark(at.X, at.Y) == dark {
		count++
		at = at.Add(step)
	}
	return count, at
}

func (f *finder) inside(p image.Point) bool {
	return p.X >= 0 && p.Y >= 0 && p.X < f.width && p.Y < f.height
}

// cross looks for the pattern in a column or row through its middle. It gives the middle there. A run beside the middle
// may be as long as most, and all five together may differ from what the row shows by so much.
func (f *finder) cross(from, step image.Point, most int, differ float64, total int) (float64, bool) {
	var seen runs
	beyond := 2*total + 1 // a longer run differs by more in any case
	up, at := f.follow(from, step.Mul(-1), true, beyond)
	if !f.inside(at) {
		return 0, false
	}
	if seen[1], at = f.follow(at, step.Mul(-1), false, most+1); seen[1] > most || !f.inside(at) {
		return 0, false
	}
	if seen[0], _ = f.follow(at, step.Mul(-1), true, most+1); seen[0] > most {
		return 0, false
	}
	down, at := f.follow(from.Add(step), step, true, beyond)
	seen[2] = up + down
	if !f.inside(at) {
		return 0, false
	}
	if seen[3], at = f.follow(at, step, false, most); seen[3] >= most || !f.inside(at) {
		return 0, false
	}
	if seen[4], at = f.follow(at, step, true, most); seen[4] >= most {
		return 0, false
	}
	if math.Abs(float64(sum(seen)-total)) >= differ || !ratio(seen) {
		return 0, false
	}
	return middle(seen, at.X*step.X+at.Y*step.Y), true
}

// diagonal looks for the pattern in the diagonal through its middle.
func (f *finder) diagonal(from image.Point, total int) bool {
	var seen runs
	back, step := image.Pt(-1, -1), image.Pt(1, 1)
	beyond := 2*total + 1 // a longer run is out of proportion in any case
	up, at := f.follow(from, back, true, beyond)
	seen[1], at = f.follow(at, back, false, beyond)
	seen[0], _ = f.follow(at, back, true, beyond)
	down, at := f.follow(from.Add(step), step, true, beyond)
	seen[3], at = f.follow(at, step, false, beyond)
	seen[4], _ = f.follow(at, step, true, beyond)
	seen[2] = up + down
	return up > 0 && detector.FinderPatternFinder_foundPatternDiagonal(seen[:])
}

// note adds what was seen to the candidate that it is, or makes it a new one.
func (f *finder) note(x, y, module float64) {
	for i := range f.centers {
		if f.centers[i].matches(x, y, module) {
			f.centers[i].add(x, y, module)
			return
		}
	}
	if len(f.centers) == maxCenters {
		f.thin()
	}
	f.centers = append(f.centers, center{x, y, module, 1})
}

// thin drops half of the candidates: those that were seen in the fewest rows, and of these the first, which will not be
// seen again. A code that a person can photograph has modules of several pixels, so that its patterns are seen in more
// rows than what looks like one in noise.
func (f *finder) thin() {
	slices.SortStableFunc(f.centers, func(a, b center) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.y, a.y))
	})
	f.centers = f.centers[:maxCenters/2]
}

// rowsToSkip is how many rows may be left out once two patterns are confirmed: the third is as far below them as they
// are from each other.
func (f *finder) rowsToSkip() int {
	var first *center
	for i := range f.centers {
		c := &f.centers[i]
		switch {
		case c.count < quorum:
		case first == nil:
			first = c
		default:
			f.skipped = true
			return int((math.Abs(first.x-c.x) - math.Abs(first.y-c.y)) / 2)
		}
	}
	return 0
}

// confirmed counts the candidates that were seen in several rows.
func (f *finder) confirmed() (n int) {
	for _, c := range f.centers {
		if c.count >= quorum {
			n++
		}
	}
	return n
}

// enough reports whether three patterns are confirmed, and all that were found are of one size.
func (f *finder) enough() bool {
	confirmed, total := 0, 0.0
	for _, c := range f.centers {
		if c.count >= quorum {
			confirmed++
			total += c.module
		}
	}
	if confirmed < 3 {
		return false
	}
	mean, deviation := total/float64(len(f.centers)), 0.0
	for _, c := range f.centers {
		deviation += math.Abs(c.module - mean)
	}
	return deviation <= 0.05*total
}
