package rfc822

// What package journal read mail with before, kept to compare.

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	htmlcharset "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"io"
	"mime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// oldJournalHeader is what is oldJournalKept of a oldJournalHeader block.
type oldJournalHeader struct {
	values map[string][]string // by lower-case name; only the fields of oldJournalKept
	counts map[string]int      // how often each oldJournalKept field stands there
	size   int64
	over   bool // the block is longer than maxHeader
}

// oldJournalKept says which fields are worth memory. Header blocks of Exchange have 140 fields and more.
func oldJournalKept(name string) bool {
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
func (h oldJournalHeader) get(name string) string {
	if v := h.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// oldJournalContradiction is the value of a field that stands several times with different values, or more often than is oldJournalKept.
const oldJournalContradiction = "(several, which differ)"

// sole answers the value of a field that must not contradict itself: a sender may have put one of its own beside the one
// that Exchange wrote, and which of them stands first proves nothing.
func (h oldJournalHeader) sole(name string) string {
	values := h.values[name]
	for _, v := range values {
		if !strings.EqualFold(v, values[0]) {
			return oldJournalContradiction
		}
	}
	if h.counts[name] > len(values) {
		return oldJournalContradiction
	}
	return h.get(name)
}

func (h oldJournalHeader) has(name string) bool { return h.counts[name] > 0 }

// mediaType answers the lower-case type and the parameters; oldJournalText/plain where the field is missing. RFC 2045, section 5.2.
func (h oldJournalHeader) mediaType() (string, map[string]string) {
	value := h.get("content-type")
	if value == "" {
		return "text/plain", nil
	}
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	return oldJournalLooseMediaType(value)
}

// oldJournalLooseMediaType reads what mime.ParseMediaType refuses: doubled or broken parameters, stray semicolons.
func oldJournalLooseMediaType(value string) (string, map[string]string) {
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

// fileName answers the name that the oldJournalPart was given, from either field.
func (h oldJournalHeader) fileName() string {
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
func (h oldJournalHeader) encoding() string {
	switch e := strings.ToLower(strings.TrimSpace(h.get("content-transfer-encoding"))); e {
	case string(Base64), string(QuotedPrintable):
		return e
	}
	return ""
}

// oldJournalHeaderReader builds a oldJournalHeader from the pieces of its oldJournalLines.
type oldJournalHeaderReader struct {
	oldJournalHeader
	name  string // of the field being read, "" when it is not oldJournalKept
	value []byte
	room  *int // octets that may still be oldJournalKept, of this oldJournalHeader and those beside it
}

func oldJournalNewHeaderReader(room *int) *oldJournalHeaderReader {
	return &oldJournalHeaderReader{room: room}
}

// add takes a piece and reports whether the block has ended: at the empty line, or at the limit.
func (h *oldJournalHeaderReader) add(piece []byte, start bool) bool {
	h.size += int64(len(piece))
	if h.size > maxHeader {
		h.over = true
		h.flush()
		return true
	}
	oldJournalText := oldJournalTrimEOL(piece)
	switch {
	case !start, len(oldJournalText) > 0 && (oldJournalText[0] == ' ' || oldJournalText[0] == '\t'):
		h.more(oldJournalText)
	case len(oldJournalText) == 0:
		h.flush()
		return true
	default:
		h.flush()
		h.begin(oldJournalText)
	}
	return false
}

// begin starts a field. A line without a colon is none and is passed over, as is an mbox "From " line.
func (h *oldJournalHeaderReader) begin(oldJournalText []byte) {
	name, value, ok := bytes.Cut(oldJournalText, []byte(":"))
	if !ok || len(name) > 80 {
		return
	}
	// RFC 5322, section 4.5: obsolete syntax allows blanks before the colon.
	if n := strings.ToLower(strings.TrimSpace(string(name))); oldJournalKept(n) {
		h.name = n
		h.more(value)
	}
}

func (h *oldJournalHeaderReader) more(oldJournalText []byte) {
	if h.name != "" {
		h.value = append(h.value, oldJournalText[:min(len(oldJournalText), maxValue-len(h.value))]...)
	}
}

func (h *oldJournalHeaderReader) flush() {
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

// oldJournalReadHeader reads a block to its end.
func oldJournalReadHeader(l *oldJournalLines) oldJournalHeader {
	room := maxHeader // never short: no field can take another's place, and each has its own limit
	h := oldJournalNewHeaderReader(&room)
	for {
		piece, start := l.next()
		if len(piece) == 0 {
			h.flush()
			return h.oldJournalHeader
		}
		if h.add(piece, start) {
			return h.oldJournalHeader
		}
	}
}

// oldJournalPart is one direct child of a multipart.
type oldJournalPart struct {
	oldJournalHeader oldJournalHeader
	body             oldJournalSection // within the message, after the oldJournalPart's oldJournalHeader
}

// oldJournalSplitter finds the direct children of a multipart in a stream of oldJournalLines. RFC 2046, section 5.1.1.
type oldJournalSplitter struct {
	delimiter []byte // "--" and the boundary
	parts     []oldJournalPart
	reader    *oldJournalHeaderReader // while in a oldJournalPart's oldJournalHeader
	inPart    bool
	crlf      bool // the delimiter line that opened the oldJournalPart ended in CRLF
	bodyStart int64
	tail      [2]byte // the two octets before the current piece
	closed    bool    // the closing delimiter was there
	seen      bool    // any delimiter was there
	tooMany   bool
	room      int // octets that the parts' headers may still keep
}

// oldJournalSplit reads the body of a multipart to its closing delimiter, or to the end.
func oldJournalSplit(l *oldJournalLines, boundary string) *oldJournalSplitter {
	s := &oldJournalSplitter{delimiter: []byte("--" + boundary), room: maxKept}
	for !s.closed && !s.tooMany {
		at := l.off
		piece, start := l.next()
		if len(piece) == 0 {
			s.end(at, true)
			return s
		}
		if start {
			if is, closing := s.isDelimiter(piece); is {
				s.boundary(at, l.off, piece, closing)
				continue
			}
		}
		s.content(piece, start, l.off)
	}
	return s
}

// isDelimiter compares the whole line: a line that only begins with the delimiter is content.
func (s *oldJournalSplitter) isDelimiter(line []byte) (is, closing bool) {
	rest, ok := bytes.CutPrefix(line, s.delimiter)
	if !ok {
		return false, false
	}
	rest, closing = bytes.CutPrefix(rest, []byte("--"))
	return len(bytes.Trim(rest, " \t\r\n")) == 0, closing // RFC 2046, 5.1.1: transport padding
}

func (s *oldJournalSplitter) boundary(at, after int64, line []byte, closing bool) {
	s.end(at, false)
	s.seen, s.closed = true, closing
	if len(s.parts) >= maxParts {
		s.tooMany = true
	}
	s.inPart = !closing && !s.tooMany
	s.crlf = bytes.HasSuffix(line, []byte("\r\n"))
	s.reader = oldJournalNewHeaderReader(&s.room)
	s.bodyStart = after
	s.tail = [2]byte{}
}

// end closes the open oldJournalPart before the octet at. The line break before a delimiter belongs to the delimiter; where
// delimiter oldJournalLines end in a bare LF, so does that line break, and a CR before it is the oldJournalPart's own.
func (s *oldJournalSplitter) end(at int64, missing bool) {
	if !s.inPart {
		return
	}
	if s.reader != nil { // the oldJournalHeader never ended: there is no body
		s.reader.flush()
		s.parts = append(s.parts, oldJournalPart{s.reader.oldJournalHeader, oldJournalSection{at, 0}})
		s.inPart = false
		return
	}
	stop := at
	if !missing && s.tail[1] == '\n' {
		stop--
		if s.crlf && s.tail[0] == '\r' {
			stop--
		}
	}
	last := &s.parts[len(s.parts)-1]
	last.body = oldJournalSection{s.bodyStart, max(0, stop-s.bodyStart)}
	s.inPart = false
}

func (s *oldJournalSplitter) content(piece []byte, start bool, after int64) {
	if s.inPart && s.reader != nil && s.reader.add(piece, start) {
		s.parts = append(s.parts, oldJournalPart{oldJournalHeader: s.reader.oldJournalHeader})
		s.reader, s.bodyStart = nil, after
		s.tail = [2]byte{}
		return
	}
	if n := len(piece); n > 1 {
		s.tail = [2]byte{piece[n-2], piece[n-1]}
	} else {
		s.tail = [2]byte{s.tail[1], piece[0]}
	}
}

// oldJournalLines cuts a stream at LF and keeps count of the offset. A line longer than the buffer comes in pieces.
type oldJournalLines struct {
	br  *bufio.Reader
	off int64 // of the octet after the last piece
	mid bool  // the last piece did not end its line
}

func oldJournalNewLines(r io.Reader) *oldJournalLines {
	return &oldJournalLines{br: bufio.NewReaderSize(r, lineBufferSize)}
}

// next answers the next piece with its line ending, and whether it begins a line. The piece is valid until the next
// call. It answers no piece at the end of the stream, and where the stream fails.
func (l *oldJournalLines) next() (piece []byte, start bool) {
	piece, _ = l.br.ReadSlice('\n')
	start = !l.mid
	l.off += int64(len(piece))
	l.mid = len(piece) > 0 && piece[len(piece)-1] != '\n'
	return piece, start
}

// oldJournalTrimEOL takes one CRLF or LF off.
func oldJournalTrimEOL(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		return bytes.TrimSuffix(b, []byte("\r"))
	}
	return b
}

// oldJournalText is a decoded part: a stream that can be cut into oldJournalLines, and what each line still needs to become UTF-8.
type oldJournalText struct {
	io.Reader
	line func([]byte) string
}

// oldJournalTextOf decodes a stream from a charset. Where that is ASCII, missing or unknown, the octets stay as they are and
// each line is looked at by itself.
func oldJournalTextOf(r io.Reader, label string) (t oldJournalText, known bool) {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "utf-8", "utf8", "unicode-1-1-utf-8":
		return oldJournalText{r, oldJournalLooseText}, true
	case "utf-7", "unicode-1-1-utf-7":
		return oldJournalText{r, oldJournalFromUTF7}, true
	}
	e := oldJournalLookup(label)
	if e == nil {
		return oldJournalText{r, oldJournalLooseText}, false
	}
	return oldJournalText{e.NewDecoder().Reader(r), oldJournalValidText}, true
}

// oldJournalLines yields the oldJournalLines that are not empty, without their ends and a byte order mark, and counts the octets. What of a
// line goes past maxField is dropped.
func (t oldJournalText) oldJournalLines(octets *int64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		l := oldJournalNewLines(t)
		var line []byte
		for {
			piece, start := l.next()
			*octets = l.off
			if start || len(piece) == 0 {
				line = bytes.TrimPrefix(bytes.TrimRight(line, "\r\n"), []byte("\ufeff"))
				if len(line) > 0 && !yield(t.line(line)) {
					return
				}
				line = line[:0]
			}
			if len(piece) == 0 {
				return
			}
			line = append(line, piece[:min(len(piece), maxField-len(line))]...)
		}
	}
}

// oldJournalLookup asks the WHATWG's list, which takes labels as they are really meant (iso-8859-1 is windows-1252), and the
// IANA registry for what that list forbids (hz-gb-2312) or reads without regard to the byte order mark (utf-16).
func oldJournalLookup(label string) encoding.Encoding {
	e, name := htmlcharset.Lookup(label)
	if e != nil && name != "replacement" && !strings.HasPrefix(name, "utf-16") {
		return e
	}
	registered, err := ianaindex.MIME.Encoding(label)
	if err != nil {
		return nil
	}
	return registered
}

// oldJournalLooseText reads octets of an uncertain charset: UTF-8 where they are that, else windows-1252.
func oldJournalLooseText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s)
}

