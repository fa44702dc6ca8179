package spool

import "hash/crc32"

// Small is a small body on its way into a segment. It is held in memory, in whole blocks as direct I/O wants them, and
// grows only with what has really arrived, so that a peer which announces much and sends nothing costs little. It is
// used by one goroutine at a time.
type Small struct {
	s     *Spool
	class Class
	hint  int
	buf   []byte // its capacity is whole blocks
	crc   uint32
	full  bool // there was no memory for more
}

// block is what offsets, lengths and addresses of direct I/O are multiples of: enough for the disks of today. A file
// system that asks for more is written to through the page cache.
const block = 4 << 10

// blocks is n bytes in whole blocks.
func blocks(n int64) int64 { return (n + block - 1) &^ (block - 1) }

// Begin begins a small body of about size bytes, 0 when nobody knows. It ends in a batch, in a Blob, or nowhere;
// Release must follow.
func (s *Spool) Begin(size int64, c Class) *Small {
	return &Small{s: s, class: c, hint: int(min(max(size, 0), s.o.InlineLimit))}
}

// Write appends to the body. It fails with ErrNoMemory alone, and has taken nothing of p then.
func (b *Small) Write(p []byte) (int, error) {
	if !b.grow(len(p)) {
		return 0, ErrNoMemory
	}
	b.buf = append(b.buf, p...)
	b.crc = crc32.Update(b.crc, castagnoli, p)
	return len(p), nil
}

// Space is where the next bytes of the body can be read to. It is valid until Advance; nil when there is no memory for
// it.
func (b *Small) Space() []byte {
	if !b.grow(minSpace) {
		return nil
	}
	return b.buf[len(b.buf):cap(b.buf)]
}

// minSpace is the least that Space gives, for a read to be worth its while: half of a TLS record.
const minSpace = 8 << 10

// Advance appends the first n bytes of Space.
func (b *Small) Advance(n int) error {
	at := len(b.buf)
	b.buf = b.buf[:at+n]
	b.crc = crc32.Update(b.crc, castagnoli, b.buf[at:])
	return nil
}

// grow makes room for n more bytes; false when there is no memory. The size that was announced counts in full once the
// first bytes are there, and so far as most messages go before.
func (b *Small) grow(n int) (ok bool) {
	announced := b.hint - len(b.buf)
	if len(b.buf) == 0 {
		announced = min(announced, firstBuffer)
	}
	b.buf, ok = b.s.buffers.grow(b.buf, n, announced, b.class)
	b.full = !ok
	return ok
}

// firstBuffer is how much memory a body gets before any of its bytes is there.
const firstBuffer = 64 << 10

// Size is how many bytes were written.
func (b *Small) Size() int64 { return int64(len(b.buf)) }

// Spill makes it the beginning of a large body, with the memory it has.
func (b *Small) Spill() (*Blob, error) {
	large, err := b.s.Create()
	if err != nil {
		return nil, err
	}
	if b.full {
		b.s.buffers.memory.spill()
	}
	large.class, large.buf, large.crc, large.size = b.class, b.buf, b.crc, b.Size()
	b.buf = nil
	return large, nil
}

// Release gives its memory back. It may be called again.
func (b *Small) Release() {
	b.s.buffers.release(b.buf, b.class)
	b.buf = nil
}

// padded is the body in whole blocks, zeros behind it.
func (b *Small) padded() []byte { return pad(b.buf) }

// pad fills the last block up with zeros.
func pad(buf []byte) []byte {
	whole := buf[:blocks(int64(len(buf)))]
	clear(whole[len(buf):])
	return whole
}
