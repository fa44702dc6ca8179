package extract

import (
	"bytes"
	"io"
	"iter"

	"clawback/rfc822"
)

// findBehind keeps the addresses in what stands behind the last part that is read, as it stands there and in whichever
// transfer encoding: how it is parted is not looked at.
func (m *Mail) findBehind(rest []byte) {
	m.findDecoded(rest, rfc822.Identity)
	m.findDecoded(rest, rfc822.QuotedPrintable)
	for run := range base64Runs(rest) {
		m.findDecoded(run, rfc822.Base64)
	}
}

func (m *Mail) findDecoded(text []byte, e rfc822.Encoding) {
	if len(text) > window {
		m.findStream(rfc822.NewDecoder(bytes.NewReader(text), e))
		return
	}
	decoded, _ := rfc822.Decode(text, e)
	m.findMore(string(decoded))
}

// findStream keeps the addresses of a text that need not be in memory whole.
func (m *Mail) findStream(r io.Reader) {
	var text []byte
	for {
		n := len(text)
		text = append(text, make([]byte, window)...)
		read, err := io.ReadFull(r, text[n:])
		if text = text[:n+read]; err != nil {
			m.findMore(string(text))
			return
		}
		end := bytes.LastIndexAny(text, " \t\r\n") + 1
		if end == 0 {
			end = len(text)
		}
		m.findMore(string(text[:end]))
		text = append(text[:0], text[end:]...)
	}
}

// leastRun is how many characters of base64 the shortest address has: "http://a.b".
const leastRun = 12

// base64Runs are the runs of lines that have nothing but the characters of base64.
func base64Runs(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		start, end := 0, 0
		for at := 0; at < len(text); {
			next := at + len(text[at:])
			if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
				next = at + i + 1
			}
			if line := bytes.TrimSpace(text[at:next]); len(line) > 0 && isBase64(line) {
				end = next
			} else {
				if end-start >= leastRun && !yield(text[start:end]) {
					return
				}
				start, end = next, next
			}
			at = next
		}
		if end-start >= leastRun {
			yield(text[start:end])
		}
	}
}

func isBase64(line []byte) bool {
	for _, c := range line {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
		default:
			return false
		}
	}
	return true
}
