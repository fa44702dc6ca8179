package attach

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Bounds of what a page carries in its own addresses.
const (
	maxData     = 50
	maxDataHead = 4 << 10 // of what stands before the comma
)

// opensAsPage reports whether a file of that name is opened by a browser.
func opensAsPage(name string) bool {
	_, extension := splitName(strings.TrimRightFunc(name, blank))
	return page(extension)
}

// hasData reports whether a page may carry another in an address.
func hasData(it item) bool {
	text, _ := decodeText(it.body)
	return bytes.Contains(bytes.ToLower([]byte(text)), []byte("data:")) || strings.Contains(text, "&#")
}

// page hands on a file that a browser opens, and looks at what it carries in its own addresses.
func (w *work) page(it item) {
	text, _ := decodeText(it.body)
	if len(text) > maxPage {
		w.notRead("Of the page %q the first %d bytes were read.", it.name, maxPage)
	}
	text = strings.ToValidUTF8(text[:min(len(text), maxPage)], "?")
	if !w.admitToReport(it.name, len(text), len(w.report.Pages), maxPages) {
		return
	}
	w.report.Pages = append(w.report.Pages, Page{it.name, text})
	v := visitor{work: w, item: it, picture: drawing(it)}
	v.visit(text)
}

// drawing reports whether a page is a picture, in which scripts have no business.
func drawing(it item) bool {
	_, extension := splitName(it.name)
	return extension == "svg" || extension == "svgz" || Sniff(it.body) == "svg"
}

// visitor walks over the elements of a page.
type visitor struct {
	*work
	item
	picture bool
	data    int // addresses that carry something
}

func (v *visitor) visit(text string) {
	if v.picture && activeProlog(text) {
		v.runs()
	}
	z := html.NewTokenizer(strings.NewReader(text))
	z.SetMaxBuf(1 << 20)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			element := localName(string(name))
			if v.picture && (element == "script" || element == "handler") {
				v.runs()
			}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				v.attribute(localName(string(key)), string(value))
			}
		case html.TextToken, html.CommentToken:
			v.inText(z.Raw())
		}
	}
}

// localName is a name without the prefix of a namespace.
func localName(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

func (v *visitor) runs() {
	v.addFinding(pick(v.depth > 0, "archive_executable", "script"),
		"The picture %q runs a script when it is opened.", v.item.name)
}

// activeProlog reports whether something before the root of a picture makes elements of it: entities, or a style
// sheet that transforms.
func activeProlog(text string) bool {
	head := strings.ToLower(text[:min(len(text), 64<<10)])
	if strings.Contains(head, "<?xml-stylesheet") && containsAny(head, "xsl", "xslt") {
		return true
	}
	for rest := head; ; {
		_, after, found := strings.Cut(rest, "<!entity")
		if !found {
			return false
		}
		value, next, _ := strings.Cut(after, ">")
		if i := strings.IndexAny(value, `"'`); i >= 0 {
			value, next, _ = strings.Cut(after[i+1:], after[i:i+1])
		}
		if containsAny(value, "<", "&#", "&lt;", "script") {
			return true
		}
		rest = next
	}
}

// attribute looks at one attribute of an element. The tokenizer has undone the references to characters.
func (v *visitor) attribute(key, value string) {
	if v.picture && (len(key) > 2 && strings.HasPrefix(key, "on") || scriptAddress(value)) {
		v.runs()
	}
	if key == "srcdoc" && value != "" {
		v.carried(".html", []byte(value))
		return
	}
	if head := value[:min(len(value), 8)]; strings.Contains(strings.ToLower(head), "data:") {
		v.address(strings.TrimLeft(value, " \t\r\n"))
	} else if len(value) > 40 && strings.Contains(value, "data:") { // in a style, or behind "0;url="
		v.inText([]byte(value))
	}
}

// scriptAddress reports whether an address is a script.
func scriptAddress(value string) bool {
	value = strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, value[:min(len(value), 60)]))
	return strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "vbscript:")
}

// inText finds addresses that carry a page in a script or a style.
func (v *visitor) inText(text []byte) {
	for range maxData {
		at := bytes.Index(text, []byte("data:"))
		if at < 0 {
			return
		}
		text = text[at:]
		end := bytes.IndexAny(text, "\"'`)<> \r\n")
		if end < 0 {
			end = len(text)
		}
		v.address(string(text[:end]))
		text = text[5:]
	}
	if bytes.Contains(text, []byte("data:")) {
		v.notRead("Of what the page %q carries in its addresses the first %d were read.", v.item.name, maxData)
	}
}

// address looks at what an address of the form data:type;base64,content carries (RFC 2397), unless it is an ordinary
// picture or font.
func (v *visitor) address(s string) {
	head, content, found := strings.Cut(s, ",")
	if !found || len(head) > maxDataHead {
		return
	}
	head = strings.ToLower(strings.TrimSpace(head[len("data:"):]))
	media, _, _ := strings.Cut(head, ";")
	media = strings.TrimSpace(media)
	if ordinaryData(media) || content == "" {
		return
	}
	body := unescaped(content)
	if strings.HasSuffix(head, "base64") {
		body = unbase64(body)
	}
	v.carried(dataExtension(media), body)
}

// carried looks at a file that the page carries.
func (v *visitor) carried(extension string, body []byte) {
	if v.data++; v.data > maxData {
		v.notRead("Of what the page %q carries in its addresses the first %d were read.", v.item.name, maxData)
		return
	}
	v.inspectStored("in "+v.item.name+extension, body, v.depth)
}

// ordinaryData reports whether a type is one that good pages carry.
func ordinaryData(media string) bool {
	if strings.HasPrefix(media, "image/") {
		return !strings.HasPrefix(media, "image/svg")
	}
	for _, prefix := range []string{"font/", "application/font", "application/x-font", "audio/", "video/"} {
		if strings.HasPrefix(media, prefix) {
			return true
		}
	}
	return false
}

// dataExtension is by what name a browser would save or open what is carried.
func dataExtension(media string) string {
	switch media {
	case "text/html":
		return ".html"
	case "application/xhtml+xml":
		return ".xhtml"
	case "image/svg+xml":
		return ".svg"
	}
	return ""
}

// unescaped undoes %XX, and leaves what is no escape.
func unescaped(s string) []byte {
	if !strings.Contains(s, "%") {
		return []byte(s)
	}
	if out, err := url.PathUnescape(s); err == nil {
		return []byte(out)
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				out, i = append(out, c...), i+2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

// unbase64 decodes base64 of either alphabet, and passes over what does not belong to it.
func unbase64(b []byte) []byte {
	kept := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case c != '+' && c != '/' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z'):
			continue
		}
		kept = append(kept, c)
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
	n, _ := base64.RawStdEncoding.Decode(out, kept) // what could be read is looked at
	return out[:n]
}
