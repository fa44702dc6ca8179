package index

// A filter says of a hash that it is not there, or that it may be. It is cut into blocks of a cache line, and all bits
// of one hash are in one block, so that a question touches one line.
const (
	blockSize   = 64 // bytes
	bitsPerHash = 10
	probes      = 6 // bits of a hash: about 1 in 80 that are not there is taken to be
)

// newFilter makes the filter of a set of hashes, as segments have them.
func newFilter(hashes []uint64) []byte {
	blocks := max(1, (len(hashes)*bitsPerHash+8*blockSize-1)/(8*blockSize))
	f := make(filter, blocks*blockSize)
	for _, h := range hashes {
		block, bits := f.place(h)
		for range probes {
			block[bits>>3&(blockSize-1)] |= 1 << (bits & 7)
			bits >>= 9
		}
	}
	return f
}

// filter is the bytes of a filter.
type filter []byte

// place is the block of a hash and the numbers of its bits, nine bits each.
func (f filter) place(h uint64) (block []byte, bits uint64) {
	mixed := h * 0x9e3779b97f4a7c15 // hashes are cut: what is left is spread over all bits
	n := (mixed >> 32) % uint64(len(f)/blockSize)
	return f[n*blockSize : (n+1)*blockSize], (h ^ mixed<<7) * 0xff51afd7ed558ccd >> 10
}

// has reports whether a hash may be in the set.
func (f filter) has(h uint64) bool {
	block, bits := f.place(h)
	for range probes {
		if block[bits>>3&(blockSize-1)]&(1<<(bits&7)) == 0 {
			return false
		}
		bits >>= 9
	}
	return true
}
