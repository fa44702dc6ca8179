package extract

import (
	"strings"

	"clawback/score/web"
)

// Kind says by what a link is one.
type Kind string

// The kinds of link.
const (
	Anchor   Kind = "anchor"   // <a href>, <area href>
	Form     Kind = "form"     // <form action>
	Image    Kind = "image"    // <img src>, backgrounds: fetched when shown
	Resource Kind = "resource" // script, frame, style sheet, refresh
	Text     Kind = "text"     // written out in a text
	Embedded Kind = "embedded" // in an attachment: PDF, Office file, QR code
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
}

// Clickable reports whether a person can follow it.
func (l Link) Clickable() bool { return l.Kind != Image && l.Kind != Resource }

// Add notes a link, and answers whether it was one.
func (m *Mail) Add(raw string, l Link) bool {
	if len(m.Links) >= m.limits.Links {
		return false
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

// FindURLs calls found with each address that is written out in a text.
func FindURLs(text string, found func(string)) {
	for range 2000 {
		at := strings.Index(text, "://")
		if at < 0 {
			return
		}
		start := at
		for start > 0 && at-start < 6 && letter(text[start-1]) {
			start--
		}
		end := at + 3
		for end < len(text) && end-start < web.MaxURL && !strings.ContainsRune(" \t\r\n<>\"'`{}|^\\", rune(text[end])) && !separator(text[end:]) {
			end++
		}
		found(strings.TrimRight(text[start:end], ".,;:!?)]*_"))
		text = text[end:]
	}
}

// separator reports whether s begins with a space that is not ASCII.
func separator(s string) bool {
	return strings.HasPrefix(s, "\u00a0") || strings.HasPrefix(s, "\u3000") || strings.HasPrefix(s, "\u2028")
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
