package page

import (
	"strconv"
	"strings"
)

// style is what decides whether the text of an element is seen.
type style struct {
	gone   bool // not displayed, or in a box without room: nothing within it can undo that
	unseen bool // visibility: hidden, which an element within it may undo
	size   float32
	text   colour
	ground colour
	by     int // the innermost open element that hides, counted from the outermost
}

// minSize is the size of letters in pixels below which nobody reads them.
const minSize = 2

// initial is the style of a page before it says anything: black on white.
func initial() style {
	return style{size: 16, text: colour{known: true}, ground: colour{known: true, red: 255, green: 255, blue: 255}}
}

// hides reports whether text in this style is not seen.
func (s style) hides() bool {
	return s.gone || s.unseen || s.size < minSize || s.text.clear || s.text.near(s.ground)
}

// declared is what one element's own attributes, style and rules say. Its zero value says nothing.
type declared struct {
	display    display
	visibility visibility
	box        box
	unit       unit
	size       float32
	text       colour
	ground     colour
	hasText    bool
	hasGround  bool
}

type display uint8

const (
	displayUnset display = iota
	displayNone
	displayShown
)

type visibility uint8

const (
	visibilityUnset visibility = iota
	visibilityHidden
	visibilityShown
)

// unit says what size is.
type unit uint8

const (
	unitUnset    unit = iota
	unitPixels        // of this element, whatever its parents' size
	unitOfParent      // times the parent's
)

// box collects what takes the room from an element.
type box uint8

const (
	boxClipped     box = 1 << iota // overflow: hidden
	boxEmpty                       // no height or no width
	boxTransparent                 // opacity: 0
	boxAway                        // moved off the page, scaled or clipped to nothing
	boxNotOutlook                  // mso-hide: all
)

// within is the style of an element with these declarations in a parent of that style.
func (d declared) within(parent style) style {
	s := parent
	s.gone = parent.gone || d.display == displayNone || d.box&(boxTransparent|boxAway) != 0 ||
		d.box&(boxClipped|boxEmpty) == boxClipped|boxEmpty
	switch d.visibility {
	case visibilityHidden:
		s.unseen = true
	case visibilityShown:
		s.unseen = false
	}
	switch d.unit {
	case unitPixels:
		s.size = d.size
	case unitOfParent:
		s.size = parent.size * d.size
	}
	if d.hasText {
		s.text = d.text
	}
	if d.hasGround {
		s.ground = d.ground
	}
	return s
}

// at is the style of the element that is so deep within others.
func (d declared) at(depth int, parent style) style {
	s := d.within(parent)
	if s.hides() && (!parent.hides() || d.within(initial()).hides()) {
		s.by = depth
	}
	return s
}

// add puts later declarations over earlier ones.
func (d *declared) add(later declared) {
	if later.display != displayUnset {
		d.display = later.display
	}
	if later.visibility != visibilityUnset {
		d.visibility = later.visibility
	}
	if later.unit != unitUnset {
		d.unit, d.size = later.unit, later.size
	}
	if later.hasText {
		d.text, d.hasText = later.text, true
	}
	if later.hasGround {
		d.ground, d.hasGround = later.ground, true
	}
	d.box |= later.box
}

// declarations reads what stands in a style attribute or between the braces of a rule: the normal ones, and those that
// are !important.
func declarations(text string) (normal, important declared) {
	for declaration := range strings.SplitSeq(text, ";") {
		property, value, found := strings.Cut(declaration, ":")
		if !found {
			continue
		}
		property, value = strings.ToLower(strings.TrimSpace(property)), strings.ToLower(strings.TrimSpace(value))
		into := &normal
		if before, is := strings.CutSuffix(value, "important"); is {
			if before, is = strings.CutSuffix(strings.TrimRight(before, " "), "!"); is {
				into, value = &important, strings.TrimRight(before, " ")
			}
		}
		into.set(property, value)
	}
	return normal, important
}

// set takes one declaration.
func (d *declared) set(property, value string) {
	switch property {
	case "display":
		d.display = displayShown
		if value == "none" {
			d.display = displayNone
		}
	case "visibility":
		d.visibility = visibilityShown
		if value == "hidden" || value == "collapse" {
			d.visibility = visibilityHidden
		}
	case "font-size":
		d.unit, d.size = fontSize(value)
	case "font":
		d.font(value)
	case "color":
		if value != "inherit" && value != "unset" && value != "currentcolor" {
			d.text, _ = parseColour(value) // one that cannot be read is not known
			d.hasText = true
		}
	case "background-color", "background", "background-image":
		d.background(property, value)
	default:
		d.room(property, value)
	}
}

