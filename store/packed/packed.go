// Package packed writes rows of JSON shorter, and gives them back byte by byte.
//
// Rows are full of what JSON spells at length: hexadecimal digests, ids, GUIDs, times, the names of fields. Packed, a
// digest has its 32 bytes, a time is the distance from the one before it, and a field that is known has one byte. What
// is left is for a compressor. A text that does not come back exactly as it was is not packed: [Pack] reads back what
// it wrote and compares.
//
// Reads, Writes: nothing.
//
// Invariants:
//   - I1 Unpack of what Pack gave is the text that Pack was given, to the byte.
//   - I2 The forms and the list of fields are part of what is on the disk: forms are never given another meaning, and
//     fields are only added at the end.
//
// On failure: Pack says that a text cannot be packed; Unpack says what is wrong with damaged bytes, in bounded memory.
//
// Standards: RFC 8259 (JSON), RFC 3339 (times).
package packed

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// The forms of a value. The numbers are part of what is on the disk.
const (
	formEnd     = 0  // of an object or an array
	formObject  = 1  // fields and values follow, and an end
	formArray   = 2  // values follow, and an end
	formTrue    = 3  //
	formFalse   = 4  //
	formNull    = 5  //
	formInt     = 6  // a signed varint
	formDecimal = 7  // digits behind the point, a signed varint of all digits
	formNumber  = 8  // its text
	formString  = 9  // its text without quotes, < > & not escaped
	formHex     = 10 // length in bytes, the bytes of a text in lower-case hexadecimal
	formDigest  = 11 // 32 bytes of a text in lower-case hexadecimal
	formGUID    = 12 // 16 bytes
	formID      = 13 // a letter, 16 bytes of a text in base32
	formTime    = 14 // nanoseconds since the time before it in this row, or since 2026, as a signed varint
	formAgain   = 15 // the number of an earlier text of this row, counted back from here
	formField   = 16 // in an object: a field that is not in the list, by its name
	formSeconds = 17 // as formTime, in whole seconds
	formBase64  = 18 // length in bytes, the bytes of a text in base64 with padding, of the alphabet for addresses
)

// firstField is the byte of the first field of the list.
const firstField = 0x40

// maxDepth bounds how deep a row may be nested; the deepest has 7.
const maxDepth = 32

// againFrom is the shortest text that is worth a number.
const againFrom = 3

// maxAgain bounds how many texts of a row have a number.
const maxAgain = 1 << 14

// epoch is where times begin.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ids are written as package store writes them.
var ids = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Pack appends a JSON text to dst in packed form. It reports false, and gives dst back as it was, where the text would
// not come back as it is: it is no JSON as encoding/json writes it.
func Pack(dst, text []byte) ([]byte, bool) {
	p := packer{in: text, out: dst, now: epoch}
	if !p.value(0) || len(p.in) > 0 {
		return dst, false
	}
	back, err := Unpack(make([]byte, 0, len(text)), p.out[len(dst):], len(text))
	if err != nil || !bytes.Equal(back, text) {
		return dst, false
	}
	return p.out, true
}

// packer reads JSON from in and writes forms to out.
type packer struct {
	in, out []byte
	now     time.Time      // the last time
	texts   map[string]int // numbers of the texts so far
	count   int            // texts so far
}

func (p *packer) value(depth int) bool {
	if len(p.in) == 0 || depth > maxDepth {
		return false
	}
	switch p.in[0] {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		return p.text()
	case 't':
		return p.literal("true", formTrue)
	case 'f':
		return p.literal("false", formFalse)
	case 'n':
		return p.literal("null", formNull)
	}
	return p.number()
}

func (p *packer) literal(word string, form byte) bool {
	rest, ok := bytes.CutPrefix(p.in, []byte(word))
	p.in, p.out = rest, append(p.out, form)
	return ok
}

func (p *packer) object(depth int) bool {
	p.out = append(p.out, formObject)
	return p.members('}', func() bool {
		name, ok := p.quoted()
		if !ok || len(p.in) == 0 || p.in[0] != ':' {
			return false
		}
		p.in = p.in[1:]
		if n, known := fieldNumber[string(name)]; known {
			p.out = append(p.out, firstField+byte(n))
		} else {
			p.out = appendBytes(append(p.out, formField), name)
		}
		return p.value(depth + 1)
	})
}

