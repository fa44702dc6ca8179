package attach

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"clawback/internal/cfb"
)

// maxOLE is how many storages and streams of a file are looked at.
const maxOLE = 2000

// maxMacro is how many bytes of a module of macros are read, and maxRTF of a document in RTF.
const (
	maxMacro = 1 << 20
	maxRTF   = 8 << 20
)

// ole looks at the streams of an OLE2 file: the old Office formats, macros, encrypted packages.
func (w *work) ole(it item) {
	name := it.name
	doc, err := cfb.Of(it.body)
	if err != nil {
		w.unreadable(it, "ole: "+err.Error())
		return
	}
	root := doc.Root()
	children := doc.Children(root)
	if slices.ContainsFunc(children, msgEntry) {
		w.msg(it, doc, children, 0)
		return
	}
	seen := 0
	for storages := []storage{{root, children}}; len(storages) > 0; storages = storages[1:] {
		for _, entry := range storages[0].children {
			if seen++; seen > maxOLE || w.left <= 0 {
				w.notRead("Of the document %q the first %d streams were read.", name, seen-1)
				return
			}
			w.stream(it, doc, storages[0].Entry, entry)
			if entry.Storage {
				storages = append(storages, storage{entry, doc.Children(entry)})
			}
		}
	}
}

// storage is a storage of a compound file, and what is in it.
type storage struct {
	cfb.Entry
	children []cfb.Entry
}

func (w *work) stream(it item, doc *cfb.File, in, entry cfb.Entry) {
	name := it.name
	lower := strings.ToLower(entry.Name)
	switch {
	case lower == "encryptedpackage":
		w.report.Encrypted = true
	case lower == "_vba_project" || lower == "vba" || lower == "_vba_project_cur":
		w.addFinding("macro", "The document %q carries macros.", name)
	case strings.HasSuffix(strings.ToLower(in.Name), "vba") && entry.Size > 0 && lower != "dir":
		w.part(name, plain(doc.Open(entry)), maxMacro, func(b []byte) { w.vba(name, b) })
	case lower == "workbook" || lower == "book":
		w.part(name, plain(doc.Open(entry)), maxInner, func(b []byte) { w.biff(name, b) })
	case lower == "\x01ole10native":
		w.part(name, plain(doc.Open(entry)), maxInner, func(b []byte) { w.native(it, bytes.Clone(b)) })
	}
}

// native looks at a packaged file (MS-OLEDS 2.3.6): its names, which stand before it in several forms, and its content.
func (w *work) native(it item, b []byte) {
	head := b[:min(len(b), 600)]
	for field := range bytes.SplitSeq(head, []byte{0}) {
		for _, f := range parseName(string(field)) {
			if len(f.extension) > 1 && LookUp(f.extension).Class.active() {
				w.addFinding("archive_executable", "The document %q carries a packaged file that runs (.%s).",
					it.name, f.extension)
			}
		}
	}
	c := cursor{rest: b}
	c.skip(6) // size, type
	c.text()
	title := c.text()
	c.skip(4)
	c.skip(uint64(c.uint32())) // where it was
	if content := c.next(uint64(c.uint32())); len(content) > 0 {
		w.inspectStored(title, content, it.depth)
	}
}

// biff finds Excel 4 macro sheets: BOUNDSHEET records of type 1 (MS-XLS 2.4.28).
func (w *work) biff(name string, b []byte) {
	for n := 0; len(b) >= 4 && n < 20000; n++ {
		kind, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if len(b) < 4+size {
			return
		}
		if kind == 0x2f { // FILEPASS
			w.report.Encrypted = true
			return
		}
		if kind == 0x85 && size >= 6 && b[4+5] == 1 {
			w.addFinding("macro_xlm", "The workbook %q carries an Excel 4 macro sheet.", name)
			return
		}
		b = b[4+size:]
	}
}

