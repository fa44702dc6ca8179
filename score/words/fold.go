package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"clawback/score/lists"
)

// Folded is a text made plain, and what was done to it.
type Folded struct {
	Text      string // lower case letters and digits, words with one space between and around
	Words     int
	Split     int // words with an invisible character inside
	Invisible int // words with two or more of them
	Styled    int // letters of the mathematical, enclosed and full-width alphabets
	Mixed     int // words that mix scripts that look alike
	Leet      int // words with digits in the place of letters
	Latin     int // letters of the Latin script
	Other     int // letters of other scripts
}

// Folder makes texts plain.
type Folder struct{ skeleton lists.Skeleton }

// NewFolder takes the table of look-alikes.
func NewFolder(s lists.Skeleton) Folder { return Folder{s} }

// Fold makes text plain: marks and invisible characters dropped, look-alike letters turned into the Latin one in words
// that are Latin otherwise, everything that is no letter or digit turned into one space, i and 1 into l, 0 into o.
func (f Folder) Fold(text string) Folded {
	var out Folded
	b := make([]byte, 1, len(text)+2)
	b[0] = ' '
	for len(text) > 0 {
		n := token(text)
		if n == 0 {
			_, size := utf8.DecodeRuneInString(text)
			if b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
			text = text[size:]
			continue
		}
		b = f.word(text[:n], b, &out)
		text = text[n:]
	}
	if b[len(b)-1] != ' ' {
		b = append(b, ' ')
	}
	out.Text = string(b)
	return out
}

// token is how many octets the word at the start of text has.
func token(text string) int {
	n := 0
	for n < len(text) && n < 400 {
		c := text[n]
		if c < 0x80 {
			if !inWord[c] {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !invisible(r) && !styled(r) {
			break
		}
		n += size
	}
	return n
}

func (f Folder) word(word string, b []byte, out *Folded) []byte {
	out.Words++
	if ascii(word) {
		if leet(word) {
			out.Leet++
		}
		out.Latin += len(word)
		at := len(b)
		b = append(b, word...)
		for i := range len(word) {
			if c := folds[word[i]]; c != 0 {
				b[at] = c
				at++
			}
		}
		return b[:at]
	}
	return f.foreign(word, b, out)
}

// fold appends one ASCII character.
func fold(b []byte, c byte) []byte {
	if c = folds[c]; c == 0 {
		return b
	}
	return append(b, c)
}

// folds is what each ASCII character becomes, 0 for nothing: i, 1 and l are one, and so are o and 0.
var folds = func() (table [256]byte) {
	for i := range table {
		c := byte(i)
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch c {
		case '\'':
			c = 0
		case 'i', '1':
			c = 'l'
		case '0':
			c = 'o'
		}
		table[i] = c
	}
	return table
}()

// inWord are the ASCII characters that words are made of.
var inWord = func() (table [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'" {
		table[c] = true
	}
	return table
}()

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// leet reports whether a word of letters has the digit 0 or 1 among them where a letter should be.
func leet(word string) bool {
	if len(word) < 4 {
		return false
	}
	digits, letters, upper := 0, 0, 0
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case c == '0' || c == '1':
			if i == 0 || i == len(word)-1 || isDigit(word[i-1]) || isDigit(word[i+1]) {
				return false
			}
			digits++
		case isDigit(c):
			return false
		case 'A' <= c && c <= 'Z':
			upper++
			letters++
		default:
			letters++
		}
	}
	return digits > 0 && letters >= 3 && digits <= 3 && (upper == letters || upper <= 1) && hasVowel(word)
}

func hasVowel(word string) bool { return strings.ContainsAny(word, "aeouAEOU") }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// foreign folds a word that is not all ASCII.
func (f Folder) foreign(word string, b []byte, out *Folded) []byte {
	inside, latin, other := 0, 0, 0
	alike, pending := false, 0
	for i, r := range word {
		if invisible(r) {
			pending += oneIf(i > 0 && r != softHyphen && r != noBreak)
			continue
		}
		inside, pending = inside+pending, 0
		alike = alike || f.alike(r)
		switch {
		case styled(r):
			out.Styled++
			latin++
		case r < 0x80 || unicode.Is(unicode.Latin, r):
			latin++
		case unicode.IsLetter(r):
			other++
		}
	}
	if latin+other > 1 {
		out.Split += oneIf(inside > 0)
		out.Invisible += oneIf(inside > 1)
	}
	out.Latin += latin
	out.Other += other
	mixed := latin > 0 && other > 0 && alike
	if mixed {
		out.Mixed++
	}
	return f.letters(word, b, mixed || latin > 0)
}

// Senders of good will use these: one where a word may be divided, one to keep phones from making links of dates and
// prices.
const (
	softHyphen = 0xad
	noBreak    = 0xfeff
)

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// alike reports whether a letter that is not Latin looks like one that is.
func (f Folder) alike(r rune) bool {
	if r < 0x80 || unicode.Is(unicode.Latin, r) || !unicode.IsLetter(r) || styled(r) {
		return false
	}
	to, ok := f.skeleton.Plain(r)
	return ok && len(to) > 0 && to[0] < 0x80
}

func (f Folder) letters(word string, b []byte, latin bool) []byte {
	for _, r := range norm.NFKD.String(word) {
		switch {
		case r < 0x80:
			b = fold(b, byte(r))
		case invisible(r) || unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b = append(b, 's', 's')
		case r == 'ø' || r == 'Ø':
			b = append(b, 'o')
		case r == 'æ':
			b = append(b, 'a', 'e')
		default:
			b = f.plain(b, r, latin)
		}
	}
	return b
}

func (f Folder) plain(b []byte, r rune, latin bool) []byte {
	if c, ok := smallCapital(r); ok {
		return append(b, c)
	}
	if latin {
		if to, ok := f.skeleton.Plain(r); ok && len(to) > 0 && to[0] < 0x80 {
			for i := 0; i < len(to); i++ {
				b = fold(b, to[i])
			}
			return b
		}
	}
	return utf8.AppendRune(b, unicode.ToLower(r))
}

// smallCapital is the letter that a small capital stands for.
func smallCapital(r rune) (byte, bool) {
	const capitals, letters = "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22", "abcdefghijklmnoprstuvwyz"
	if r < 0x262 || r > 0xa731 {
		return 0, false
	}
	at := strings.IndexRune(capitals, r)
	if at < 0 {
		return 0, false
	}
	return letters[utf8.RuneCountInString(capitals[:at])], true
}

// invisible reports whether a character takes no room: joiners, marks of direction, variation selectors, soft hyphens.
func invisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad || r == 0x34f || r == 0x61c || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 ||
		r == 0x2800 || r == 0x3164 || r == 0xfeff || r == 0xffa0:
		return true
	}
	return 0x180b <= r && r <= 0x180e || 0x200b <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e ||
		0x2060 <= r && r <= 0x206f || 0xfe00 <= r && r <= 0xfe0f || 0xe0000 <= r && r <= 0xe0fff
}

// styled reports whether a character is a letter or digit of a decorated alphabet that plain text has no use for.
func styled(r rune) bool {
	return 0x1d400 <= r && r <= 0x1d7ff || 0x1f130 <= r && r <= 0x1f189 || 0x24b6 <= r && r <= 0x24e9 ||
		0xff21 <= r && r <= 0xff5a || 0x2160 <= r && r <= 0x217f ||
		// Small capitals, without those of the phonetic alphabet.
		0x1d00 <= r && r <= 0x1d22 || r == 0xa730 || r == 0xa731
}