func (p *packer) array(depth int) bool {
	p.out = append(p.out, formArray)
	return p.members(']', func() bool { return p.value(depth + 1) })
}

// members reads what stands between commas, up to the closing bracket.
func (p *packer) members(end byte, one func() bool) bool {
	p.in = p.in[1:]
	for first := true; ; first = false {
		switch {
		case len(p.in) == 0:
			return false
		case p.in[0] == end:
			p.in, p.out = p.in[1:], append(p.out, formEnd)
			return true
		case !first && p.in[0] != ',':
			return false
		case !first:
			p.in = p.in[1:]
		}
		if !one() {
			return false
		}
	}
}

// quoted reads a string's text as it stands.
func (p *packer) quoted() ([]byte, bool) {
	if len(p.in) == 0 || p.in[0] != '"' {
		return nil, false
	}
	for i := 1; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case '"':
			text := p.in[1:i]
			p.in = p.in[i+1:]
			return text, true
		}
	}
	return nil, false
}

func (p *packer) text() bool {
	text, ok := p.quoted()
	if !ok {
		return false
	}
	if p.moment(text) {
		return true
	}
	if len(text) >= againFrom {
		if n, seen := p.texts[string(text)]; seen {
			p.out = binary.AppendUvarint(append(p.out, formAgain), uint64(p.count-n))
			return true
		}
		p.number1(text)
	}
	if !p.coded(text) {
		p.out = appendBytes(append(p.out, formString), plain(text))
	}
	return true
}

// number1 gives a text its number.
func (p *packer) number1(text []byte) {
	if p.count >= maxAgain {
		return
	}
	if p.texts == nil {
		p.texts = make(map[string]int)
	}
	p.texts[string(text)] = p.count
	p.count++
}

// coded writes a text that stands for bytes: a digest, a GUID, an id.
func (p *packer) coded(text []byte) bool {
	switch n := len(text); {
	case n == 64 && isHex(text):
		p.out = append(p.out, formDigest)
		p.out, _ = hex.AppendDecode(p.out, text)
	case n == 36 && isGUID(text):
		p.out = append(p.out, formGUID)
		p.out, _ = hex.AppendDecode(p.out, bytes.ReplaceAll(text, []byte("-"), nil))
	case n == 27 && isID(text):
		p.out = append(p.out, formID, text[0])
		p.out, _ = ids.AppendDecode(p.out, text[1:])
	case n >= 12 && n < 1<<12 && n%2 == 0 && isHex(text):
		p.out = binary.AppendUvarint(append(p.out, formHex), uint64(n/2))
		p.out, _ = hex.AppendDecode(p.out, text)
	default:
		return p.base64(text)
	}
	return true
}

// base64From is the shortest text that may be meant as base64: the ids of messages and folders have 80 characters and
// more.
const base64From = 40

func (p *packer) base64(text []byte) bool {
	if len(text) < base64From || len(text)%4 != 0 || len(text) > 1<<12 {
		return false
	}
	raw, err := base64.URLEncoding.Strict().AppendDecode(nil, text)
	if err != nil || len(text) != base64.URLEncoding.EncodedLen(len(raw)) { // it skips line ends
		return false
	}
	p.out = appendBytes(append(p.out, formBase64), raw)
	return true
}

// moment writes a text that is a time, in UTC.
func (p *packer) moment(text []byte) bool {
	const shortest, longest = len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05.999999999Z")
	if len(text) < shortest || len(text) > longest || text[4] != '-' || text[len(text)-1] != 'Z' {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil || at.Year() < 1960 || at.Year() > 2100 { // the distance of two of them is below 1<<62 nanoseconds
		return false
	}
	at = at.UTC()
	var buffer [longest + 8]byte
	if !bytes.Equal(at.AppendFormat(buffer[:0], time.RFC3339Nano), text) {
		return false
	}
	apart := at.Sub(p.now)
	if p.now = at; apart%time.Second == 0 {
		p.out = binary.AppendVarint(append(p.out, formSeconds), int64(apart/time.Second))
	} else {
		p.out = binary.AppendVarint(append(p.out, formTime), int64(apart))
	}
	return true
}
