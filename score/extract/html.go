package extract

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// HTML is what a text/html body shows and hides.
type HTML struct {
	Text      string // what is shown
	Hidden    string // what is not: display:none, size 0, the colour of the ground
	Alt       string // texts that stand for images
	Octets    int    // of source
	Images    int    // without those of one pixel
	DataImage int    // images that are carried in their own address
	Forms     int
	Passwords int // input fields for a password
	Scripts   int
	ScriptLen int
	Handlers  int // on... attributes
	Refresh   string
	Base      string
	Title     string
	Tall      bool // a style makes room of thousands of pixels
	Breaks    int  // the longest run of line breaks that has text behind it
}

// reader walks one HTML text.
type reader struct {
	mail   *Mail
	out    *HTML
	where  string
	nested bool
	limit  int

	stack  []element
	hidden int // how many open elements hide their content
	skip   string
	text   strings.Builder
	secret strings.Builder
	alt    strings.Builder
	anchor *Link
	href   string
	label  strings.Builder
	breaks int
}

type element struct {
	name string
	hide bool
}

// readHTML notes what one HTML body shows, hides and links to. Links go to mail when it is not nil.
func readHTML(mail *Mail, out *HTML, source, where string, nested bool) {
	r := &reader{mail: mail, out: out, where: where, nested: nested, limit: len(source)}
	out.Octets += len(source)
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(1 << 20)
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.finish()
			return
		case html.TextToken:
			r.words(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			r.open(string(name), attributes(z, more))
		case html.EndTagToken:
			name, _ := z.TagName()
			r.close(string(name))
		}
	}
}

// ReadHTML looks at an HTML text that is no body of the mail, such as an attached file; its links are added to m.
func (m *Mail) ReadHTML(source, where string) HTML {
	var out HTML
	readHTML(m, &out, source, where, false)
	return out
}

func attributes(z *html.Tokenizer, more bool) map[string]string {
	if !more {
		return nil
	}
	all := map[string]string{}
	for more && len(all) < 50 {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, have := all[string(key)]; !have {
			all[string(key)] = string(value)
		}
	}
	return all
}

func (r *reader) finish() {
	r.endAnchor()
	appendText(&r.out.Text, r.text.String())
	appendText(&r.out.Hidden, r.secret.String())
	appendText(&r.out.Alt, r.alt.String())
}

func appendText(to *string, more string) {
	if *to != "" && more != "" {
		*to += "\n"
	}
	*to += more
}

func (r *reader) words(text string) {
	if r.skip == "title" {
		r.out.Title += text
		return
	}
	if r.skip == "style" {
		r.out.Tall = r.out.Tall || tall(strings.ToLower(text))
	}
	if r.skip == "script" {
		r.out.ScriptLen += len(text)
		return
	}
	if r.skip != "" {
		return
	}
	if r.hidden > 0 {
		r.secret.WriteString(text)
		return
	}
	if r.breaks > 0 && text != "\n" && strings.TrimSpace(text) != "" {
		r.out.Breaks = max(r.out.Breaks, r.breaks)
		r.breaks = 0
	}
	r.text.WriteString(text)
	if r.anchor != nil && r.label.Len() < 1000 {
		r.label.WriteString(text)
	}
}

func void(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}

func block(name string) bool {
	switch name {
	case "p", "div", "tr", "td", "th", "li", "br", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "hr", "center", "blockquote", "body", "pre":
		return true
	}
	return false
}

func (r *reader) open(name string, attrs map[string]string) {
	if block(name) {
		r.words("\n")
	}
	if name == "br" {
		r.breaks++
	}
	hide := hides(attrs)
	r.out.Tall = r.out.Tall || tall(attrs["style"])
	r.special(name, attrs)
	if void(name) {
		return
	}
	if len(r.stack) < 512 {
		r.stack = append(r.stack, element{name, hide})
		if hide {
			r.hidden++
		}
	}
	switch name {
	case "style", "script", "title", "noscript", "template", "textarea":
		r.skip = name
	}
}

func (r *reader) close(name string) {
	if r.skip == name {
		r.skip = ""
	}
	if block(name) {
		r.words("\n")
	}
	if name == "a" {
		r.endAnchor()
	}
	for i := len(r.stack) - 1; i >= 0 && i >= len(r.stack)-64; i-- {
		if r.stack[i].name == name {
			r.pop(i)
			return
		}
	}
}

// pop closes the elements from i on.
func (r *reader) pop(i int) {
	for _, e := range r.stack[i:] {
		if e.hide {
			r.hidden--
		}
	}
	r.stack = r.stack[:i]
}

func (r *reader) endAnchor() {
	if r.anchor == nil {
		return
	}
	r.anchor.Label = strings.Join(strings.Fields(r.label.String()), " ")
	if r.mail != nil {
		r.mail.Add(r.href, *r.anchor)
	}
	r.anchor = nil
	r.label.Reset()
}

