package extract

import (
	"bytes"
	"fmt"
	"strings"
)

// texts reads the bodies from one part on: their texts and their links.
func (m *Mail) texts(from int) {
	var plain strings.Builder
	for i := from; i < len(m.Parts); i++ {
		p := &m.Parts[i]
		if p.Disposition == "attachment" && !p.calendar() || p.Nested && p.Report || p.Page() {
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
	if from > 0 {
		return // of a message in a file: nothing of it is this one's own text
	}
	m.Plain = plain.String()
	if strings.TrimSpace(m.HTML.Text) == "" && m.HTML.Images == 0 {
		for i := range m.Links {
			m.Links[i].Plain = false
		}
	}
}

// calendar reports whether the part is an event, which mail programs show, attached or not.
func (p *Part) calendar() bool {
	return p.Type == "text/calendar" || p.Type == "application/ics" ||
		strings.HasSuffix(strings.ToLower(p.Name), ".ics")
}

// calendar reads the links of an event, whose lines are folded (RFC 5545, section 3.1).
func (m *Mail) calendar(p *Part) {
	where := "calendar, part " + p.Path
	text, rest := p.split(m.limits.Text)
	m.unreadRest(rest, len(text), where)
	text = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "", `\n`, "\n", `\,`, ",").Replace(text)
	m.find(text, Link{Where: where, Nested: p.Nested})
	m.enclose(shownOfEvent(text, m.limits.Frozen))
}

func (m *Mail) html(p *Part, where string) {
	text, rest := p.split(max(m.limits.Source-m.source, 0))
	m.Unlabelled = m.Unlabelled || p.unlabelled()
	read := m.readHTML(text, where, p.Nested)
	m.unreadRest(rest, len(text), where)
	if p.Nested {
		m.enclose(read.Text)
		return
	}
	m.HTML.Append(read)
}

// maxEnclosed is how many bytes of enclosed text are kept.
const maxEnclosed = 64 << 10

// enclose keeps text that the reader sees when he opens what is attached.
func (m *Mail) enclose(text string) {
	room := max(0, maxEnclosed-len(m.Enclosed))
	m.EnclosedCut = m.EnclosedCut || len(text) > room
	if room > 0 && strings.TrimSpace(text) != "" {
		m.Enclosed += strings.ToValidUTF8(text[:min(len(text), room)], "") + "\n"
	}
}

// shownOfEvent is what mail programs show of an event: its title, its description and where it is (RFC 5545, section
// 3.8.1). A description goes on after what was \n in it, whether there is a colon in its line or not; frozen leaves
// lines with one out.
func shownOfEvent(text string, frozen bool) string {
	var shown []string
	within := false // the last property is one that is shown
	for line := range strings.SplitSeq(text, "\n") {
		name, value, found := strings.Cut(line, ":")
		name, _, _ = strings.Cut(name, ";")
		property := found && (frozen || ofEvent(name))
		switch name = strings.ToUpper(name); {
		case found && (name == "SUMMARY" || name == "DESCRIPTION" || name == "LOCATION" || name == "COMMENT"):
			within = true
			shown = append(shown, strings.TrimSpace(value))
		case property:
			within = false
		case !found || within:
			shown = append(shown, line)
		}
	}
	return strings.Join(shown, "\n")
}

// ofEvent reports whether a name is one of a property of events (RFC 5545, section 8.3.2). In a description "Order:
// 4711" is text, and "ORDER: 4711" too.
func ofEvent(name string) bool {
	switch name = strings.ToUpper(name); name {
	case "BEGIN", "END", "VERSION", "PRODID", "METHOD", "CALSCALE", "UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION",
		"ORGANIZER", "ATTENDEE", "SEQUENCE", "STATUS", "CLASS", "CREATED", "LAST-MODIFIED", "TRANSP", "PRIORITY",
		"RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "CATEGORIES", "URL", "GEO", "ATTACH", "CONTACT", "RELATED-TO",
		"RESOURCES", "REQUEST-STATUS", "TZID", "TZNAME", "TZURL", "TZOFFSETFROM", "TZOFFSETTO", "ACTION", "TRIGGER",
		"REPEAT", "PERCENT-COMPLETE", "COMPLETED", "DUE", "FREEBUSY", "ACKNOWLEDGED":
		return true
	}
	return strings.HasPrefix(name, "X-")
}

func (m *Mail) plain(p *Part, where string, plain *strings.Builder) {
	if p.Name != "" && p.Disposition != "inline" && !p.Alternative && p.Path != "1" {
		return
	}
	text, rest := p.split(max(m.limits.Text-plain.Len(), 0))
	m.Unlabelled = m.Unlabelled || p.unlabelled()
	m.unreadRest(rest, len(text), where)
	if !p.Nested && looksLikeHTML(text) {
		m.HTMLInPlain = true
		m.HTML.Append(m.readHTML(text, where, false))
		return
	}
	m.findIn(text, Link{Where: where, Nested: p.Nested, Plain: p.Alternative && !p.Nested})
	if p.Nested {
		m.enclose(text)
		return
	}
	plain.WriteString(text)
	plain.WriteByte('\n')
}

// window is how much of a rest is looked at in one piece: a text of many MiB is not held twice.
const window = 1 << 20

// windowEnd is where the first piece of a rest ends: behind a blank or a line end, which no address goes across.
func windowEnd(rest []byte) int {
	if len(rest) <= window {
		return len(rest)
	}
	if at := bytes.LastIndexAny(rest[:window], " \t\r\n"); at >= 0 {
		return at + 1
	}
	return window
}

// unreadRest records that a text was not read to its end. The addresses in the rest are kept all the same.
func (m *Mail) unreadRest(rest []byte, read int, where string) {
	if len(rest) == 0 {
		return
	}
	m.notRead(BoundText, where, fmt.Sprintf("The first %d bytes were read, and %d were not.", read, len(rest)))
	for len(rest) > 0 {
		n := windowEnd(rest)
		m.findMore(string(rest[:n]))
		rest = rest[n:]
	}
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