// font reads the size in the short form: "italic bold 0/0 a".
func (d *declared) font(value string) {
	for word := range strings.FieldsSeq(value) {
		size, _, _ := strings.Cut(word, "/")
		if size != "" && ('0' <= size[0] && size[0] <= '9' || size[0] == '.') {
			if n, err := strconv.Atoi(size); err == nil && n >= 100 {
				continue // a weight
			}
			d.unit, d.size = fontSize(size)
			return
		}
	}
}

// background reads the ground. What lies under a picture is not known.
func (d *declared) background(property, value string) {
	if strings.Contains(value, "url(") || strings.Contains(value, "gradient(") {
		d.ground, d.hasGround = colour{}, true
		return
	}
	if property == "background-image" || d.hasGround && !d.ground.known && property == "background-color" {
		return // a picture that was declared beside it covers the colour
	}
	if at := strings.IndexByte(value, '('); at >= 0 { // rgb(1, 2, 3) is one word
		start := strings.LastIndexByte(value[:at], ' ') + 1
		value = value[start:]
		if end := strings.IndexByte(value, ')'); end >= 0 {
			value = value[:end+1]
		}
	} else {
		value, _, _ = strings.Cut(value, " ")
	}
	switch c, ok := parseColour(value); {
	case ok && c.clear, value == "none", value == "inherit", value == "initial", value == "unset":
	default:
		d.ground, d.hasGround = c, true // one that cannot be read is not known
	}
}

// room reads what may take the room from an element.
func (d *declared) room(property, value string) {
	switch property {
	case "opacity":
		if f, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64); err == nil && f < 0.05 {
			d.box |= boxTransparent
		}
	case "overflow":
		if value == "hidden" || value == "clip" {
			d.box |= boxClipped
		}
	case "height", "width", "max-height", "max-width":
		if n, ok := pixels(value); ok && n < 1 {
			d.box |= boxEmpty
		}
	case "text-indent", "left", "right", "top", "margin-left", "margin-top":
		if n, ok := pixels(value); ok && n <= -999 {
			d.box |= boxAway
		}
	case "transform":
		if value == "scale(0)" || strings.HasPrefix(value, "scale(0,") {
			d.box |= boxAway
		}
	case "clip-path":
		if strings.HasPrefix(value, "inset(100%") || strings.HasPrefix(value, "inset(50%") || value == "circle(0)" {
			d.box |= boxAway
		}
	case "clip":
		if strings.HasPrefix(value, "rect(0") && strings.Count(value, "0") >= 4 {
			d.box |= boxAway
		}
	case "mso-hide":
		if value == "all" {
			d.box |= boxNotOutlook
		}
	}
}

// pixels reads a length, in pixels as near as needed here.
func pixels(value string) (float64, bool) {
	end := len(value)
	for end > 0 && (value[end-1] == '%' || 'a' <= value[end-1] && value[end-1] <= 'z') {
		end--
	}
	n, err := strconv.ParseFloat(value[:end], 64)
	if err != nil {
		return 0, false
	}
	switch value[end:] {
	case "em", "rem", "ex", "ch", "vh", "vw":
		n *= 16
	}
	return n, true
}

// fontSize reads the size of letters.
func fontSize(value string) (unit, float32) {
	switch value {
	case "xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large", "initial":
		return unitPixels, 16
	case "smaller":
		return unitOfParent, 0.83
	case "larger":
		return unitOfParent, 1.2
	}
	end := len(value)
	for end > 0 && (value[end-1] == '%' || 'a' <= value[end-1] && value[end-1] <= 'z') {
		end--
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(value[:end]), 32)
	if err != nil || f < 0 {
		return unitUnset, 0
	}
	n := float32(min(f, 10_000))
	switch value[end:] {
	case "%":
		return unitOfParent, n / 100
	case "em", "ex", "ch":
		return unitOfParent, n
	case "rem", "vw", "vh", "vmin", "vmax", "pc":
		return unitPixels, 16 * n
	case "in", "cm", "mm":
		return unitPixels, 38 * n
	case "pt":
		return unitPixels, n * 4 / 3
	}
	return unitPixels, n
}
