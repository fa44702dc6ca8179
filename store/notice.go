package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Notice is something that a person must be told, for as long as it stands.
type Notice struct {
	ID      string    `json:"id"` // "n" and 26 characters; follows from kind, tenant and subject
	Kind    string    `json:"kind"`
	Tenant  string    `json:"tenant,omitempty"`  // "": of the gateway
	Subject string    `json:"subject,omitempty"` // what it is about, such as an address
	Text    string    `json:"text"`              // what is the matter; no subject of a message, no secret
	Do      string    `json:"do,omitempty"`      // what to do about it
	Since   time.Time `json:"since"`
	Last    time.Time `json:"last"` // when it was last raised, to some minutes
	// When it ends by itself unless it is raised again; zero: when it is cleared.
	Until time.Time `json:"until,omitzero"`
	Times int       `json:"times,omitempty"` // how often Last was moved
}

// NoticeID is the identity of a notice.
func NoticeID(kind, tenant, subject string) string {
	return "n" + encoding.EncodeToString(hash16("notice", kind, tenant, subject))
}

const (
	maxNotices  = 1000            // subjects may come from outside
	raiseAgain  = 5 * time.Minute // a notice that says nothing new is not written again before
	manySubject = "(and others)"  // stands for all subjects beyond the bound
)

// Raise makes a notice durable, and answers it as it is kept and whether it is new. The same kind, tenant and subject
// are one notice, which keeps its Since; a new one has its caller's, for one that could not be written at once. Beyond
// 1000 notices the further ones of a kind are one.
func (s *Store) Raise(ctx context.Context, n Notice) (kept Notice, isNew bool, err error) {
	if n.Kind == "" || n.Text == "" {
		return Notice{}, false, fmt.Errorf("%w: a notice has a kind and a text", ErrInvalid)
	}
	err = s.do(ctx, "", func(t *txn) error {
		kept, isNew, err = t.raise(n)
		return err
	})
	if err != nil {
		return Notice{}, false, fmt.Errorf("raise notice %s: %w", n.Kind, err)
	}
	return kept, isNew, nil
}

func (t *txn) raise(n Notice) (Notice, bool, error) {
	n.ID = NoticeID(n.Kind, n.Tenant, n.Subject)
	old, found, err := t.notice(n.ID)
	if err != nil {
		return n, false, err
	}
	if !found && n.Subject != manySubject {
		all, err := t.notices()
		if err != nil {
			return n, false, err
		}
		if len(all) >= maxNotices {
			n.Subject = manySubject
			return t.raise(n)
		}
	}
	over := found && old.over(t.now)
	if n.Since.IsZero() || n.Since.After(t.now) {
		n.Since = t.now
	}
	n.Until, n.Since, n.Last, n.Times = n.Until.UTC().Round(0), n.Since.UTC().Round(0), t.now, 1
	if found && !over {
		n.Since, n.Times = old.Since, old.Times+1
		same := n.Text == old.Text && n.Do == old.Do && n.Until.IsZero() == old.Until.IsZero()
		if same && t.now.Sub(old.Last) < raiseAgain {
			return old, false, nil
		}
	}
	if !found || over || n.Text != old.Text || n.Do != old.Do {
		t.changed(NoticeChanged, n.ID)
	}
	return n, !found || over, t.save(tableNotices, []byte(n.ID), n)
}

// Clear ends a notice, and says whether there was one.
func (s *Store) Clear(ctx context.Context, kind, tenant, subject string) (found bool, err error) {
	id := NoticeID(kind, tenant, subject)
	err = s.do(ctx, "", func(t *txn) error {
		if _, found, err = t.notice(id); err != nil || !found {
			return err
		}
		t.del(tableNotices, []byte(id))
		t.changed(NoticeChanged, id)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("clear notice %s: %w", kind, err)
	}
	return found, nil
}

// Notice reads one notice. One that was cleared, or is over, is ErrNotFound.
func (s *Store) Notice(ctx context.Context, id string) (n Notice, err error) {
	err = s.view(ctx, func(t *txn) error {
		var found bool
		if n, found, err = t.notice(id); err == nil && (!found || n.over(t.now)) {
			err = fmt.Errorf("notice %s: %w", id, ErrNotFound)
		}
		return err
	})
	return n, err
}

// Notices lists what stands now, the newest first; of one tenant and the gateway, or with "" of all tenants.
func (s *Store) Notices(ctx context.Context, tenant string) (list []Notice, err error) {
	err = s.view(ctx, func(t *txn) error {
		list, err = t.notices()
		list = slices.DeleteFunc(list, func(n Notice) bool {
			return n.over(t.now) || tenant != "" && n.Tenant != "" && n.Tenant != tenant
		})
		return err
	})
	slices.SortFunc(list, func(a, b Notice) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.ID, b.ID)) })
	return list, err
}

func (n Notice) over(now time.Time) bool { return !n.Until.IsZero() && !now.Before(n.Until) }

func (t *txn) notice(id string) (n Notice, found bool, err error) {
	found, err = t.load(tableNotices, []byte(id), &n)
	return n, found, err
}

func (t *txn) notices() (list []Notice, err error) {
	t.each(tableNotices, nil, func(_, v []byte) bool {
		var n Notice
		err = decode(tableNotices, v, &n)
		list = append(list, n)
		return err == nil
	})
	return list, err
}

// expireNotices drops the notices that are over.
func (s *Store) expireNotices(ctx context.Context) (total int, err error) {
	return s.sweep(ctx, tableNotices, func(t *txn, k, v []byte) (bool, error) {
		var n Notice
		if err := decode(tableNotices, v, &n); err != nil || !n.over(t.now) {
			return false, err
		}
		t.del(tableNotices, k)
		t.changed(NoticeChanged, n.ID)
		return true, nil
	})
}
