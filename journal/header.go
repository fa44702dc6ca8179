package journal

import (
	"bytes"
	"mime"
	"strings"
)

// header is what is kept of a header block.
type header struct {
	values map[string][]string // by lower-case name; only the fields of kept
	counts map[string]int      // how often each kept field stands there
	size   int64
	over   bool // the block is longer than maxHeader
}

// kept says which fields are worth memory. Header blocks of Exchange have 140 fields and more.
func kept(name string) bool {
	switch name {
	case "content-type", "content-transfer-encoding", "content-disposition", "message-id", "from", "sender", "subject",
		"content-identifer", "content-identifier", "x-originatororg", "x-ld-processed", "x-ms-journal-report",
		"x-ms-exchange-crosstenant-id", "x-eoptenantattributedmessage",
		"x-ms-exchange-parent-message-id", "x-ms-exchange-message-is-ndr",
		"x-ms-exchange-generated-message-source", "x-ms-traffictypediagnostic", "x-ms-exchange-organization-journal-report",
		"x-ms-exchange-organization-id", "x-ms-exchange-organization-network-message-id",
		"x-ms-exchange-organization-messagedirectionality", "x-ms-exchange-organization-authas":
		return true
	}
	return false
}

// get answers a field's first value, "" when it does not stand there.
func (h header) get(name string) string {
	if v := h.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// contradiction is the value of a field that stands several times with different values, or more often than is kept.
const contradiction = "(several, which differ)"

// sole answers the value of a field that must not contradict itself: a sender may have put one of its own beside the one
// that Exchange wrote, and which of them stands first proves nothing.
func (h header) sole(name string) string {
	values := h.values[name]
	for _, v := range values {
		if !strings.EqualFold(v, values[0]) {
			return contradiction
		}
	}
	if h.counts[name] > len(values) {
		return contradiction
	}
	return h.get(name)
}

func (h header) has(name string) bool { return h.counts[name] > 0 }

// mediaType answers the lower-case type and the parameters; text/plain where the field is missing. RFC 2045, section 5.2.
func (h header) mediaType() (string, map[string]string) {
	value := h.get("content-type")
	if value == "" {
		return "text/plain", nil
	}
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	return looseMediaType(value)
}

// looseMediaType reads what mime.ParseMediaType refuses: doubled or broken parameters, stray semicolons.
func looseMediaType(value string) (string, map[string]string) {
	kind, rest, _ := strings.Cut(value, ";")
	params := map[string]string{}
	for field := range strings.SplitSeq(rest, ";") {
		name, v, ok := strings.Cut(field, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, have := params[name]; ok && !have {
			params[name] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// fileName answers the name that the part was given, from either field.
func (h header) fileName() string {
	_, params := h.mediaType()
	name := params["name"]
	if _, params, err := mime.ParseMediaType(h.get("content-disposition")); err == nil && params["filename"] != "" {
		name = params["filename"]
	}
	// RFC 2047 forbids encoded words in parameters; Outlook writes them.
	if decoded, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
		return decoded
	}
	return name
}

// encoding answers the transfer encoding where it changes octets, else "". RFC 2045, section 6.
func (h header) encoding() string {
	switch e := strings.ToLower(strings.TrimSpace(h.get("content-transfer-encoding"))); e {
	case Base64, QuotedPrintable:
		return e
	}
	return ""
}

// headerReader builds a header from the pieces of its lines.
type headerReader struct {
	header
	name  string // of the field being read, "" when it is not kept
	value []byte
	room  *int // octets that may still be kept, of this header and those beside it
}

func newHeaderReader(room *int) *headerReader { return &headerReader{room: room} }

// add takes a piece and reports whether the block has ended: at the empty line, or at the limit.
func (h *headerReader) add(piece []byte, start bool) bool {
	h.size += int64(len(piece))
	if h.size > maxHeader {
		h.over = true
		h.flush()
		return true
	}
	text := trimEOL(piece)
	switch {
	case !start, len(text) > 0 && (text[0] == ' ' || text[0] == '\t'):
		h.more(text)
	case len(text) == 0:
		h.flush()
		return true
	default:
		h.flush()
		h.begin(text)
	}
	return false
}

// begin starts a field. A line without a colon is none and is passed over, as is an mbox "From " line.
func (h *headerReader) begin(text []byte) {
	name, value, ok := bytes.Cut(text, []byte(":"))
	if !ok || len(name) > 80 {
		return
	}
	// RFC 5322, section 4.5: obsolete syntax allows blanks before the colon.
	if n := strings.ToLower(strings.TrimSpace(string(name))); kept(n) {
		h.name = n
		h.more(value)
	}
}

func (h *headerReader) more(text []byte) {
	if h.name != "" {
		h.value = append(h.value, text[:min(len(text), maxValue-len(h.value))]...)
	}
}

func (h *headerReader) flush() {
	if h.name == "" {
		return
	}
	if h.values == nil {
		h.values, h.counts = map[string][]string{}, map[string]int{}
	}
	size := len(h.value)
	for _, v := range h.values[h.name] {
		size += len(v)
	}
	if h.counts[h.name]++; h.counts[h.name] <= maxValues && size <= maxValue && len(h.value) <= *h.room {
		*h.room -= len(h.value)
		h.values[h.name] = append(h.values[h.name], strings.TrimSpace(string(h.value)))
	}
	h.name, h.value = "", h.value[:0]
}

// readHeader reads a block to its end.
func readHeader(l *lines) header {
	room := maxHeader // never short: no field can take another's place, and each has its own limit
	h := newHeaderReader(&room)
	for {
		piece, start := l.next()
		if len(piece) == 0 {
			h.flush()
			return h.header
		}
		if h.add(piece, start) {
			return h.header
		}
	}
}
