package visible

import (
	"regexp"
	"strings"
)

var (
	// opener is what terminals know a link by: a scheme with slashes, the schemes that act without, www. without one.
	opener = regexp.MustCompile(`(?i)[a-z]://.|` + acting.String() + `[^\s:]|\bwww\d*\.\S`)
	acting = regexp.MustCompile(`(?i)\b(?:mailto|tel|sms|sips?|callto|skype|facetime|news|magnet|webcal|file|` +
		`javascript|search-ms|ms-[a-z-]+):`)
	ofPages = regexp.MustCompile(`(?i)http(s?)://`)
	slashes = regexp.MustCompile(`(?i)(hxxps?)?://`)
	word    = regexp.MustCompile(`\S+`)
)

// Defang writes the links of a text so that no terminal opens them: hxxps://evil[.]example/,
// mailto[:]eve@evil[.]example. Text that was written so before stays as it is.
func Defang(text string) string {
	return word.ReplaceAllStringFunc(text, func(found string) string {
		if !opener.MatchString(found) {
			return found
		}
		bare := strings.TrimRight(found, `.,;:!?'")>]}`)
		return defangWord(bare) + found[len(bare):]
	})
}

// defangWord is Defang for a word that has a link. One may stand within another's query.
func defangWord(w string) string {
	w = ofPages.ReplaceAllString(w, "hxxp$1://")
	w = slashes.ReplaceAllStringFunc(w, func(found string) string {
		if len(found) > len("://") {
			return found
		}
		return "[:]//"
	})
	w = acting.ReplaceAllStringFunc(w, func(found string) string { return strings.TrimSuffix(found, ":") + "[:]" })
	return strings.ReplaceAll(strings.ReplaceAll(w, "[.]", "."), ".", "[.]")
}
