package journal

import (
	"slices"
	"strings"

	"clawback/internal/mailaddr"
)

// field is one of MS-XJRNL's, as it is written in a line of the envelope part.
type field string

// The fields of MS-XJRNL 2.1, in lower case: real reports write Message-Id, the document Message-ID. Exchange 2003
// has a list under Recipients.
const (
	fieldSender     field = "sender"
	fieldOnBehalfOf field = "on-behalf-of"
	fieldSubject    field = "subject"
	fieldMessageID  field = "message-id"
	fieldLabel      field = "label"
	fieldMailbox    field = "mailbox"
	fieldSent       field = "sentutc"
	fieldReceived   field = "receivedutc"
	fieldTo         field = "to"
	fieldCc         field = "cc"
	fieldBcc        field = "bcc"
	fieldRecipient  field = "recipient"
	fieldRecipients field = "recipients"
)

// envelopeReader fills a Report from the lines of the envelope part.
type envelopeReader struct {
	report *Report
	had    map[field]bool
	ids    []string // the Message-IDs that are named, each once
	list   bool     // below "Recipients:"
	passed int      // lines that are no known field
	loose  bool     // a person's mail program wrote the text: what is no field is passed over without a word
}

// maxNamed is how many Message-IDs of the envelope part are kept. It has one, and more where a sender forged some.
const maxNamed = 8

// envelope reads the whole part into the report and answers the Message-IDs that it names, and whether it names a
// sender and a recipient.
func (p *parser) envelope(c *child, r *Report) (ids []string, named bool) {
	e, t := p.readEnvelope(c, r.Kind, true)
	if t.bare && len(e.report.Recipients) == 0 { // nothing can be read like that: LF ends lines after all
		e, t = p.readEnvelope(c, r.Kind, false)
	}
	t.describe(r)
	if t.bare {
		r.problem("a line of the envelope part holds a bare line feed: what follows it is no field")
	}
	e.into(r)
	return e.ids, e.had[fieldSender] && len(r.Recipients) > 0
}

func (p *parser) readEnvelope(c *child, kind Kind, crlf bool) (*envelopeReader, *envelopeText) {
	t := p.openEnvelope(c)
	defer t.close()
	t.crlf = crlf
	e := &envelopeReader{report: &Report{Kind: kind}, had: map[field]bool{}, loose: kind == KindResent}
	for line := range t.each {
		if !e.line(line) {
			break
		}
	}
	e.check()
	return e, t
}

// into puts what was read into the report.
func (e *envelopeReader) into(r *Report) {
	from := e.report
	r.Sender, r.OnBehalfOf, r.Subject = from.Sender, from.OnBehalfOf, from.Subject
	r.Label, r.Mailbox, r.SentUTC, r.ReceivedUTC = from.Label, from.Mailbox, from.SentUTC, from.ReceivedUTC
	r.Recipients = from.Recipients
	for _, text := range from.Problems {
		r.problem("%s", text)
	}
}

// line takes one line that is not empty. It answers false when the envelope has ended before the text has.
func (e *envelopeReader) line(line string) bool {
	name, value, colon := strings.Cut(line, ":")
	f := field(mailaddr.Lower(strings.TrimSpace(name)))
	value = strings.TrimSpace(value)
	switch {
	case colon && e.recipientField(f, value):
		e.list = f == fieldRecipients
	case colon && f == fieldMessageID:
		e.messageID(value)
	case colon && e.single(f) != nil:
		e.set(f, value)
	case e.list:
		e.listed(line)
	case e.loose:
		return len(e.report.Recipients) == 0
	case colon && !strings.ContainsAny(strings.TrimSpace(name), " \t"):
		e.problemLine("unknown field %q in the envelope part", clip(strings.TrimSpace(name)))
	case strings.TrimSpace(line) != "":
		e.problemLine("a line without a field in the envelope part: %q", clip(line))
	}
	return true
}

// problemLine notes a line that was passed over; the first ones tell enough.
func (e *envelopeReader) problemLine(format, text string) {
	if e.passed++; e.passed <= maxOddLines {
		e.report.problem(format, text)
	}
}

