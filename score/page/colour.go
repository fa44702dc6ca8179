package page

import (
	"strconv"
	"strings"
)

// colour is that of a text or of what is behind it.
type colour struct {
	known            bool // false for the ground where a picture lies
	clear            bool // transparent
	red, green, blue uint8
}

// nearColours is how little two colours differ, in each of red, green and blue, that nobody can tell them apart.
const nearColours = 8

// near reports whether a text of this colour cannot be seen on that ground.
func (c colour) near(ground colour) bool {
	apart := func(a, b uint8) bool { return int(a)-int(b) > nearColours || int(b)-int(a) > nearColours }
	return c.known && ground.known && !apart(c.red, ground.red) && !apart(c.green, ground.green) &&
		!apart(c.blue, ground.blue)
}

// parseColour reads a colour of a style sheet or of an attribute.
func parseColour(value string) (colour, bool) {
	value = strings.ToLower(strings.TrimSpace(value))
	switch {
	case value == "":
		return colour{}, false
	case value == "transparent":
		return colour{clear: true}, true
	case value[0] == '#':
		return hexColour(value[1:])
	case strings.HasPrefix(value, "rgb"):
		return functionColour(value)
	}
	return namedColour(value)
}

func hexColour(digits string) (colour, bool) {
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return colour{}, false
	}
	switch len(digits) {
	case 3:
		return colour{known: true, red: uint8(n>>8&15) * 17, green: uint8(n>>4&15) * 17, blue: uint8(n&15) * 17}, true
	case 4:
		c, ok := hexColour(digits[:3])
		c.clear = n&15 == 0
		return c, ok
	case 6:
		return colour{known: true, red: uint8(n >> 16), green: uint8(n >> 8), blue: uint8(n)}, true
	case 8:
		c, ok := hexColour(digits[:6])
		c.clear = n&255 < 12
		return c, ok
	}
	return colour{}, false
}

// functionColour reads rgb(1, 2, 3), rgba(1,2,3,0.5) and rgb(1 2 3 / 50%).
func functionColour(value string) (colour, bool) {
	_, inside, found := strings.Cut(value, "(")
	inside, _, closed := strings.Cut(inside, ")")
	if !found || !closed {
		return colour{}, false
	}
	parts := strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(parts) < 3 || len(parts) > 4 {
		return colour{}, false
	}
	var n [4]float64
	n[3] = 1
	for i, part := range parts {
		number, percent := strings.CutSuffix(part, "%")
		f, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return colour{}, false
		}
		switch {
		case percent && i == 3:
			f /= 100
		case percent:
			f *= 2.55
		}
		n[i] = min(max(f, 0), 255)
	}
	return colour{known: true, clear: n[3] < 0.05, red: uint8(n[0]), green: uint8(n[1]), blue: uint8(n[2])}, true
}

// namedColour knows the sixteen names of HTML 4 and those that lie near white.
func namedColour(name string) (colour, bool) {
	rgb := func(r, g, b uint8) (colour, bool) { return colour{known: true, red: r, green: g, blue: b}, true }
	switch name {
	case "white":
		return rgb(255, 255, 255)
	case "black":
		return rgb(0, 0, 0)
	case "silver":
		return rgb(192, 192, 192)
	case "gray", "grey":
		return rgb(128, 128, 128)
	case "red":
		return rgb(255, 0, 0)
	case "maroon":
		return rgb(128, 0, 0)
	case "yellow":
		return rgb(255, 255, 0)
	case "olive":
		return rgb(128, 128, 0)
	case "lime":
		return rgb(0, 255, 0)
	case "green":
		return rgb(0, 128, 0)
	case "aqua", "cyan":
		return rgb(0, 255, 255)
	case "teal":
		return rgb(0, 128, 128)
	case "blue":
		return rgb(0, 0, 255)
	case "navy":
		return rgb(0, 0, 128)
	case "fuchsia", "magenta":
		return rgb(255, 0, 255)
	case "purple":
		return rgb(128, 0, 128)
	case "whitesmoke":
		return rgb(245, 245, 245)
	case "snow":
		return rgb(255, 250, 250)
	case "ghostwhite":
		return rgb(248, 248, 255)
	case "ivory":
		return rgb(255, 255, 240)
	}
	return colour{}, false
}
