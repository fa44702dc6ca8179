package api

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"clawback/intel"
	"clawback/internal/visible"
	"clawback/store"
	"clawback/verdict"
)

// Standing is what counts about a message now: its verdict, unless a person has said otherwise.
type Standing struct {
	Disposition verdict.Disposition `json:"disposition"`
	By          string              `json:"by,omitempty"` // the person whose word it is; "": the verdict's
	Since       time.Time           `json:"since,omitzero"`
	Comment     string              `json:"comment,omitempty"`
	// No automatism touches the message again.
	Pinned bool `json:"pinned"`
}

// Change is one time that a verdict was replaced, as the audit tells it.
type Change struct {
	At   time.Time `json:"time"`
	Who  string    `json:"who"`
	Text string    `json:"text"` // "CLEAN -> MALICIOUS: cause"
}

// Attachment is a file that a message brings, or a part of a message that it brings.
type Attachment struct {
	Part   string `json:"part"` // 1.2, as IMAP numbers parts
	Name   string `json:"name,omitempty"`
	Type   string `json:"type"`           // as the message says
	Size   int64  `json:"size"`           // bytes, decoded
	SHA256 string `json:"sha256"`         // of these
	Inline bool   `json:"inline"`         // the text shows it
	Nested bool   `json:"within_message"` // it lies in an attached message
}

// Text is a message as a mail program shows it. Nothing in it steers a terminal.
type Text struct {
	Record      string       `json:"record"`
	From        string       `json:"from"`
	ReplyTo     string       `json:"reply_to,omitempty"`
	To          string       `json:"to"`
	Cc          string       `json:"cc,omitempty"`
	Date        string       `json:"date"`
	Subject     string       `json:"subject"`
	Text        string       `json:"text"`
	Hidden      int          `json:"hidden_bytes"` // of text that its HTML hides
	Attachments []Attachment `json:"attachments"`
	NotRead     []string     `json:"not_read,omitempty"` // bounds that were reached
}

// standingOf says what counts about a message. A reporter's word teaches the classifier alone.
func standingOf(rec store.Record, word *Correction) Standing {
	s := Standing{Disposition: rec.Verdict.Disposition, Since: rec.Received, Pinned: rec.Pinned != ""}
	if rec.Rejudged != nil {
		s.Since = rec.Rejudged.At
	}
	if word != nil && !word.Reporter {
		s.Disposition, s.By, s.Since, s.Comment = word.Is, word.By, word.At, word.Comment
	}
	return s
}

// endings are the ends of lines of mail as those of text.
var endings = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func attachmentsOf(list []intel.Attachment) []Attachment {
	shown := []Attachment{}
	for _, one := range list {
		shown = append(shown, Attachment(one))
	}
	return shown
}

func (s *Service) showMessage(ctx context.Context, a access, r MessageRef) (Message, error) {
	rec, err := s.recordOf(ctx, a, r.Tenant, r.Key)
	if err != nil {
		return Message{}, err
	}
	m := Message{Record: recordOf(rec), Changes: []Change{}, OtherRegions: s.o.Elsewhere(rec.Tenant)}
	l, ok, err := s.o.Judge.Lesson(ctx, rec.Tenant, rec.ID)
	if err != nil {
		return m, err
	}
	if ok {
		c := correctionOf(l)
		m.Correction = &c
	}
	m.Standing = standingOf(rec, m.Correction)
	if m.Reported, err = s.reportedOf(ctx, rec); err != nil {
		return m, err
	}
	s.attachments(ctx, rec, &m)
	if err := s.changes(ctx, rec, &m); err != nil {
		return m, err
	}
	m.Intents, err = s.attempted(ctx, rec)
	return m, err
}

// attempted are the intents of a record with their attempts.
func (s *Service) attempted(ctx context.Context, rec store.Record) ([]Intent, error) {
	rows, err := s.o.Store.Intents(ctx, rec.ID)
	list := intentsOf(rows)
	for i := range list {
		attempts, err := s.o.Store.Attempts(ctx, list[i].ID)
		if err != nil {
			return list, err
		}
		for _, t := range attempts {
			list[i].Attempts = append(list[i].Attempts, attemptOf(t))
		}
	}
	markRestored(list)
	return list, err
}

