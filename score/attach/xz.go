package attach

import "io"

// xz reads all blocks of all streams (the .xz file format 1.1.0, sections 2 and 3): together they are one file.
func (w *work) xz(it item) {
	x := &xzReader{work: w, at: cursor{rest: it.body}, chunks: maxChunks}
	if !x.stream() || !x.block() {
		w.unreadable(it, "xz: not LZMA2")
		return
	}
	w.single(it, []string{bare(it.name)}, stream{x, nil, costLZMA})
	if x.chunks <= 0 {
		w.notRead("The file %q was not read to its end: it is packed in too many pieces.", it.name)
	}
}

// xzReader reads block after block.
type xzReader struct {
	work   *work
	at     cursor
	check  uint64 // bytes of the checksum behind each block
	chunks int    // how many more are read
	now    io.Reader
}

func (x *xzReader) Read(b []byte) (int, error) {
	for {
		if x.now != nil {
			n, err := x.now.Read(b)
			if n > 0 || err != nil && err != io.EOF {
				return n, err
			}
			x.now = nil
		}
		if !x.block() {
			return 0, io.EOF
		}
	}
}

// stream reads the header of a stream.
func (x *xzReader) stream() bool {
	if string(x.at.next(6)) != "\xfd7zXZ\x00" {
		return false
	}
	x.at.skip(1)
	x.check = [16]uint64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[x.at.uint8()&15]
	x.at.skip(4)
	return !x.at.short
}

// block reads the header of the next block, in this stream or a later one.
func (x *xzReader) block() bool {
	for !x.at.short && x.chunks > 0 {
		size := x.at.uint8()
		if size != 0 {
			return x.begin(cursor{rest: x.at.next(4*uint64(size) + 3)})
		}
		x.index()
		for len(x.at.rest) >= 4 && string(x.at.rest[:4]) == "\x00\x00\x00\x00" {
			x.at.skip(4)
		}
		if !x.stream() {
			return false
		}
	}
	return false
}

// begin opens a block. What is packed in it is cut out now, so that the next block's place is known.
func (x *xzReader) begin(header cursor) bool {
	flags := header.uint8()
	if flags&0x40 != 0 {
		header.varint()
	}
	if flags&0x80 != 0 {
		header.varint()
	}
	var id uint64
	var properties []byte
	for range flags&3 + 1 {
		id = header.varint()
		properties = header.next(header.varint())
	}
	if header.short || id != 0x21 || len(properties) != 1 {
		return false
	}
	body, rest, n := chunks(x.at.rest, x.chunks)
	x.chunks -= n + 1
	x.now = x.work.lzma2(properties[0], maxInner, body)
	x.at.rest = rest
	x.at.skip(uint64(-len(body)&3) + x.check)
	return true
}

// index passes over the list of blocks and the footer (sections 2.1.2 and 4).
func (x *xzReader) index() {
	before := len(x.at.rest) + 1
	for range x.at.varint() {
		x.at.varint()
		x.at.varint()
		if x.at.short {
			return
		}
	}
	x.at.skip(uint64(-(before-len(x.at.rest))&3) + 4 + 12)
}
