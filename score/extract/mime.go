package extract

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"clawback/rfc822"
)

// Header is the fields of a message or part, in order.
type Header = rfc822.Header

// Field is one field of a header.
type Field = rfc822.Field

// maxHeader is how many octets of one header are read.
const maxHeader = 4 << 20

// parseHeader parts a message or part into its header and its body.
func (m *Mail) parseHeader(raw []byte, where string) (Header, []byte) {
	h, body := rfc822.ParseHeader(raw, rfc822.HeaderOptions{Octets: maxHeader})
	m.headerBounds(&h, where)
	return h, body
}

func (m *Mail) headerBounds(h *Header, where string) {
	m.Forgiven |= h.Forgiven
	if h.Bounds != 0 {
		text := "The header has more than is read: " + strings.Join(h.Bounds.Codes(), ", ") + "."
		m.notRead(BoundHeader, "header, "+where, text)
	}
}

// fieldBounds records what of a part's own fields was not read.
func (m *Mail) fieldBounds(bounds rfc822.Bounds, where string) {
	if bounds != 0 {
		m.notRead(BoundHeader, "header, "+where,
			"Its fields say more than is read: "+strings.Join(bounds.Codes(), ", ")+".")
	}
}

// node is a part that may have parts of its own.
type node struct {
	header      Header
	body        []byte
	path        string
	depth       int
	nested      bool
	report      bool
	alternative bool
	archive     bool
	files       int
	kind        string // default media type
}

func (m *Mail) walk(n node) {
	if len(m.Parts) >= m.limits.Parts {
		m.tooManyParts()
		m.findBehind(n.body)
		return
	}
	media := n.header.MediaType()
	m.Forgiven |= media.Forgiven
	if media.Type == "" {
		media.Type = n.kind
	}
	multipart := strings.HasPrefix(media.Type, "multipart/")
	message := media.Type == "message/rfc822" || media.Type == "message/global" // RFC 6532, section 3.7
	switch {
	case !multipart && !message:
	case n.depth >= m.limits.Depth:
		text := fmt.Sprintf("Of parts within each other %d levels were read.", m.limits.Depth)
		m.notRead(BoundDepth, "part "+orOne(n.path), text)
	case multipart && m.multipart(n, media.Type), message && m.attached(n):
		return
	}
	m.leaf(n, &media)
}

func (m *Mail) tooManyParts() {
	m.notRead(BoundParts, "message", fmt.Sprintf("Of its parts the first %d were read.", m.limits.Parts))
}

func (m *Mail) leaf(n node, media *rfc822.MediaType) {
	kind := media.Type
	if !strings.Contains(kind, "/") || strings.HasPrefix(kind, "multipart/") {
		kind = "text/plain" // RFC 2045, section 5.2
	}
	encodings, forgiven := n.header.Encodings()
	m.Forgiven |= forgiven
	disposition := n.header.Disposition()
	names, bounds := n.header.BoundedFileNames()
	m.fieldBounds(bounds, "part "+orOne(n.path))
	p := Part{
		Path: orOne(n.path), Type: kind, Charset: media.Get("charset"), Disposition: disposition.Type,
		ContentID: strings.Trim(n.header.First("Content-Id"), "<> "), Encoding: n.header.Encoding(),
		Nested: n.nested, Report: n.report, Alternative: n.alternative, Archive: n.archive, Files: n.files,
		body: n.body,
	}
	if len(encodings) > 1 {
		p.Encoding = n.header.EncodingOf(n.body)
	}
	if len(names) > 0 {
		p.Name, p.OtherNames = names[0], names[1:]
	}
	if len(n.header.Skipped) > 0 {
		p.lead = []byte(strings.Join(n.header.Skipped, "\n") + "\n")
	}
	if p.shownAsPlain() {
		p.Type = "text/plain"
	}
	m.Parts = append(m.Parts, p)
	if p.Type == "text/plain" && p.Disposition != "attachment" {
		m.uuencoded(len(m.Parts) - 1)
	}
}

// maxUU is how many uuencoded files of one text are taken out of it.
const maxUU = 50

