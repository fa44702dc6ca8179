package limit

import (
	"context"
	"errors"
	"io"

	"clawback/retract/exchange"
)

// Mailboxes are a tenant's mailboxes as one worker may use them: every call keeps to the gates, tokens and places of
// its mailbox, and the limiter learns from every answer. The error of a call that was not made is a *NotMade.
type Mailboxes struct {
	exchange.Mailboxes
	limiter *Limiter
	share   float64 // of the mailbox's tokens
}

// Mailboxes are m within the limits, for a worker of a bulk job or of a fresh verdict.
func (l *Limiter) Mailboxes(m exchange.Mailboxes, bulk bool) *Mailboxes {
	return &Mailboxes{Mailboxes: m, limiter: l, share: shareOf(bulk)}
}

func (m *Mailboxes) call(ctx context.Context, mailbox string, fn func(context.Context) error) error {
	return m.limiter.call(ctx, mailbox, m.share, fn)
}

// Resolve asks the directory for the mailbox of an address.
func (m *Mailboxes) Resolve(ctx context.Context, address string) (mb exchange.Mailbox, err error) {
	err = m.call(ctx, Directory, func(ctx context.Context) error {
		mb, err = m.Mailboxes.Resolve(ctx, address)
		return err
	})
	if err == nil {
		m.limiter.noteUser(mb.ID)
	}
	return mb, err
}

// Members is errors.ErrUnsupported where the mailbox system knows no groups.
func (m *Mailboxes) Members(ctx context.Context, address string) (list []exchange.Mailbox, err error) {
	groups, ok := m.Mailboxes.(exchange.Groups)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = m.call(ctx, Directory, func(ctx context.Context) error {
		list, err = groups.Members(ctx, address)
		return err
	})
	return list, err
}

// Find lists the messages of a mailbox, or of one folder, that have a Message-ID.
func (m *Mailboxes) Find(ctx context.Context, mailbox, messageID string,
	folder exchange.Folder) (found []exchange.Candidate, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		found, err = m.Mailboxes.Find(ctx, mailbox, messageID, folder)
		return err
	})
	return found, err
}

// Locate says where a message is now.
func (m *Mailboxes) Locate(ctx context.Context, mailbox, message string) (c exchange.Candidate, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		c, err = m.Mailboxes.Locate(ctx, mailbox, message)
		return err
	})
	return c, err
}

// FolderID gives a folder's id and name.
func (m *Mailboxes) FolderID(ctx context.Context, mailbox string, folder exchange.Folder) (id, name string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		id, name, err = m.Mailboxes.FolderID(ctx, mailbox, folder)
		return err
	})
	return id, name, err
}

// Headers gives the network message ids of a message's header.
func (m *Mailboxes) Headers(ctx context.Context, mailbox, message string) (ids []string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		ids, err = m.Mailboxes.Headers(ctx, mailbox, message)
		return err
	})
	return ids, err
}

// MIME streams a message. It holds its place only until the answer begins: what is read of it is bounded by the
// original's size.
func (m *Mailboxes) MIME(ctx context.Context, mailbox, message string) (r io.ReadCloser, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		r, err = m.Mailboxes.MIME(ctx, mailbox, message)
		return err
	})
	return r, err
}

// Move moves a message.
func (m *Mailboxes) Move(ctx context.Context, mailbox, message string, to exchange.Folder) (id string, err error) {
	err = m.call(ctx, mailbox, func(ctx context.Context) error {
		id, err = m.Mailboxes.Move(ctx, mailbox, message, to)
		return err
	})
	return id, err
}

// Purge deletes a message for good.
func (m *Mailboxes) Purge(ctx context.Context, mailbox, message string) error {
	return m.call(ctx, mailbox, func(ctx context.Context) error { return m.Mailboxes.Purge(ctx, mailbox, message) })
}

// MarkRead sets a message's read state.
func (m *Mailboxes) MarkRead(ctx context.Context, mailbox, message string, read bool) error {
	return m.call(ctx, mailbox, func(ctx context.Context) error {
		return m.Mailboxes.MarkRead(ctx, mailbox, message, read)
	})
}
