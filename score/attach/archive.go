package attach

import (
	"bytes"
	"strings"
)

// countMember counts a file inside an archive. It answers false when there were enough.
func (w *work) countMember(archive, name string) bool {
	if w.names -= costOfName(name); w.names < 0 {
		w.notRead("Of the archive %q not all names were read.", archive)
		return false
	}
	if len(w.report.Files) < maxListed {
		w.report.Files = append(w.report.Files, strings.ToValidUTF8(name[max(0, len(name)-maxName):], "\ufffd"))
	}
	return true
}

// entries goes over the entries of an archive, and records where there are more than are read.
func (w *work) entries(archive string) func(func() bool) {
	return func(yield func() bool) {
		for range maxEntries {
			if !yield() {
				return
			}
		}
		w.notRead("Of the archive %q the first %d entries were read.", archive, maxEntries)
	}
}

// costOfName is how many names a name counts for: long ones cost as much as several.
func costOfName(name string) int { return 1 + len(name)/100 }

// tooMany records that no more files are looked into.
func (w *work) tooMany(name string) {
	w.notRead("The file %q was not looked into: there were too many files before it.", name)
}

// admit answers whether the content of a file inside another is looked at, and counts it. Where it is not, its
// judgeName is judged.
func (w *work) admit(name string, depth int) bool {
	switch {
	case depth >= w.deepest:
		w.notRead("The file %q was not looked into: it lies in too many others.", name)
	case w.left <= 0:
		w.notRead("The file %q was not looked into: too much was unpacked before it.", name)
	case w.files <= 0:
		w.tooMany(name)
	default:
		w.files--
		return true
	}
	w.judgeName(strings.ToLower(name), "", depth+1)
	return false
}

// inspectStored looks at a file that stands in another as it is. It is paid for, since several names may lead to the
// same bytes.
func (w *work) inspectStored(name string, body []byte, depth int) {
	name = strings.ToLower(name)
	if !w.admit(name, depth) {
		return
	}
	it := item{name: name, body: body[:min(len(body), maxInner)], depth: depth + 1, cut: len(body) > maxInner}
	w.left -= int64(len(it.body))
	w.cutFile(it)
	w.file(it)
}

// inspectPacked looks at a file that a decoder gives, after admit. It answers false where the decoder failed.
func (w *work) inspectPacked(name string, s stream, depth int) bool {
	name = strings.ToLower(name)
	return w.decode(s, maxInner, func(b []byte, cut bool) {
		it := item{name: name, body: b, depth: depth + 1, cut: cut}
		if cut && s.from != nil && int64(len(b)) > bombRatio*s.from.taken {
			w.addFinding("archive_bomb", "The file %q unpacks to more than two hundred times its size.", name)
		}
		w.cutFile(it)
		w.file(it)
	})
}

// cutFile records that a file is looked at only as far as its limit, where what follows may matter.
func (w *work) cutFile(it item) {
	if it.cut && !passive(Sniff(it.body)) {
		w.notRead("Of the file %q the first %d bytes were read.", it.name, len(it.body))
	}
}

// passive reports whether nothing of interest stands at the end of files of a kind.
func passive(kind string) bool {
	switch kind {
	case "png", "jpeg", "gif", "bmp", "tiff", "webp", "riff", "mp4", "mp3", "text", "xml":
		return true
	}
	return false
}

// isArchive reports whether files of a kind are opened to take other files out of them.
func isArchive(kind string) bool {
	switch kind {
	case "zip", "rar", "7z", "cab", "tar", "gzip", "bzip2", "xz", "zstd", "iso", "lzh", "arj", "ace":
		return true
	}
	return false
}

// archiveMarks are how archives begin that programs look for behind other bytes, by the extension that makes them do
// so.
var archiveMarks = map[string][]string{
	"rar": {"Rar!\x1a\x07"}, "r00": {"Rar!\x1a\x07"}, "cbr": {"Rar!\x1a\x07"},
	"7z": {"7z\xbc\xaf\x27\x1c"}, "cab": {"MSCF\x00\x00\x00\x00"},
	"iso": nil, "zip": nil,
}

// maxAhead is how far programs look for an archive behind other bytes: WinRAR 4 MiB, 7-Zip 1 MiB and more for some
// kinds.
const maxAhead = 4 << 20

// embedded is an archive that stands behind other bytes.
type embedded struct {
	kind string
	at   int
}

// hiddenArchive finds an archive that does not stand where the kind of a file is told by, and that programs open all
// the same.
func hiddenArchive(it item, kind, extension string) *embedded {
	zipNamed := extension == "zip" || extension == "jar" || extension == "apk"
	// Documents hold archives, which are no second reading.
	if kind != "zip" && (kind != "ole" || zipNamed) && zipTail(it.body, zipNamed) {
		return &embedded{"zip", 0} // its reader finds the beginning by the end
	}
	for _, mark := range archiveMarks[extension] {
		if kind == "rar" || kind == "7z" || kind == "cab" {
			break
		}
		if at := bytes.Index(it.body[:min(len(it.body), maxAhead)], []byte(mark)); at > 0 {
			return &embedded{Sniff(it.body[at:]), at}
		}
	}
	return nil
}

// hidden reads an archive that stands behind other bytes.
func (w *work) hidden(it item, kind string, e embedded) {
	open := w.opener(e.kind)
	if open == nil {
		return
	}
	if kind != "pe" && kind != "dos" && kind != "elf" { // programs that unpack themselves are known as programs
		w.ambiguous(it.name, "an archive ("+e.kind+") stands behind other bytes")
	}
	it.body = it.body[e.at:]
	open(it)
}

// follows looks at what stands behind the end of an archive: a second one is opened by some programs, and by others
// the first.
func (w *work) follows(it item, rest []byte) {
	rest = bytes.TrimLeft(rest, "\x00")
	if len(rest) < 8 {
		return
	}
	if kind := Sniff(rest); isArchive(kind) && !it.cut {
		w.ambiguous(it.name, "another file ("+kind+") follows its end")
		w.inspectStored("what follows "+it.name, rest, it.depth)
	}
}
