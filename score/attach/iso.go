package attach

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	sector       = 2048
	maxDirectory = 64 << 10 // bytes of one directory of a disk image
)

// iso reads the files of a CD image (ECMA-119): by the names of each of its volumes, since Windows goes by Joliet's
// and others by the plain ones. One that is UDF alone is a disk image and no more.
func (w *work) iso(it item) {
	found := false
	seen := map[uint32]bool{}
	for at := 16 * sector; at+sector <= len(it.body) && at < 32*sector; at += sector {
		volume := it.body[at : at+sector]
		if string(volume[1:6]) != "CD001" || volume[0] == 255 {
			break
		}
		joliet := volume[0] == 2 && volume[88] == '%' && volume[89] == '/' // "Escape Sequences"
		if volume[0] == 1 || joliet {
			found = true
			disc{w, it, joliet, seen}.directory(extent(it.body, volume[156:190]), 8)
		}
	}
	if !found {
		w.unreadable(it, "iso: no ISO 9660 volume")
	}
}

// disc is a volume of a CD image that is walked through.
type disc struct {
	*work
	item
	joliet bool
	seen   map[uint32]bool // where files begin that were looked at, by whatever name
}

// extent is what a directory record names (ECMA-119 9.1).
func extent(body, record []byte) []byte {
	at := uint64(binary.LittleEndian.Uint32(record[2:])) * sector
	size := uint64(binary.LittleEndian.Uint32(record[10:]))
	length := uint64(len(body))
	return body[min(at, length):min(at+size, length)]
}

func (d disc) directory(records []byte, levels int) bool {
	if len(records) > maxDirectory {
		d.notRead("Of a directory in %q the first %d bytes were read.", d.item.name, maxDirectory)
		records = records[:maxDirectory]
	}
	for at := 0; at+34 <= len(records); {
		size := int(records[at])
		if size < 34 || at+size > len(records) { // the rest of the sector is empty
			at = (at/sector + 1) * sector
			continue
		}
		if !d.record(records[at:at+size], levels) {
			return false
		}
		at += size
	}
	return true
}

func (d disc) record(r []byte, levels int) bool {
	label := r[33:min(len(r), 33+int(r[32]))]
	if len(label) == 1 && label[0] <= 1 { // the directory itself, and the one above
		return true
	}
	title := d.title(label)
	if !d.countMember(d.item.name, title) {
		return false
	}
	if r[25]&2 != 0 {
		return levels == 0 || d.directory(extent(d.body, r), levels-1)
	}
	if at := binary.LittleEndian.Uint32(r[2:]); d.seen[at] {
		d.work.judgeName(title, "", d.depth+1)
	} else {
		d.seen[at] = true
		d.inspectStored(title, extent(d.body, r), d.depth)
	}
	return true
}

// title is a name in lower case, without the version after it.
func (d disc) title(label []byte) string {
	text := string(label)
	if d.joliet {
		units := make([]uint16, 0, len(label)/2)
		for pair := range slices.Chunk(label[:len(label)&^1], 2) {
			units = append(units, binary.BigEndian.Uint16(pair))
		}
		text = string(utf16.Decode(units))
	}
	text, _, _ = strings.Cut(text, ";")
	return strings.ToLower(strings.TrimSuffix(text, "."))
}
