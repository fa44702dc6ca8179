package intel

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"clawback/score/extract"
	"clawback/store"
)

// View is a message as a mail program shows it. All of it was written by its sender.
type View struct {
	From, ReplyTo, To, Cc, Date, Subject string
	Text                                 string // what its HTML shows, where it has some; else its plain text
	Hidden                               int    // bytes of text that its HTML hides
	Attachments                          []Attachment
	NotRead                              []string // sentences: bounds that were reached
}

// Attachment is a file that a message brings, or a part of a message that it brings.
type Attachment struct {
	Part   string // 1.2, as IMAP numbers parts
	Name   string // "" where it has none
	Type   string // media type, as the message says
	Size   int64  // bytes, decoded
	SHA256 string // hex, of the decoded bytes
	Inline bool   // the text shows it, as it does pictures
	Nested bool   // lies inside an attached message
}

// Variant is the number of the form of a record's original that a person means; -1 is the one whose verdict is the
// worst. False where there is none.
func variant(rec store.Record, n int) (store.Variant, bool) {
	switch {
	case n >= 0 && n < len(rec.Variants):
		return rec.Variants[n], true
	case n < 0 && len(rec.Variants) > 0:
		return worst(rec.Variants), true
	}
	return store.Variant{}, false
}

// openVariant opens the report that has a form of a record's original.
func (j *Judge) openVariant(rec store.Record, n int) (store.Variant, Body, error) {
	v, found := variant(rec, n)
	if !found {
		return v, nil, Refuse(ErrInvalid, "variant %d: message %s has %d, counted from 0", n, rec.ID, len(rec.Variants))
	}
	ref := v.Body
	if v.Kept != nil {
		ref = *v.Kept
	}
	body, err := j.o.Open(ref)
	if err != nil {
		return v, nil, fmt.Errorf("open original of record %s: %w", rec.ID, err)
	}
	return v, body, nil
}

// Original is the bytes of a form of a record's original, as they were journaled.
func (j *Judge) Original(rec store.Record, n int) (io.ReadCloser, error) {
	v, body, err := j.openVariant(rec, n)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{v.Original().Open(body), body}, nil
}

// View reads a form of a record's original: of a protected message the decrypted copy. It waits for others that are
// read: each may take as much memory as judging the message took.
func (j *Judge) View(ctx context.Context, rec store.Record, n int) (View, error) {
	select {
	case j.viewing <- struct{}{}:
		defer func() { <-j.viewing }()
	case <-ctx.Done():
		return View{}, fmt.Errorf("wait for other messages that are shown: %w", ctx.Err())
	}
	v, body, err := j.openVariant(rec, n)
	if err != nil {
		return View{}, err
	}
	defer body.Close()
	octets, err := clear(v, body)
	if err != nil {
		return View{}, fmt.Errorf("open original of record %s: %w", rec.ID, err)
	}
	defer octets.Close()
	view, err := viewOf(octets, octets.Size)
	if err != nil {
		return view, fmt.Errorf("read original of record %s: %w", rec.ID, err)
	}
	return view, nil
}

// viewOf takes a message apart. A panic of the reader's is an error: a stranger wrote the message.
func viewOf(octets io.ReaderAt, size int64) (view View, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the reader failed: %v", r)
		}
	}()
	limits := extract.Default()
	m, err := extract.Read(octets, size, limits)
	if err != nil {
		return view, err
	}
	field := func(name string) string { return m.Header.Text(name) }
	view = View{From: field("From"), ReplyTo: field("Reply-To"), To: field("To"), Cc: field("Cc"), Date: field("Date"),
		Subject: m.Subject, Text: m.Plain, Hidden: len(m.HTML.Hidden)}
	if strings.TrimSpace(m.HTML.Text) != "" {
		view.Text = m.HTML.Text
	}
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Nested || p.Attached() {
			view.Attachments = append(view.Attachments, attachmentOf(p))
		}
	}
	if m.Truncated {
		view.NotRead = append(view.NotRead, fmt.Sprintf("Of %d bytes the first %d were read.", size, limits.Octets))
	}
	for _, u := range m.NotRead {
		view.NotRead = append(view.NotRead, cmp.Or(u.Text, string(u.Bound)))
	}
	return view, nil
}

func attachmentOf(p *extract.Part) Attachment {
	body := p.Body()
	sum := sha256.Sum256(body)
	return Attachment{Part: p.Path, Name: p.Name, Type: p.Type, Size: int64(len(body)),
		SHA256: hex.EncodeToString(sum[:]), Inline: p.Disposition != "attachment" && p.ContentID != "",
		Nested: p.Nested}
}