func oldJournalValidText(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

// oldJournalFromUTF7 decodes a line of RFC 2152's UTF-7, which no Go package does. What does not decode stays as it is.
func oldJournalFromUTF7(octets []byte) string {
	line := oldJournalLooseText(octets)
	var out strings.Builder
	for {
		before, rest, shifted := strings.Cut(line, "+")
		out.WriteString(before)
		if !shifted {
			return out.String()
		}
		n := strings.IndexFunc(rest, func(c rune) bool { return !oldJournalIsBase64(c) })
		if n < 0 {
			n = len(rest)
		}
		out.WriteString(oldJournalShiftedText(rest[:n]))
		line = strings.TrimPrefix(rest[n:], "-") // absorbed: RFC 2152, rule 2
	}
}

// oldJournalShiftedText decodes what stands between "+" and "-": UTF-16 in base64 without padding, or nothing for a plus sign.
func oldJournalShiftedText(s string) string {
	b, err := base64.RawStdEncoding.DecodeString(s)
	if s == "" || err != nil {
		return "+" + s
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.BigEndian.Uint16(b))
	}
	return string(utf16.Decode(units))
}

func oldJournalIsBase64(c rune) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

type oldJournalSection struct{ Offset, Size int64 }

// The limits that package journal had.
const (
	Base64Name     = "base64"
	maxHeader      = 8 << 20
	maxValue       = 64 << 10
	maxValues      = 8
	maxKept        = 1 << 20
	maxParts       = 1000
	maxField       = 64 << 10
	lineBufferSize = 16 << 10
)
