package attach

import (
	"archive/zip"
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// office reports whether a zip file is an Office document.
func office(z *zip.Reader) bool {
	for i, f := range z.File {
		if f.Name == "[Content_Types].xml" {
			return true
		}
		if i > 200 {
			break
		}
	}
	return false
}

// ooxml looks at the parts of an Office document that can do something.
func (w *work) ooxml(name string, z *zip.Reader) {
	for _, f := range z.File {
		if w.files--; w.files <= 0 {
			return
		}
		lower := strings.ToLower(f.Name)
		switch {
		case strings.HasSuffix(lower, "vbaproject.bin"):
			w.part(f, func(b []byte) { w.ole(name, b) })
			w.find("macro", "The document %q carries macros.", name)
		case strings.Contains(lower, "macrosheets/"):
			w.find("macro_xlm", "The workbook %q carries an Excel 4 macro sheet.", name)
		case strings.HasSuffix(lower, ".rels"):
			w.part(f, func(b []byte) { w.relations(name, b) })
		case strings.HasSuffix(lower, "document.xml") || strings.Contains(lower, "externallinks/"):
			w.part(f, func(b []byte) { w.fields(name, b) })
		case strings.Contains(lower, "/embeddings/"):
			w.part(f, func(b []byte) { w.embedded(name, lower, b) })
		}
	}
}

func (w *work) part(f *zip.File, use func([]byte)) {
	if s, ok := w.zipped(f); ok {
		w.use(s, maxInner, use)
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
		w.find("remote_template", "The document %q fetches its template from elsewhere when it is opened.", name)
	case strings.HasSuffix(kind, "/oleobject") || strings.HasSuffix(kind, "/frame") && strings.HasPrefix(lower, "http"):
		w.find("remote_object", "The document %q fetches an object from elsewhere when it is opened.", name)
	case strings.Contains(lower, "!x-usc:") || strings.HasPrefix(lower, "ms-msdt:"):
		w.find("remote_object", "The document %q starts another program by an address.", name)
	}
	w.link(target, "Office link")
}

// fields finds dynamic data exchange, by which a document starts programs.
func (w *work) fields(name string, b []byte) {
	upper := bytes.ToUpper(b)
	if bytes.Contains(upper, []byte("DDEAUTO")) || bytes.Contains(upper, []byte(">DDE ")) || bytes.Contains(upper, []byte("<DDELINK")) {
		w.find("dde", "The document %q starts another program by dynamic data exchange.", name)
	}
}

func (w *work) embedded(name, inner string, b []byte) {
	switch Sniff(b) {
	case "pe":
		w.find("archive_executable", "The document %q carries a program, %q.", name, inner)
	case "ole":
		w.ole(name, b)
	}
}
