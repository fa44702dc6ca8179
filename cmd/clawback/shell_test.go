package main

import (
	"fmt"
	"strings"
	"unicode"
)

// split cuts a command line at blanks outside of double quotes, as a shell does.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, any := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case unicode.IsSpace(r) && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("command line %q: a quote is not closed", text)
	}
	if any {
		words = append(words, word.String())
	}
	return words, nil
}
