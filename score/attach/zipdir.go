package attach

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// findEnds finds the records that end a directory (APPNOTE 4.3.16), from one place on: the last of them, the very last
// first.
func (z *zipArchive) findEnds(from int) {
	for at := from; ; at += len(zipEnd) {
		found := bytes.Index(z.body[at:], []byte(zipEnd))
		if found < 0 || at+found+22 > len(z.body) {
			break
		}
		at += found
		if len(z.ends) == maxZipEnds {
			z.ends = append(z.ends[:0], z.ends[1:]...)
		}
		z.ends = append(z.ends, at)
	}
	slices.Reverse(z.ends)
}

// more reports whether there are ends before those that were looked at, and that lie in no file of the archive.
func (z *zipArchive) more() bool {
	if len(z.ends) < maxZipEnds {
		return false
	}
	before := z.body[:z.ends[len(z.ends)-1]]
	for at := 0; ; at += len(zipEnd) {
		found := bytes.Index(before[at:], []byte(zipEnd))
		if found < 0 {
			return false
		}
		if at += found; !z.covers(at) {
			return true
		}
	}
}

// directories answers where the directory that ends at end may begin: programs go by its size, by its place, or by
// the record of 64 bits.
func (z *zipArchive) directories(end int) []int {
	if end+22 > len(z.body) {
		return nil
	}
	c := cursor{rest: z.body[end+12:]}
	size, offset := uint64(c.uint32()), uint64(c.uint32())
	places := []uint64{uint64(end) - size, offset}
	if end >= 20 && string(z.body[end-20:end-16]) == zipFind {
		at := binary.LittleEndian.Uint64(z.body[end-12:])
		for _, record := range []uint64{at, uint64(end) - 20 - 56} {
			if record < uint64(end) && record+56 <= uint64(end) && string(z.body[record:record+4]) == zipEnd64 {
				c := cursor{rest: z.body[record+40:]}
				size, offset := c.uint64(), c.uint64()
				places = append(places, offset, record-size)
			}
		}
	}
	var found []int
	for _, p := range places {
		begins := p < uint64(end) && p+4 <= uint64(len(z.body)) && string(z.body[p:p+4]) == zipEntry
		if begins && !slices.Contains(found, int(p)) {
			found = append(found, int(p))
		}
	}
	return found
}

// members reads the files that a directory names and that were not read before, and answers what is odd about it.
func (z *zipArchive) members(end int) (all []zipMember, why string) {
	places := z.directories(end)
	count := int(binary.LittleEndian.Uint16(z.body[end+10:]))
	if len(places) > 1 {
		why = "its directory stands in several places"
	}
	for _, at := range places {
		shift := 0 // what stands before the archive is not counted in its offsets
		if by := int(binary.LittleEndian.Uint32(z.body[end+16:])); at > by {
			shift = at - by
		}
		n, start := 0, at
		for z.left > 0 && at+46 <= end && string(z.body[at:at+4]) == zipEntry {
			m, next := z.entry(at, shift)
			if next > len(z.body) {
				break
			}
			all = z.add(all, m)
			at, n, z.left = next, n+1, z.left-costOfName(m.names[0])
		}
		size := binary.LittleEndian.Uint32(z.body[end+12:])
		counted := n&0xffff == count || count == 0xffff
		sized := size == 0xffffffff || at-start <= int(size)
		if why == "" && z.left > 0 && !(counted && sized) {
			why = "its directory does not hold as many files as it says"
		}
	}
	return all, why
}

// add adds a file, unless it was read before under the same names. The same bytes are looked at once, whatever they
// are called.
func (z *zipArchive) add(all []zipMember, m zipMember) []zipMember {
	before := z.seen[m.at]
	again := false
	for _, have := range before {
		if slices.Equal(have.methods, m.methods) && len(have.packed) == len(m.packed) {
			if slices.Equal(have.names, m.names) {
				return all
			}
			again = true
		}
	}
	if again || len(before) > 8 {
		m.packed = m.packed[:0]
		return append(all, m)
	}
	z.seen[m.at] = append(before, m)
	return append(all, m)
}

