package attach

import "slices"

// szStreams reads how the octets of a 7z archive are packed: pack info, folders, and the files in each folder.
func szStreams(c *cursor, data []byte) []folder {
	var packed [][]byte
	var folders []folder
	for !c.short {
		switch c.uint8() {
		case 0x00:
			return folders
		case 0x06:
			packed = szPacked(c, data)
		case 0x07:
			folders = szFolders(c, packed)
		case 0x08:
			szSubstreams(c, folders)
		default:
			c.short = true
		}
	}
	return nil
}

// szPacked cuts out the packed streams.
func szPacked(c *cursor, data []byte) [][]byte {
	at := cursor{rest: data}
	at.skip(c.number())
	streams := make([][]byte, c.count(maxFolders))
	for !c.short {
		switch c.uint8() {
		case 0x00:
			return streams
		case 0x09:
			for i := range streams {
				streams[i] = at.next(c.number())
			}
		case 0x0a:
			szDigests(c, len(streams))
		default:
			c.short = true
		}
	}
	return nil
}

// szDigests passes over n checksums, and answers which there are: a list of bits, or all, and four octets for each.
func szDigests(c *cursor, n int) func(int) bool {
	if c.uint8() != 0 {
		c.skip(4 * uint64(n))
		return func(int) bool { return true }
	}
	set := c.next(uint64(n+7) / 8)
	is := func(i int) bool { return i/8 < len(set) && set[i/8]&(0x80>>(i%8)) != 0 }
	for i := range n {
		if is(i) {
			c.skip(4)
		}
	}
	return is
}

func szFolders(c *cursor, packed [][]byte) []folder {
	if c.uint8() != 0x0b {
		c.short = true
		return nil
	}
	folders := make([]folder, c.count(maxFolders))
	c.skip(1) // not elsewhere
	outputs := make([]int, len(folders))
	for i := range folders {
		var inputs int
		folders[i].coders, inputs, outputs[i] = szCoders(c)
		if inputs = min(inputs, len(packed)); inputs > 0 {
			folders[i].packed, packed = packed[0], packed[inputs:]
		}
	}
	for !c.short {
		switch c.uint8() {
		case 0x00:
			return folders
		case 0x0c:
			for i := range folders {
				szSizes(c, &folders[i], outputs[i])
			}
		case 0x0a:
			is := szDigests(c, len(folders))
			for i := range folders {
				folders[i].summed = is(i)
			}
		default:
			c.short = true
		}
	}
	return nil
}

// szSizes reads what each coder gives. The last that is undone gives what the folder holds: until it is said
// otherwise, one file.
func szSizes(c *cursor, f *folder, outputs int) {
	sizes := make([]uint64, outputs)
	for i := range sizes {
		sizes[i] = c.number()
	}
	for i := range f.coders {
		if place := f.coders[i].place; place < len(sizes) {
			f.coders[i].size = sizes[place]
			f.sizes = []uint64{sizes[place]}
		}
	}
}

// szCoders reads the coders of a folder, in the order in which they are undone, and answers how many streams go in
// and come out. Only chains are unpacked: one with another shape has a coder that is not read.
func szCoders(c *cursor) (coders []coder, inputs, outputs int) {
	plain := true
	for place := range c.count(32) {
		flags := c.uint8()
		next := coder{method: string(c.next(uint64(flags & 0x0f))), place: place}
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = c.count(32), c.count(32)
		}
		if flags&0x20 != 0 {
			next.properties = c.next(c.number())
		}
		plain = plain && in == 1 && out == 1
		inputs, outputs = inputs+in, outputs+out
		coders = append(coders, next)
	}
	bound := map[uint64]uint64{} // which output an input takes
	for range outputs - 1 {
		in := c.number()
		bound[in] = c.number()
	}
	streams := inputs - max(0, outputs-1)
	if streams > 1 {
		for range streams {
			c.number()
		}
	}
	if chain := szChain(coders, bound); plain && chain != nil {
		return chain, streams, outputs
	}
	return []coder{{method: szKind(coders)}}, streams, outputs
}

// szChain puts coders that each take what one other gives in the order in which they are undone, nil where they are
// no chain.
func szChain(coders []coder, bound map[uint64]uint64) []coder {
	var chain []coder
	for len(chain) < len(coders) {
		next := slices.IndexFunc(coders, func(c coder) bool {
			from, is := bound[uint64(c.place)]
			if len(chain) == 0 {
				return !is
			}
			return is && from == uint64(chain[len(chain)-1].place)
		})
		if next < 0 || len(chain) == maxCoders {
			return nil
		}
		chain = append(chain, coders[next])
	}
	return chain
}

// szKind is a method that is not read, or that of encryption where one of the coders is that.
func szKind(coders []coder) string {
	for _, c := range coders {
		if c.method == szAES {
			return szAES
		}
	}
	return "\xff"
}

// szSubstreams reads how many files are in each folder, and how long they are.
func szSubstreams(c *cursor, folders []folder) {
	for !c.short {
		switch c.uint8() {
		case 0x00:
			return
		case 0x0d:
			szSplit(c, folders)
		case 0x09:
			for i := range folders {
				szFileSizes(c, folders[i].sizes)
			}
		case 0x0a:
			n := 0
			for _, f := range folders {
				if len(f.sizes) != 1 || !f.summed {
					n += len(f.sizes)
				}
			}
			szDigests(c, n)
		default:
			c.short = true
		}
	}
}

// szSplit makes room for the sizes of the files of each folder. Until they are read, the last one has all.
func szSplit(c *cursor, folders []folder) {
	left := maxEntries
	for i := range folders {
		f := &folders[i]
		n := c.count(left)
		left -= n
		sizes := make([]uint64, n)
		if n > 0 && len(f.sizes) > 0 {
			sizes[n-1] = f.sizes[0]
		}
		f.sizes = sizes
	}
}

// szFileSizes reads the sizes of all files of a folder but the last, which has what is left.
func szFileSizes(c *cursor, sizes []uint64) {
	for i := 0; i+1 < len(sizes); i++ {
		sizes[i] = c.number()
		sizes[len(sizes)-1] -= min(sizes[i], sizes[len(sizes)-1])
	}
}
