package attach

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

const (
	bombRatio = 200     // of what is unpacked to what is packed, from which on a large file is made to fill memory
	maxInner  = 8 << 20 // how much of one file inside an archive is looked at
	maxWindow = 8 << 20 // of Zstandard; its largest levels ask for more only when they are told to
	maxChunks = 300     // of an LZMA2 stream: each may begin a new state; one packs 2 MiB, or 64 KiB of noise
)

// costDecoder is what a decoder's own tables cost.
const costDecoder = 64 << 10

// Bytes that a decoder may take beyond what it has given: what its window or its block holds.
const (
	aheadDeflate = 128 << 10
	aheadBzip2   = 1 << 20
)

// What a byte costs (of Limits.Bytes), by how long a decoder needs for it.
const (
	costCopy  = 1
	costLZMA  = 4
	costBzip2 = 8
	// Taken without giving any: 24 MiB of deflate can hold two million empty blocks, each with its tables.
	costTaken = 64
)

var errBarren = errors.New("it takes more than it gives")

// packed is the input of a decoder, counted, so that a stream that holds nothing ends soon.
type packed struct {
	in                  *bufio.Reader
	taken, given, ahead int64
	paid                int64 // of what was taken and gave nothing
}

func newPacked(r io.Reader, ahead int64) *packed {
	return &packed{in: bufio.NewReader(r), ahead: ahead}
}

func (p *packed) Read(b []byte) (int, error) {
	if p.taken > p.given+p.ahead {
		return 0, errBarren
	}
	n, err := p.in.Read(b)
	p.taken += int64(n)
	return n, err
}

func (p *packed) ReadByte() (byte, error) {
	if p.taken > p.given+p.ahead {
		return 0, errBarren
	}
	p.taken++
	return p.in.ReadByte()
}

// newlyBarren answers what was taken and gave nothing since it was asked last.
func (p *packed) newlyBarren() int64 {
	barren := max(p.paid, p.taken-p.given)
	defer func() { p.paid = barren }()
	return barren - p.paid
}

// counted counts what a decoder gives.
type counted struct {
	io.Reader
	from *packed
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.from.given += int64(n)
	return n, err
}

// stream is a decoder, its input, and what a byte of it costs.
type stream struct {
	io.Reader
	from *packed // nil: what it takes is bounded otherwise
	cost int64
}

// plain are bytes as they stand.
func plain(r io.Reader) stream { return stream{r, nil, costCopy} }

// decode unpacks at most what is left of the limit, or limit bytes, and hands it on, with the news whether there is
// more; the bytes are good until with returns. It answers false where the decoder failed.
func (w *work) decode(s stream, limit int64, with func(b []byte, cut bool)) bool {
	most := min(w.left/s.cost, limit)
	if most <= 0 {
		with(nil, true)
		return true
	}
	var out *bytes.Buffer
	if n := len(w.spare); n > 0 {
		out, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		out = new(bytes.Buffer)
	}
	out.Reset()
	_, err := out.ReadFrom(io.LimitReader(s, most)) // what could be read is looked at
	cut := int64(out.Len()) == most && more(s)
	w.pay(s, int64(out.Len()))
	with(out.Bytes(), cut)
	w.spare = append(w.spare, out)
	return err == nil
}

// part unpacks what is a part of a file, and records where it is longer than is read.
func (w *work) part(name string, s stream, limit int64, with func(b []byte)) {
	w.decode(s, limit, func(b []byte, cut bool) {
		if cut {
			w.notRead("Of a part of the file %q the first %d bytes were read.", name, len(b))
		}
		with(b)
	})
}

// more reports whether a stream gives another byte.
func more(r io.Reader) bool {
	var one [1]byte
	n, _ := io.ReadFull(r, one[:])
	return n > 0
}

// pay takes what a stream cost off the limit.
func (w *work) pay(s stream, given int64) {
	w.left -= given * s.cost
	if s.from != nil {
		w.left -= costTaken * s.from.newlyBarren()
	}
}

// deflated reads deflate. One decoder and one buffer serve all streams of a file, one after the other.
func (w *work) deflated(from io.Reader) stream {
	if w.buffer == nil {
		w.buffer = bufio.NewReader(from)
	}
	w.buffer.Reset(from)
	p := &packed{in: w.buffer, ahead: aheadDeflate}
	if w.inflate == nil {
		w.inflate = flate.NewReader(p)
	} else {
		_ = w.inflate.(flate.Resetter).Reset(p, nil) // never an error
	}
	return stream{counted{w.inflate, p}, p, costCopy}
}

// deflatedAlone reads deflate with a decoder of its own, which is paid for like bytes.
func (w *work) deflatedAlone(body []byte) stream {
	w.left -= costDecoder
	p := newPacked(bytes.NewReader(body), aheadDeflate)
	return stream{counted{flate.NewReader(p), p}, p, costCopy}
}

