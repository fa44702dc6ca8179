package rfc822

import (
	"strings"
	"unicode/utf8"

	"clawback/internal/mailaddr"
)

// maxWords is how many bytes of a field are decoded; what is beyond stays as it is.
const maxWords = 64 << 10

// DecodeWords decodes the encoded words of RFC 2047, wherever they stand: within quotes and words, too, as mail
// programs do. The bytes of adjacent words of one charset are joined before they are decoded, since programs split
// characters between them. Raw bytes are read as UTF-8 or windows-1252. The answer is one line.
func DecodeWords(s string) string { return oneLine(decodeWords(s)) }

// decodeWords is DecodeWords with the breaks of lines and the NULs that words may have.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return looseString(s)
	}
	d := wordReader{last: strings.LastIndex(s, "?=")}
	d.read(s)
	return d.out.String()
}

// wordReader decodes a field from left to right.
type wordReader struct {
	out     strings.Builder
	last    int        // where the last end of a word can be
	charset string     // of the words that are held
	held    []wordText // adjacent words of one charset
}

// wordText is the encoded text of a word.
type wordText struct {
	text   string
	base64 bool
}

func (d *wordReader) read(s string) {
	done := 0 // of s, up to the last word's end
	for at := 0; at < d.last && d.out.Len() < maxWords; {
		next := strings.Index(s[at:d.last], "=?")
		if next < 0 {
			break
		}
		at += next
		charset, word, size := encodedWord(s[at:])
		if size == 0 {
			at += len("=?")
			continue
		}
		d.between(s[done:at], charset)
		d.held, d.charset = append(d.held, word), charset
		at += size
		done = at
	}
	d.flush()
	d.out.WriteString(looseString(s[done:]))
}

// between deals with what stands before a word. RFC 2047, section 6.2: blanks between two words are not shown.
func (d *wordReader) between(text, charset string) {
	if len(d.held) > 0 && strings.TrimSpace(text) == "" {
		if !mailaddr.Equal(d.charset, charset) || len(d.held) >= 1000 {
			d.flush()
		}
		return
	}
	d.flush()
	d.out.WriteString(looseString(text))
}

// flush decodes the words that are held.
func (d *wordReader) flush() {
	if len(d.held) == 0 {
		return
	}
	octets := make([]byte, 0, 128)
	for _, w := range d.held {
		octets = append(octets, w.octets()...)
	}
	if len(d.held) > 1 && isUTF8Label(d.charset) && !utf8.Valid(octets) {
		if joined := joinBase64(d.held); utf8.Valid(joined) {
			octets = joined
		}
	}
	text, _ := DecodeText(octets, d.charset)
	d.out.WriteString(text)
	d.held = d.held[:0]
}

func (w wordText) octets() []byte {
	if w.base64 {
		b, _ := decodeBase64([]byte(w.text))
		return b
	}
	return decodeQ(w.text)
}

// joinBase64 decodes words whose encoder cut the base64 rather than the text; invalid where they are not all base64.
func joinBase64(words []wordText) []byte {
	var d base64State
	var out []byte
	for _, w := range words {
		if !w.base64 {
			return []byte{0xff}
		}
		out = d.decode(out, []byte(w.text))
	}
	return d.end(out)
}

// encodedWord reads =?charset?encoding?text?= at the beginning of s; size is 0 when there is none.
func encodedWord(s string) (charset string, word wordText, size int) {
	const maxCharset = 60
	head := s[2:min(len(s), maxCharset+4)]
	mark := strings.IndexByte(head, '?')
	if mark < 0 || mark+2 >= len(head) || head[mark+2] != '?' {
		return "", wordText{}, 0
	}
	switch head[mark+1] {
	case 'b', 'B':
		word.base64 = true
	case 'q', 'Q':
	default:
		return "", wordText{}, 0
	}
	start := 2 + mark + 3
	end := strings.Index(s[start:], "?=")
	if end < 0 {
		return "", wordText{}, 0
	}
	word.text = s[start : start+end]
	if word.base64 && word.text != "" && len(word.octets()) == 0 {
		return "", wordText{}, 0 // there is nothing in it: it stays as it is
	}
	charset, _, _ = strings.Cut(head[:mark], "*") // RFC 2231, section 5: a language
	return charset, word, start + end + len("?=")
}

// decodeQ undoes the Q encoding. RFC 2047, section 4.2.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16:
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// oneLine makes blanks of what would break a line. No text of a field may look like two.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n\x00") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\x00", " ").Replace(s)
}
