package packed

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

var (
	errShort = errors.New("a packed row ends too early")
	errLong  = errors.New("a packed row is longer than it may be")
)

// Unpack appends to dst the text of a packed row, of limit bytes at most.
func Unpack(dst, packed []byte, limit int) ([]byte, error) {
	var u unpacker
	if err := u.unpack(dst, packed, limit); err != nil {
		return dst, err
	}
	return u.out, nil
}

// unpack appends to dst what Unpack gives; it is in out then.
func (u *unpacker) unpack(dst, packed []byte, limit int) error {
	*u = unpacker{in: packed, out: dst, limit: len(dst) + limit, now: epoch, texts: u.texts[:0]}
	if err := u.value(0); err != nil {
		return err
	}
	if len(u.in) > 0 {
		return fmt.Errorf("%d bytes stand behind a packed row", len(u.in))
	}
	return nil
}

// unpacker reads forms from in and writes JSON to out.
type unpacker struct {
	in, out []byte
	limit   int // of out's length
	now     time.Time
	texts   [][2]int // where the texts that have numbers begin and end in out
}

func (u *unpacker) value(depth int) error {
	form, err := u.byte()
	if err != nil {
		return err
	}
	if depth > maxDepth || len(u.out) > u.limit {
		return errLong
	}
	switch form {
	case formObject:
		return u.object(depth)
	case formArray:
		return u.array(depth)
	case formTrue:
		u.out = append(u.out, "true"...)
	case formFalse:
		u.out = append(u.out, "false"...)
	case formNull:
		u.out = append(u.out, "null"...)
	case formInt, formDecimal, formNumber:
		return u.number(form)
	case formTime:
		return u.moment(time.Nanosecond)
	case formSeconds:
		return u.moment(time.Second)
	default:
		return u.text(form)
	}
	return nil
}

func (u *unpacker) object(depth int) error {
	u.out = append(u.out, '{')
	for first := true; ; first = false {
		field, err := u.byte()
		if err != nil {
			return err
		}
		if field == formEnd {
			u.out = append(u.out, '}')
			return nil
		}
		if !first {
			u.out = append(u.out, ',')
		}
		if err := u.field(field); err != nil {
			return err
		}
		if err := u.value(depth + 1); err != nil {
			return err
		}
	}
}

// field writes a field's name.
func (u *unpacker) field(field byte) error {
	u.out = append(u.out, '"')
	switch n := int(field) - firstField; {
	case field == formField:
		name, err := u.bytes()
		if err != nil {
			return err
		}
		u.out = append(u.out, name...)
	case n >= 0 && n < len(fields):
		u.out = append(u.out, fields[n]...)
	default:
		return fmt.Errorf("field %d of a packed row is not known", field)
	}
	u.out = append(u.out, '"', ':')
	return nil
}

func (u *unpacker) array(depth int) error {
	u.out = append(u.out, '[')
	for first := true; ; first = false {
		if len(u.in) == 0 {
			return errShort
		}
		if u.in[0] == formEnd {
			u.in, u.out = u.in[1:], append(u.out, ']')
			return nil
		}
		if !first {
			u.out = append(u.out, ',')
		}
		if err := u.value(depth + 1); err != nil {
			return err
		}
	}
}

func (u *unpacker) number(form byte) error {
	if form == formNumber {
		text, err := u.bytes()
		u.out = append(u.out, text...)
		return err
	}
	behind := byte(0)
	if form == formDecimal {
		var err error
		if behind, err = u.byte(); err != nil || behind == 0 || behind > maxDigits {
			return errShort
		}
	}
	n, err := u.varint()
	u.out = appendDecimal(u.out, n, int(behind))
	return err
}

func (u *unpacker) moment(unit time.Duration) error {
	n, err := u.varint()
	if err != nil {
		return err
	}
	if n > 1<<62/int64(unit) || n < -(1<<62)/int64(unit) {
		return errLong
	}
	u.now = u.now.Add(time.Duration(n) * unit)
	u.out = u.now.AppendFormat(append(u.out, '"'), time.RFC3339Nano)
	u.out = append(u.out, '"')
	return nil
}

func (u *unpacker) text(form byte) error {
	u.out = append(u.out, '"')
	from := len(u.out)
	if form == formAgain {
		if err := u.again(); err != nil {
			return err
		}
	} else if err := u.coded(form); err != nil {
		return err
	}
	if form != formAgain && len(u.out)-from >= againFrom && len(u.texts) < maxAgain {
		u.texts = append(u.texts, [2]int{from, len(u.out)})
	}
	u.out = append(u.out, '"')
	return nil
}

func (u *unpacker) again() error {
	back, err := u.uvarint()
	if err != nil {
		return err
	}
	if back == 0 || back > uint64(len(u.texts)) {
		return errors.New("a packed row repeats a text that it has not")
	}
	at := u.texts[len(u.texts)-int(back)]
	u.out = append(u.out, u.out[at[0]:at[1]]...)
	return nil
}

// coded writes a text that is given by bytes.
func (u *unpacker) coded(form byte) error {
	switch form {
	case formString:
		text, err := u.bytes()
		u.out = appendEscaped(u.out, text)
		return err
	case formHex:
		text, err := u.bytes()
		u.out = hex.AppendEncode(u.out, text)
		return err
	case formBase64:
		text, err := u.bytes()
		u.out = base64.URLEncoding.AppendEncode(u.out, text)
		return err
	case formDigest:
		text, err := u.next(32)
		u.out = hex.AppendEncode(u.out, text)
		return err
	case formID:
		text, err := u.next(17)
		if err == nil {
			u.out = ids.AppendEncode(append(u.out, text[0]), text[1:])
		}
		return err
	case formGUID:
		raw, err := u.next(16)
		for i, b := range raw {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				u.out = append(u.out, '-')
			}
			u.out = hex.AppendEncode(u.out, []byte{b})
		}
		return err
	}
	return fmt.Errorf("form %d of a packed row is not known", form)
}

func (u *unpacker) byte() (byte, error) {
	b, err := u.next(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (u *unpacker) next(n int) ([]byte, error) {
	if n < 0 || n > len(u.in) {
		return nil, errShort
	}
	b := u.in[:n]
	u.in = u.in[n:]
	return b, nil
}

// bytes reads bytes behind their length.
func (u *unpacker) bytes() ([]byte, error) {
	n, err := u.uvarint()
	if err != nil || n > uint64(len(u.in)) {
		return nil, errShort
	}
	return u.next(int(n))
}

func (u *unpacker) uvarint() (uint64, error) {
	n, size := binary.Uvarint(u.in)
	if size <= 0 {
		return 0, errShort
	}
	u.in = u.in[size:]
	return n, nil
}

func (u *unpacker) varint() (int64, error) {
	n, size := binary.Varint(u.in)
	if size <= 0 {
		return 0, errShort
	}
	u.in = u.in[size:]
	return n, nil
}
