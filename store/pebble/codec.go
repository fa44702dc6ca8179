package pebble

import (
	_ "embed" // for the dictionary
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"clawback/store/packed"
)

// A value begins with a byte that says how the rest is kept. The numbers are part of what is on the disk.
const (
	asItIs     = 0
	zstdJSON   = 1 // JSON, by zstd with the dictionary below: what was written before the forms that follow
	packedRow  = 2 // JSON that was packed
	zstdPacked = 3 // JSON that was packed, by zstd with the dictionary in packed.dict
	s2Packed   = 4 // JSON that was packed, by S2 with packed.dict as the dictionary
)

// The sizes from which a value is compressed, and a packed one: below them the frame costs as much as it saves.
const (
	compressFrom       = 96
	compressPackedFrom = 96
)

// maxS2 is the size below which a packed row is compressed by S2. For a record of usual size it takes a tenth of the
// time that zstd takes, most of which goes into preparing its tables, and the row is 304 bytes long instead of 280.
// Long rows are for zstd, which finds more in them.
const maxS2 = 16 << 10

// maxValue bounds what a damaged frame may unfold to. The largest row is a record with 100,000 recipients.
const maxValue = 256 << 20

// dictionary is what rows have in common. A change of it needs a number of its own beside zstdJSON.
const dictionary = `{"report":"","read":[{"key":"domain:","first_seen":"2026-","last_seen":"2026-","received":1,"aligned":1}],` +
	`"taught":["from:","pair:"]}{"r":"r","i":"","at":"2026-01-01T00:00:00.000000000Z"}{"key":"pair:","first_seen":"2026-` +
	`{"id":"i","record":"r","tenant":"","address":"","mailbox":"","kind":"retract","action":"soft_delete","cause":"MALICIOUS",` +
	`"severity":5,"limits":{},"outcome":"pending","reason":"","tries":0,"not_before":"2026-","created":"","changed":"",` +
	`"received":"","acted":"","message":"AAkALg","original_folder":"","target":"recoverableitemsdeletions","was_read":false,` +
	`"rev":1,"round":1,"taken":[{"message":"","folder":"","target":"","read":false,"received":"","state":"moved","at":""}]}` +
	`{"intent":"i","seq":1,"operation":"move","started":"2026-","finished":"2026-","outcome":"done","detail":""}` +
	`{"id":"r","tenant":"","network_message_id":"","message_id":"\u003c","content":"","sender":"","from":"","from_name":"",` +
	`"subject":"","date":"2026-","received":"2026-","direction":"inbound","recipients":[{"address":"","type":"to"},` +
	`{"address":"","type":"recipient"}],"variants":[{"sha256":"","report":"","body":{"file":"seg/2026/","offset":0,"size":0,` +
	`"sum":""},"section":{"offset":0,"size":0},"verdict":{"disposition":"CLEAN","score":0,"threat":0,"spoof":0,"spam":0,"bulk":0,` +
	`"reasons":[{"id":"auth.pass","family":"auth","weight":0,"text":"","where":"header From"},{"id":"link.","family":"link",` +
	`"weight":0,"text":"The link ","where":"text/html, part 1.2"}],"indicators":[{"kind":"domain","value":""},{"kind":"url",` +
	`"value":"https://www."},{"kind":"address","value":""},{"kind":"ip","value":""},{"kind":"sha256","value":""}],"rules":"",` +
	`"knowledge":""},"first_hand":true,"at":"2026-"}],"contents":"","carries":{},"verdict":{"disposition":"MALICIOUS","score":`

// packedDictionary is what packed rows have in common, with the frequencies of their bytes; internal/test/rowdict made
// it. A change of it needs a number of its own beside zstdPacked.
//
//go:embed packed.dict
var packedDictionary []byte

// codec packs and compresses values. Safe for concurrent use.
type codec struct {
	encoder *zstd.Encoder // of texts
	packer  *zstd.Encoder // of long packed rows
	decoder *zstd.Decoder // of both: a frame bears the number of its dictionary
	short   *s2.Dict      // of packed rows
}

