package page

import "strings"

// refreshTarget reads the content of <meta http-equiv=refresh> (section 4.2.5.3): "5; url='https://a.example/'",
// "0;https://a.example/".
func refreshTarget(content string) string {
	const space = " \t\r\n\f"
	rest := strings.TrimLeft(content, space)
	digits := strings.TrimLeft(rest, "0123456789")
	if len(digits) == len(rest) && !strings.HasPrefix(rest, ".") {
		return ""
	}
	rest = strings.TrimLeft(digits, "0123456789.")
	if rest == "" || !strings.ContainsRune(";,"+space, rune(rest[0])) {
		return ""
	}
	rest = strings.TrimLeft(rest, space)
	if rest != "" && (rest[0] == ';' || rest[0] == ',') {
		rest = strings.TrimLeft(rest[1:], space)
	}
	if len(rest) > 3 && strings.EqualFold(rest[:3], "url") {
		if after, is := strings.CutPrefix(strings.TrimLeft(rest[3:], space), "="); is {
			rest = strings.TrimLeft(after, space)
		}
	}
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		inside, _, _ := strings.Cut(rest[1:], rest[:1])
		return inside
	}
	return rest
}
