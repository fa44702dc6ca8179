package web

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Distance is how many insertions, deletions, substitutions and swaps of neighbours make b of a, or limit+1 when it is
// more than limit.
func Distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 64 || len(b) > 64 {
		return limit + 1
	}
	var before, last, row [66]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last = last, row
	}
	return min(last[len(b)], limit+1)
}

// Digits maps the digits and pairs of letters that stand for a letter in forged names: paypa1, rnicrosoft.
func Digits(s string) string {
	return digits.Replace(s)
}

var digits = strings.NewReplacer("rn", "m", "vv", "w", "0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "8",
	"b", "i", "l")

// Random reports whether a label looks as if a machine had made it: long runs of consonants, and digits between
// letters.
func Random(label string) bool {
	if len(label) < 8 || strings.Contains(label, "xn--") {
		return false
	}
	vowels, letters, digits, changes, run, longest := 0, 0, 0, 0, 0, 0
	last := byte(0)
	for i := 0; i < len(label); i++ {
		c := label[i]
		class := byte('c')
		switch {
		case c >= '0' && c <= '9':
			class, run = 'd', 0
			digits++
		case strings.IndexByte("aeiouy", c) >= 0:
			class, run = 'l', 0
			vowels++
			letters++
		case c >= 'a' && c <= 'z':
			class = 'l'
			run++
			letters++
		default:
			class, run = '-', 0
		}
		if last != 0 && class != last && class != '-' && last != '-' {
			changes++
		}
		last = class
		longest = max(longest, run)
	}
	if longest >= 6 || changes >= 4 {
		return true
	}
	return letters >= 9 && vowels*6 < letters || digits > 4 && letters > 4 && changes >= 3
}

// Mixed reports whether one word of s mixes letters of scripts that look alike: Latin with Cyrillic, Greek or Armenian.
func Mixed(s string) bool {
	latin, other := false, false
	for _, r := range s {
		switch {
		case r < 0x80:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				latin = true
			} else {
				latin, other = false, false
				continue
			}
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee):
			other = true
		case unicode.Is(unicode.Latin, r):
			latin = true
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			latin, other = false, false
			continue
		}
		if latin && other {
			return true
		}
	}
	return false
}

// Undressed reports whether plain is a host as people write it who leave the marks off its letters: "cau.example" for
// "čau.example", "muenchen.example" for "münchen.example". The other way round it is a look-alike.
func Undressed(dressed, plain string) bool {
	if !ascii(plain) || ascii(dressed) {
		return false
	}
	dressed = strings.ToLower(norm.NFC.String(dressed))
	return unmarked(dressed) == plain || unmarked(twoLetters.Replace(dressed)) == plain
}

// twoLetters are letters that are written as two where a keyboard has them not.
var twoLetters = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa")

// oneLetter are letters that are no letter with a mark to Unicode.
var oneLetter = strings.NewReplacer("ß", "ss", "ø", "o", "æ", "ae", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th",
	"ı", "i")

// unmarked takes the marks off letters.
func unmarked(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(oneLetter.Replace(s)))
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
