package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A batch in a segment is a frame and behind it the bodies, all in whole blocks. The frame, in little endian:
//
//	 0  8  magic
//	 8 16  the run, which is in the segment's name as well
//	24  4  bytes of the frame
//	28  4  number of entries
//	32  8  bytes from here to the next frame
//	40  4  CRC-32C of the frame, with zeros in this place
//	44     for each entry: bytes of its body, 8, or -1 for none; CRC-32C of them, 4; bytes of its note, 4; the note
//
// The run is drawn at random and told to nobody, so that no message can bring a frame along which passes for one of
// ours.
const (
	frameMagic = "cblog\x00\x01\n"
	runDigits  = 16
	frameHead  = 8 + runDigits + 4 + 4 + 8 + 4
	entryHead  = 8 + 4 + 4
	crcAt      = frameHead - 4
	maxFrame   = 64 << 20
	maxSpan    = 1 << 40
)

// errNoFrame is of bytes that are no whole frame of this run.
var errNoFrame = errors.New("no frame")

// frameBytes is how many bytes the frame of a batch has.
func frameBytes(batch []*Entry) int64 {
	n := int64(frameHead)
	for _, e := range batch {
		n += entryHead + int64(len(e.Note))
	}
	return n
}

// appendFrame appends the frame of a batch to dst, which is empty.
func appendFrame(dst []byte, run string, batch []*Entry) []byte {
	size := frameBytes(batch)
	span := blocks(size)
	for _, e := range batch {
		span += blocks(e.size())
	}
	dst = append(append(dst, frameMagic...), run...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(size))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(batch)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(span))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	for _, e := range batch {
		dst = e.appendTo(dst)
	}
	binary.LittleEndian.PutUint32(dst[crcAt:], crc32.Checksum(dst, castagnoli))
	return dst
}

func (e *Entry) appendTo(dst []byte) []byte {
	size, sum := int64(-1), uint32(0)
	if e.Body != nil {
		size, sum = e.Body.Size(), e.Body.crc
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(size))
	dst = binary.LittleEndian.AppendUint32(dst, sum)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Note)))
	return append(dst, e.Note...)
}

// head is what the beginning of a frame says.
type head struct {
	size  int64 // bytes of the frame
	count int
	span  int64 // bytes to the next frame
	crc   uint32
}

// parseHead reads the beginning of a frame. What it says is not checked against the checksum yet, but within bounds.
func parseHead(b []byte, run string) (head, error) {
	if len(b) < frameHead || string(b[:8]) != frameMagic || string(b[8:8+runDigits]) != run {
		return head{}, errNoFrame
	}
	size, count := binary.LittleEndian.Uint32(b[24:]), binary.LittleEndian.Uint32(b[28:])
	span := binary.LittleEndian.Uint64(b[32:])
	h := head{size: int64(size), count: int(count), span: int64(span), crc: binary.LittleEndian.Uint32(b[crcAt:])}
	if size < frameHead || size > maxFrame || int64(count)*entryHead > h.size || span > maxSpan ||
		h.span < blocks(h.size) || h.span%block != 0 {
		return head{}, errNoFrame
	}
	return h, nil
}

// parseFrame reads a whole frame, which begins at offset at of the file of this name. It changes b.
func parseFrame(b []byte, h head, name string, at int64) ([]Entry, error) {
	clear(b[crcAt:frameHead])
	if crc32.Checksum(b, castagnoli) != h.crc {
		return nil, errNoFrame
	}
	entries := make([]Entry, 0, h.count)
	rest, where := b[frameHead:], at+blocks(h.size)
	for range h.count {
		if len(rest) < entryHead {
			return nil, errNoFrame
		}
		size, sum := int64(binary.LittleEndian.Uint64(rest)), binary.LittleEndian.Uint32(rest[8:])
		note := int64(binary.LittleEndian.Uint32(rest[12:]))
		rest = rest[entryHead:]
		if note > int64(len(rest)) || size < -1 || size > at+h.span-where {
			return nil, errNoFrame
		}
		e := Entry{Note: rest[:note:note]}
		if size >= 0 {
			e.Ref = Ref{File: name, Offset: where, Size: size, CRC: sum}
			where += blocks(size)
		}
		entries, rest = append(entries, e), rest[note:]
	}
	if len(rest) > 0 || where != at+h.span {
		return nil, errNoFrame
	}
	return entries, nil
}