// entry reads one entry of a directory, and the local header that it leads to (APPNOTE 4.3.12). It answers where the
// next one begins.
func (z *zipArchive) entry(at, shift int) (m zipMember, next int) {
	c := cursor{rest: z.body[at+8:]}
	flags, method := c.uint16(), c.uint16()
	c.skip(8)
	packed, size := uint64(c.uint32()), uint64(c.uint32())
	nameLength, extraLength, commentLength := uint64(c.uint16()), uint64(c.uint16()), uint64(c.uint16())
	c.skip(8)
	offset := uint64(c.uint32())
	name := zipName(c.next(nameLength))
	extra := c.next(extraLength)
	c.skip(commentLength)
	if c.short {
		return m, len(z.body) + 1
	}
	wide64(extra, &size, &packed, &offset)
	m = zipMember{
		names: append([]string{name}, unicodePath(extra, name)...), methods: []uint16{method},
		encrypted: flags&1 != 0, size: size, at: -1,
	}
	for _, place := range []uint64{offset + uint64(shift), offset} {
		if place+30 <= uint64(len(z.body)) && string(z.body[place:place+4]) == zipLocal {
			z.local(&m, int(place), packed, flags)
			break
		}
	}
	if m.at < 0 {
		m.conflict = "its directory leads to where no file is"
	}
	return m, len(z.body) - len(c.rest)
}

// local reads the local header of a file (APPNOTE 4.3.7) and compares it with what the directory says.
func (z *zipArchive) local(m *zipMember, at int, packed uint64, flags uint16) {
	h, rest, ok := zipLocalHeader(z.body[at:])
	if !ok {
		return
	}
	m.at = at
	m.end = len(z.body) - len(rest) + int(min(packed, uint64(len(rest))))
	m.packed = z.body[len(z.body)-len(rest) : m.end]
	if flags&(1<<13) != 0 { // headers are masked (APPNOTE 4.4.4)
		return
	}
	name := zipName(h.name)
	switch {
	case !sameName(name, m.names[0]):
		m.conflict = "a file has one name in the directory and another one before it"
	case h.method != m.methods[0]:
		m.conflict = "a file is packed by one method in the directory and by another one before it"
		m.methods = append(m.methods, h.method)
	case h.flags&1 != flags&1:
		m.conflict = "a file is encrypted in one place and not in another"
		m.encrypted = false
	case h.flags&8 == 0 && h.packed != 0xffffffff && h.packed != packed:
		m.conflict = "a file has one size in the directory and another one before it"
		m.packed = rest[:min(max(h.packed, packed), uint64(len(rest)))]
		m.end = len(z.body) - len(rest) + len(m.packed)
	}
	for _, other := range append([]string{name}, unicodePath(h.extra, name)...) {
		if other != "" && !slices.Contains(m.names, other) {
			m.names = append(m.names, other)
		}
	}
}

// zipHeader is a local header.
type zipHeader struct {
	flags, method uint16
	packed, size  uint64
	name, extra   []byte
}

func zipLocalHeader(b []byte) (h zipHeader, rest []byte, ok bool) {
	c := cursor{rest: b}
	c.skip(6)
	h.flags, h.method = c.uint16(), c.uint16()
	c.skip(8)
	h.packed, h.size = uint64(c.uint32()), uint64(c.uint32())
	nameLength, extraLength := uint64(c.uint16()), uint64(c.uint16())
	h.name, h.extra = c.next(nameLength), c.next(extraLength)
	return h, c.rest, !c.short
}

// zipName is a name, or its end: many entries may lead to one long name.
func zipName(b []byte) string { return string(b[max(0, len(b)-maxName):]) }

