package extract

import (
	"strings"

	"clawback/score/page"
	"clawback/score/web"
)

// Kind says by what a link is one.
type Kind = page.Kind

// The kinds of link, as package page has them.
const (
	Anchor   = page.Anchor
	Form     = page.Form
	Refresh  = page.Refresh
	Image    = page.Image
	Resource = page.Resource
	Text     = page.Text
	Embedded = page.Embedded
)

// Link is an address of the web that stands in the message.
type Link struct {
	web.URL
	Kind   Kind
	Label  string // the text that is shown for it
	Where  string // "text/html, part 2", "calendar, part 3", "QR code in part 4"
	Nested bool   // stands in an attached message
	Hidden bool   // stands in text that is not shown
	Pic    bool   // an image is shown for it
	File   bool   // stands in an attached file
	Padded bool   // its address stands behind blanks
	Plain  bool   // stands in the plain form of a text that mail programs show as HTML
	Quoted bool   // stands in text that the author answers or sends on
}

// Clickable reports whether a person can follow it, or is led there.
func (l Link) Clickable() bool { return l.Kind != Image && l.Kind != Resource }

// maxMore bounds the addresses that are kept beyond Limits.Links.
const maxMore = 100_000

// Add records a link, and reports whether it was one. Of those beyond Limits.Links the address alone is kept, in More.
func (m *Mail) Add(raw string, l Link) bool {
	if len(m.Links) >= m.limits.Links {
		return m.more(raw)
	}
	u, ok := web.Parse(raw)
	if !ok {
		return false
	}
	l.URL = u
	if len(l.Label) > 300 {
		l.Label = strings.ToValidUTF8(l.Label[:300], "")
	}
	m.Links = append(m.Links, l)
	return true
}

// more keeps an address for the indicators.
func (m *Mail) more(raw string) bool {
	switch {
	case len(m.More) < maxMore:
		m.More = append(m.More, raw)
		return true
	case len(m.More) == maxMore:
		m.More = append(m.More, raw)
		m.notRead(BoundLinks, "links", "There are more addresses than are looked at.")
	}
	return false
}

// find records the addresses that are written out in a text.
func (m *Mail) find(text string, l Link) {
	l.Kind = Text
	web.Find(text, func(address string) { m.Add(address, l) })
}

// findIn is find for the text of a body, of which the author may quote a part.
func (m *Mail) findIn(text string, l Link) {
	l.Kind = Text
	q := quotesOf(text, nil)
	web.FindAt(text, func(at int, address string) {
		l.Quoted = q.has(at)
		m.Add(address, l)
	})
}

// findMore keeps the addresses of a text that is not read.
func (m *Mail) findMore(text string) {
	web.Find(text, func(address string) { m.more(address) })
}
