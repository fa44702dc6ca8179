package journal

import (
	"bytes"
	"io"
	"strings"

	"clawback/rfc822"
)

// envelopeText gives the lines of an envelope part: first the transfer encoding is taken off, then the charset, then
// come lines. "prior to the application of any MIME encoding": MS-XJRNL 2.1.
type envelopeText struct {
	// crlf lets only CRLF end a line where the first line ends in it, as all lines of Exchange's do. A bare LF is then
	// part of what a line says: the sender of the mail has put it into the subject.
	crlf bool

	encoding rfc822.Encoding
	notSo    bool // it says base64 and is not
	charset  string
	decoder  rfc822.Decoder
	text     *rfc822.TextReader
	lines    *rfc822.Lines
	bare     bool // a bare LF stood within a line
}

func (p *parser) openEnvelope(c *child) *envelopeText {
	at := c.at()
	t := &envelopeText{encoding: p.encodingOf(at, c.header)}
	_, t.charset = c.header.mediaType()
	if t.encoding == rfc822.Base64 && hasColon(p.head(at)) {
		t.encoding, t.notSo = rfc822.Identity, true
	}
	t.decoder = rfc822.NewDecoder(at.Open(p.src), t.encoding)
	t.text = rfc822.NewTextReader(t.decoder, t.charset)
	t.lines = rfc822.NewLines(io.LimitReader(t.text, maxEnvelope))
	return t
}

// close gives the buffers back. What was read past is known still.
func (t *envelopeText) close() {
	t.lines.Close()
	t.text.Close()
}

// hasColon reports whether text is no base64, which has none: every field has one.
func hasColon(head []byte) bool { return bytes.IndexByte(head[:min(len(head), 512)], ':') >= 0 }

// each yields the lines that are not empty, without their ends. What of a line goes past maxField is dropped.
func (t *envelopeText) each(yield func(string) bool) {
	var line []byte
	for first := true; ; {
		piece, begins := t.lines.Next()
		if begins || len(piece) == 0 {
			if text := t.line(line); text != "" && !yield(text) {
				return
			}
			line = line[:0]
		}
		if len(piece) == 0 {
			return
		}
		if first && piece[len(piece)-1] == '\n' {
			first, t.lines.CRLF = false, t.crlf && bytes.HasSuffix(piece, []byte("\r\n"))
		}
		line = append(line, piece[:min(len(piece), maxField-len(line))]...)
	}
}

// line is the text of a line. A line feed within it reads as a blank.
func (t *envelopeText) line(octets []byte) string {
	text := strings.TrimRight(string(octets), "\r\n")
	if strings.IndexByte(text, '\n') >= 0 {
		t.bare = true
		text = strings.NewReplacer("\r\n", " ", "\n", " ").Replace(text)
	}
	return strings.TrimPrefix(strings.ToValidUTF8(text, "\ufffd"), "\ufeff")
}

// describe tells what was odd.
func (t *envelopeText) describe(r *Report) {
	const damage = rfc822.BadBase64 | rfc822.BadQuotedPrintable | rfc822.BadUUEncode
	if t.notSo {
		r.problem("the envelope part says base64 and is not")
	}
	if t.decoder.Forgiven()&damage != 0 {
		r.problem("the envelope part's %s is damaged: it was read past", t.encoding)
	}
	if t.text.Forgiven()&rfc822.UnknownCharset != 0 {
		r.problem("the envelope part's charset %q is unknown", t.charset)
	}
	if t.lines.Offset() >= maxEnvelope {
		r.problem("the envelope part is longer than %d octets", maxEnvelope)
	}
}
