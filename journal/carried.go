package journal

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// carrier looks for a report among the messages attached to an NDR or a forward, and answers with what it holds.
func (p *parser) carrier(r *Report, o *outline, kind Kind, depth int) *Report {
	found, at := p.carried(o, depth)
	if found == nil {
		if kind == KindNDR {
			r.problem("a non-delivery report that carries no journal report")
			p.returned(r, o)
		}
		return r
	}
	if found.Carried == nil {
		found.Carried = p.sent(r, o, at)
	}
	found.Kind, found.FirstHand = kind, false
	found.Problems = append(r.Problems, found.Problems...)
	return found
}

// returned notes where the message lies that an NDR returns, whatever it is: a bounce of ours may carry what nobody can
// unwrap. RFC 3462, section 1, item 3.
func (p *parser) returned(r *Report, o *outline) {
	i := slices.IndexFunc(o.parts, func(c part) bool { return isMessage(c.header) })
	if i < 0 {
		return
	}
	at, ok := p.decoding(o.body.within(o.parts[i].body), o.parts[i].header)
	if !ok {
		r.problem("the transfer encoding of the returned message does not decode: its octets are taken as they stand")
	}
	r.Carried = p.sent(r, o, at)
}

// sent is the location with the line ends that it was sent with. SMTP knows CRLF alone, and a file whose own header has
// LF is as a mail store on Unix keeps it. What lies in base64 there has kept its octets; what was binary (RFC 3030) may
// have had lines that ended in LF, and nothing tells any more which.
func (p *parser) sent(r *Report, o *outline, at Location) *Location {
	first, _ := rfc822.NewLines(io.NewSectionReader(p.src, 0, p.src.size)).Next()
	if !bytes.HasSuffix(first, []byte("\r\n")) && !strings.Contains(at.Encoding, string(rfc822.Base64)) {
		at = at.decoded(crlf)
		if mailaddr.Equal(strings.TrimSpace(o.header.get("content-transfer-encoding")), "binary") {
			r.problem("it was sent as binary and is kept with LF for every line end: not all octets need be those " +
				"that were sent")
		}
	}
	return &at
}

// carried answers the first attached report, and where it lies.
func (p *parser) carried(o *outline, depth int) (*Report, Location) {
	if depth >= maxDepth {
		p.gaveUp = true
		return nil, Location{}
	}
	if isMessage(o.header) && len(o.parts) == 0 { // the root itself is message/rfc822
		return p.attached(o.body.within(p.rootBody(o)), o.header, depth)
	}
	for _, c := range o.parts {
		found, at := p.carriedIn(o, c, depth)
		if found != nil {
			return found, at
		}
	}
	return nil, Location{}
}

func (p *parser) carriedIn(o *outline, c part, depth int) (*Report, Location) {
	kind, _ := c.header.mediaType()
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return p.carried(p.inside(o, c), depth+1)
	case isMessage(c.header):
		return p.attached(o.body.within(c.body), c.header, depth)
	}
	return nil, Location{}
}

// attached looks into an attached message. The first report found in it counts.
func (p *parser) attached(at Location, h header, depth int) (*Report, Location) {
	if p.messages >= maxMessages {
		p.gaveUp = true
		return nil, at
	}
	at, _ = p.decoding(at, h)
	found := p.message(at, depth+1)
	switch found.Kind {
	case KindReport, KindResent, KindNDR:
		return found, at
	}
	return nil, at
}

// rootBody answers the body of a message that is no multipart.
func (p *parser) rootBody(o *outline) Section {
	l := rfc822.NewLines(o.body.Open(p.src))
	readHeader(l)
	start := l.Offset()
	for {
		if piece, _ := l.Next(); len(piece) == 0 {
			return Section{start, l.Offset() - start}
		}
	}
}
