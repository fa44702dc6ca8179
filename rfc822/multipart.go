package rfc822

import (
	"bytes"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
)

// Boundary knows the delimiter lines of a multipart.
type Boundary struct {
	forms [][]byte // what may stand behind "--", the surest first
	loose [][]byte // the forms without their blanks, which mail programs fold as they like; nil: none has any
	ended bool     // one of them ended in a blank, which may stand before the closing hyphens
	more  bool     // there are more readings than are looked for
}

// Bounds are what kept readings of the boundary out.
func (b *Boundary) Bounds() Bounds {
	if b.more {
		return Parameters
	}
	return 0
}

// maxForms is how many readings of a boundary are looked for at once.
const maxForms = 8

// Boundary gives the delimiters of a multipart by its header. Where the parameter can be read in several ways (escapes,
// single quotes, blanks at its end, two of them), all count: mail programs differ, and none of the parts may be lost.
func (h *Header) Boundary() Boundary {
	var b Boundary
	for _, raw := range h.raws("Content-Type") {
		b.addType(raw)
	}
	return b
}

// addType adds what a Content-Type says.
func (b *Boundary) addType(raw string) {
	m := parseMediaType(raw)
	for _, value := range m.all("boundary") {
		b.add(value)
	}
	for i := range m.Params {
		if m.Params[i].Name == "boundary" {
			b.add(m.Params[i].Raw)
		}
	}
}

// newBoundary knows the delimiters of a boundary that is given as it is.
func newBoundary(value string) Boundary {
	var b Boundary
	b.add(value)
	return b
}

func (b *Boundary) add(value string) {
	form := []byte(strings.TrimRight(value, " \t\r\n")) // RFC 2046, section 5.1.1: it does not end in a blank
	same := func(o []byte) bool { return bytes.Equal(o, form) }
	if len(form) == 0 || slices.ContainsFunc(b.forms, same) {
		return
	}
	if len(b.forms) == maxForms {
		b.more = true
		return
	}
	b.forms = append(b.forms, form)
	b.ended = b.ended || len(form) < len(value)
	if loose := withoutBlanks(form); len(loose) < len(form) {
		b.loose = append(b.loose, loose)
	}
}

// None reports whether there is no boundary.
func (b Boundary) None() bool { return len(b.forms) == 0 }

// Forms is in how many ways the boundary can be read.
func (b Boundary) Forms() int { return len(b.forms) }

// Forgiven is LooseBoundary for a line that is a delimiter only by another reading of the boundary than the surest.
func (b Boundary) Forgiven(line []byte) Forgiven {
	if form, _ := b.match(line); form > 0 {
		return LooseBoundary
	}
	return 0
}

// Match reports whether a line is a delimiter, and whether it is the closing one. The whole line is compared, but for
// blanks at its end: RFC 2046, section 5.1.1, transport padding.
func (b Boundary) Match(line []byte) (is, closing bool) {
	form, closing := b.match(line)
	return form >= 0, closing
}

// Ends reports whether a line is a delimiter, for HeaderOptions and Lines.Until.
func (b Boundary) Ends(line []byte) bool {
	form, _ := b.match(line)
	return form >= 0
}

func (b Boundary) match(line []byte) (form int, closing bool) {
	text, ok := bytes.CutPrefix(line, []byte("--"))
	if !ok {
		return -1, false
	}
	text = bytes.TrimRight(text, " \t\r\n")
	for i, f := range b.forms {
		if rest, ok := bytes.CutPrefix(text, f); ok && b.closes(rest) {
			return i, len(rest) > 0
		}
	}
	if b.loose == nil || len(text) > 4*maxName {
		return -1, false
	}
	text = withoutBlanks(text)
	for _, f := range b.loose {
		if rest, ok := bytes.CutPrefix(text, f); ok && b.closes(rest) {
			return len(b.forms), len(rest) > 0
		}
	}
	return -1, false
}

// closes reports whether what follows a boundary is nothing, or the closing hyphens.
func (b Boundary) closes(rest []byte) bool {
	if b.ended {
		rest = bytes.TrimLeft(rest, " \t")
	}
	return len(rest) == 0 || string(rest) == "--"
}

func withoutBlanks(b []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if c == ' ' || c == '\t' {
			return -1
		}
		return c
	}, b)
}

// Span is a run of bytes, counted from where the lines begin.
type Span struct{ Start, End int64 }

// Size is how many bytes it has.
func (s Span) Size() int64 { return s.End - s.Start }

// Part is one part of a multipart.
type Part struct {
	Header Header
	Body   Span
}

// Multipart is the body of a multipart, cut at its delimiters.
type Multipart struct {
	Parts    []Part
	Preamble Span
	Epilogue Span // with SplitOptions.PastEnd alone
	Seen     bool // a delimiter was there
	Closed   bool // the closing delimiter was there
	Forgiven Forgiven
	Bounds   Bounds
}

// SplitOptions say how a multipart is cut.
type SplitOptions struct {
	Parts   int           // 0: 1000
	Header  HeaderOptions // of the parts; Ends is not used
	PastEnd bool          // read on behind the closing delimiter: parts that follow it count, as in many mail programs
}

