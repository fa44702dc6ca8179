package attach

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// isOffice reports whether the files of an archive are those of an Office document.
func isOffice(members []zipMember) bool {
	for i := range members {
		if strings.EqualFold(members[i].names[0], "[Content_Types].xml") {
			return true
		}
	}
	return false
}

// officeFile reports whether a file of that name is opened as a document, so that nobody takes single files out of it.
func officeFile(name string) bool {
	_, extension := splitName(name)
	switch extension {
	case "docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xlsb", "xltx", "xltm", "xlam",
		"pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "ppam", "sldx", "sldm", "thmx",
		"vsdx", "vsdm", "vssx", "vssm", "vstx", "vstm", "xps", "oxps", "doc", "xls", "ppt":
		return true
	}
	return false
}

// officePart looks at a part of an Office document that can do something, and answers false where it is none.
func (w *work) officePart(it item, m *zipMember) bool {
	name := it.name
	lower := strings.ToLower(m.names[0])
	switch {
	case strings.HasSuffix(lower, "vbaproject.bin"):
		w.office(m, func(b []byte) { w.ole(item{name: name, body: b, depth: it.depth}) })
		w.addFinding("macro", "The document %q carries macros.", name)
	case strings.Contains(lower, "macrosheets/"):
		w.addFinding("macro_xlm", "The workbook %q carries an Excel 4 macro sheet.", name)
	case strings.HasSuffix(lower, ".rels"):
		w.office(m, func(b []byte) { w.relations(name, b) })
	case strings.HasSuffix(lower, "document.xml") || strings.Contains(lower, "externallinks/"):
		w.office(m, func(b []byte) {
			w.fields(name, b)
			w.officeText(name, b)
		})
	case strings.HasPrefix(lower, "ppt/slides/slide") || lower == "xl/sharedstrings.xml":
		w.office(m, func(b []byte) { w.officeText(name, b) })
	case strings.Contains(lower, "/media/") && hasAnySuffix(lower, ".png", ".jpg", ".jpeg", ".gif"):
		if w.officeImages++; w.officeImages > maxOfficeImages {
			w.unsearched("Of the pictures in %q the first %d were searched for codes.", name, maxOfficeImages)
			break
		}
		w.office(m, func(b []byte) { w.picture(name, b) })
	case strings.Contains(lower, "/embeddings/"):
		w.office(m, func(b []byte) { w.embedded(it, lower, b) })
	default:
		return false
	}
	return true
}

// maxOfficeImages is how many pictures of a document are searched for QR codes.
const maxOfficeImages = 6

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(s, suffix) })
}

// office unpacks a part of a document.
func (w *work) office(m *zipMember, with func([]byte)) {
	if w.files--; w.files < 0 {
		w.tooMany(m.names[0])
		return
	}
	if s, ok := w.zipped(m, m.methods[0]); ok {
		w.part(m.names[0], s, maxInner, with)
	}
}

// relations finds what a document fetches or leads to (ECMA-376, part 2, section 9.3).
func (w *work) relations(name string, b []byte) {
	z := html.NewTokenizer(bytes.NewReader(b)) // tolerant; XML attributes are read alike
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			w.relation(name, z.Token().Attr)
		}
	}
}

func (w *work) relation(name string, attributes []html.Attribute) {
	kind, target, external := "", "", false
	for _, a := range attributes {
		switch a.Key {
		case "type":
			kind = strings.ToLower(a.Val)
		case "target":
			target = a.Val
		case "targetmode":
			external = strings.EqualFold(a.Val, "external")
		}
	}
	if !external {
		return
	}
	lower := strings.ToLower(target)
	switch {
	case strings.HasSuffix(kind, "/attachedtemplate") && strings.HasPrefix(lower, "http"):
		w.addFinding("remote_template", "The document %q fetches its template from elsewhere when it is opened.", name)
	case strings.HasSuffix(kind, "/oleobject") || strings.HasSuffix(kind, "/frame") && strings.HasPrefix(lower, "http"):
		w.addFinding("remote_object", "The document %q fetches an object from elsewhere when it is opened.", name)
	case strings.Contains(lower, "!x-usc:") || strings.HasPrefix(lower, "ms-msdt:"):
		w.addFinding("remote_object", "The document %q starts another program by an address.", name)
	}
	w.addLink(target, "Office link")
}

// fields finds dynamic data exchange, by which a document starts programs.
func (w *work) fields(name string, b []byte) {
	if containsAny(strings.ToUpper(string(b)), "DDEAUTO", ">DDE ", "<DDELINK") {
		w.addFinding("dde", "The document %q starts another program by dynamic data exchange.", name)
	}
}

// maxText is how many bytes of what documents say are kept, and maxMarkup of how many bytes they are taken.
const (
	maxText   = 32 << 10
	maxMarkup = 1 << 20
)

// officeText keeps what stands in the text elements (w:t, a:t, t) of a part of a document.
func (w *work) officeText(name string, b []byte) {
	room := maxText - len(w.report.Text)
	if len(b) > maxMarkup || room <= 0 {
		w.longText(name)
	}
	if room <= 0 {
		return
	}
	var out bytes.Buffer
	z := html.NewTokenizer(bytes.NewReader(b[:min(len(b), maxMarkup)]))
	inside := false
	for kind := z.Next(); kind != html.ErrorToken && out.Len() < room; kind = z.Next() {
		switch kind {
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			local := name[bytes.IndexByte(name, ':')+1:]
			inside = string(local) == "t" && kind == html.StartTagToken
			if s := string(local); s == "p" || s == "si" {
				out.WriteByte('\n')
			}
		case html.TextToken:
			if inside {
				out.Write(z.Text())
			}
		}
	}
	if out.Len() > room {
		w.longText(name)
	}
	w.report.Text += strings.ToValidUTF8(string(out.Bytes()[:min(out.Len(), room)]), "")
}

// longText records that a document says more than is judged.
func (w *work) longText(name string) {
	w.unsearched("Of what %q says the first %d bytes were searched for words.", name, maxText)
}

// embedded looks at a file in a document.
func (w *work) embedded(it item, inner string, b []byte) {
	switch kind := Sniff(b); kind {
	case "pe", "dos", "elf", "macho":
		w.addFinding("archive_executable", "The document %q carries a program, %q.", it.name, inner)
	case "", "text", "xml":
	case "ole":
		w.ole(item{name: it.name, body: b, depth: it.depth})
	default:
		if it.depth < w.deepest {
			w.file(item{name: inner, body: b, depth: it.depth + 1})
		}
	}
}