// attachments lists what the message brings: names, types, sizes and hashes, and no byte of it. Of an original that is
// not kept any more the verdict has names and hashes.
func (s *Service) attachments(ctx context.Context, rec store.Record, m *Message) {
	view, err := s.o.Judge.View(ctx, rec, -1)
	m.Attachments = attachmentsOf(view.Attachments)
	switch {
	case CodeOf(err) == BodyGone:
		m.NotListed = "the original is not kept any more: the verdict's indicators have names and hashes"
	case err != nil:
		m.NotListed = err.Error()
	case len(view.NotRead) > 0:
		m.NotListed = view.NotRead[0]
	}
}

// maxChanges is how many changes of a verdict are shown.
const maxChanges = 20

// changes are the times that the verdict was replaced.
func (s *Service) changes(ctx context.Context, rec store.Record, m *Message) error {
	if rec.Rejudged == nil {
		return nil
	}
	acts, err := s.o.Store.Audit(ctx, store.AuditFilter{Tenant: rec.Tenant, Object: rec.ID, What: "verdict.changed",
		Limit: maxChanges + 1})
	if errors.Is(err, store.ErrBound) {
		m.ChangesCut, err = CutBySearch, nil
	}
	if len(acts) > maxChanges {
		m.ChangesCut, acts = CutByLimit, acts[:maxChanges]
	}
	for _, act := range acts {
		m.Changes = append(m.Changes, Change{act.At, act.Who, act.Comment})
	}
	return err
}

// showText shows a message as a mail program does. It is a look at a body.
func (s *Service) showText(ctx context.Context, a access, r MessageRef) (Text, error) {
	rec, err := s.recordOf(ctx, a, r.Tenant, r.Key)
	if err != nil {
		return Text{}, err
	}
	v, err := s.o.Judge.View(ctx, rec, r.Variant)
	if err != nil {
		return Text{}, err
	}
	if err := s.note(ctx, store.Act{Who: a.Name, What: a.op.Name, Tenant: rec.Tenant, Object: rec.ID}); err != nil {
		return Text{}, err
	}
	return Text{Record: rec.ID, From: visible.Line(v.From), ReplyTo: visible.Line(v.ReplyTo), To: visible.Line(v.To),
		Cc: visible.Line(v.Cc), Date: visible.Line(v.Date), Subject: visible.Line(v.Subject),
		Text:   visible.Text(endings.Replace(strings.TrimRight(v.Text, " \t\r\n"))),
		Hidden: v.Hidden, Attachments: attachmentsOf(v.Attachments), NotRead: v.NotRead}, nil
}

// exportOriginal streams the original of a form of a record, as it was journaled.
func (s *Service) exportOriginal(ctx context.Context, a access, r MessageRef) (Stream, error) {
	rec, err := s.recordOf(ctx, a, r.Tenant, r.Key)
	if err != nil {
		return Stream{}, err
	}
	if r.Variant < 0 {
		return Stream{}, problem(InvalidRequest, "variant %d: they are counted from 0", r.Variant)
	}
	return s.look(ctx, a, rec, func() (io.ReadCloser, error) { return s.o.Judge.Original(rec, r.Variant) })
}

// look opens bytes of a message. Each look is in the audit, before it is taken.
func (s *Service) look(ctx context.Context, a access, rec store.Record,
	open func() (io.ReadCloser, error)) (Stream, error) {
	body, err := open()
	if err != nil {
		return Stream{}, err
	}
	act := store.Act{Who: a.Name, What: a.op.Name, Tenant: rec.Tenant, Object: rec.ID}
	if err := s.note(ctx, act); err != nil {
		body.Close()
		return Stream{}, err
	}
	return Stream{body, "message/rfc822"}, nil
}