const defaultParts = 1000

// Split cuts the body of a multipart. RFC 2046, section 5.1.1.
func Split(l *Lines, b Boundary, o SplitOptions) Multipart {
	if o.Parts == 0 {
		o.Parts = defaultParts
	}
	o.Header.Ends = b.Ends
	s := splitter{lines: l, boundary: b, o: o, crlf: true}
	s.m.Preamble = s.toDelimiter(l.Offset())
	for s.found && s.part() {
	}
	if s.m.Seen && !s.m.Closed {
		s.m.Forgiven |= UnclosedMultipart
	}
	return s.m
}

// splitter finds one delimiter after the other.
type splitter struct {
	lines    *Lines
	boundary Boundary
	o        SplitOptions
	m        Multipart

	found   bool // a delimiter line was read
	closing bool
	crlf    bool // it ended in CRLF
}

// part reads what follows a delimiter, to the next one. It reports whether to go on.
func (s *splitter) part() bool {
	s.m.Seen = true
	switch {
	case s.closing && !s.o.PastEnd:
		s.m.Closed = true
		return false
	case s.closing:
		span := s.toDelimiter(s.lines.Offset())
		if !s.m.Closed {
			s.m.Epilogue = span
		}
		s.m.Closed = true
		if s.found && !s.closing {
			s.m.Forgiven |= ReopenedMultipart
		}
		return true
	case len(s.m.Parts) >= s.o.Parts:
		s.m.Bounds |= PartCount
		return false
	}
	h := ReadHeader(s.lines, s.o.Header)
	s.m.Parts = append(s.m.Parts, Part{Header: h, Body: s.toDelimiter(s.lines.Offset())})
	return true
}

// toDelimiter reads to behind the next delimiter and gives what stands before it. The line break before a delimiter
// belongs to it; where the delimiter that opened the part ended in a bare LF, so does that line break, and a CR before
// it is the part's own.
func (s *splitter) toDelimiter(start int64) Span {
	var tail [2]byte
	for {
		s.lines.skipText(&tail)
		at := s.lines.Offset()
		piece, begins := s.lines.Next()
		if len(piece) == 0 {
			s.found = false
			return Span{start, at}
		}
		if begins {
			if form, closing := s.boundary.match(piece); form >= 0 {
				end := at
				if tail[1] == '\n' {
					end--
					if s.crlf && tail[0] == '\r' {
						end--
					}
				}
				s.delimiter(piece, form, closing)
				return Span{start, max(start, end)}
			}
		}
		keepTail(&tail, piece)
	}
}

func (s *splitter) delimiter(line []byte, form int, closing bool) {
	s.found, s.closing = true, closing
	s.crlf = bytes.HasSuffix(line, []byte("\r\n"))
	if form > 0 {
		s.m.Forgiven |= LooseBoundary
	}
}

func keepTail(tail *[2]byte, piece []byte) {
	switch n := len(piece); n {
	case 0:
	case 1:
		tail[0], tail[1] = tail[1], piece[0]
	default:
		tail[0], tail[1] = piece[n-2], piece[n-1]
	}
}

// skipText passes over lines that do not begin with "--", as far as they are at hand. It keeps the last two bytes.
func (l *Lines) skipText(tail *[2]byte) {
	if l.open || l.back || l.CRLF {
		return
	}
	text := l.rest
	if l.stream != nil {
		text, _ = l.stream.Peek(l.stream.Buffered())
	}
	if bytes.HasPrefix(text, []byte("--")) || len(text) < 3 {
		return
	}
	n := bytes.Index(text, []byte("\n--")) + 1
	if n == 0 {
		n = bytes.LastIndexByte(text, '\n') + 1
	}
	keepTail(tail, text[:n])
	l.offset += int64(n)
	if l.stream == nil {
		l.rest = l.rest[n:]
		return
	}
	_, _ = l.stream.Discard(n) // these bytes are buffered
}

// WholeEncoding is the transfer encoding of a multipart's body as a whole. RFC 2045, section 6.4 allows none, and
// programs name one for two reasons: they encoded everything, delimiters included, or they mean the parts. head is what
// the body begins with, the more the surer.
func (h *Header) WholeEncoding(head []byte) Encoding {
	e, b := h.Encoding(), h.Boundary()
	if e == Identity || b.None() {
		return Identity
	}
	raw := Split(LinesOf(head), b, SplitOptions{})
	if !raw.Seen {
		if decoded, _ := Decode(head, e); Split(LinesOf(decoded), b, SplitOptions{}).Seen {
			return e
		}
		return Identity
	}
	if e != QuotedPrintable {
		return Identity
	}
	own := Identity
	for i := range raw.Parts {
		part := &raw.Parts[i].Header
		if strings.Contains(mailaddr.Lower(part.First("Content-Type")), "=3d") {
			return e
		}
		if own == Identity {
			own = part.Encoding()
		}
	}
	if own != Identity {
		return Identity
	}
	return e
}
