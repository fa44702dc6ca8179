package match

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

// Likeness is what the identity check finds of a message of the mailbox.
type Likeness int

// What the check can find.
const (
	Same      Likeness = iota // it is the record's message
	Different                 // it is another message: never moved
	Uncertain                 // it may be the record's: held for a person
)

// Finding is one message of the mailbox, compared with the record.
type Finding struct {
	exchange.Candidate
	Is     Likeness
	Proof  store.Proof // of what is the same
	Code   store.Code  // of what is not
	Reason string      // of what is not, for a person
	// With ByNetworkID: the content was compared as well.
	Compared bool
}

// Matcher compares messages of one mailbox with one record.
//
// A Message-ID can be copied by an attacker, and so can sender, subject and date; the network message id is given by
// Exchange to each message that it delivers. That id decides wherever record and message both have one, unless
// something speaks against the report. Equal content is proof only where neither has one; where exactly one has, it is
// a reason to ask a person, and no more.
type Matcher struct {
	Mailboxes exchange.Mailboxes
	Lookup    func(ctx context.Context, tenant, key string) ([]store.Record, error)
	Originals func(store.Variant) (io.ReadCloser, error)
	Tags      []string // of the tenant's subjects
	Mailbox   string
	Rec       store.Record
	Restoring bool       // what was moved is looked for: its network message id says all
	kept      []original // read once, when they are needed
	keptErr   error
	read      bool
}

// original is one form of the record's message, as it was journaled.
type original struct {
	identity.Message
	variant store.Variant
}

// Check compares a candidate with the record. An error is a failure to ask.
func (m *Matcher) Check(ctx context.Context, c exchange.Candidate) (Finding, error) {
	ids := networkIDs(c.NetworkMessageIDs)
	if len(ids) == 0 {
		read, err := m.Mailboxes.Headers(ctx, m.Mailbox, c.ID)
		if err != nil {
			return Finding{}, fmt.Errorf("read headers: %w", err)
		}
		ids = networkIDs(read)
	}
	found, decided, err := m.byID(ctx, ids)
	if err == nil && !decided {
		found, err = m.byContent(ctx, c.ID, ids)
	}
	if err == nil && found.Proof == store.ByNetworkID && !m.Restoring {
		found, err = m.confirm(ctx, c)
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
// nothing: one of them may be a stranger's. Neither are those trusted to keep a bad message where it is: where one is
// the record's, or the record's is not known, an id beside it that is another record's is no word about the message.
func (m *Matcher) byID(ctx context.Context, ids []string) (found Finding, decided bool, err error) {
	mine := mailaddr.Lower(m.Rec.NetworkMessageID)
	if len(ids) == 1 && ids[0] == mine {
		return Finding{Is: Same, Proof: store.ByNetworkID}, true, nil
	}
	if len(ids) > 1 && (mine == "" || slices.Contains(ids, mine)) {
		return Finding{}, false, nil
	}
	for _, id := range ids {
		owner, err := m.owner(ctx, id)
		if err != nil {
			return Finding{}, false, err
		}
		if owner != nil {
			return Finding{Is: Different, Code: store.CodeOtherRecord,
				Reason: fmt.Sprintf("the message in the mailbox is record %s (%s), whose own verdict decides",
					owner.ID, owner.Verdict.Disposition)}, true, nil
		}
	}
	if len(ids) == 0 || mine == "" {
		return Finding{}, false, nil
	}
	return Finding{Is: Different, Code: store.CodeOtherID,
		Reason: fmt.Sprintf("the message in the mailbox has the same Message-ID but network message id "+
			"%s instead of %s: "+
			"it is another message", strings.Join(ids, ", "), mine)}, true, nil
}

// owner is the other record that has a network message id; nil when none has.
func (m *Matcher) owner(ctx context.Context, id string) (*store.Record, error) {
	recs, err := m.Lookup(ctx, m.Rec.Tenant, id)
	if err != nil {
		return nil, fmt.Errorf("find the record of network message id %s: %w", id, err)
	}
	for _, r := range recs {
		if r.ID != m.Rec.ID && mailaddr.Equal(r.NetworkMessageID, id) {
			return &r, nil
		}
	}
	return nil, nil
}

// byContent compares the message with the record's originals, where network message ids do not decide.
func (m *Matcher) byContent(ctx context.Context, id string, ids []string) (Finding, error) {
	have, err := m.message(ctx, id)
	if err != nil {
		return Finding{}, err
	}
	// Its header has what the list had not.
	if more := networkIDs(slices.Concat(ids, have.NetworkMessageIDs)); len(more) > len(ids) {
		ids = more
		if found, decided, err := m.byID(ctx, ids); err != nil || decided {
			return found, err
		}
	}
	m.load()
	c := comparison{have: have, ids: ids, rec: m.Rec, kept: m.kept, unread: m.keptErr}
	found := c.result()
	if found.Is == Uncertain {
		found.Reason += m.others(ctx, have)
	}
	return found, nil
}

// message reads the candidate's content.
func (m *Matcher) message(ctx context.Context, id string) (identity.Message, error) {
	r, err := m.Mailboxes.MIME(ctx, m.Mailbox, id)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read message: %w", err)
	}
	defer r.Close()
	have, err := identity.Of(r, m.Tags...)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read message: %w", err)
	}
	return have, nil
}

// others names the other records that have the same content, for the person who decides.
func (m *Matcher) others(ctx context.Context, have identity.Message) string {
	contents := have.Contents()
	recs, err := m.Lookup(ctx, m.Rec.Tenant, m.Rec.MessageID)
	if err != nil || contents == "" {
		return "" // the message stays untouched either way
	}
	text := ""
	for _, r := range recs {
		if r.ID != m.Rec.ID && r.Contents == contents {
			text += fmt.Sprintf("; record %s (%s) has that content too", r.ID, r.Verdict.Disposition)
		}
	}
	return text
}

// load reads the record's originals, each once.
func (m *Matcher) load() {
	if m.read {
		return
	}
	m.read = true
	var failures []error
	for _, v := range m.Rec.Variants {
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

// original reads one form of the record's message.
func (m *Matcher) original(v store.Variant) (identity.Message, error) {
	if m.Originals == nil {
		return identity.Message{}, errors.New("originals are not kept")
	}
	r, err := m.Originals(v)
	if err != nil {
		return identity.Message{}, fmt.Errorf("open original %.12s: %w", v.SHA256, err)
	}
	defer r.Close()
	msg, err := identity.Of(r, m.Tags...)
	if err != nil {
		return identity.Message{}, fmt.Errorf("read original %.12s: %w", v.SHA256, err)
	}
	return msg, nil
}
