package mailgen

import "bytes"

// Barren is deflate that holds nothing: blocks with tables of their own and no more than an end, eleven octets each.
func Barren(size int) []byte {
	var out []byte
	bits := uint(0)
	put := func(v, n uint) {
		for i := range n {
			if bits%8 == 0 {
				out = append(out, 0)
			}
			out[len(out)-1] |= byte(v>>i&1) << (bits % 8)
			bits++
		}
	}
	for range 4 { // RFC 1951, section 3.2.7: four blocks of 90 bits are 45 octets
		put(0, 1)
		put(2, 2) // dynamic codes
		put(0, 5)
		put(0, 5)
		put(14, 4) // 18 lengths of code lengths: those of 18 and 1 are one bit
		for i := range 18 {
			length := uint(0)
			if i == 2 || i == 17 {
				length = 1
			}
			put(length, 3)
		}
		put(1|(138-11)<<1, 8) // 138 and 118 literals that do not occur
		put(1|(118-11)<<1, 8)
		put(0, 3) // the end of the block, a distance; the block ends
	}
	return bytes.Repeat(out, size/len(out)+1)
}