// single answers where a field is kept that stands at most once, nil for the others.
func (e *envelopeReader) single(f field) *string {
	r := e.report
	switch f {
	case fieldSender:
		return &r.Sender
	case fieldOnBehalfOf:
		return &r.OnBehalfOf
	case fieldSubject:
		return &r.Subject
	case fieldLabel:
		return &r.Label
	case fieldMailbox:
		return &r.Mailbox
	case fieldSent:
		return &r.SentUTC
	case fieldReceived:
		return &r.ReceivedUTC
	}
	return nil
}

// set keeps a field. One that stands again is told, and the sender of the mail, who may have put it into the subject,
// chooses nothing by it: what Exchange writes before the subject has the first place anyhow, and of what it writes
// behind it nothing counts then.
func (e *envelopeReader) set(f field, value string) {
	e.list = false
	switch f {
	case fieldSender, fieldOnBehalfOf, fieldMailbox:
		value = bareAddress(value)
	}
	kept := e.single(f)
	if !e.had[f] {
		e.had[f] = true
		*kept = value
		return
	}
	e.report.problem("field %s stands more than once in the envelope part", f)
	switch f {
	case fieldLabel, fieldMailbox, fieldSent, fieldReceived:
		if *kept != value {
			*kept = ""
		}
	}
}

// messageID keeps a Message-ID. All count: which of them is the original's, its own header says.
func (e *envelopeReader) messageID(value string) {
	e.list = false
	if e.had[fieldMessageID] {
		e.report.problem("field %s stands more than once in the envelope part", fieldMessageID)
	}
	e.had[fieldMessageID] = true
	if value != "" && len(e.ids) < maxNamed && !slices.Contains(e.ids, value) {
		e.ids = append(e.ids, value)
	}
}

// recipientField takes the fields that repeat.
func (e *envelopeReader) recipientField(f field, value string) bool {
	switch f {
	case fieldTo:
		e.add(value, To)
	case fieldCc:
		e.add(value, Cc)
	case fieldBcc:
		e.add(value, Bcc)
	case fieldRecipient:
		e.add(value, Unlabeled)
	case fieldRecipients:
		e.listed(value)
	default:
		return false
	}
	return true
}

// listed takes a line of Exchange 2003's list. How it separates addresses is not documented: lines, commas and
// semicolons are all taken.
func (e *envelopeReader) listed(line string) {
	quoted := quotedOctets(line)
	start := 0
	for i := 0; i <= len(line); i++ {
		separator := i == len(line) || (line[i] == ';' || line[i] == ',') && (quoted == nil || !quoted[i])
		if !separator {
			continue
		}
		if item := strings.TrimSpace(line[start:i]); strings.Contains(item, "@") {
			e.add(item, Unlabeled)
		}
		start = i + 1
	}
}

func (e *envelopeReader) add(value string, kind RecipientType) {
	rcpt, redirections := recipient(value, kind)
	switch {
	case rcpt.Address == "":
		e.report.problem("a recipient without an address in the envelope part")
		return
	case redirections > 1:
		e.report.problem("a recipient with %d redirections in the envelope part", redirections)
	}
	if len(e.report.Recipients) >= maxRecipients {
		if len(e.report.Recipients) == maxRecipients {
			e.report.problem("more than %d recipients in the envelope part", maxRecipients)
		}
		return
	}
	e.report.Recipients = append(e.report.Recipients, rcpt)
}

// check tells what is missing.
func (e *envelopeReader) check() {
	r := e.report
	if !e.had[fieldSender] {
		r.problem("the envelope part has no Sender")
	}
	if !e.had[fieldMessageID] {
		r.problem("the envelope part has no Message-ID")
	}
	if len(r.Recipients) == 0 {
		r.problem("the envelope part names no recipient")
	}
}

// looksLikeEnvelope recognises the envelope part where no marker says that it is one: its first line is the Sender
// field, and a Message-ID follows soon.
func (p *parser) looksLikeEnvelope(c *child) bool {
	t := p.openEnvelope(c)
	defer t.close()
	t.crlf = true
	n := 0
	for line := range t.each {
		name, _, colon := strings.Cut(line, ":")
		f := field(mailaddr.Lower(strings.TrimSpace(name)))
		switch {
		case strings.TrimSpace(line) == "":
			continue
		case n == 0 && (!colon || f != fieldSender):
			return false
		case f == fieldMessageID:
			return true
		}
		if n++; n > 16 {
			return false
		}
	}
	return false
}

// clip shortens foreign text for a problem.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
