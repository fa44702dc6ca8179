package retract

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/match"
	"clawback/store"
)

// find lists the messages with the record's Message-ID. Sent Items and Drafts are left alone; Recoverable Items are
// looked into where the action can go further than that: first, so that what comes into sight meanwhile is seen.
func (s finder) find(ctx context.Context, target exchange.Folder) ([]exchange.Candidate, error) {
	var deeper []exchange.Candidate
	var err error
	if target == exchange.Purges {
		if deeper, err = s.search(ctx, exchange.Deletions); err != nil {
			return nil, fmt.Errorf("find in Recoverable Items: %w", err)
		}
	}
	hits, err := s.search(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	return s.withoutSent(ctx, withHits(hits, deeper)) // one that is in both its user has just brought back
}

// search finds the messages of the mailbox that have one of the record's Message-IDs, in a folder or, for "", in all
// that a user sees.
func (s finder) search(ctx context.Context, in exchange.Folder) ([]exchange.Candidate, error) {
	var hits []exchange.Candidate
	for _, id := range s.messageIDs() {
		more, err := s.box.Find(ctx, s.in.Mailbox, id, in)
		if err != nil {
			return nil, err
		}
		hits = withHits(hits, more)
	}
	return hits, nil
}

// messageIDs are those under which a mailbox may have the message: its own first. A report that names another one than
// the original's header is odd, and the mailbox keeps whichever Exchange took.
func (s finder) messageIDs() []string {
	return append([]string{s.rec.MessageID}, s.rec.AlternateIDs...)
}

// withHits adds hits that are not there yet.
func withHits(hits, more []exchange.Candidate) []exchange.Candidate {
	for _, c := range more {
		if !slices.ContainsFunc(hits, func(h exchange.Candidate) bool { return h.ID == c.ID }) {
			hits = append(hits, c)
		}
	}
	return hits
}

// withoutSent leaves out what the mailbox's owner wrote: drafts, and copies in Sent Items.
func (s finder) withoutSent(ctx context.Context, hits []exchange.Candidate) ([]exchange.Candidate, error) {
	var list []exchange.Candidate
	for _, c := range hits {
		named := func(id string) bool { return mailaddr.Equal(strings.TrimSpace(c.InternetMessageID), id) }
		if c.Draft || c.InternetMessageID != "" && !slices.ContainsFunc(s.messageIDs(), named) {
			continue
		}
		skip, err := s.isSentOrDraft(ctx, c, len(hits))
		if err != nil {
			return nil, err
		}
		if !skip {
			list = append(list, c)
		}
	}
	return list, nil
}

// isSentOrDraft reports whether a hit lies in Sent Items or Drafts. Their ids are asked for only where it may: one hit,
// with the headers that only received mail has, of a message that came from outside, is not one.
func (s finder) isSentOrDraft(ctx context.Context, c exchange.Candidate, hits int) (bool, error) {
	if hits == 1 && len(c.NetworkMessageIDs) > 0 && mailaddr.Equal(s.rec.Direction, "inbound") {
		return false, nil
	}
	for _, f := range []exchange.Folder{exchange.SentItems, exchange.Drafts} {
		id, err := s.folderID(ctx, f)
		if err != nil {
			return false, err
		}
		if id != "" && c.Folder == id {
			return true, nil
		}
	}
	return false, nil
}

// identified is what the identity check made of the hits.
type identified struct{ same, different, uncertain []match.Finding }

// reasons joins what is said of identified.
func reasons(lists ...[]match.Finding) string {
	var all []string
	for _, m := range slices.Concat(lists...) {
		all = append(all, m.Reason)
	}
	return strings.Join(all, "; ")
}

// verifyIdentity compares each hit with the record.
func (s finder) verifyIdentity(ctx context.Context, hits []exchange.Candidate) (identified, error) {
	var f identified
	for _, c := range hits {
		m, err := s.verifyOne(ctx, c)
		switch {
		case err != nil:
			return identified{}, err
		case m.Is == match.Same:
			f.same = append(f.same, m)
		case m.Is == match.Different:
			f.different = append(f.different, m)
		default:
			f.uncertain = append(f.uncertain, m)
		}
	}
	return f, nil
}

// verifyOne compares one hit with the record. What a person has approved by id is the same, if it is uncertain at most.
func (s finder) verifyOne(ctx context.Context, c exchange.Candidate) (match.Finding, error) {
	if s.match == nil {
		s.match = &match.Matcher{Mailboxes: s.box, Lookup: s.e.lookup, Originals: s.e.o.Originals,
			Tags: s.tenant.SubjectTags, Mailbox: s.in.Mailbox, Rec: s.rec,
			Restoring: s.in.Kind == store.Restore}
	}
	m, err := s.match.Check(ctx, c)
	if m.Is == match.Uncertain && err == nil && s.in.Approved != "" && s.in.Hold == intent.HoldIdentity &&
		s.in.Message == c.ID {
		m.Is, m.Proof = match.Same, store.ByPerson // who has looked at this very message
	}
	return m, err
}

// lookup finds the records that have an id. Its error is one of the store.
func (e *Engine) lookup(ctx context.Context, tenant, id string) ([]store.Record, error) {
	recs, err := e.o.Store.Lookup(ctx, tenant, id)
	if err != nil {
		return nil, &storeError{err}
	}
	return recs, nil
}
