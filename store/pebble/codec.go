package pebble

import (
	_ "embed" // for the dictionary
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"clawback/store/packed"
)

// A value begins with a byte that says how the rest is kept. The numbers are part of what is on the disk.
const (
	asItIs     = 0
	zstdJSON   = 1 // JSON, by zstd with the dictionary below: what was written before the forms that follow
	packedRow  = 2 // JSON that was packed
	zstdPacked = 3 // JSON that was packed, by zstd with the dictionary in packed.dict
)

// The sizes from which a value is compressed, and a packed one: below them the frame costs as much as it saves.
const (
	compressFrom       = 96
	compressPackedFrom = 48
)

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
	packer  *zstd.Encoder // of packed rows
	decoder *zstd.Decoder // of both: a frame bears the number of its dictionary
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
	return codec{encoder, packer, decoder}, err
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

// encode is what is kept of a value.
func (c codec) encode(value []byte) []byte {
	if kept, ok := c.pack(value); ok {
		return kept
	}
	if len(value) >= compressFrom {
		kept := c.encoder.EncodeAll(value, append(make([]byte, 0, len(value)), zstdJSON))
		if len(kept) <= len(value) {
			return kept
		}
	}
	return append(append(make([]byte, 0, len(value)+1), asItIs), value...)
}

// pack is what is kept of a row of JSON.
func (c codec) pack(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '{' {
		return nil, false
	}
	buffer := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= maxBuffer {
			buffers.Put(buffer)
		}
	}()
	row, ok := packed.Pack((*buffer)[:0], value)
	*buffer = row
	if !ok || len(row) > len(value) {
		return nil, false
	}
	if len(row) >= compressPackedFrom {
		if kept := c.packer.EncodeAll(row, append(make([]byte, 0, len(row)), zstdPacked)); len(kept) <= len(row) {
			return kept, true
		}
	}
	return append(append(make([]byte, 0, len(row)+1), packedRow), row...), true
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
		return c.unpack(kept[1:])
	}
	return nil, fmt.Errorf("a value kept in form %d, which this program does not know", kept[0])
}

// usualGain is about how many times shorter a packed row is.
const usualGain = 3

func (c codec) unpack(frame []byte) ([]byte, error) {
	buffer := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= maxBuffer {
			buffers.Put(buffer)
		}
	}()
	row, err := c.decoder.DecodeAll(frame, (*buffer)[:0])
	if err != nil {
		return nil, err
	}
	*buffer = row
	return packed.Unpack(make([]byte, 0, usualGain*len(row)), row, maxValue)
}
