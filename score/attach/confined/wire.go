package confined

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

// Values cross between the processes as plain data: booleans, integers, strings, bytes, and slices and structs of
// these. Whoever adds a field to one of them need not come here. encoding/gob is not made for input from a stranger,
// and JSON would escape megabytes of HTML.

// maxElements bounds the elements of all slices of one value: an element may take more memory than it takes bytes.
const maxElements = 20_000

var errMalformed = errors.New("malformed")

// encode appends a value. It panics on a type that is not plain data, which a test would show.
func encode(out []byte, v any) []byte { return encodeValue(out, reflect.ValueOf(v)) }

func encodeValue(out []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(out, 1)
		}
		return append(out, 0)
	case reflect.Int, reflect.Int64:
		return binary.AppendVarint(out, v.Int())
	case reflect.String:
		out = binary.AppendUvarint(out, uint64(v.Len()))
		return append(out, v.String()...)
	case reflect.Slice:
		out = binary.AppendUvarint(out, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(out, v.Bytes()...)
		}
		for i := range v.Len() {
			out = encodeValue(out, v.Index(i))
		}
		return out
	case reflect.Struct:
		for i := range v.NumField() {
			out = encodeValue(out, v.Field(i))
		}
		return out
	}
	panic(fmt.Sprintf("confined: %v is no plain data", v.Type()))
}

// decode reads the value that a stranger says is one of v's type. Strings and bytes lie in the input afterwards.
func decode(in []byte, v any) error {
	d := decoder{rest: in, elements: maxElements}
	d.value(reflect.ValueOf(v).Elem())
	if d.bad || len(d.rest) > 0 {
		return errMalformed
	}
	return nil
}

// decoder reads what encode wrote. Once something is wrong it reads zeros.
type decoder struct {
	rest     []byte
	elements int
	bad      bool
}

func (d *decoder) value(v reflect.Value) {
	if d.bad {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.flag())
	case reflect.Int, reflect.Int64:
		v.SetInt(d.varint())
	case reflect.String:
		v.SetString(string(d.bytes(d.length())))
	case reflect.Slice:
		n := d.length()
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(d.bytes(n))
			return
		}
		if d.elements -= n; d.elements < 0 {
			d.bad = true
			return
		}
		if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			d.value(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			d.value(v.Field(i))
		}
	}
}

func (d *decoder) flag() bool {
	b := d.bytes(1)
	d.bad = d.bad || b[0] > 1
	return !d.bad && b[0] == 1
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// length is that of a string or slice, each element of which takes a byte at least.
func (d *decoder) length() int {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > uint64(len(d.rest)-size) {
		d.bad = true
		return 0
	}
	d.rest = d.rest[size:]
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.bad = true
		return make([]byte, n)
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}