func (w *work) gzip(it item) {
	w.left -= costDecoder
	p := newPacked(bytes.NewReader(it.body), aheadDeflate)
	z, err := gzip.NewReader(p)
	if err != nil {
		w.unreadable(it, "gzip: "+err.Error())
		return
	}
	names := []string{bare(it.name)}
	// Some programs go by the one name, some by the other.
	if inner := strings.ToLower(z.Name); inner != "" && inner != names[0] {
		names = append([]string{inner}, names...)
	}
	w.single(it, names, stream{counted{z, p}, p, costCopy})
}

func (w *work) bzip2(it item) { w.single(it, []string{bare(it.name)}, w.bzipped(it.body)) }

// bzipped reads bzip2. Its decoder has 3.6 MB of memory, which is paid for like bytes.
func (w *work) bzipped(body []byte) stream {
	w.left -= 4 << 20
	p := newPacked(bytes.NewReader(body), aheadBzip2)
	return stream{counted{bzip2.NewReader(p), p}, p, costBzip2}
}

// zstd reads Zstandard (RFC 8878). Its decoder has the memory of its window, which is paid for like bytes.
func (w *work) zstd(it item) {
	s, ok := w.zstandard(it.body)
	if !ok {
		w.unreadable(it, "zstd: its window is larger than is read")
		return
	}
	w.single(it, []string{bare(it.name)}, s)
}

func (w *work) zstandard(body []byte) (stream, bool) {
	w.left -= maxWindow
	p := newPacked(bytes.NewReader(body), aheadDeflate)
	z, err := zstd.NewReader(p, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return stream{}, false
	}
	return stream{counted{z, p}, p, costBzip2}, true
}

// single looks at the one file that is packed without an archive around it. Programs disagree on its name where it
// has several.
func (w *work) single(it item, names []string, s stream) {
	if !w.countMember(it.name, names[0]) {
		return
	}
	for _, other := range names[1:] {
		w.judgeName(other, "", it.depth+1)
	}
	if w.admit(names[0], it.depth) && !w.inspectPacked(names[0], s, it.depth) {
		w.unreadable(it, "what is packed is broken")
	}
}

// bare is the name of a packed file without its last extension.
func bare(name string) string {
	stem := strings.TrimSuffix(name, path.Ext(name))
	switch path.Ext(name) {
	case ".tgz", ".tbz", ".tbz2", ".txz", ".tzst":
		return stem + ".tar"
	case ".svgz":
		return stem + ".svg"
	}
	return stem
}

// dictionary is how much memory an LZMA decoder gets: no more than it may give, nor than the stream holds. It is paid
// for like bytes.
func (w *work) dictionary(asked, size uint64) int {
	n := max(lzma.MinDictCap, min(asked, size, uint64(max(0, w.left)/(costLZMA+1))))
	w.left -= int64(n) + costDecoder
	return int(n)
}

// lzma2 reads LZMA2 (the .xz file format, section 5.3.1).
func (w *work) lzma2(property byte, size uint64, body []byte) stream {
	body, _, _ = chunks(body, maxChunks)
	asked := (2 | uint64(property&1)) << min(property/2+11, 40)
	r, err := lzma.Reader2Config{DictCap: w.dictionary(asked, size)}.NewReader2(bytes.NewReader(body))
	if err != nil {
		return stream{bytes.NewReader(nil), nil, costLZMA}
	}
	return stream{r, nil, costLZMA}
}

// chunks cuts an LZMA2 stream off at its end, or after as many chunks as are read. It answers what follows and how
// many chunks there are.
func chunks(body []byte, most int) (stream, rest []byte, n int) {
	at := 0
	for n = 0; n < most; n++ {
		if at+6 > len(body) || body[at] == 0 {
			end := min(at+1, len(body))
			return body[:end], body[end:], n
		}
		control := body[at]
		size := int(binary.BigEndian.Uint16(body[at+1:])) + 4 // not compressed: control, size, bytes
		if control >= 0x80 {
			size = int(binary.BigEndian.Uint16(body[at+3:])) + 6
			if control >= 0xc0 { // new properties
				size++
			}
		}
		at += size
	}
	return body[:min(at, len(body))], nil, n
}

// lzma reads LZMA as 7z stores it: five bytes of properties apart from the stream.
func (w *work) lzma(properties []byte, size uint64, body []byte) stream {
	empty := stream{bytes.NewReader(nil), nil, costLZMA}
	// lc + lp > 4 would be six MB of state.
	if len(properties) != 5 || properties[0] >= 9*5*5 || properties[0]%9+properties[0]/9%5 > 4 {
		return empty
	}
	n := w.dictionary(uint64(binary.LittleEndian.Uint32(properties[1:])), size)
	header := binary.LittleEndian.AppendUint32([]byte{properties[0]}, uint32(n))
	header = binary.LittleEndian.AppendUint64(header, size)
	r, err := lzma.ReaderConfig{DictCap: n}.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(body)))
	if err != nil {
		return empty
	}
	return stream{r, nil, costLZMA}
}
