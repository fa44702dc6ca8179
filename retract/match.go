package retract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"clawback/journal/identity"
	"clawback/store"
)

// proof is the answer to: is this message of the mailbox the record's?
type proof int

const (
	proven   proof = iota // the same message
	other                 // another message: never touched
	doubtful              // it cannot be told: held for a person
)

// emptyPart is the SHA-256 of no octets: a part that tells nothing.
const emptyPart = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// matcher proves messages of one mailbox to be one record's. A Message-ID can be copied by an attacker, and so can
// sender, subject and date; the network message id is given by Exchange.
type matcher struct {
	mailboxes Mailboxes
	lookup    func(tenant, key string) ([]store.Record, error)
	originals func(store.Variant) (io.ReadCloser, error)
	mailbox   string
	rec       store.Record
	kept      []identity.Message // of the record's variants, read once when they are needed
	keptErr   error
	read      bool
}

// check tells whether the candidate is the record's message, and why in words when it is not proven. An error is a
// failure to ask.
func (m *matcher) check(ctx context.Context, c Candidate) (proof, string, error) {
	ids := c.NetworkMessageIDs
	if len(ids) == 0 {
		var err error
		if ids, err = m.mailboxes.Headers(ctx, m.mailbox, c.ID); err != nil {
			return doubtful, "", fmt.Errorf("read headers: %w", err)
		}
	}
	if m.rec.NetworkMessageID != "" && len(ids) > 0 {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, m.rec.NetworkMessageID) }) {
			return proven, "", nil
		}
		return other, m.owner(ids), nil
	}
	return m.content(ctx, c)
}

// owner says whose message it is that bears another network message id.
func (m *matcher) owner(ids []string) string {
	for _, id := range ids {
		recs, err := m.lookup(m.rec.Tenant, strings.ToLower(id))
		if err != nil {
			continue // the message stays untouched either way; only the reason is poorer
		}
		for _, r := range recs {
			if r.ID != m.rec.ID && strings.EqualFold(r.NetworkMessageID, id) {
				return fmt.Sprintf("the message in the mailbox is record %s (%s), whose own verdict decides", r.ID, r.Verdict.Disposition)
			}
		}
	}
	return fmt.Sprintf("the message in the mailbox has the same Message-ID but network message id %s instead of %s: it is another message",
		strings.Join(ids, ", "), m.rec.NetworkMessageID)
}

// content compares the mailbox's MIME with the record's stored originals, where a network message id is lacking.
func (m *matcher) content(ctx context.Context, c Candidate) (proof, string, error) {
	if err := m.load(); err != nil {
		return doubtful, "not provable: no network message id to compare, and the stored original cannot be read: " + err.Error(), nil
	}
	r, err := m.mailboxes.MIME(ctx, m.mailbox, c.ID)
	if err != nil {
		return doubtful, "", fmt.Errorf("read message: %w", err)
	}
	defer r.Close()
	have, err := identity.Of(r)
	if err != nil {
		return doubtful, "", fmt.Errorf("read message: %w", err)
	}
	for _, kept := range m.kept {
		if same(have, kept) {
			return proven, "", nil
		}
	}
	return doubtful, "not provable: no network message id to compare, and the message in the mailbox does not have the stored original's content", nil
}

// same reports whether two messages are one. Equal parts alone are not enough: a good message may have been sent again
// by somebody else, and where the parts are empty the subject is all that it says.
func same(have, kept identity.Message) bool {
	if len(have.Parts) == 0 || !have.SameParts(kept) || !strings.EqualFold(have.From, kept.From) {
		return false
	}
	if !have.Date.Equal(kept.Date) {
		return false
	}
	if slices.ContainsFunc(have.Parts, func(p string) bool { return p != emptyPart }) {
		return true
	}
	return have.Subject == kept.Subject
}

// load reads the record's originals, each once.
func (m *matcher) load() error {
	if m.read {
		return m.keptErr
	}
	m.read = true
	var failures []error
	for _, v := range m.rec.Variants {
		msg, err := m.original(v)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		m.kept = append(m.kept, msg)
	}
	if len(m.kept) == 0 {
		m.keptErr = errors.Join(append(failures, errors.New("no original is kept"))...)
	}
	return m.keptErr
}

func (m *matcher) original(v store.Variant) (identity.Message, error) {
	if m.originals == nil {
		return identity.Message{}, errors.New("originals are not kept")
	}
	r, err := m.originals(v)
	if err != nil {
		return identity.Message{}, fmt.Errorf("open original %.12s: %w", v.SHA256, err)
	}
	defer r.Close()
	msg, err := identity.Of(r)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read original %.12s: %w", v.SHA256, err)
	}
	return msg, nil
}
