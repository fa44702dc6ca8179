package rfc822

// What package journal read mail with before, kept to compare.

import (
	"bufio"
	"bytes"
	"io"
	"strings"
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
		"x-ms-exchange-generated-message-source", "x-ms-traffictypediagnostic",
		"x-ms-exchange-organization-journal-report",
		"x-ms-exchange-organization-id", "x-ms-exchange-organization-network-message-id",
		"x-ms-exchange-organization-messagedirectionality", "x-ms-exchange-organization-authas":
		return true
	}
	return false
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

// end closes the open oldJournalPart before the octet at. The line break before a delimiter belongs to the delimiter;
// where delimiter oldJournalLines end in a bare LF, so does that line break, and a CR before it is the oldJournalPart's
// own.
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
