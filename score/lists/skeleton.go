package lists

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Skeleton maps look-alike characters to the plain one they look like (Unicode TR39, section 4).
type Skeleton struct {
	to map[rune]string
}

// parseSkeleton reads lines of a character, a tab, and what it looks like.
func parseSkeleton(text string) Skeleton {
	s := Skeleton{to: make(map[rune]string, 6500)}
	for line := range strings.SplitSeq(text, "\n") {
		from, to, found := strings.Cut(line, "\t")
		if found {
			s.to[[]rune(from)[0]] = to
		}
	}
	return s
}

// Of folds s to what it looks like: lower case, without marks and invisible characters, digits that stand for letters
// kept. Two strings with one skeleton are hard to tell apart by eye.
func (s Skeleton) Of(text string) string {
	var out strings.Builder
	for _, r := range norm.NFKD.String(text) {
		if r < 0x80 {
			out.WriteByte(lowerASCII(byte(r)))
			continue
		}
		if invisible(r) || unicode.Is(unicode.Mn, r) {
			continue
		}
		out.WriteString(s.plain(r))
	}
	return out.String()
}

func (s Skeleton) plain(r rune) string {
	if to, ok := s.to[r]; ok {
		return strings.ToLower(to)
	}
	lower := unicode.ToLower(r)
	if to, ok := s.to[lower]; ok {
		return strings.ToLower(to)
	}
	return string(lower)
}

// Plain reports the plain character that r looks like, when r itself is not plain ASCII.
func (s Skeleton) Plain(r rune) (string, bool) {
	to, ok := s.to[r]
	return to, ok && r >= 0x80
}

func lowerASCII(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u3164'
}
