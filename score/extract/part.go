package extract

import (
	"slices"
	"strings"
	"unicode/utf8"

	"clawback/rfc822"
)

// Part is one leaf of the message.
type Part struct {
	Path        string   // 1.2.1, as IMAP numbers parts; "1" for a message of one part; "1.uu2" for a file in a text
	Type        string   // media type, lower case
	Name        string   // file name, decoded
	OtherNames  []string // those that other mail programs go by, where the fields give more than one
	Disposition string   // attachment, inline or ""
	Charset     string
	ContentID   string
	Encoding    rfc822.Encoding
	Nested      bool // lies inside an attached message
	Report      bool // lies inside a multipart/report
	Alternative bool // is one of several forms of the same text
	Archive     bool // lies inside a web archive
	Files       int  // how many files it lies in, as a part of a message in a file

	body []byte
	lead []byte // lines among its fields that are none, which some mail programs begin the text with
}

// Body is the part's content, decoded. It is decoded at each call.
func (p *Part) Body() []byte {
	body := p.body
	if len(body) == 0 { // all of it stood before the empty line
		body = p.lead
	}
	body, _ = rfc822.Decode(body, p.Encoding)
	return body
}

// Encoded is how many octets the part has before decoding.
func (p *Part) Encoded() int { return len(p.body) }

// Head is the beginning of the part's content, decoded: n bytes of it, or a few less.
func (p *Part) Head(n int) []byte {
	body, _ := rfc822.Decode(p.body[:min(len(p.body), 3*n)], p.Encoding)
	return body[:min(len(body), n)]
}

// Attached reports whether a mail program shows the part as a file.
func (p *Part) Attached() bool {
	return p.Disposition == "attachment" || p.Name != "" || !strings.HasPrefix(p.Type, "text/")
}

// ownSubtypes are texts that no mail program shows as they stand: it reads them otherwise, offers them as files, or
// leaves them to the few programs that know them.
var ownSubtypes = []string{"html", "calendar", "x-amp-html", "watch-html", "rfc822-headers", "csv", "css", "directory",
	"ecmascript", "javascript", "rtf", "vcard", "x-vcalendar", "x-vcard", "xml"}

// shownAsPlain reports whether the part is a text of a subtype that nobody knows: such is shown as text/plain is (RFC
// 2046, section 4.1.4).
func (p *Part) shownAsPlain() bool {
	subtype, text := strings.CutPrefix(p.Type, "text/")
	return text && !p.Attached() && !slices.Contains(ownSubtypes, subtype)
}

// Page reports whether the part is opened by a browser as a file of its own, though no name says so: HTML in a web
// archive.
func (p *Part) Page() bool { return p.Archive && (p.html() || p.Type == "image/svg+xml") }

func (p *Part) html() bool { return p.Type == "text/html" || p.Type == "application/xhtml+xml" }

// split is a text part's content: at most limit octets of it in UTF-8, and the rest as it is.
func (p *Part) split(limit int) (text string, rest []byte) {
	body := p.Body()
	if len(body) > limit {
		body, rest = body[:limit], body[limit:]
	}
	return p.text(body), rest
}

// unlabelledFrom is how many 8-bit bytes a text must have to be unlabelled: a few are a curly quote or a name that was
// pasted in.
const unlabelledFrom = 20

// unlabelled reports whether the text of the message itself has 8-bit bytes that are no UTF-8, and its header names no
// charset for them: the default is US-ASCII (RFC 2045, section 5.2), so that each program guesses. What a page says of
// itself does not count: filters that go by the header do not read it.
func (p *Part) unlabelled() bool {
	switch strings.ToLower(strings.Trim(p.Charset, `" `)) {
	case "", "us-ascii", "ascii", "unknown", "x-unknown", "unknown-8bit", "default", "none", "8bit":
	default:
		return false
	}
	if p.Nested {
		return false
	}
	head := p.Head(64 << 10)
	n := 0
	for _, c := range head {
		if c >= utf8.RuneSelf {
			n++
		}
	}
	if n < unlabelledFrom {
		return false
	}
	for range utf8.UTFMax - 1 { // the last character may be cut
		if r, size := utf8.DecodeLastRune(head); r != utf8.RuneError || size != 1 {
			break
		}
		head = head[:len(head)-1]
	}
	return !utf8.Valid(head)
}

// text decodes octets of the part, as a browser does where it is a page.
func (p *Part) text(body []byte) string {
	decode := rfc822.DecodeText
	if p.html() {
		decode = rfc822.DecodeHTML
	}
	text, _ := decode(body, p.Charset)
	if len(p.lead) > 0 && len(p.body) > 0 {
		lead, _ := rfc822.Decode(p.lead, p.Encoding)
		first, _ := rfc822.DecodeText(lead, p.Charset)
		return first + text
	}
	return text
}
