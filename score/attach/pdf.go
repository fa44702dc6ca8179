package attach

import (
	"bytes"
	"strings"
)

// maxStreams is how many compressed streams of a PDF are looked into.
const maxStreams = 2000

// maxNames is how many places are looked at where a PDF may name a file.
const maxNames = 100_000

// pdf finds links and active content. It does not build the document: it looks at its objects, compressed ones
// included, so that a broken or hostile file costs no more than a good one.
func (w *work) pdf(it item) {
	body := it.body
	if bytes.Contains(body, []byte("/Encrypt")) {
		w.report.Encrypted = true
	}
	findings, links := len(w.report.Findings), len(w.report.Links)
	w.pdfText(it.name, body)
	// What a page shows stands in a stream (ISO 32000-1, 7.8.2), and so do compressed objects.
	if !it.cut && !bytes.Contains(body, []byte("stream")) && findings == len(w.report.Findings) &&
		links == len(w.report.Links) {
		w.addFinding("pdf_empty", "The PDF has nothing to show.")
	}
	w.pdfStreams(it)
}

// pdfStreams looks into the streams of a PDF: its compressed objects, pages, pictures, and the files that it carries.
func (w *work) pdfStreams(it item) {
	rest := it.body
	for range maxStreams {
		at := bytes.Index(rest, []byte("stream"))
		if at < 0 {
			return
		}
		if w.left <= 0 {
			break
		}
		head := rest[max(0, at-400):at]
		rest = rest[at+6:]
		if object := lastObject(head); bytes.Contains(object, []byte("/Image")) &&
			!bytes.HasSuffix(head, []byte("end")) {
			w.pdfImage(it.name, object, rest)
			continue
		}
		if at >= 3 && bytes.HasSuffix(head, []byte("end")) || !bytes.Contains(head, []byte("Flate")) {
			continue
		}
		if containsAny(string(lastObject(head)), "/Image", "/FontFile", "/Length1") {
			continue
		}
		packed := bytes.TrimLeft(rest, "\r\n")
		if bytes.Contains(lastObject(head), []byte("/EmbeddedFile")) {
			w.pdfFile(it, packed)
			continue
		}
		w.pdfStream(it.name, packed)
	}
	w.unsearched("Of the streams of %q not all were read.", it.name)
}

// pdfFile looks at a file that the PDF carries.
func (w *work) pdfFile(it item, packed []byte) {
	const name = "a file in a document" // where its own name stands is not known
	if len(packed) > 2 && packed[0]&0x0f == 8 && w.countMember(it.name, name) && w.admit(name, it.depth) {
		w.inspectPacked(name, w.deflated(bytes.NewReader(packed[2:])), it.depth)
	}
}

// pdfNames judges the names of files that the PDF carries or starts (ISO 32000-1, 7.11.3).
func (w *work) pdfNames(in string, b []byte) {
	left := maxNames
	for _, key := range []string{"/UF", "/F"} {
		for rest := b; ; left-- {
			at := bytes.Index(rest, []byte(key))
			if at < 0 {
				break
			}
			if left <= 0 {
				w.notRead("Of the names of files in %q not all were read.", in)
				return
			}
			rest = rest[at+len(key):]
			name := pdfString(bytes.TrimLeft(rest[:min(len(rest), 600)], " \r\n\t"))
			text, ok := decodeText([]byte(name))
			if ok && text != "" && LookUp(parseName(text)[0].extension).Class != Harmless {
				w.judgeName(strings.ToLower(text), "", 1)
			}
		}
	}
}

// lastObject is what stands after the last "obj" of a piece of a PDF.
func lastObject(head []byte) []byte {
	if at := bytes.LastIndex(head, []byte(" obj")); at >= 0 {
		return head[at:]
	}
	return head
}

// pdfStream reads a compressed stream: zlib, whose two octets of header say nothing that is needed, and whose
// checksum may be wrong.
func (w *work) pdfStream(name string, packed []byte) {
	if len(packed) > 2 && packed[0]&0x0f == 8 { // RFC 1950: deflate
		w.part(name, w.deflated(bytes.NewReader(packed[2:])), maxInner, func(b []byte) {
			w.pdfText(name, b)
			w.pdfShown(name, b)
		})
	}
}

func (w *work) pdfText(name string, b []byte) {
	for _, mark := range []struct{ key, id, text string }{
		{"/Launch", "pdf_launch", "The PDF starts a program when it is opened or clicked on."},
		{"/JavaScript", "pdf_script", "The PDF carries a script."},
		{"/EmbeddedFile", "pdf_file", "The PDF carries another file."},
	} {
		if at := bytes.Index(b, []byte(mark.key)); at >= 0 && delimited(b, at+len(mark.key)) {
			w.addFinding(mark.id, "%s", mark.text)
		}
	}
	w.pdfNames(name, b)
	for rest := b; ; {
		at := bytes.Index(rest, []byte("/URI"))
		if at < 0 {
			return
		}
		rest = rest[at+4:]
		w.addLink(pdfString(bytes.TrimLeft(rest[:min(len(rest), 3000)], " \r\n\t")), "PDF link")
	}
}

func delimited(b []byte, at int) bool {
	return at >= len(b) || strings.IndexByte(" \r\n\t/<>[]()", b[at]) >= 0
}

// pdfString reads (a literal) or <hexadecimal> string (ISO 32000-1, 7.3.4).
func pdfString(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	if b[0] == '<' {
		return pdfHex(b[1:])
	}
	if b[0] != '(' {
		return ""
	}
	var out []byte
	depth := 1
	for i := 1; i < len(b); i++ {
		switch c := b[i]; c {
		case '\\':
			if i++; i < len(b) && b[i] != '\n' && b[i] != '\r' {
				out = append(out, b[i])
			}
			continue
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return string(out)
			}
		}
		out = append(out, b[i])
	}
	return ""
}

func pdfHex(b []byte) string {
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return ""
	}
	var out []byte
	high := -1
	for _, c := range b[:end] {
		v := strings.IndexByte("0123456789abcdef", c|0x20)
		if v < 0 {
			continue
		}
		if high < 0 {
			high = v
			continue
		}
		out = append(out, byte(high<<4|v))
		high = -1
	}
	return string(out)
}
