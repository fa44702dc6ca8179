package extract

import (
	"strings"

	"clawback/score/page"
)

// HTML is what text/html bodies show and hide.
type HTML = page.Page

// readHTML reads one HTML text; its links are added to the message's. Of all texts of a message as much is read as
// Limits.Source says; of what is beyond, the addresses alone are.
func (m *Mail) readHTML(source, where string, nested bool) HTML {
	read := source
	if most := max(m.limits.Source-m.source, 0); len(source) > most {
		read = strings.ToValidUTF8(source[:most], "")
		m.unreadRest([]byte(source[most:]), most, where)
	}
	m.source += len(read)
	p := page.Read(read)
	q := quotesOf(p.Text, p.Quotes)
	for _, l := range p.Links {
		m.Add(l.Address, Link{Kind: l.Kind, Label: l.Label, Where: where, Nested: nested, Hidden: l.Hidden,
			Pic: l.Picture, Padded: l.Padded, Quoted: q.has(l.At)})
	}
	for _, address := range p.More {
		m.more(address)
	}
	for _, text := range p.NotRead {
		m.notRead(BoundText, where, text)
	}
	p.Links, p.More, p.NotRead, p.Quotes = nil, nil, nil, nil
	return p
}

// ReadHTML looks at an HTML text that is no body of the mail, such as an attached file; its links are added to m.
func (m *Mail) ReadHTML(source, where string) HTML { return m.readHTML(source, where, false) }

// Carried gives the bytes that an address carries by itself (RFC 2397), and their type; nil for any other address.
func Carried(address string) (kind string, body []byte) { return page.Carried(address) }
