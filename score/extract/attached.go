package extract

import "strings"

// Enclosed says where a message was found that lies in a file of another one.
type Enclosed struct {
	Path  string // of the part whose file it lies in
	Name  string // of the file that it is
	Files int    // how many files it lies in
}

// Attach takes a message apart that lies in a file, as an attached message is: its parts and links are added to m's.
// It answers false where the bytes are no message.
func (m *Mail) Attach(raw []byte, at Enclosed) bool {
	header, body := m.parseHeader(raw, "part "+at.Path)
	if len(header.Fields) == 0 {
		return false
	}
	m.encloseFrom(&header)
	first := len(m.Parts)
	m.walk(node{
		header: header, body: body, path: at.Path + "/1", nested: true, archive: webArchive(at.Name, &header),
		files: at.Files,
	})
	m.texts(first)
	return true
}

// encloseFrom keeps the author of an attached message.
func (m *Mail) encloseFrom(h *Header) {
	if from := ParseAddresses(h.First("From")); len(from) > 0 && len(m.EnclosedFrom) < 20 {
		m.EnclosedFrom = append(m.EnclosedFrom, from[0])
	}
}

// webArchive reports whether a message is a page with what belongs to it (RFC 2557), which a browser or Word opens:
// its name says so, or it has neither author nor reader.
func webArchive(name string, h *Header) bool {
	name = strings.ToLower(strings.TrimRight(name, ". "))
	if strings.HasSuffix(name, ".mht") || strings.HasSuffix(name, ".mhtml") || h.Has("Snapshot-Content-Location") {
		return true
	}
	if h.Has("To") || h.Has("Received") || h.Has("Message-Id") || strings.Contains(h.First("From"), "@") {
		return false
	}
	return h.Has("Content-Location") || h.MediaType().Type == "multipart/related"
}
