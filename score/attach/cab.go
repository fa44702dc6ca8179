package attach

import (
	"bytes"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

const maxBlocks = 1000 // of a cabinet, 32 KiB each

// cab reads a cabinet (MS-CAB 2). MSZIP and plain folders are unpacked, of the others (LZX, Quantum) the names are
// read.
func (w *work) cab(it item) {
	body := it.body
	c := cursor{rest: body}
	c.skip(16)
	first := c.uint32()
	c.skip(6)
	folders, files, flags := c.uint16(), c.uint16(), c.uint16()
	c.skip(4)
	var reserveFolder, reserveData uint64
	if flags&4 != 0 {
		n := c.uint16()
		reserveFolder, reserveData = uint64(c.uint8()), uint64(c.uint8())
		c.skip(uint64(n))
	}
	for _, bit := range []uint16{1, 2} { // the cabinets before and after
		if flags&bit != 0 {
			c.text()
			c.text()
		}
	}
	starts := c.next(uint64(folders) * (8 + reserveFolder))
	list := cursor{rest: body[min(uint64(first), uint64(len(body))):]}
	blocks, now := maxBlocks, -1
	var content []byte
	for range files {
		size, offset, index := uint64(list.uint32()), uint64(list.uint32()), int(list.uint16())
		list.skip(6)
		inner := list.text()
		if list.short || !w.countMember(it.name, inner) {
			return
		}
		if at := index * int(8+reserveFolder); index != now && at+8 <= len(starts) {
			now, content = index, w.cabFolder(it, starts[at:], reserveData, &blocks)
		}
		if inner = strings.ToLower(inner); index != now || offset >= uint64(len(content)) {
			w.judgeName(inner, "", it.depth+1)
			continue
		}
		w.inspectStored(inner, content[offset:min(offset+size, uint64(len(content)))], it.depth)
	}
}

// cabFolder unpacks the blocks of a folder (MS-CAB 2.4, 2.6; MS-MCI for MSZIP).
func (w *work) cabFolder(it item, start []byte, reserve uint64, blocks *int) []byte {
	c := cursor{rest: start}
	at, n, method := uint64(c.uint32()), c.uint16(), c.uint16()&0xf
	data := cursor{rest: it.body[min(at, uint64(len(it.body))):]}
	var out []byte
	for range n {
		data.skip(4) // checksum
		packed, size := uint64(data.uint16()), int64(data.uint16())
		data.skip(reserve)
		block := data.next(packed)
		if data.short {
			break
		}
		if *blocks--; *blocks < 0 || w.left <= 0 || len(out) > maxInner {
			w.notRead("Of a folder of %q the first %d bytes were unpacked.", it.name, len(out))
			break
		}
		switch {
		case method == 0:
			out = append(out, block...)
			w.left -= int64(len(block))
		case method == 1 && bytes.HasPrefix(block, []byte("CK")):
			s := w.deflated(bytes.NewReader(block[2:]))
			_ = w.inflate.(flate.Resetter).Reset(s.from, out[max(0, len(out)-32<<10):]) // never an error
			limited := stream{io.LimitReader(s, size), s.from, s.cost}
			w.decode(limited, maxInner, func(b []byte, _ bool) { out = append(out, b...) })
		default:
			return out
		}
	}
	return out
}
