package page

import (
	"strconv"
	"strings"
)

// tall reports whether a style sets a height or distance that pushes the rest out of sight.
func tall(style string) bool {
	for _, property := range []string{"height:", "margin-top:", "padding-top:", "margin-bottom:", "padding-bottom:"} {
		rest := style
		for range 50 {
			at := strings.Index(rest, property)
			if at < 0 {
				break
			}
			rest = rest[at+len(property):]
			if huge(strings.TrimSpace(rest[:min(len(rest), 20)])) {
				return true
			}
		}
	}
	return false
}

func huge(value string) bool {
	end := 0
	for end < len(value) && '0' <= value[end] && value[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(value[:end])
	if err != nil {
		return false
	}
	unit := value[end:]
	return n >= 1500 && strings.HasPrefix(unit, "px") && n > 8000 ||
		n >= 500 && (strings.HasPrefix(unit, "vh") || strings.HasPrefix(unit, "em") || strings.HasPrefix(unit, "rem"))
}