// sameName compares names as Windows does.
func sameName(a, b string) bool {
	slash := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), `\`, "/") }
	return slash(a) == slash(b)
}

// wide64 takes sizes of 64 bits from an extra field where the entry's own are full (APPNOTE 4.5.3).
func wide64(extra []byte, numbers ...*uint64) {
	c := cursor{rest: zipExtra(extra, 0x0001)}
	for _, n := range numbers {
		if *n == 0xffffffff && len(c.rest) >= 8 {
			*n = c.uint64()
		}
	}
}

// unicodePath is the name in an extra field that some programs go by (APPNOTE 4.6.9).
func unicodePath(extra []byte, name string) []string {
	if path := zipExtra(extra, 0x7075); len(path) > 5 && string(path[5:]) != name {
		return []string{zipName(path[5:])}
	}
	return nil
}

// zipExtra finds an extra field (APPNOTE 4.5.1).
func zipExtra(extra []byte, id uint16) []byte {
	for c := (cursor{rest: extra}); len(c.rest) >= 4; {
		this, value := c.uint16(), []byte(nil)
		value = c.next(uint64(c.uint16()))
		if this == id {
			return value
		}
	}
	return nil
}

// covers reports whether a place lies in a file that was read.
func (z *zipArchive) covers(at int) bool {
	i, found := slices.BinarySearchFunc(z.covered, at, func(s zipSpan, at int) int { return cmp.Compare(s.from, at) })
	return found || i > 0 && at < z.covered[i-1].to
}

// cover notes that a span is known to be filled. Spans that begin in others are left out, so that they stay in order.
func (z *zipArchive) cover(from, to int) {
	if from < 0 || from >= to || z.covers(from) {
		return
	}
	i, _ := slices.BinarySearchFunc(z.covered, from, func(s zipSpan, at int) int { return cmp.Compare(s.from, at) })
	z.covered = slices.Insert(z.covered, i, zipSpan{from, to})
}

// loose finds files that no directory names, by their local headers, as programs do that read an archive from its
// beginning.
func (z *zipArchive) loose() (all []zipMember) {
	at := 0
	for range maxZipLoose {
		found := bytes.Index(z.body[at:], []byte(zipLocal))
		if found < 0 || z.left <= 0 {
			return all
		}
		at += found
		if z.covers(at) {
			at = max(at+4, z.past(at))
			continue
		}
		m, ok := z.looseMember(at)
		if at += 4; !ok || len(z.seen[m.at]) > 0 {
			continue
		}
		z.left -= costOfName(m.names[0])
		all = append(all, m)
		if m.methods[0] == 0 { // what is in it is looked at as it stands
			at = max(at, m.end)
		}
	}
	z.looseMore = true
	return all
}

// past is where the file ends that covers a place.
func (z *zipArchive) past(at int) int {
	i, _ := slices.BinarySearchFunc(z.covered, at+1, func(s zipSpan, at int) int { return cmp.Compare(s.from, at) })
	return z.covered[i-1].to
}

// looseMember reads a file by its local header alone.
func (z *zipArchive) looseMember(at int) (m zipMember, ok bool) {
	h, rest, ok := zipLocalHeader(z.body[at:])
	if !ok || h.method > 99 || len(h.name) == 0 || bytes.ContainsFunc(h.name, func(r rune) bool { return r < ' ' }) {
		return m, false
	}
	name := zipName(h.name)
	start := len(z.body) - len(rest)
	length, end := len(rest), start // where its size is not known, nothing is known to be filled
	switch {
	case h.flags&8 == 0:
		length = int(min(h.packed, uint64(len(rest))))
		end = start + length
	case h.method == 0: // its size follows it
		if stop := bytes.Index(rest, []byte("PK\x07\x08")); stop >= 0 {
			length, end = stop, start+stop
		}
	}
	m = zipMember{
		names: append([]string{name}, unicodePath(h.extra, name)...), methods: []uint16{h.method},
		encrypted: h.flags&1 != 0, size: h.size, at: at, end: end, packed: rest[:length],
	}
	return m, true
}
