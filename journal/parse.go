package journal

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"clawback/rfc822"
)

// Parse tells what a message at a journal address is and unwraps it. The error is that of r, or io.ErrUnexpectedEOF
// when r is shorter than size; a message that cannot be understood is no error. r may be read by several at once.
func Parse(r io.ReaderAt, size int64) (*Report, error) {
	return (&parser{src: &source{r: r, size: size, budget: maxReadFactor*size + 1<<20}}).parse()
}

func (p *parser) parse() (*Report, error) {
	report := p.message(Location{Section: Section{0, p.src.size}}, 0)
	if p.src.err != nil && !errors.Is(p.src.err, errBudget) {
		return nil, fmt.Errorf("read message: %w", p.src.err)
	}
	if p.gaveUp && report.Kind == KindNotReport {
		report.problem("not all attached messages were looked into: too deep, or too many")
	}
	if p.src.err != nil {
		// What was measured last is not whole.
		report.Originals, report.FirstHand = nil, false
		report.problem("the message is too entangled: reading it was given up")
	}
	return report, nil
}

// ParseHead unwraps the first limit bytes of a message, for one that is too costly to be read to its end: whose it is,
// and for whom, stands there. An original that goes on behind them is cut, and the report is not first-hand then.
func ParseHead(r io.ReaderAt, size, limit int64) (*Report, error) {
	if size <= limit {
		return Parse(r, size)
	}
	src := &source{r: io.NewSectionReader(r, 0, limit), size: limit, budget: maxReadFactor*limit + 1<<20}
	return (&parser{src: src, cut: true}).parse()
}

// ParseOuter reads the outer header of a message alone. Its kind is not known by that.
func ParseOuter(r io.ReaderAt, size int64) (*Report, error) {
	p := &parser{src: &source{r: r, size: size, budget: 2*maxHeader + 1<<20}}
	l := rfc822.NewLines(io.NewSectionReader(p.src, 0, size))
	defer l.Close()
	h := readHeader(l)
	if p.src.err != nil && !errors.Is(p.src.err, errBudget) {
		return nil, fmt.Errorf("read header: %w", p.src.err)
	}
	return &Report{Kind: KindNotReport, Outer: p.outerOf(h, Location{Section: Section{0, size}})}, nil
}

// parser holds what is common to a message and the messages attached to it.
type parser struct {
	src      *source
	cut      bool // src is the beginning of a message
	messages int  // attached messages looked into so far
	gaveUp   bool // messages are attached deeper, or in greater number, than is looked
}

// part is one direct child of a multipart.
type part struct {
	header header
	body   Section // within the multipart's body
}

// outline is the top of a message or of a multipart: its header and its direct children.
type outline struct {
	header   header
	kind     string   // media type
	at       Location // of a message: where it stands
	body     Location // from where the children are counted
	parts    []part
	unclosed bool // the closing delimiter is missing
	encoded  bool // the body is transfer-encoded as a whole
	problems []string
}

// outline reads a message's header and, where it is a multipart, cuts its body.
func (p *parser) outline(at Location) *outline {
	l := rfc822.NewLines(at.Open(p.src))
	defer l.Close()
	o := &outline{header: readHeader(l), at: at, body: at}
	if o.header.Bounds&rfc822.HeaderOctets != 0 {
		o.problem("the header is longer than %d octets", maxHeader)
	}
	p.splitBody(o, l)
	return o
}

// inside reads a child that is itself a multipart.
func (p *parser) inside(parent *outline, c part) *outline {
	o := &outline{header: c.header, body: parent.body.within(c.body)}
	l := rfc822.NewLines(o.body.Open(p.src))
	defer l.Close()
	p.splitBody(o, l)
	return o
}

