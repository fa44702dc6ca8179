package identity

import (
	"bytes"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	maxHeader = 8 << 20
	maxValue  = 64 << 10
	maxValues = 32
)

// header holds the fields that are used, by lower-case name.
type header map[string][]string

func (h header) get(name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func used(name string) bool {
	switch name {
	case "from", "subject", "date", "message-id", "in-reply-to", "references", "content-type", "content-transfer-encoding",
		"content-disposition", "received",
		"x-ms-exchange-organization-network-message-id", "x-ms-office365-filtering-correlation-id":
		return true
	}
	return false
}

// readHeader reads a block to its empty line, or to a delimiter, which it leaves.
func (p *parts) readHeader() header {
	h, field := header{}, field{}
	for size := 0; size < maxHeader; {
		piece, start := p.lines.next()
		size += len(piece)
		text, _ := cutEOL(piece)
		switch {
		case len(piece) == 0, start && len(text) == 0:
			field.into(h)
			return h
		case start && isDelimiter(piece, p.boundaries):
			p.lines.unread()
			field.into(h)
			return h
		case !start, text[0] == ' ', text[0] == '\t':
			field.more(text)
		default:
			field.into(h)
			field.begin(text)
		}
	}
	p.bounded = true
	field.into(h)
	return h
}

// field is the one being read.
type field struct {
	name  string // "" when it is not used
	value []byte
}

func (f *field) begin(text []byte) {
	name, value, ok := bytes.Cut(text, []byte(":"))
	if n := strings.ToLower(strings.TrimSpace(string(name))); ok && used(n) {
		f.name = n
		f.more(value)
	}
}

func (f *field) more(text []byte) {
	if f.name != "" && len(f.value) < maxValue {
		f.value = append(f.value, text[:min(len(text), maxValue-len(f.value))]...)
	}
}

func (f *field) into(h header) {
	if f.name != "" && len(h[f.name]) < maxValues {
		h[f.name] = append(h[f.name], strings.TrimSpace(string(f.value)))
	}
	f.name, f.value = "", f.value[:0]
}

func (p *parts) messageOf(h header) Message {
	m := Message{Subject: decodeWords(h.get("subject")), MessageID: h.get("message-id")}
	m.untagged = untag(m.Subject, p.tags)
	m.From, m.FromName = author(h.get("from"))
	for _, trace := range h["received"] {
		m.Trace = append(m.Trace, strings.Join(strings.Fields(trace), " "))
	}
	if at, err := mail.ParseDate(h.get("date")); err == nil {
		m.Date = at.UTC()
	}
	for _, name := range []string{"x-ms-exchange-organization-network-message-id", "x-ms-office365-filtering-correlation-id"} {
		for _, id := range h[name] {
			if id = strings.ToLower(id); id != "" && !slices.Contains(m.NetworkMessageIDs, id) {
				m.NetworkMessageIDs = append(m.NetworkMessageIDs, id)
			}
		}
	}
	if len(m.NetworkMessageIDs) > 1 {
		m.Doubts = append(m.Doubts, NetworkIDs)
	}
	m.References = references(h)
	return m
}

const (
	maxReferences = 8
	maxID         = 998
)

// references gives the messages that this one answers or forwards, the nearest first. RFC 5322, section 3.6.4: the last
// of References is the parent, as In-Reply-To is.
func references(h header) []string {
	var list []string
	add := func(id string) {
		if !slices.Contains(list, id) && len(list) < maxReferences {
			list = append(list, id)
		}
	}
	for _, id := range messageIDs(h.get("in-reply-to")) {
		add(id)
	}
	for _, id := range slices.Backward(messageIDs(h.get("references"))) {
		add(id)
	}
	return list
}

// messageIDs finds what stands in angle brackets.
func messageIDs(value string) (ids []string) {
	for {
		_, rest, open := strings.Cut(value, "<")
		id, after, closed := strings.Cut(rest, ">")
		if !open || !closed {
			return ids
		}
		if id = strings.TrimSpace(id); id != "" && len(id) <= maxID && !strings.ContainsAny(id, "< \t") {
			ids = append(ids, "<"+id+">")
		}
		value = after
	}
}

// firstID is the first Message-ID of a value, "" when there is none.
func firstID(value string) string {
	if ids := messageIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

func words() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		return charset.NewReaderLabel(label, r)
	}}
}

// decodeWords decodes RFC 2047 words; what does not decode stays.
func decodeWords(s string) string {
	if decoded, err := words().DecodeHeader(s); err == nil {
		return decoded
	}
	return s
}

// author reads From, also where it is not a proper address list.
func author(value string) (address, name string) {
	parser := mail.AddressParser{WordDecoder: words()}
	if list, err := parser.ParseList(value); err == nil && len(list) > 0 {
		return list[0].Address, decodeWords(list[0].Name) // also where the words stand in quotes, as some write them
	}
	open := strings.LastIndexByte(value, '<')
	end := strings.LastIndexByte(value, '>')
	if open < 0 || end < open {
		return strings.TrimSpace(value), ""
	}
	return strings.TrimSpace(value[open+1 : end]), strings.Trim(decodeWords(strings.TrimSpace(value[:open])), `"`)
}