// uuencoded makes parts of the files that are uuencoded in a text, as Outlook does.
func (m *Mail) uuencoded(i int) {
	p := &m.Parts[i]
	if p.Encoding != rfc822.Base64 && !bytes.Contains(p.body, []byte("begin")) {
		return
	}
	text := p.Body()
	if len(p.lead) == 0 { // decoded once: a large text would be held twice
		p.body, p.Encoding = text, rfc822.Identity
	}
	blocks := rfc822.FindUU(text, maxUU+1)
	if len(blocks) == 0 {
		return
	}
	if len(blocks) > maxUU {
		blocks = blocks[:maxUU]
		m.notRead(BoundParts, "text, part "+p.Path, fmt.Sprintf("Of the files in it the first %d were read.", maxUU))
	}
	var rest []byte
	at := 0
	for n, b := range blocks {
		rest = append(rest, text[at:b.Start]...)
		at = b.End
		if len(m.Parts) >= m.limits.Parts {
			m.tooManyParts()
			continue
		}
		m.Parts = append(m.Parts, Part{
			Path: m.Parts[i].Path + ".uu" + strconv.Itoa(n+1), Type: "application/octet-stream", Name: b.Name,
			Disposition: "attachment", Encoding: rfc822.UUEncode, Nested: m.Parts[i].Nested,
			Report: m.Parts[i].Report, Files: m.Parts[i].Files, body: text[b.Start:b.End],
		})
	}
	p = &m.Parts[i]
	p.body, p.Encoding = append(rest, text[at:]...), rfc822.Identity
}

func orOne(path string) string {
	if path == "" {
		return "1"
	}
	return path
}

// attached descends into an attached message.
func (m *Mail) attached(n node) bool {
	body := n.body
	if e := n.header.MessageEncoding(body); e != rfc822.Identity {
		body = m.decodeNested(body, e, n.path) // not allowed by RFC 2045, section 6.4, and seen all the same
	}
	header, inner := m.parseHeader(body, "part "+orOne(n.path))
	if len(header.Fields) == 0 {
		return false
	}
	if !n.report {
		m.encloseFrom(&header)
	}
	m.walk(node{
		header: header, body: inner, path: join(n.path, 1), depth: n.depth + 1, nested: true, report: n.report,
		files:   n.files,
		archive: webArchive(n.header.FileName(), &header),
	})
	return true
}

// nestedFactor is how many times the bytes of a message may be decoded in all, over what lies in each other. Base64
// alone comes to three.
const nestedFactor = 4

// decodeNested decodes a message or multipart that has others in it. Nothing is left of one for which too much was
// decoded already.
func (m *Mail) decodeNested(body []byte, encoding rfc822.Encoding, path string) []byte {
	if m.nested += int64(len(body)); m.nested > nestedFactor*m.limits.Octets {
		m.notRead(BoundDepth, "part "+orOne(path),
			"Messages lie encoded in each other: of their bytes too many were decoded to go on.")
		return nil
	}
	decoded, _ := rfc822.Decode(body, encoding)
	return decoded
}

func join(path string, i int) string {
	if path == "" {
		return strconv.Itoa(i)
	}
	return path + "." + strconv.Itoa(i)
}

// multipart walks the parts between the boundaries. It answers false when there is not one.
func (m *Mail) multipart(n node, media string) bool {
	boundary := n.header.Boundary()
	if boundary.None() {
		return false
	}
	m.fieldBounds(boundary.Bounds(), "part "+orOne(n.path))
	body := n.body
	if e := n.header.WholeEncoding(body); e != rfc822.Identity {
		body = m.decodeNested(body, e, n.path)
		m.Forgiven |= rfc822.EncodedMultipart
	}
	cut := rfc822.Split(rfc822.LinesOf(body), boundary, rfc822.SplitOptions{
		Parts: m.limits.Parts, PastEnd: true, Header: rfc822.HeaderOptions{Octets: maxHeader},
	})
	if len(cut.Parts) == 0 {
		return false
	}
	m.Forgiven |= cut.Forgiven
	if cut.Bounds != 0 {
		m.tooManyParts()
		m.findBehind(body[cut.Parts[len(cut.Parts)-1].Body.End:])
	}
	m.keepOutside(body, cut.Preamble)
	m.keepOutside(body, cut.Epilogue)
	kind := ""
	if media == "multipart/digest" {
		kind = "message/rfc822"
	}
	for i := range cut.Parts {
		p := &cut.Parts[i]
		path := join(n.path, i+1)
		m.headerBounds(&p.Header, "part "+path)
		m.walk(node{
			header: p.Header, body: body[p.Body.Start:p.Body.End], path: path, depth: n.depth + 1, kind: kind,
			nested: n.nested, report: n.report || media == "multipart/report",
			alternative: n.alternative || media == "multipart/alternative", archive: n.archive, files: n.files,
		})
	}
	return true
}

// keepOutside keeps the addresses before and behind the parts of a multipart, which few programs show, for the
// indicators.
func (m *Mail) keepOutside(body []byte, s rfc822.Span) {
	text := body[s.Start:s.End]
	if read := m.limits.Text; len(text) > read {
		m.notRead(BoundText, "message", fmt.Sprintf("Outside of its parts the first %d bytes were read.", read))
		text = text[:read]
	}
	m.findMore(string(text))
}