func newCodec() (codec, error) {
	const id = 1
	encoder, err := newEncoder(zstd.WithEncoderDictRaw(id, []byte(dictionary)))
	if err != nil {
		return codec{}, err
	}
	packer, err := newEncoder(zstd.WithEncoderDict(packedDictionary))
	if err != nil {
		return codec{}, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, []byte(dictionary)),
		zstd.WithDecoderDicts(packedDictionary),
		zstd.WithDecoderMaxMemory(maxValue), zstd.WithDecoderConcurrency(0))
	return codec{encoder, packer, decoder, s2.MakeDictManual(packedDictionary, 0)}, err
}

func newEncoder(dict zstd.EOption) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, dict, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(64<<10), zstd.WithLowerEncoderMem(true))
}

// buffers are for packed rows on their way through the compressor.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is the largest that is kept for the next row.
const maxBuffer = 64 << 10

func freeBuffer(buffer *[]byte) {
	if cap(*buffer) <= maxBuffer {
		buffers.Put(buffer)
	}
}

// encode appends to dst what is kept of a value.
func (c codec) encode(dst, value []byte) []byte {
	if kept, ok := c.pack(dst, value); ok {
		return kept
	}
	if len(value) >= compressFrom {
		kept := c.encoder.EncodeAll(value, append(dst, zstdJSON))
		if len(kept)-len(dst) <= len(value) {
			return kept
		}
	}
	return append(append(dst, asItIs), value...)
}

// pack appends to dst what is kept of a row of JSON.
func (c codec) pack(dst, value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '{' {
		return nil, false
	}
	buffer := buffers.Get().(*[]byte)
	defer freeBuffer(buffer)
	row, ok := packed.Pack((*buffer)[:0], value)
	*buffer = row
	if !ok || len(row) > len(value) {
		return nil, false
	}
	if len(row) >= compressPackedFrom {
		if kept := c.compress(dst, row); len(kept)-len(dst) <= len(row) {
			return kept, true
		}
	}
	return append(append(dst, packedRow), row...), true
}

// compress appends to dst a packed row, compressed.
func (c codec) compress(dst, row []byte) []byte {
	if len(row) >= maxS2 {
		return c.packer.EncodeAll(row, append(dst, zstdPacked))
	}
	dst = slices.Grow(append(dst, s2Packed), s2.MaxEncodedLen(len(row)))
	kept := c.short.Encode(dst[len(dst):cap(dst)], row) // within dst: there is room
	return dst[:len(dst)+len(kept)]
}

// decode gives a value back. It does not keep kept.
func (c codec) decode(kept []byte) ([]byte, error) {
	if len(kept) == 0 {
		return nil, fmt.Errorf("a value of no bytes")
	}
	switch kept[0] {
	case asItIs:
		return append([]byte{}, kept[1:]...), nil
	case zstdJSON:
		return c.decoder.DecodeAll(kept[1:], []byte{})
	case packedRow:
		return packed.Unpack(make([]byte, 0, usualGain*len(kept)), kept[1:], maxValue)
	case zstdPacked:
		return c.unpack(kept[1:], c.decoder.DecodeAll)
	case s2Packed:
		return c.unpack(kept[1:], c.decompress)
	}
	return nil, fmt.Errorf("a value kept in form %d, which this program does not know", kept[0])
}

// usualGain is about how many times shorter a packed row is.
const usualGain = 3

// unpack gives back a row that was packed and compressed; decompress appends to dst what a frame was made of.
func (c codec) unpack(frame []byte, decompress func(frame, dst []byte) ([]byte, error)) ([]byte, error) {
	buffer := buffers.Get().(*[]byte)
	defer freeBuffer(buffer)
	row, err := decompress(frame, (*buffer)[:0])
	if err != nil {
		return nil, err
	}
	*buffer = row
	return packed.Unpack(make([]byte, 0, usualGain*len(row)), row, maxValue)
}

// decompress gives what S2 has made a frame of, in dst where it has room. A damaged frame may claim any length.
func (c codec) decompress(frame, dst []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(frame); err != nil || n >= maxS2 {
		return nil, fmt.Errorf("a compressed row of %d bytes: %w", n, s2.ErrCorrupt)
	}
	return c.short.Decode(dst, frame)
}
