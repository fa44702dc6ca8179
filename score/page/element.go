package page

import (
	"encoding/base64"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// intern is the name of a tag, without memory of its own where it is one of HTML.
func intern(name []byte) string {
	if a := atom.Lookup(name); a != 0 {
		return a.String()
	}
	return string(name)
}

// startTag opens an element.
func (r *reader) startTag(z *html.Tokenizer, closed bool) {
	name, more := z.TagName()
	tag := intern(name)
	r.attrs = attributes{}
	if more {
		if !r.attrs.read(z) {
			r.notRead("Of the attributes of an element the first %d were read.", maxAttrs)
		}
	}
	switch tag {
	// Mail programs run no scripts; what the others hold is for programs without frames, as Outlook.
	case "noscript", "noembed", "noframes":
		z.NextIsNotRawText()
	case "style", "script", "title", "iframe":
		r.raw = tag
	}
	if breaks(tag) {
		r.newline()
	}
	if tag == "br" {
		r.breaks++
	}
	r.page.Handlers += r.attrs.handlers
	r.page.Tall = r.page.Tall || tall(strings.ToLower(r.attrs.style))
	if !r.start(tag) {
		return
	}
	r.checkAnchor()
	d := r.declared(tag)
	switch tag {
	case "table", "tr", "td", "th":
		r.tableTag(tag, &d)
	}
	foreign := tag == "svg" || tag == "math" || r.inForeign()
	if !foreign && !endsParagraph(tag) && !tablePart(tag) && !inHead(tag) {
		r.reopen()
	}
	if formatting(tag) && !foreign {
		r.activate(tag, d)
		r.meaning(tag, r.lastID)
		return
	}
	prefixed := strings.IndexByte(tag, ':') > 0
	if void(tag) && !foreign || closed && (foreign || prefixed) {
		depth := len(r.stack)
		r.push(element{name: tag, declared: d, foreign: foreign})
		r.meaning(tag, -len(r.stack))
		r.popTo(min(depth, len(r.stack)-1))
		r.checkAnchor()
		return
	}
	if marks(tag) {
		r.active = append(r.active, active{marker: true})
	}
	r.push(element{name: tag, declared: d, foreign: foreign})
	r.meaning(tag, -len(r.stack))
}

// declared is all that is said of how an element looks.
func (r *reader) declared(name string) declared {
	d := r.attrs.declares(name)
	own := rule{}
	if r.attrs.style != "" {
		own.normal, own.important = declarations(r.attrs.style)
		white := colour{known: true, red: 255, green: 255, blue: 255}
		if own.normal.box&boxNotOutlook != 0 && own.normal.hasText && own.normal.text.near(white) {
			own.normal.box |= boxAway // white text that Outlook hides: nobody is to see it
		}
	}
	d.add(r.sheet.of(name, r.attrs.class, r.attrs.id, own))
	return d
}

// endTag closes an element.
func (r *reader) endTag(name string) {
	if r.raw == name {
		r.raw = ""
	}
	if breaks(name) {
		r.newline()
	}
	r.end(name)
	if name == "table" {
		r.endTable()
	}
	r.checkAnchor()
}

// checkAnchor ends the anchor when the element that it is has ended.
func (r *reader) checkAnchor() {
	switch {
	case r.anchor == nil:
	case r.holder > 0 && !r.lists(r.holder), r.holder < 0 && len(r.stack) < -r.holder:
		r.endAnchor()
	}
}

// begin opens an anchor that lasts as long as its element.
func (r *reader) begin(holder int) {
	r.endAnchor()
	if r.attrs.href == "" {
		return
	}
	r.endRun()
	r.anchor = &Link{Address: r.resolve(r.attrs.href), Kind: Anchor, Hidden: r.away(), Padded: padded(r.attrs.href),
		At: len(r.text)}
	r.holder, r.muted = holder, false
}

// meaning takes in what an element is, which is the current one.
func (r *reader) meaning(name string, holder int) {
	a := &r.attrs
	switch name {
	case "a":
		r.begin(holder)
		r.carried(a.href)
	case "area":
		if a.href != "" {
			r.add(Link{Address: r.resolve(a.href), Kind: Anchor, Hidden: r.away(), Picture: true,
				At: len(r.text)})
		}
	case "img", "image", "v:imagedata", "v:fill":
		r.image(name)
	case "base":
		if r.page.Base == "" && ofWeb(a.href) {
			r.page.Base = strings.TrimSpace(a.href)
		}
	case "link":
		if strings.Contains(strings.ToLower(a.rel), "stylesheet") {
			r.link(a.href, Resource)
		}
	case "form":
		r.page.Forms++
		r.link(a.action, Form)
	case "meta":
		r.meta()
	case "script", "iframe", "frame", "embed", "object", "video", "audio", "source":
		r.resource(name)
	case "input", "button":
		r.control()
	default:
		if a.href != "" && name != "use" { // shapes of VML and SVG
			r.begin(holder)
		}
	}
	r.backgrounds()
}

func ofWeb(address string) bool {
	lower := strings.ToLower(strings.TrimSpace(address))
	return strings.HasPrefix(lower, "http:") || strings.HasPrefix(lower, "https:") || strings.HasPrefix(lower, "//")
}

func (r *reader) image(name string) {
	a := &r.attrs
	source := a.src
	if source == "" && name == "image" {
		source = a.href
	}
	if r.anchor != nil {
		r.anchor.Picture = true
	}
	if len(source) > 5 && strings.EqualFold(source[:5], "data:") {
		r.page.DataImage++
		if len(r.page.Pictures) < MaxPictures {
			r.page.Pictures = append(r.page.Pictures, source)
		}
	}
	if !tiny(a.width) || !tiny(a.height) {
		r.page.Images++
	}
	if a.alt != "" {
		keep(&r.alt, a.alt+"\n")
	}
	r.link(source, Image)
}

// meta takes in where a page leads by itself.
func (r *reader) meta() {
	if !strings.EqualFold(strings.TrimSpace(r.attrs.httpEquiv), "refresh") {
		return
	}
	target := refreshTarget(r.attrs.content)
	if target == "" {
		return
	}
	if r.page.Refresh == "" {
		r.page.Refresh = target
	}
	r.link(target, Refresh)
	r.carried(target)
}

// resource takes in what is fetched or run.
func (r *reader) resource(name string) {
	a := &r.attrs
	switch name {
	case "script":
		r.page.Scripts++
		r.link(a.src, Resource)
		return
	case "object":
		r.link(a.data, Resource)
		r.carried(a.data)
	case "video", "audio", "source":
		r.link(a.src, Image)
		r.link(a.poster, Image)
		return
	}
	r.link(a.src, Resource)
	r.carried(a.src)
	if name == "iframe" && a.srcdoc != "" {
		r.within(a.srcdoc)
	}
}

// control takes in a field or a button of a form.
func (r *reader) control() {
	a := &r.attrs
	switch strings.ToLower(a.kind) {
	case "password":
		r.page.Passwords++
	case "image":
		r.image("input")
	}
	r.link(a.formaction, Form)
}

// backgrounds takes in the pictures that lie under an element.
func (r *reader) backgrounds() {
	r.link(r.attrs.background, Image)
	for rest := r.attrs.style; ; {
		_, after, found := strings.Cut(rest, "url(")
		if !found {
			return
		}
		address, tail, _ := strings.Cut(after, ")")
		r.link(strings.Trim(address, `'" `), Image)
		rest = tail
	}
}

// carried reads a page that is carried in an address: data:text/html;base64,...
func (r *reader) carried(address string) {
	address = strings.TrimSpace(address)
	if len(address) < 16 || !strings.EqualFold(address[:5], "data:") {
		return
	}
	head, body, found := strings.Cut(address[5:], ",")
	if head = strings.ToLower(head); !found || !strings.Contains(head, "html") && !strings.Contains(head, "svg") &&
		!strings.Contains(head, "xml") {
		return
	}
	if len(body) > 2*maxData {
		body = body[:2*maxData]
		r.notRead("A page within a page was not read to its end.")
	}
	if plain, err := url.PathUnescape(body); err == nil {
		body = plain
	}
	if strings.Contains(head, "base64") {
		body = string(decodeBase64(body))
	}
	r.within(body)
}

// decodeBase64 gives what could be read.
func decodeBase64(text string) []byte {
	clean := strings.Map(func(c rune) rune {
		if c <= ' ' || c == '=' {
			return -1
		}
		return c
	}, text)
	octets, _ := base64.RawStdEncoding.DecodeString(clean)
	return octets
}

// Carried gives the bytes that an address carries by itself (RFC 2397), and their type; nil for any other address.
func Carried(address string) (kind string, body []byte) {
	if len(address) < 5 || !strings.EqualFold(address[:5], "data:") {
		return "", nil
	}
	head, data, found := strings.Cut(address[5:], ",")
	if !found {
		return "", nil
	}
	kind, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(head)), ";")
	if plain, err := url.PathUnescape(data); err == nil {
		data = plain
	}
	if strings.Contains(strings.ToLower(head), "base64") {
		return kind, decodeBase64(data)
	}
	return kind, []byte(data)
}

// padded reports whether three blanks or more stand before an address. A line break before them is of whoever laid the
// source out.
func padded(href string) bool {
	return len(href)-len(strings.TrimLeft(href, " \t")) >= 3
}
