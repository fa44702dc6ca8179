package page

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"clawback/score/web"
)

// document is what the readers of a page share: the page itself, and those of pages within it and of what Outlook alone
// reads.
type document struct {
	page   Page
	text   []byte
	hidden hiddenText
	alt    []byte
	breaks int
	pages  int // pages within it that were read
	unkept int // bytes of text that were shown and not kept
}

// reader walks one HTML text.
type reader struct {
	*document
	tree
	sheet   sheet
	attrs   attributes
	outlook bool // it reads what Outlook alone reads
	depth   int  // of pages within pages
	raw     string
	tables  []table // that are open
	run     int     // where the text begins in which no address was looked for yet
	quote   int     // number in Page.Quotes of the blockquote that is open; -1: none is

	anchor *Link
	muted  bool // text stands in it that is not seen
	holder int  // what the anchor ends with: the formatting element of that id, or the stack's falling below minus that
	label  strings.Builder
}

// Read looks at one HTML text.
func Read(source string) Page {
	d := &document{}
	d.page.Bytes = len(source)
	d.guard(source, d.reader(0).read)
	d.page.Text, d.page.Hidden, d.page.Alt = string(d.text), string(d.hidden.text), string(d.alt)
	if d.unkept > 0 {
		d.notRead("Of the text of a page the first %d bytes were read, and %d were not.", maxText, d.unkept)
	}
	return d.page
}

// guard reads a text. A panic, of the tokenizer or of this package, is a page that was not read to its end, and not the
// end of the message: what was read until then stays, and the addresses of the whole are kept.
func (d *document) guard(source string, read func(string)) {
	defer func() {
		if r := recover(); r != nil {
			d.notRead("A page could not be read to its end: %v.", r)
			web.Find(source, func(address string) {
				if len(d.page.More) < maxMore {
					d.page.More = append(d.page.More, address)
				}
			})
		}
	}()
	read(source)
}

// reader makes a reader of a text that is so deep within others.
func (d *document) reader(depth int) *reader {
	r := &reader{document: d, depth: depth, run: len(d.text), quote: -1}
	r.tree.hidden = &d.hidden
	r.tree.shown = func(text string) { keep(&d.text, text) }
	return r
}

func (d *document) notRead(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(d.page.NotRead) < 20 && !slices.Contains(d.page.NotRead, text) {
		d.page.NotRead = append(d.page.NotRead, text)
	}
}

func (r *reader) read(source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.endRun()
			r.endAnchor()
			r.endQuote()
			if r.sheet.full {
				r.notRead("A style sheet of a page was not read to its end.")
			}
			return
		case html.TextToken:
			r.words(string(z.Text()))
		case html.StartTagToken:
			r.startTag(z, false)
			r.noteQuote()
		case html.SelfClosingTagToken:
			r.startTag(z, true)
			r.noteQuote()
		case html.EndTagToken:
			name, _ := z.TagName()
			r.endTag(intern(name))
			r.noteQuote()
		case html.CommentToken:
			r.comment(z)
		}
	}
}

// noteQuote notes where a blockquote begins or ends. Only the outermost one is noted.
func (r *reader) noteQuote() {
	switch within := r.open[openQuote] > 0; {
	case !within:
		r.endQuote()
	case r.quote < 0 && len(r.page.Quotes) < maxQuotes:
		r.quote = len(r.page.Quotes)
		r.page.Quotes = append(r.page.Quotes, Span{From: len(r.text), To: math.MaxInt})
	}
}

func (r *reader) endQuote() {
	if r.quote >= 0 {
		r.page.Quotes[r.quote].To = len(r.text)
		r.quote = -1
	}
}

// comment reads what Outlook reads of a comment, beside the page and not within it: what it leaves open ends with it.
func (r *reader) comment(z *html.Tokenizer) {
	if r.outlook || r.depth > maxWithin {
		return
	}
	text := z.Text()
	if !bytes.Contains(text[:min(len(text), 20)], []byte("[")) {
		return
	}
	condition, content, ok := conditional(string(text))
	if !ok || !shownByOutlook(condition) || len(content) < 3 {
		return
	}
	r.endRun()
	inner := r.reader(r.depth + 1)
	inner.outlook = true
	outer := element{name: "div"}
	inner.push(outer)
	inner.stack[0].style = r.style()
	inner.read(content)
	r.run = len(r.text)
}

// within reads a page that another carries.
func (r *reader) within(source string) {
	if r.pages++; r.depth >= maxWithin || r.pages > maxPages {
		r.notRead("A page within a page was not read.")
		return
	}
	if len(source) > maxData {
		r.notRead("Of a page within a page the first %d of %d bytes were read.", maxData, len(source))
		source = source[:maxData]
	}
	r.endRun()
	r.reader(r.depth + 1).read(source)
	r.run = len(r.text)
}

