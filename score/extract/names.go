package extract

import (
	"slices"
	"strings"

	"clawback/rfc822"
)

// maxOtherNames bounds the further names of a part.
const maxOtherNames = 8

// otherNames are the names under which other mail programs show or save a part: those of all parameters that may give one, in each way of
// writing them, but for the one that is known.
func otherNames(h Header, known string) []string {
	var names []string
	for _, field := range []string{"Content-Disposition", "Content-Type"} {
		for _, value := range h.All(field) {
			if !strings.Contains(strings.ToLower(value), "name") {
				continue
			}
			media := rfc822.ParseMediaType(value)
			for _, parameter := range []string{"filename", "name"} {
				for _, name := range media.All(parameter) {
					name = strings.TrimSpace(rfc822.DecodeWords(name))
					if name != "" && name != strings.TrimSpace(known) && len(names) < maxOtherNames && !slices.Contains(names, name) {
						names = append(names, name)
					}
				}
			}
		}
	}
	return names
}
