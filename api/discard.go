package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"clawback/journal"
	"clawback/queue"
	"clawback/store"
)

// discarding is what the audit calls it.
const discarding = "queue.discard"

// discardItem throws an item in quarantine away. The audit says what it was, for nothing else will.
func (s *Server) discardItem(r *http.Request) (any, error) {
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.Comment) == "" {
		return nil, errRequest{"say why it is discarded: with --comment"}
	}
	it, err := s.o.Queue.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	act := store.Act{At: time.Now().UTC(), Who: who(r), What: discarding, Tenant: it.Envelope.Tenant, Object: it.ID, Comment: o.Comment}
	if it.State == queue.Quarantined { // else the queue refuses
		act.Comment += " (" + s.content(it) + ")"
	}
	note, err := json.Marshal(act)
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	if err := s.o.Queue.Discard(r.Context(), it.ID, note); err != nil {
		return nil, err
	}
	if err := s.noteDiscarded(r.Context(), it.ID); err != nil {
		return nil, fmt.Errorf("item %s is discarded, and the audit will say so when it can be written: %w", it.ID, err)
	}
	return act, nil
}

// noteDiscarded writes into the audit what was discarded. After a crash in the middle it is done again, and an entry
// that stands there is not written twice. Of an item that was discarded just now there is none: the audit, which is long,
// is not searched for it.
func (s *Server) noteDiscarded(ctx context.Context, justNow string) error {
	s.discards.Lock()
	defer s.discards.Unlock()
	return s.noteDiscardedLocked(ctx, justNow)
}

// noteDiscardedLocked is noteDiscarded for a caller that holds discards.
func (s *Server) noteDiscardedLocked(ctx context.Context, justNow string) error {
	notes, err := s.o.Queue.Discarded(ctx)
	if err != nil {
		return err
	}
	for id, note := range notes {
		var act store.Act
		if err := json.Unmarshal(note, &act); err != nil {
			return fmt.Errorf("decode audit entry of discarded item %s: %w", id, err)
		}
		var have []store.Act
		if id != justNow {
			have, err = s.o.Store.Audit(ctx, store.AuditFilter{What: discarding, Object: id, Limit: 1})
		}
		if err == nil && len(have) == 0 || errors.Is(err, store.ErrBound) {
			err = s.o.Store.Note(ctx, act)
		}
		if err == nil {
			err = s.o.Queue.Noted(ctx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// contentHead is how much of a report is looked at for its sender and subject: the envelope part stands in front.
const contentHead = 1 << 20

// content says what an item holds: what can be read of it.
func (s *Server) content(it queue.Item) string {
	if it.Body.File == "" {
		return "not readable: where its octets are is not known; in quarantine because " + it.Reason
	}
	sum := sha256.New()
	var head bytes.Buffer
	body, err := s.o.Report(it.Body)
	if err == nil {
		defer body.Close()
		_, err = io.CopyN(io.MultiWriter(&head, sum), body, contentHead)
		if err == nil {
			_, err = io.Copy(sum, body)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Sprintf("not readable: %v; mail from <%s>, %d octets", err, it.Envelope.MailFrom, it.Body.Size)
	}
	subject, sender := told(head.Bytes())
	return fmt.Sprintf("subject %q, sender %q, mail from <%s>, %d octets, SHA-256 %x", brief(subject), brief(sender),
		it.Envelope.MailFrom, it.Body.Size, sum.Sum(nil))
}

// told is what a report says of the journaled message, or else a message of itself.
func told(octets []byte) (subject, sender string) {
	if rep, err := journal.Parse(bytes.NewReader(octets), int64(len(octets))); err == nil {
		subject, sender = rep.Subject, rep.Sender
	}
	if m, err := mail.ReadMessage(bytes.NewReader(octets)); err == nil {
		subject, sender = cmp.Or(subject, m.Header.Get("Subject")), cmp.Or(sender, m.Header.Get("From"))
	}
	return subject, sender
}

// brief bounds foreign text.
func brief(text string) string {
	r := []rune(text)
	return string(r[:min(len(r), 200)])
}
