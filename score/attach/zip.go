package attach

import (
	"bytes"
	"strings"
)

// Signatures of APPNOTE 4.3.
const (
	zipLocal = "PK\x03\x04"
	zipEntry = "PK\x01\x02"
	zipEnd   = "PK\x05\x06"
	zipEnd64 = "PK\x06\x06"
	zipFind  = "PK\x06\x07" // where the one before stands
)

const (
	maxZipEnds  = 16      // ends of a directory that are looked at in one file
	maxZipLoose = 100_000 // places at which a file may begin that no directory names
)

// zipMember is a file of a zip archive.
type zipMember struct {
	names     []string // the one in the directory first
	methods   []uint16 // by which it is packed: as the directory says, and as its own header says where that differs
	encrypted bool
	at, end   int    // from its local header to the end of its data, in the archive
	packed    []byte // nil: it is not there
	size      uint64 // unpacked, as it says
	conflict  string // how its two headers differ
}

// zipArchive is what is known of an archive.
type zipArchive struct {
	item
	office  bool                // it is a document of Office, whatever its name
	ends    []int               // where its directories end, the last one first
	seen    map[int][]zipMember // by where the local header stands
	covered []zipSpan           // that files are known to fill, in order
	left    int                 // how many more entries are read

	looseMore bool // not all files were looked for that no directory names
}

type zipSpan struct{ from, to int }

// zipTail reports whether a file ends as a zip archive, whatever it begins with. Of a file that is called one, all is
// searched.
func zipTail(body []byte, whole bool) bool {
	from := max(0, len(body)-(64<<10)-22)
	if whole {
		from = 0
	}
	z := zipArchive{item: item{body: body}}
	z.findEnds(from)
	return len(z.ends) > 0 && len(z.directories(z.ends[0])) > 0
}

// zip reads a zip archive in each way in which programs do: by each directory, the last one first, and by the files
// that no directory names.
func (w *work) zip(it item) {
	z := &zipArchive{item: it, seen: map[int][]zipMember{}, left: maxEntries}
	z.findEnds(0)
	any := false
	for i, end := range z.ends {
		if i > 0 && z.covers(end) {
			continue // of an archive inside this one
		}
		members, why := z.members(end)
		if i == 0 {
			z.office = isOffice(members)
		} else if len(members) > 0 {
			why = "it has several directories"
		}
		if why != "" && !it.cut {
			w.ambiguous(it.name, why)
		}
		any = any || len(members) > 0
		if !w.zipMembers(z, members) {
			return
		}
	}
	loose := z.loose()
	if len(loose) > 0 && !it.cut {
		w.ambiguous(it.name, "it holds files that its directory does not name")
	}
	w.zipMembers(z, loose)
	if !any && len(loose) == 0 && (len(z.ends) == 0 || len(it.body) > 22) {
		w.unreadable(it, "zip: it has no directory and no files")
	}
	if z.left <= 0 {
		w.notRead("Of the archive %q the first %d entries were read.", it.name, maxEntries)
	}
	if z.looseMore || z.more() {
		w.notRead("The archive %q was not read in every way in which it can be.", it.name)
	}
}

// zipMembers looks at files of the archive. It answers false when there were enough.
func (w *work) zipMembers(z *zipArchive, members []zipMember) bool {
	for i := range members {
		m := &members[i]
		if !w.countMember(z.name, m.names[0]) {
			return false
		}
		if m.conflict != "" {
			w.ambiguous(z.name, m.conflict)
		}
		for _, other := range m.names[1:] {
			w.judgeName(strings.ToLower(other), "", z.depth+1)
		}
		if w.zipMember(z, m) {
			z.cover(m.at, m.end)
		}
	}
	return true
}

// zipMember looks at one file, and answers whether it is known what its bytes are.
func (w *work) zipMember(z *zipArchive, m *zipMember) (known bool) {
	inner := strings.ToLower(m.names[0])
	w.report.Encrypted = w.report.Encrypted || m.encrypted
	switch {
	case m.encrypted || m.packed == nil || strings.HasSuffix(inner, "/"):
		w.judgeName(inner, "", z.depth+1)
		return !m.encrypted && m.packed != nil
	case m.size > 200<<20 && uint64(len(m.packed))*bombRatio < m.size:
		w.judgeName(inner, "", z.depth+1)
		w.addFinding("archive_bomb", "The file %q in %q would unpack to more than two hundred times its size.", inner,
			z.name)
		return true
	}
	if z.office {
		part := w.officePart(z.item, m)
		if officeFile(z.name) {
			if !part {
				w.judgeName(inner, "", z.depth+1)
			}
			return true
		}
	}
	if !w.admit(inner, z.depth) {
		return true
	}
	for _, method := range m.methods {
		s, ok := w.zipped(m, method)
		if !ok {
			w.judgeName(inner, "", z.depth+1)
			w.unreadable(z.item, "zip: files are packed by a method that is not read")
			continue
		}
		known = w.inspectPacked(inner, s, z.depth) || known
	}
	return known
}

// zipped reads what is packed by a method that can be read (APPNOTE 4.4.5).
func (w *work) zipped(m *zipMember, method uint16) (stream, bool) {
	switch method {
	case 0:
		return plain(bytes.NewReader(m.packed)), true
	case 8:
		return w.deflated(bytes.NewReader(m.packed)), true
	case 12:
		return w.bzipped(m.packed), true
	case 14: // APPNOTE 5.8.8: version, size of the properties, properties
		c := cursor{rest: m.packed}
		c.skip(2)
		properties := c.next(uint64(c.uint16()))
		return w.lzma(properties, m.size, c.rest), !c.short
	case 93:
		return w.zstandard(m.packed)
	}
	return stream{}, false
}