func (r *reader) special(name string, attrs map[string]string) {
	for key := range attrs {
		if strings.HasPrefix(key, "on") {
			r.out.Handlers++
		}
	}
	switch name {
	case "a", "area":
		r.endAnchor()
		r.href = r.resolve(attrs["href"])
		r.anchor = &Link{Kind: Anchor, Where: r.where, Nested: r.nested, Hidden: r.hidden > 0}
		if name == "area" {
			r.anchor.Pic = true
			r.endAnchor()
		}
	case "img":
		r.image(attrs)
	case "form":
		r.out.Forms++
		r.link(attrs["action"], Form)
	case "input":
		if strings.EqualFold(attrs["type"], "password") {
			r.out.Passwords++
		}
	case "script":
		r.out.Scripts++
		r.link(attrs["src"], Resource)
	case "iframe", "frame", "embed":
		r.link(attrs["src"], Resource)
	case "object":
		r.link(attrs["data"], Resource)
	case "base":
		r.out.Base = attrs["href"]
	case "meta":
		r.meta(attrs)
	}
	if background := attrs["background"]; background != "" {
		r.link(background, Image)
	}
}

func (r *reader) image(attrs map[string]string) {
	source := attrs["src"]
	if r.anchor != nil {
		r.anchor.Pic = true
	}
	if strings.HasPrefix(source, "data:") {
		r.out.DataImage++
	}
	if !tiny(attrs["width"]) || !tiny(attrs["height"]) {
		r.out.Images++
	}
	if alt := attrs["alt"]; alt != "" && r.alt.Len() < 16<<10 {
		r.alt.WriteString(alt + "\n")
	}
	r.link(source, Image)
}

func tiny(size string) bool {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(size), "px"))
	return err == nil && n <= 2
}

func (r *reader) meta(attrs map[string]string) {
	if !strings.EqualFold(attrs["http-equiv"], "refresh") {
		return
	}
	lower := strings.ToLower(attrs["content"])
	if at := strings.Index(lower, "url="); at >= 0 {
		r.out.Refresh = strings.Trim(attrs["content"][at+4:], `'" `)
		r.link(r.out.Refresh, Resource)
	}
}

func (r *reader) link(address string, kind Kind) {
	if address != "" && r.mail != nil {
		r.mail.Add(r.resolve(address), Link{Kind: kind, Where: r.where, Nested: r.nested, Hidden: r.hidden > 0})
	}
}

// resolve puts the base before an address that has no host of its own.
func (r *reader) resolve(address string) string {
	address = strings.TrimSpace(address)
	switch {
	case strings.HasPrefix(address, "//"):
		return "https:" + address
	case r.out.Base != "" && address != "" && !strings.Contains(strings.SplitN(address, "/", 2)[0], ":") && address[0] != '#':
		return strings.TrimRight(r.out.Base, "/") + "/" + strings.TrimLeft(address, "/")
	}
	return address
}

// hides reports whether an element's attributes keep its content from being seen.
func hides(attrs map[string]string) bool {
	if _, ok := attrs["hidden"]; ok {
		return true
	}
	style := attrs["style"]
	if style == "" {
		return false
	}
	return hiddenStyle(strings.ToLower(strings.Join(strings.Fields(style), "")))
}

func hiddenStyle(style string) bool {
	for declaration := range strings.SplitSeq(style, ";") {
		property, value, _ := strings.Cut(declaration, ":")
		value = strings.TrimSuffix(value, "!important")
		switch property {
		case "display":
			if value == "none" {
				return true
			}
		case "visibility":
			if value == "hidden" {
				return true
			}
		case "font-size", "max-height", "max-width", "opacity":
			if zero(value) && (property == "font-size" || property == "opacity" || strings.Contains(style, "overflow:hidden")) {
				return true
			}
		}
	}
	return strings.Contains(style, "mso-hide:all") && strings.Contains(style, "color:#fff")
}

func zero(value string) bool {
	number := strings.TrimRight(value, "pxtemr%")
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && f < 0.05
}

// tall reports whether a style sets a height or distance that pushes the rest out of sight.
func tall(style string) bool {
	for _, property := range []string{"height:", "margin-top:", "padding-top:", "margin-bottom:", "padding-bottom:"} {
		rest := style
		for range 50 {
			at := strings.Index(rest, property)
			if at < 0 {
				break
			}
			rest = rest[at+len(property):]
			if huge(strings.TrimSpace(rest[:min(len(rest), 20)])) {
				return true
			}
		}
	}
	return false
}

func huge(value string) bool {
	end := 0
	for end < len(value) && '0' <= value[end] && value[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(value[:end])
	if err != nil {
		return false
	}
	unit := value[end:]
	return n >= 1500 && strings.HasPrefix(unit, "px") && n > 8000 || n >= 500 && (strings.HasPrefix(unit, "vh") || strings.HasPrefix(unit, "em") || strings.HasPrefix(unit, "rem"))
}
