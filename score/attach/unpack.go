package attach

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/ulikunitz/xz/lzma"
)

const (
	maxInner  = 8 << 20 // how much of one file inside an archive is looked at
	maxChunks = 300     // of an LZMA2 stream: each may begin a new state; what packs 2 MiB, or 64 KiB of noise, in one uses far fewer
)

// costDecoder is what a decoder's own tables cost.
const costDecoder = 64 << 10

// Octets that a decoder may take beyond what it has given: what its window or its block holds.
const (
	aheadDeflate = 128 << 10
	aheadBzip2   = 1 << 20
)

// What an octet costs (of Limits.Bytes), by how long a decoder needs for it.
const (
	costCopy  = 1
	costLZMA  = 4
	costBzip2 = 8
	costTaken = 64 // taken without giving any: deflate can hold two million empty blocks in 24 MiB, each with its tables
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

// owes answers what was taken and gave nothing since it was asked last.
func (p *packed) owes() int64 {
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

// stream is a decoder, its input, and what an octet of it costs.
type stream struct {
	io.Reader
	from *packed // nil: what it takes is bounded otherwise
	cost int64
}

// plain are octets as they stand.
func plain(r io.Reader) stream { return stream{r, nil, costCopy} }

// inside looks at a file that stands in another as it is. It is paid for, since several names may lead to the same octets.
func (w *work) inside(name string, body []byte, depth int) {
	if depth >= w.limits.Depth || w.left <= 0 {
		w.name(name, "", depth+1)
		return
	}
	body = body[:min(len(body), maxInner)]
	w.left -= int64(len(body))
	w.file(name, body, depth+1)
}

// use unpacks at most what is left of the limit, or limit octets, and hands it on; the octets are good until it returns.
func (w *work) use(s stream, limit int64, with func([]byte)) {
	most := min(w.left/s.cost, limit)
	if most <= 0 {
		with(nil)
		return
	}
	var out *bytes.Buffer
	if n := len(w.spare); n > 0 {
		out, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		out = new(bytes.Buffer)
	}
	out.Reset()
	_, _ = out.ReadFrom(io.LimitReader(s, most)) // what could be read is looked at
	w.pay(s, int64(out.Len()))
	with(out.Bytes())
	w.spare = append(w.spare, out)
}

// pay takes what a stream cost off the limit.
func (w *work) pay(s stream, given int64) {
	w.left -= given * s.cost
	if s.from != nil {
		w.left -= costTaken * s.from.owes()
	}
}

// deflated reads deflate. One decoder serves all streams of a file, one after the other.
func (w *work) deflated(from io.Reader) stream {
	p := newPacked(from, aheadDeflate)
	if w.inflate == nil {
		w.inflate = flate.NewReader(p)
	} else {
		_ = w.inflate.(flate.Resetter).Reset(p, nil) // never an error
	}
	return stream{counted{w.inflate, p}, p, costCopy}
}

// deflatedAlone reads deflate with a decoder of its own, which is paid for like octets.
func (w *work) deflatedAlone(body []byte) stream {
	w.left -= costDecoder
	p := newPacked(bytes.NewReader(body), aheadDeflate)
	return stream{counted{flate.NewReader(p), p}, p, costCopy}
}

func (w *work) gzip(name string, body []byte, depth int) {
	w.left -= costDecoder
	p := newPacked(bytes.NewReader(body), aheadDeflate)
	z, err := gzip.NewReader(p)
	if err != nil {
		w.report.Unreadable = "gzip: " + err.Error()
		return
	}
	inner := strings.ToLower(z.Name)
	if inner == "" {
		inner = bare(name)
	}
	w.single(inner, stream{counted{z, p}, p, costCopy}, depth)
}

func (w *work) bzip2(name string, body []byte, depth int) {
	w.single(bare(name), w.bzipped(body), depth)
}

// bzipped reads bzip2. Its decoder has 3.6 MB of memory, which is paid for like octets.
func (w *work) bzipped(body []byte) stream {
	w.left -= 4 << 20
	p := newPacked(bytes.NewReader(body), aheadBzip2)
	return stream{counted{bzip2.NewReader(p), p}, p, costBzip2}
}

// xz reads the first block, which is the only one where the packer had one core (the .xz file format 1.1.0, sections 2 and 3).
func (w *work) xz(name string, body []byte, depth int) {
	c := cursor{rest: body}
	c.skip(12)
	header := cursor{rest: c.take(4*uint64(c.octet()) + 3)} // its own octet is counted
	flags := header.octet()
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
		properties = header.take(header.varint())
	}
	if header.short || id != 0x21 || len(properties) != 1 {
		w.report.Unreadable = "xz: not LZMA2"
		return
	}
	w.single(bare(name), w.lzma2(properties[0], maxInner, c.rest), depth)
}

// single looks at the one file that is packed without an archive around it.
func (w *work) single(inner string, s stream, depth int) {
	if !w.enter(inner) || depth >= w.limits.Depth {
		w.name(inner, "", depth+1)
		return
	}
	w.use(s, maxInner, func(b []byte) { w.file(inner, b, depth+1) })
}

// bare is the name of a packed file without its last extension.
func bare(name string) string {
	stem := strings.TrimSuffix(name, path.Ext(name))
	if ext := path.Ext(name); ext == ".tgz" || ext == ".tbz2" || ext == ".txz" {
		return stem + ".tar"
	}
	return stem
}

// dictionary is how much memory an LZMA decoder gets: no more than it may give, nor than the stream holds. It is paid for like octets.
func (w *work) dictionary(asked, size uint64) int {
	n := max(lzma.MinDictCap, min(asked, size, uint64(max(0, w.left)/(costLZMA+1))))
	w.left -= int64(n) + costDecoder
	return int(n)
}

// lzma2 reads LZMA2 (the .xz file format, section 5.3.1).
func (w *work) lzma2(property byte, size uint64, body []byte) stream {
	asked := (2 | uint64(property&1)) << min(property/2+11, 40)
	r, err := lzma.Reader2Config{DictCap: w.dictionary(asked, size)}.NewReader2(bytes.NewReader(chunks(body)))
	if err != nil {
		return stream{bytes.NewReader(nil), nil, costLZMA}
	}
	return stream{r, nil, costLZMA}
}

// chunks cuts an LZMA2 stream off after as many chunks as are read.
func chunks(body []byte) []byte {
	at := 0
	for range maxChunks {
		if at+6 > len(body) || body[at] == 0 {
			return body
		}
		control := body[at]
		size := int(binary.BigEndian.Uint16(body[at+1:])) + 4 // not compressed: control, size, octets
		if control >= 0x80 {
			size = int(binary.BigEndian.Uint16(body[at+3:])) + 6
			if control >= 0xc0 { // new properties
				size++
			}
		}
		at += size
	}
	return body[:min(at, len(body))]
}

// lzma reads LZMA as 7z stores it: five octets of properties apart from the stream.
func (w *work) lzma(properties []byte, size uint64, body []byte) stream {
	empty := stream{bytes.NewReader(nil), nil, costLZMA}
	if len(properties) != 5 || properties[0] >= 9*5*5 || properties[0]%9+properties[0]/9%5 > 4 { // lc + lp > 4: six MB of state
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
