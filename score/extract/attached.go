package extract

import "strings"

// Enclosed says where a message was found that lies in a file of another one.
type Enclosed struct {
	Path  string // of the part whose file it lies in
	Name  string // of the file that it is
	Files int    // how many files it lies in
}

// Attach takes a message apart that lies in a file, as an attached message is: its parts and links are added to m's. It answers false where
// the bytes are no message.
func (m *Mail) Attach(raw []byte, at Enclosed) bool {
	header, body := parseHeader(raw)
	if len(header.Fields) == 0 {
		return false
	}
	first := len(m.Parts)
	m.walk(node{
		header: header, body: body, path: at.Path + "/1", nested: true, archive: webArchive(at.Name, header), files: at.Files,
	})
	m.texts(first)
	return true
}

// webArchive reports whether a message is a page with what belongs to it (RFC 2557), which a browser or Word opens: its name says so, or it
// has neither author nor reader.
func webArchive(name string, h Header) bool {
	name = strings.ToLower(strings.TrimRight(name, ". "))
	if strings.HasSuffix(name, ".mht") || strings.HasSuffix(name, ".mhtml") || h.Has("Snapshot-Content-Location") {
		return true
	}
	if h.Has("To") || h.Has("Received") || h.Has("Message-Id") || strings.Contains(h.First("From"), "@") {
		return false
	}
	media := mediaType(h.First("Content-Type"))
	return h.Has("Content-Location") || media == "multipart/related"
}

// Page reports whether the part is opened by a browser as a file of its own, though no name says so: HTML in a web archive.
func (p *Part) Page() bool {
	return p.Archive && (p.Type == "text/html" || p.Type == "application/xhtml+xml" || p.Type == "image/svg+xml")
}

// Head is the beginning of the part's content, decoded: n bytes of it, or a few less.
func (p *Part) Head(n int) []byte {
	body := decoded(p.body[:min(len(p.body), 3*n)], p.Encoding)
	return body[:min(len(body), n)]
}
