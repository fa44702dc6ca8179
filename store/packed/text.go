package packed

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"time"
)

// earlier are the texts of a row that have a number, in a table of open addresses. The zero value is ready for use.
type earlier struct {
	list  [][]byte // by number
	table []uint16 // numbers from 1 on, where the hash says or behind it; of a power of two entries
}

// seed is that of the hashes.
var seed = maphash.MakeSeed()

// find says how far back an earlier text that is the same stands, counted in texts. Where there is none it gives this
// one a number, unless too many have one.
func (t *earlier) find(text []byte) (back int, seen bool) {
	if 2*len(t.list) >= len(t.table) {
		t.grow()
	}
	at := t.slot(text)
	if n := int(t.table[at]); n > 0 {
		return len(t.list) - (n - 1), true
	}
	if len(t.list) < maxAgain {
		t.list = append(t.list, text)
		t.table[at] = uint16(len(t.list))
	}
	return 0, false
}

// slot is where a text stands in the table, or is to stand.
func (t *earlier) slot(text []byte) int {
	last := len(t.table) - 1
	at := int(maphash.Bytes(seed, text)) & last
	for t.table[at] > 0 && !bytes.Equal(t.list[t.table[at]-1], text) {
		at = (at + 1) & last
	}
	return at
}

func (t *earlier) grow() {
	t.table = make([]uint16, max(256, 2*len(t.table)))
	for i, text := range t.list {
		t.table[t.slot(text)] = uint16(i + 1)
	}
}

// clear makes the texts empty, and reports false where they have more room than is worth keeping.
func (t *earlier) clear() bool {
	if len(t.table) > maxTexts {
		return false
	}
	clear(t.list)
	clear(t.table)
	t.list = t.list[:0]
	return true
}

// utc reads a time as encoding/json writes one of UTC.
func utc(text []byte) (time.Time, bool) {
	const form = "2006-01-02T15:04:05"
	const longest = len(form) + len(".999999999Z")
	if len(text) <= len(form) || len(text) > longest || text[4] != '-' || text[len(text)-1] != 'Z' {
		return time.Time{}, false
	}
	n := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	nano := 0
	if end := len(text) - 1; end > len(form) {
		nano = n(len(form)+1, end)
		for i := end - len(form); i < 10; i++ {
			nano *= 10
		}
	}
	at := time.Date(n(0, 4), time.Month(n(5, 7)), n(8, 10), n(11, 13), n(14, 16), n(17, 19), nano, time.UTC)
	var room [longest + 8]byte // what is no time at all comes back otherwise
	return at, bytes.Equal(at.AppendFormat(room[:0], time.RFC3339Nano), text)
}

func isHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isGUID asks for 8-4-4-4-12 hexadecimal digits in lower case.
func isGUID(text []byte) bool {
	for i, c := range text {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(text[i:i+1]) {
			return false
		}
	}
	return true
}

// isID asks for a letter and the base32 of 16 bytes, of which the last digit has only two bits that may not be zero.
func isID(text []byte) bool {
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return bytes.IndexByte([]byte("aeimquy4"), text[len(text)-1]) >= 0
}

// escapes are the characters that encoding/json writes escaped so that a browser does not read them.
var escapes = [...]struct{ escaped, plain string }{{`\u003c`, "<"}, {`\u003e`, ">"}, {`\u0026`, "&"}}

// plain undoes those escapes. A text in which one of the characters stands by itself is not one of encoding/json's: it
// would not come back.
func plain(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	for _, e := range escapes {
		text = bytes.ReplaceAll(text, []byte(e.escaped), []byte(e.plain))
	}
	return text
}

// appendEscaped is the inverse of plain.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '<':
			dst = append(dst, escapes[0].escaped...)
		case '>':
			dst = append(dst, escapes[1].escaped...)
		case '&':
			dst = append(dst, escapes[2].escaped...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendBytes writes bytes behind their length.
func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
