package retract

import (
	"context"
	"errors"
	"io"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
)

// meter is a tenant's Mailboxes as one worker may use them: every call keeps to the gates, tokens and slots of its
// mailbox, and the scheduler learns from every answer.
type meter struct {
	exchange.Mailboxes
	sched *scheduler
	share float64 // of the mailbox's tokens
}

func newMeter(m exchange.Mailboxes, l *scheduler, in store.Intent) *meter {
	return &meter{Mailboxes: m, sched: l, share: shareOf(in)}
}

// call makes one call at a mailbox.
func (m *meter) call(ctx context.Context, mailbox string, fn func(context.Context) error) error {
	leave, err := m.sched.enter(ctx, mailbox, m.share)
	if err != nil {
		return err
	}
	defer leave()
	err = fn(fault.WithGate(ctx, &callGate{meter: m, ctx: ctx, mailbox: mailbox}))
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == fault.CodeNotCleared {
		return &notMade{f.After}
	}
	m.sched.learn(mailbox, err)
	return err
}

func (m *meter) Resolve(ctx context.Context, address string) (mb exchange.Mailbox, err error) {
	err = m.call(ctx, theDirectory, func(ctx context.Context) error { mb, err = m.Mailboxes.Resolve(ctx, address); return err })
	return mb, err
}

// members is errors.ErrUnsupported where the mailbox system knows no groups.
func (m *meter) members(ctx context.Context, address string) (list []exchange.Mailbox, err error) {
	groups, ok := m.Mailboxes.(exchange.Groups)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = m.call(ctx, theDirectory, func(ctx context.Context) error { list, err = groups.Members(ctx, address); return err })
	return list, err
}

func (m *meter) Find(ctx context.Context, mailbox, messageID string, folder exchange.Folder) (found []exchange.Candidate, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		found, err = m.Mailboxes.Find(ctx, mailbox, messageID, folder)
		return err
	})
	return found, err
}

func (m *meter) Locate(ctx context.Context, mailbox, message string) (c exchange.Candidate, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error { c, err = m.Mailboxes.Locate(ctx, mailbox, message); return err })
	return c, err
}

func (m *meter) FolderID(ctx context.Context, mailbox string, folder exchange.Folder) (id, name string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		id, name, err = m.Mailboxes.FolderID(ctx, mailbox, folder)
		return err
	})
	return id, name, err
}

func (m *meter) Headers(ctx context.Context, mailbox, message string) (ids []string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error { ids, err = m.Mailboxes.Headers(ctx, mailbox, message); return err })
	return ids, err
}

// MIME holds its slot only until the answer begins: what is read of it is bounded by the original's size.
func (m *meter) MIME(ctx context.Context, mailbox, message string) (r io.ReadCloser, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error { r, err = m.Mailboxes.MIME(ctx, mailbox, message); return err })
	return r, err
}

func (m *meter) Move(ctx context.Context, mailbox, message string, to exchange.Folder) (id string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error { id, err = m.Mailboxes.Move(ctx, mailbox, message, to); return err })
	return id, err
}

func (m *meter) Purge(ctx context.Context, mailbox, message string) error {
	return m.call(ctx, mailbox, func(ctx context.Context) error { return m.Mailboxes.Purge(ctx, mailbox, message) })
}

func (m *meter) MarkRead(ctx context.Context, mailbox, message string, read bool) error {
	return m.call(ctx, mailbox, func(ctx context.Context) error { return m.Mailboxes.MarkRead(ctx, mailbox, message, read) })
}
