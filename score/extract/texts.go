package extract

import "strings"

// texts reads the bodies: their texts and their links.
func (m *Mail) texts() {
	var plain strings.Builder
	for i := range m.Parts {
		p := &m.Parts[i]
		if p.Disposition == "attachment" && !p.calendar() || p.Nested && p.Report {
			continue
		}
		if p.calendar() {
			m.calendar(p)
			continue
		}
		where := p.Type + ", part " + p.Path
		switch p.Type {
		case "text/html":
			m.html(p, where)
		case "text/plain":
			m.plain(p, where, &plain)
		}
	}
	m.Plain = plain.String()
}

// calendar reports whether the part is an event, which mail programs show, attached or not.
func (p *Part) calendar() bool {
	return p.Type == "text/calendar" || p.Type == "application/ics" || strings.HasSuffix(strings.ToLower(p.Name), ".ics")
}

// calendar reads the links of an event, whose lines are folded (RFC 5545, section 3.1).
func (m *Mail) calendar(p *Part) {
	text := strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "", `\n`, "\n", `\,`, ",").Replace(p.Text(m.limits.Text))
	m.find(text, "calendar, part "+p.Path, p.Nested)
}

func (m *Mail) html(p *Part, where string) {
	if m.HTML.Octets > m.limits.Text {
		return
	}
	out := &m.HTML
	if p.Nested {
		out = &HTML{}
	}
	readHTML(m, out, p.Text(m.limits.Text), where, p.Nested)
}

func (m *Mail) plain(p *Part, where string, plain *strings.Builder) {
	if p.Name != "" && p.Disposition != "inline" && !p.Alternative && p.Path != "1" || plain.Len() > m.limits.Text {
		return
	}
	text := p.Text(m.limits.Text)
	if !p.Nested && looksLikeHTML(text) {
		m.HTMLInPlain = true
		readHTML(m, &m.HTML, text, where, false)
		return
	}
	m.find(text, where, p.Nested)
	if !p.Nested {
		plain.WriteString(text)
		plain.WriteByte('\n')
	}
}

func (m *Mail) find(text, where string, nested bool) {
	FindURLs(text, func(address string) {
		m.Add(address, Link{Kind: Text, Where: where, Nested: nested})
	})
}

// Body is what a reader sees: the HTML text where there is one, else the plain text.
func (m *Mail) Body() string {
	if strings.TrimSpace(m.HTML.Text) != "" {
		return m.HTML.Text
	}
	return m.Plain
}

// looksLikeHTML reports whether plain text begins as a page does.
func looksLikeHTML(text string) bool {
	head := strings.ToLower(strings.TrimSpace(text[:min(len(text), 600)]))
	for _, tag := range []string{"<html", "<!doctype html", "<body", "<table", "<center", "<font", "<div", "<p>"} {
		if strings.HasPrefix(head, tag) {
			return true
		}
	}
	return false
}