// vba unpacks a module's source and looks for macros that start by themselves and run something.
func (w *work) vba(name string, stream []byte) {
	at := bytes.Index(stream, []byte("\x00Attribut"))
	if at < 3 {
		return
	}
	source := strings.ToLower(string(decompress(stream[at-3:])))
	w.left -= int64(len(source)) // it unpacks to a thousand times its size
	starts, runs := "", ""
	for _, word := range []string{
		"autoopen", "auto_open", "document_open", "workbook_open", "autoexec", "autoclose", "document_close",
		"auto_close",
		"workbook_activate",
	} {
		if strings.Contains(source, word) {
			starts = word
			break
		}
	}
	for _, word := range []string{
		"shell", "createobject", "wscript", "urldownloadtofile", "powershell", "winhttp", "xmlhttp", "getobject",
		"callbyname",
		"shellexecute",
	} {
		if strings.Contains(source, word) {
			runs = word
			break
		}
	}
	if starts != "" && runs != "" {
		w.addFinding("macro_autorun", "A macro in %q starts by itself (%s) and runs other programs (%s).", name, starts,
			runs)
	}
}

// decompress undoes the compression of MS-OVBA 2.4.1; at most 256 KiB of it.
func decompress(in []byte) []byte {
	if len(in) == 0 || in[0] != 1 {
		return nil
	}
	in = in[1:]
	var out []byte
	for len(in) > 2 && len(out) < 256<<10 {
		header := binary.LittleEndian.Uint16(in)
		size := min(int(header&0xfff)+3, len(in))
		chunk := in[2:size]
		in = in[size:]
		if header&0x8000 == 0 {
			out = append(out, chunk...)
			continue
		}
		out = expand(chunk, out)
	}
	return out
}

// expand undoes one compressed chunk.
func expand(chunk, out []byte) []byte {
	start := len(out)
	for len(chunk) > 0 {
		flags := chunk[0]
		chunk = chunk[1:]
		for bit := 0; bit < 8 && len(chunk) > 0; bit++ {
			if flags>>bit&1 == 0 {
				out, chunk = append(out, chunk[0]), chunk[1:]
				continue
			}
			if len(chunk) < 2 {
				return out
			}
			token := binary.LittleEndian.Uint16(chunk)
			chunk = chunk[2:]
			out = copyToken(out, start, token)
			if len(out)-start > 8192 {
				return out
			}
		}
	}
	return out
}

// copyToken repeats what was written before (MS-OVBA 2.4.1.3.19).
func copyToken(out []byte, start int, token uint16) []byte {
	bits := 4
	for 1<<bits < len(out)-start {
		bits++
	}
	bits = min(bits, 12)
	length := int(token&(0xffff>>bits)) + 3
	offset := int(token>>(16-bits)) + 1
	for range length {
		if offset > len(out)-start {
			return out
		}
		out = append(out, out[len(out)-offset])
	}
	return out
}

// rtf finds embedded objects.
func (w *work) rtf(it item) {
	body := it.body
	if len(body) > maxRTF {
		w.notRead("Of the document %q the first %d bytes were read.", it.name, maxRTF)
		body = body[:maxRTF]
	}
	lower := bytes.ToLower(body)
	// The second and third are the name of the old equation editor, plain and in hexadecimal.
	if containsAny(string(lower), "\\objupdate", "equation.3", "4571756174696f6e2e33") {
		w.addFinding("rtf_object", "The document carries an object that is run when it is opened.")
	}
	for _, address := range quotedAfter(body, "HYPERLINK") {
		w.addLink(address, "RTF link")
	}
	if bytes.Contains(lower, []byte("\\*\\template")) && bytes.Contains(lower, []byte("http")) {
		w.addFinding("remote_template", "The document fetches its template from elsewhere when it is opened.")
	}
}

// quotedAfter are the texts in quotes that stand close behind a word.
func quotedAfter(b []byte, word string) (all []string) {
	for range maxLinks + 1 { // one more than is kept shows that there are
		at := bytes.Index(b, []byte(word))
		if at < 0 {
			return all
		}
		b = b[at+len(word):]
		near := b[:min(len(b), 2000)]
		if _, quoted, found := bytes.Cut(near, []byte{'"'}); found {
			if address, _, closed := bytes.Cut(quoted, []byte{'"'}); closed {
				all = append(all, string(address))
			}
		}
	}
	return all
}
