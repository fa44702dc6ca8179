package attach

import (
	"bytes"
	"encoding/binary"
)

// cursor reads the bytes of a header in order. Past the end, or past a number that cannot be, everything is zero and
// short is set.
type cursor struct {
	rest  []byte
	short bool
}

// next answers the next n bytes, nil where there are fewer.
func (c *cursor) next(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.rest, c.short = nil, true
		return nil
	}
	out := c.rest[:n]
	c.rest = c.rest[n:]
	return out
}

func (c *cursor) skip(n uint64) { c.next(n) }

func (c *cursor) uint8() byte {
	if b := c.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.next(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.next(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// varint reads seven bits a byte, the lowest first, as RAR 5 and XZ write numbers.
func (c *cursor) varint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := c.uint8()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.short = true
	return 0
}

// text reads up to the next zero byte.
func (c *cursor) text() string {
	at := bytes.IndexByte(c.rest, 0)
	if at < 0 {
		c.rest, c.short = nil, true
		return ""
	}
	out := string(c.rest[:at])
	c.rest = c.rest[at+1:]
	return out
}
