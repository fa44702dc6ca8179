package retract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/journal/identity"
	"clawback/retract/exchange"
	"clawback/store"
)

// likeness is what the identity check finds of a message of the mailbox.
type likeness int

const (
	same      likeness = iota // it is the record's message
	different                 // it is another message: never moved
	uncertain                 // it may be the record's: held for a person
)

// match is one message of the mailbox, compared with the record.
type match struct {
	exchange.Candidate
	is     likeness
	proof  store.Proof // of what is the same
	code   store.Code  // of what is not
	reason string      // of what is not, for a person
}

// matcher compares messages of one mailbox with one record.
//
// A Message-ID can be copied by an attacker, and so can sender, subject and date; the network message id is given by
// Exchange to each message that it delivers. That id decides wherever record and message both have one. Equal content
// is proof only where neither has one; where exactly one has, it is a reason to ask a person, and no more.
type matcher struct {
	mailboxes exchange.Mailboxes
	lookup    func(ctx context.Context, tenant, key string) ([]store.Record, error)
	originals func(store.Variant) (io.ReadCloser, error)
	tags      []string // of the tenant's subjects
	mailbox   string
	rec       store.Record
	kept      []original // read once, when they are needed
	keptErr   error
	read      bool
}

// original is one form of the record's message, as it was journaled.
type original struct {
	identity.Message
	variant store.Variant
}

// check compares a candidate with the record. An error is a failure to ask.
func (m *matcher) check(ctx context.Context, c exchange.Candidate) (match, error) {
	ids := networkIDs(c.NetworkMessageIDs)
	if len(ids) == 0 {
		read, err := m.mailboxes.Headers(ctx, m.mailbox, c.ID)
		if err != nil {
			return match{}, fmt.Errorf("read headers: %w", err)
		}
		ids = networkIDs(read)
	}
	found, decided, err := m.byID(ctx, ids)
	if err == nil && !decided {
		found, err = m.byContent(ctx, c.ID, ids)
	}
	found.Candidate = c
	return found, err
}

// networkIDs are the different values, in lower case.
func networkIDs(values []string) (ids []string) {
	for _, v := range values {
		if id := mailaddr.Lower(strings.TrimSpace(v)); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// byID decides by the network message ids of a candidate, where they decide: one that is another record's makes it that
// record's message, whatever else is equal, and a single one makes it the record's or not. Several are trusted for
// nothing: one of them may be a stranger's.
func (m *matcher) byID(ctx context.Context, ids []string) (found match, decided bool, err error) {
	mine := mailaddr.Lower(m.rec.NetworkMessageID)
	if len(ids) == 1 && ids[0] == mine {
		return match{is: same, proof: store.ByNetworkID}, true, nil
	}
	for _, id := range ids {
		owner, err := m.owner(ctx, id)
		if err != nil {
			return match{}, false, err
		}
		if owner != nil {
			return match{is: different, code: store.CodeOtherRecord,
				reason: fmt.Sprintf("the message in the mailbox is record %s (%s), whose own verdict decides",
					owner.ID, owner.Verdict.Disposition)}, true, nil
		}
	}
	if len(ids) == 0 || mine == "" || slices.Contains(ids, mine) {
		return match{}, false, nil
	}
	return match{is: different, code: store.CodeOtherID,
		reason: fmt.Sprintf("the message in the mailbox has the same Message-ID but network message id %s instead of %s: "+
			"it is another message", strings.Join(ids, ", "), mine)}, true, nil
}

// owner is the other record that has a network message id; nil when none has.
func (m *matcher) owner(ctx context.Context, id string) (*store.Record, error) {
	recs, err := m.lookup(ctx, m.rec.Tenant, id)
	if err != nil {
		return nil, fmt.Errorf("find the record of network message id %s: %w", id, err)
	}
	for _, r := range recs {
		if r.ID != m.rec.ID && mailaddr.Equal(r.NetworkMessageID, id) {
			return &r, nil
		}
	}
	return nil, nil
}

// byContent compares the message with the record's originals, where network message ids do not decide.
func (m *matcher) byContent(ctx context.Context, id string, ids []string) (match, error) {
	have, err := m.message(ctx, id)
	if err != nil {
		return match{}, err
	}
	if more := networkIDs(slices.Concat(ids, have.NetworkMessageIDs)); len(more) > len(ids) { // its header has what the list had not
		ids = more
		if found, decided, err := m.byID(ctx, ids); err != nil || decided {
			return found, err
		}
	}
	m.load()
	c := comparison{have: have, ids: ids, rec: m.rec, kept: m.kept, unread: m.keptErr}
	found := c.result()
	if found.is == uncertain {
		found.reason += m.others(ctx, have)
	}
	return found, nil
}

func (m *matcher) message(ctx context.Context, id string) (identity.Message, error) {
	r, err := m.mailboxes.MIME(ctx, m.mailbox, id)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read message: %w", err)
	}
	defer r.Close()
	have, err := identity.Of(r, m.tags...)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read message: %w", err)
	}
	return have, nil
}

// others names the other records that have the same content, for the person who decides.
func (m *matcher) others(ctx context.Context, have identity.Message) string {
	contents := have.Contents()
	recs, err := m.lookup(ctx, m.rec.Tenant, m.rec.MessageID)
	if err != nil || contents == "" {
		return "" // the message stays untouched either way
	}
	text := ""
	for _, r := range recs {
		if r.ID != m.rec.ID && r.Contents == contents {
			text += fmt.Sprintf("; record %s (%s) has that content too", r.ID, r.Verdict.Disposition)
		}
	}
	return text
}

// load reads the record's originals, each once.
func (m *matcher) load() {
	if m.read {
		return
	}
	m.read = true
	var failures []error
	for _, v := range m.rec.Variants {
		msg, err := m.original(v)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		m.kept = append(m.kept, original{msg, v})
	}
	if len(m.kept) == 0 {
		m.keptErr = errors.Join(append(failures, errors.New("no original is kept"))...)
	}
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
	msg, err := identity.Of(r, m.tags...)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read original %.12s: %w", v.SHA256, err)
	}
	return msg, nil
}