// words takes a text.
func (r *reader) words(text string) {
	switch r.raw {
	case "title":
		if r.page.Title == "" {
			r.page.Title = text
		}
		return
	case "style":
		r.page.Tall = r.page.Tall || tall(strings.ToLower(text))
		r.sheet.add(text)
		return
	case "script":
		r.page.ScriptLen += len(text)
		web.Find(text, func(address string) { r.link(address, Resource) })
		return
	case "iframe":
		return
	}
	if r.outlook && r.findNamed(anyScope, "xml") >= 0 {
		return
	}
	blank := strings.TrimSpace(text) == ""
	if !blank && !r.inForeign() {
		r.reopen()
	}
	r.show(text, blank)
}

// show puts a text where it belongs: to what is shown, or to what is hidden.
func (r *reader) show(text string, blank bool) {
	style := r.style()
	if !blank {
		style = r.parent(len(r.stack), "")
	}
	if style.hides() && (style.gone || style.unseen || style.size < minSize || style.text.clear || !r.sheet.colours) {
		r.muted = r.muted || !blank
		r.tree.hidden.add(text, style.by)
		return
	}
	if r.breaks > 0 && text != "\n" && !blank {
		r.page.Breaks = max(r.page.Breaks, r.breaks)
		r.breaks = 0
	}
	if unkept := keep(&r.text, text); unkept > 0 {
		r.unkept += unkept
		r.endRun()
		if r.anchor == nil {
			web.Find(text, func(address string) { r.link(address, Text) })
		}
	}
	if r.anchor != nil && r.label.Len() < maxLabel {
		r.label.WriteString(text)
	}
}

// keep appends a text up to maxText, and answers how many bytes of it there was no room for.
func keep(to *[]byte, text string) (unkept int) {
	room := max(maxText-len(*to), 0)
	if len(text) > room {
		unkept = len(text) - room
		text = text[:room]
	}
	*to = append(*to, text...)
	return unkept
}

// newline ends a line of the text, and with it an address that is written in it.
func (r *reader) newline() {
	if r.raw == "" {
		r.show("\n", true)
	}
}

// endRun looks for addresses in the text that was shown since, outside of anchors.
func (r *reader) endRun() {
	run := r.text[min(r.run, len(r.text)):]
	if len(run) > 6 && r.anchor == nil && (bytes.Contains(run, []byte("://")) || bytes.IndexByte(run, '.') > 2) {
		begin := len(r.text) - len(run)
		web.FindAt(string(run), func(at int, address string) { r.linkAt(begin+at, address, Text) })
	}
	r.run = len(r.text)
}

// link notes an address.
func (r *reader) link(address string, kind Kind) { r.linkAt(len(r.text), address, kind) }

// linkAt notes an address that stands behind so much of the text.
func (r *reader) linkAt(at int, address string, kind Kind) {
	if address == "" || strings.HasPrefix(address, "#") {
		return
	}
	r.add(Link{Address: r.resolve(address), Kind: kind, Hidden: r.away(), At: at})
}

// away reports whether the current element is not there at all: one whose text cannot be read may hold a picture.
func (r *reader) away() bool {
	s := r.style()
	return s.gone || s.unseen
}

func (r *reader) add(l Link) {
	switch {
	case len(r.page.Links) < maxLinks:
		r.page.Links = append(r.page.Links, l)
	case len(r.page.More) < maxMore:
		r.page.More = append(r.page.More, l.Address)
	case len(r.page.More) == maxMore:
		r.page.More = append(r.page.More, l.Address)
		r.notRead("Of the links of a page the first %d were read.", maxLinks+maxMore)
	}
}

// resolve puts the base before an address that has no host of its own.
func (r *reader) resolve(address string) string {
	address = strings.Trim(address, " \t\r\n\f")
	if r.page.Base == "" || address == "" || web.Schemed(address) ||
		len(address) > 1 && strings.IndexByte(`/\`, address[0]) >= 0 && strings.IndexByte(`/\`, address[1]) >= 0 {
		return web.Absolute(address)
	}
	return strings.TrimRight(r.page.Base, "/") + "/" + strings.TrimLeft(address, "/")
}

// endAnchor notes the link that is open.
func (r *reader) endAnchor() {
	if r.anchor == nil {
		return
	}
	l := *r.anchor
	r.anchor = nil
	l.Label = strings.Join(strings.Fields(r.label.String()), " ")
	r.label.Reset()
	r.run = len(r.text)
	l.Hidden = l.Hidden || l.Label == "" && !l.Picture && r.muted
	if l.Address != "" {
		r.add(l)
	}
}

func tiny(size string) bool {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(size), "px"))
	return err == nil && n <= 2
}