// splitBody cuts the body that l is at into the children of a multipart.
func (p *parser) splitBody(o *outline, l *rfc822.Lines) {
	o.kind, _ = o.header.mediaType()
	if !strings.HasPrefix(o.kind, "multipart/") {
		return
	}
	boundary := o.header.Boundary()
	if boundary.None() {
		o.problem("the multipart has no boundary")
		return
	}
	l = p.decodeWhole(o, l)
	room := maxKept
	s := rfc822.Split(l, boundary, rfc822.SplitOptions{Parts: maxParts, Header: headerOptions(&room)})
	for i := range s.Parts {
		b := s.Parts[i].Body
		o.parts = append(o.parts, part{header{s.Parts[i].Header}, Section{b.Start, b.Size()}})
	}
	switch {
	case !s.Seen:
		o.problem("no delimiter line has the boundary")
	case s.Bounds&rfc822.PartCount != 0:
		o.problem("more than %d parts", maxParts)
	case !s.Closed:
		o.unclosed = true
		o.problem("the closing boundary is missing")
	}
}

// decodeWhole takes off the transfer encoding of a multipart as a whole, which RFC 2045, section 6.4 does not allow.
func (p *parser) decodeWhole(o *outline, l *rfc822.Lines) *rfc822.Lines {
	if o.header.Encoding() == rfc822.Identity {
		return l
	}
	const toItsEnd = 1 << 40
	at := o.body.within(Section{l.Offset(), toItsEnd})
	if o.body.Encoding == "" {
		at.Section.Size = o.body.Section.Size - l.Offset()
	}
	e := o.header.WholeEncoding(p.head(at))
	if e == rfc822.Identity {
		return l
	}
	o.problem("the multipart is encoded as a whole, in %s", e)
	o.encoded, o.body = true, at.decoded(string(e))
	return rfc822.NewLines(o.body.Open(p.src))
}

func (o *outline) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// newReport begins a report with what the outline tells.
func (p *parser) newReport(o *outline) *Report {
	r := &Report{Kind: KindNotReport, Outer: p.outerOf(o.header, o.at)}
	for _, text := range o.problems {
		r.problem("%s", text)
	}
	return r
}

// message tells what one message is, trying the forms in the order of how surely they are recognised.
func (p *parser) message(at Location, depth int) *Report {
	p.messages++
	o := p.outline(at)
	r := p.newReport(o)
	switch {
	case r.Outer.Marker && o.kind != "multipart/report":
		return p.marked(r, o, depth)
	case o.kind == "multipart/report" || o.header.has("x-ms-exchange-message-is-ndr"):
		return p.carrier(r, o, KindNDR, depth)
	case isValidation(o.header):
		r.Kind = KindValidation
		return r
	case isMessageOnly(o.header):
		r.problem("a copy by message-only journaling: it does not tell the recipients")
		return r
	case p.resent(r, o, depth):
		return r
	}
	return p.carrier(r, o, KindResent, depth)
}

// marked unwraps a message that says it is a journal report.
func (p *parser) marked(r *Report, o *outline, depth int) *Report {
	s := p.shapeOf(o, depthOfReport)
	agent := hasJournalAgent(o.header)
	if !agent && (s.envelope == nil || len(s.originals) == 0) {
		if deep := p.rewrapped(o, depth); deep != nil {
			return deep
		}
	}
	r.Kind = KindReport
	p.unwrap(r, s)
	if s.odd != "" {
		r.problem("not the shape that Exchange gives a report: %s", s.odd)
	}
	if !agent {
		r.problem("the marker stands there, but no sign of Exchange's Journal Agent")
	}
	if r.Outer.Submitted != "" {
		r.problem("it bears %s: it was sent, and not made by Exchange's Journal Agent", r.Outer.Submitted)
	}
	r.FirstHand = agent && s.odd == "" && len(r.Originals) > 0 && s.named && r.Outer.Submitted == ""
	return r
}

// rewrapped unwraps a message that has kept the marker but not the form: sent again, or put into another message.
func (p *parser) rewrapped(o *outline, depth int) *Report {
	r := p.newReport(o)
	if p.resent(r, o, depth) {
		return r
	}
	if r = p.carrier(r, o, KindResent, depth); r.Kind == KindResent {
		return r
	}
	return nil
}

// resent unwraps a message without the marker whose structure is that of a report: what Outlook's Send Again makes.
func (p *parser) resent(r *Report, o *outline, depth int) bool {
	s := p.shapeOf(o, maxDepth-depth)
	if s.envelope == nil || len(s.originals) == 0 || !p.looksLikeEnvelope(s.envelope) {
		return false
	}
	r.Kind = KindResent
	p.unwrap(r, s)
	return true
}
