package pebble

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// A value begins with a byte that says how the rest is kept. The numbers are part of what is on the disk.
const (
	asItIs   = 0
	zstdJSON = 1 // zstd with the dictionary below
)

// compressFrom is the size from which a value is compressed: below it the frame costs as much as it saves.
const compressFrom = 96

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

// codec compresses values. Safe for concurrent use.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() (codec, error) {
	const id = 1
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(id, []byte(dictionary)), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(64<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return codec{}, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, []byte(dictionary)), zstd.WithDecoderMaxMemory(maxValue),
		zstd.WithDecoderConcurrency(0))
	return codec{encoder, decoder}, err
}

// encode is what is kept of a value.
func (c codec) encode(value []byte) []byte {
	if len(value) >= compressFrom {
		packed := c.encoder.EncodeAll(value, append(make([]byte, 0, len(value)), zstdJSON))
		if len(packed) <= len(value) {
			return packed
		}
	}
	return append(append(make([]byte, 0, len(value)+1), asItIs), value...)
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
	}
	return nil, fmt.Errorf("a value kept in form %d, which this program does not know", kept[0])
}
