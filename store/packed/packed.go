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
	"sync"
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
	p := packers.Get().(*packer)
	defer p.giveBack()
	p.in, p.out, p.now = text, dst, epoch
	if !p.value(0) || len(p.in) > 0 {
		return dst, false
	}
	if err := p.back.unpack(p.back.out[:0], p.out[len(dst):], len(text)); err != nil || !bytes.Equal(p.back.out, text) {
		return dst, false
	}
	return p.out, true
}

// packers spare each row the memory that packing takes.
var packers = sync.Pool{New: func() any { return new(packer) }}

// packer reads JSON from in and writes forms to out.
type packer struct {
	in, out []byte
	now     time.Time // the last time
	last    int       // the number of the last field that is known
	texts   earlier
	back    unpacker // of what was written, with room that is used again
}

// The room of a packer that is kept for the next row.
const (
	maxRoom  = 64 << 10
	maxTexts = 1024
)

// giveBack makes the packer ready for another row. It keeps nothing of this one.
func (p *packer) giveBack() {
	if cap(p.back.out) > maxRoom || cap(p.back.texts) > maxTexts || !p.texts.clear() {
		return
	}
	p.in, p.out, p.last, p.back.in = nil, nil, 0, nil
	packers.Put(p)
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
	p.in, p.out = p.in[1:], append(p.out, formObject)
	for first := true; ; first = false {
		if more, ok := p.member('}', first); !more {
			return ok
		}
		name, ok := p.quoted()
		if !ok || len(p.in) == 0 || p.in[0] != ':' {
			return false
		}
		p.in = p.in[1:]
		p.field(name)
		if !p.value(depth + 1) {
			return false
		}
	}
}

// field writes a field's name. In most rows it is one of the next in the list: they stand there as they are written.
func (p *packer) field(name []byte) {
	const near = 4
	n, known := p.last+1, false
	for end := min(n+near, len(fields)); n < end && !known; n++ {
		known = fields[n] == string(name)
	}
	if n--; !known {
		n, known = fieldNumber[string(name)]
	}
	if !known {
		p.out = appendBytes(append(p.out, formField), name)
		return
	}
	p.last = n
	p.out = append(p.out, firstField+byte(n))
}

func (p *packer) array(depth int) bool {
	p.in, p.out = p.in[1:], append(p.out, formArray)
	for first := true; ; first = false {
		if more, ok := p.member(']', first); !more {
			return ok
		}
		if !p.value(depth + 1) {
			return false
		}
	}
}

// member reads what stands before a member of an object or an array, and reports whether there is one more; if not,
// whether the closing bracket was there.
func (p *packer) member(end byte, first bool) (more, ok bool) {
	switch {
	case len(p.in) == 0:
		return false, false
	case p.in[0] == end:
		p.in, p.out = p.in[1:], append(p.out, formEnd)
		return false, true
	case first:
		return true, true
	case p.in[0] != ',':
		return false, false
	}
	p.in = p.in[1:]
	return true, true
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
		if back, seen := p.texts.find(text); seen {
			p.out = binary.AppendUvarint(append(p.out, formAgain), uint64(back))
			return true
		}
	}
	if !p.coded(text) {
		p.out = appendBytes(append(p.out, formString), plain(text))
	}
	return true
}

// coded writes a text that stands for bytes: a digest, a GUID, an id.
func (p *packer) coded(text []byte) bool {
	switch n := len(text); {
	case n == 64 && isHex(text):
		p.out = append(p.out, formDigest)
		p.out, _ = hex.AppendDecode(p.out, text)
	case n == 36 && isGUID(text):
		p.out = append(p.out, formGUID)
		for _, part := range [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
			p.out, _ = hex.AppendDecode(p.out, text[part[0]:part[1]])
		}
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
	size := base64.URLEncoding.DecodedLen(len(text)) - (len(text) - len(bytes.TrimRight(text, "=")))
	out := binary.AppendUvarint(append(p.out, formBase64), uint64(size))
	from := len(out)
	out, err := base64.URLEncoding.Strict().AppendDecode(out, text)
	if err != nil || len(out)-from != size { // it skips line ends
		return false
	}
	p.out = out
	return true
}

// moment writes a text that is a time, in UTC.
func (p *packer) moment(text []byte) bool {
	at, ok := utc(text)
	if !ok || at.Year() < 1960 || at.Year() > 2100 { // the distance of two of them is below 1<<62 nanoseconds
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
