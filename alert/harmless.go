package alert

import (
	"strings"

	"clawback/internal/visible"
)

// harmless makes a foreign text one that can be shown: in one line, nothing in it steers, and nothing in it is a link.
func harmless(s string) string { return defang(visible.Line(s)) }

// defang writes addresses of pages and hosts so that no program makes a link of them, and nobody follows one. Mail
// addresses lose their link too.
func defang(s string) string {
	s = replaceFold(s, "http://", "hxxp://")
	s = replaceFold(s, "https://", "hxxps://")
	s = replaceFold(s, "ftp://", "fxp://")
	s = replaceFold(s, "mailto:", "mailto[:]")
	s = replaceFold(s, "data:", "data[:]")
	s = replaceFold(s, "javascript:", "javascript[:]")
	return dotted(s)
}

// replaceFold replaces a word in ASCII in any case.
func replaceFold(s, word, by string) string {
	var out strings.Builder
	for {
		at := indexFold(s, word)
		if at < 0 {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(s[:at] + by)
		s = s[at+len(word):]
	}
}

func indexFold(s, word string) int {
	for at := 0; at+len(word) <= len(s); at++ {
		if strings.EqualFold(s[at:at+len(word)], word) {
			return at
		}
	}
	return -1
}

// dotted puts the dots of names in brackets: those between two letters or digits, one of them at least a letter behind
// the dot, or a whole IP address. Numbers such as 1.5 stay.
func dotted(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '.' && i > 0 && i+1 < len(s) && wordy(s[i-1]) && wordy(s[i+1]) && linkable(s, i) {
			out.WriteString("[.]")
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func wordy(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c >= 0x80
}

// linkable reports whether a dot is of a word that some program may take for the name or the address of a host.
func linkable(s string, dot int) bool {
	from, to := dot, dot+1
	for from > 0 && (wordy(s[from-1]) || s[from-1] == '.') {
		from--
	}
	for to < len(s) && (wordy(s[to]) || s[to] == '.') {
		to++
	}
	word := s[from:to]
	letters := strings.ContainsFunc(word, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f })
	return letters || strings.Count(word, ".") >= 3
}
