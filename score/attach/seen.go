package attach

import (
	"crypto/sha256"
	"encoding/binary"
)

// maxSeen is how many pictures each half of a Seen holds: some 60 bytes each.
const maxSeen = 4096

// Seen remembers the pictures in which no QR code was found. Letterheads and signatures come in message after message,
// and decoding one takes as long as all that is done for a plain message. What it leaves out changes no report: the
// same bytes give the same, and are paid for as if they had been decoded. It is for one goroutine at a time.
type Seen struct {
	young, old map[seenKey]int64 // bytes that unpacking it took off the limit
}

type seenKey [sha256.Size]byte

// NewSeen remembers nothing yet.
func NewSeen() *Seen { return &Seen{young: map[seenKey]int64{}} }

// keyOf is the hash of a picture and of what its pixels are read by.
func keyOf(body []byte, form ...uint32) (key seenKey) {
	h := sha256.New()
	var size [4]byte
	for _, n := range form {
		h.Write(binary.LittleEndian.AppendUint32(size[:0], n))
	}
	h.Write(body)
	h.Sum(key[:0])
	return key
}

func (s *Seen) has(key seenKey) (cost int64, ok bool) {
	if s == nil {
		return 0, false
	}
	if cost, ok = s.young[key]; ok {
		return cost, true
	}
	if cost, ok = s.old[key]; ok {
		s.add(key, cost) // one that comes again stays
	}
	return cost, ok
}

// add remembers a picture. When the young half is full the old one is forgotten.
func (s *Seen) add(key seenKey, cost int64) {
	if s == nil {
		return
	}
	if len(s.young) >= maxSeen {
		s.old, s.young = s.young, map[seenKey]int64{}
	}
	s.young[key] = cost
}
