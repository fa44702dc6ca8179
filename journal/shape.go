package journal

import (
	"strings"

	"clawback/internal/mailaddr"
)

// depthOfReport: a marked report has its envelope and originals among the root's direct children. I3.
const depthOfReport = 1

// child is a part with the outline that holds it.
type child struct {
	parent *outline
	part
}

func (c *child) at() Location { return c.parent.body.within(c.body) }

// shape is what of a message's structure looks like a report.
type shape struct {
	envelope  *child
	originals []child
	ids       []string // the Message-IDs that the envelope part names
	named     bool     // it names a sender and a recipient
	odd       string   // how it differs from what Exchange makes; "" when it does not
}

func (s *shape) note(odd string) {
	if s.odd == "" {
		s.odd = odd
	}
}

// shapeOf finds the envelope part and the originals, in multiparts down to depth.
func (p *parser) shapeOf(o *outline, depth int) *shape {
	s := &shape{}
	if o.kind != "multipart/mixed" {
		s.note("the root is " + o.kind)
	}
	if o.unclosed {
		s.note("its end is missing")
	}
	if o.encoded {
		s.note("it is encoded as a whole")
	}
	p.look(s, o, depth)
	switch {
	case s.envelope == nil:
		s.note("it has no envelope part")
	case len(s.originals) == 0:
		s.note("no message is attached")
	case len(s.originals) > 2:
		s.note("more than two messages are attached")
	}
	return s
}

func (p *parser) look(s *shape, o *outline, depth int) {
	for i, c := range o.parts {
		kind, _ := c.header.mediaType()
		switch {
		case isMessage(c.header):
			s.original(child{o, c}, kind)
		case strings.HasPrefix(kind, "multipart/"):
			p.lookInside(s, p.inside(o, c), depth, i == 0)
		case kind == "text/plain" && s.envelope == nil:
			s.envelope = &child{o, c}
			if len(s.originals) > 0 {
				s.note("the envelope part stands after the original")
			}
		case isTNEF(c.header):
			s.original(child{o, c}, kind)
		case o.kind != "multipart/alternative":
			s.note("it has a part of another kind, " + kind)
		}
	}
}

// lookInside goes into a child multipart. Of a marked report only the first child may be one, and only to hold the
// envelope part as text and HTML: the Exchange 2003 form.
func (p *parser) lookInside(s *shape, o *outline, depth int, first bool) {
	if o.kind == "multipart/alternative" && first && s.envelope == nil {
		p.look(s, o, 0)
		return
	}
	s.note("it has a part of another kind, " + o.kind)
	if depth > 1 {
		p.look(s, o, depth-1)
	}
}

func (s *shape) original(c child, kind string) {
	if kind != "message/rfc822" {
		s.note("the original is attached as " + kind)
	}
	if s.envelope == nil {
		s.note("the original stands before the envelope part")
	}
	s.originals = append(s.originals, c)
}

// isMessage reports whether a part is an attached message, or a file that is one by its name.
func isMessage(h header) bool {
	switch kind, _ := h.mediaType(); kind {
	case "message/rfc822", "message/global": // RFC 2046, 5.2.1; RFC 6532, 3.7
		return true
	case "application/octet-stream", "application/x-eml", "application/eml", "application/vnd.ms-outlook":
		return strings.HasSuffix(mailaddr.Lower(h.FileName()), ".eml")
	}
	return false
}

// isTNEF reports whether a part is in Outlook's own format: MS-OXTNEF.
func isTNEF(h header) bool {
	kind, _ := h.mediaType()
	return kind == "application/ms-tnef" || kind == "application/vnd.ms-tnef" ||
		mailaddr.Equal(h.FileName(), "winmail.dat")
}
