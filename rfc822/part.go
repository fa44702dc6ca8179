package rfc822

import (
	"bytes"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
)

// MediaType reads Content-Type; the type is "" where there is none. Of several fields the first that names a type
// counts.
func (h *Header) MediaType() MediaType {
	var first MediaType
	raws := h.raws("Content-Type")
	for i, raw := range raws {
		m := parseMediaType(raw)
		if i == 0 {
			first = m
		}
		if strings.Contains(m.Type, "/") {
			if len(raws) > 1 {
				m.Forgiven |= FieldTwice
			}
			return m
		}
	}
	return first
}

// Disposition reads Content-Disposition.
func (h *Header) Disposition() MediaType {
	if raws := h.raws("Content-Disposition"); len(raws) > 0 {
		return parseMediaType(raws[0])
	}
	return MediaType{}
}

// FileName is the name of the file that a part holds, decoded; "" when it has none.
func (h *Header) FileName() string {
	if names := h.FileNames(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// maxFileNames is how many names of one part are told.
const maxFileNames = 8

// FileNames are the different names that a mail program may show for a part, the likeliest first: those of
// Content-Disposition, then those of Content-Type, then those under the other field's parameter.
func (h *Header) FileNames() []string {
	names, _ := h.BoundedFileNames()
	return names
}

// BoundedFileNames are FileNames, and which bounds kept others out.
func (h *Header) BoundedFileNames() (names []string, bounds Bounds) {
	add := func(values []string) {
		for _, v := range values {
			for _, name := range untilNUL(decodeWords(v)) {
				name = strings.TrimSpace(oneLine(name))
				switch {
				case name == "" || slices.Contains(names, name):
				case len(names) == maxFileNames:
					bounds |= Parameters
				default:
					names = append(names, name)
				}
			}
		}
	}
	dispositions, types := h.parsed("Content-Disposition"), h.parsed("Content-Type")
	if len(h.raws("Content-Disposition")) > len(dispositions) || len(h.raws("Content-Type")) > len(types) {
		bounds |= FieldsOfName
	}
	for _, list := range []struct {
		fields []MediaType
		param  string
	}{{dispositions, "filename"}, {types, "name"}, {dispositions, "name"}, {types, "filename"}} {
		for i := range list.fields {
			bounds |= list.fields[i].Bounds
			add(list.fields[i].all(list.param))
		}
	}
	return names, bounds
}

// untilNUL are the names that a program may read: some end a text at its first NUL.
func untilNUL(name string) []string {
	if before, _, found := strings.Cut(name, "\x00"); found {
		return []string{before, name}
	}
	return []string{name}
}

// maxParsed is how many fields of one name are parsed: a part has one.
const maxParsed = 4

func (h *Header) parsed(name string) []MediaType {
	var all []MediaType
	for _, raw := range h.raws(name) {
		if len(all) == maxParsed {
			break
		}
		all = append(all, parseMediaType(raw))
	}
	return all
}

// BeginsWithHeader reports whether bytes begin as a message does: each whole line of theirs, up to an empty one, is a
// field or continues one. RFC 5322, section 2.2.
func BeginsWithHeader(head []byte) bool {
	fields := 0
	for line := range bytes.Lines(head) {
		text, eol := cutEOL(line)
		_, _, field := cutField(text)
		switch {
		case len(eol) == 0 || len(text) == 0: // cut short, or the header's end
			return fields > 0
		case fields > 0 && (text[0] == ' ' || text[0] == '\t'):
		case !field:
			return false
		default:
			fields++
		}
	}
	return fields > 0
}

// MessageEncoding is the transfer encoding of an attached message as a whole. RFC 2046, section 5.2.1 allows none.
// Where the body reads as a message already, a program names the encoding of its text; quoted-printable leaves most
// fields as they are, and shows by what is escaped in a message that names no encoding of its own.
func (h *Header) MessageEncoding(body []byte) Encoding {
	e := h.EncodingOf(body)
	if e == Identity || !BeginsWithHeader(body[:min(len(body), 4<<10)]) {
		return e
	}
	if e != QuotedPrintable {
		return Identity
	}
	inner, text := ParseHeader(body, HeaderOptions{})
	media := mailaddr.Lower(inner.First("Content-Type"))
	switch {
	case strings.Contains(media, "=3d"):
		return e
	case inner.Has("Content-Transfer-Encoding"), strings.HasPrefix(media, "multipart/"),
		strings.HasPrefix(media, "message/"), escapesIn(text) == 0:
		return Identity
	}
	return e
}
