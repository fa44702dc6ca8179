package retracttest

import (
	"context"
	"io"
	"strings"

	"clawback/retract/exchange"
	"clawback/retract/fault"
)

var _ exchange.Mailboxes = (*World)(nil)

// Resolve finds a mailbox by any of its addresses.
func (w *World) Resolve(ctx context.Context, address string) (mb exchange.Mailbox, err error) {
	err = w.call(ctx, "resolve", "", address, func(*Box) error {
		b := w.boxOf(address)
		if b == nil {
			return failure(fault.GiveUp, 404, fault.CodeNoMailbox, "no user has this address")
		}
		mb = exchange.Mailbox{ID: b.ID, Name: b.Name}
		for a, id := range w.addresses {
			if id == b.ID {
				mb.Addresses = append(mb.Addresses, a)
			}
		}
		return nil
	})
	return mb, err
}

// boxOf finds a mailbox by its id or any of its addresses, then by what stands before a tag. The caller holds the lock.
func (w *World) boxOf(address string) *Box {
	address = strings.ToLower(address)
	for id, b := range w.boxes {
		if strings.ToLower(id) == address {
			return b
		}
	}
	if b := w.boxes[w.addresses[address]]; b != nil {
		return b
	}
	name, domain, _ := strings.Cut(address, "@")
	name, _, _ = strings.Cut(name, "+")
	return w.boxes[w.addresses[name+"@"+domain]]
}

// Members lists the mailboxes of a group.
func (w *World) Members(ctx context.Context, address string) (list []exchange.Mailbox, err error) {
	err = w.call(ctx, "members", "", address, func(*Box) error {
		ids, ok := w.Groups[strings.ToLower(address)]
		if !ok {
			return failure(fault.GiveUp, 404, fault.CodeNoMailbox, "no group has this address")
		}
		for _, id := range ids {
			list = append(list, exchange.Mailbox{ID: id, Name: w.boxes[id].Name})
		}
		return nil
	})
	return list, err
}

// Find lists messages by Message-ID, without case as Graph does.
func (w *World) Find(ctx context.Context, mailbox, messageID string,
	folder exchange.Folder) (list []exchange.Candidate, err error) {
	err = w.call(ctx, "find", mailbox, messageID+" "+string(folder), func(b *Box) error {
		for _, m := range b.Messages {
			if m.Purged || !strings.EqualFold(m.MessageID, messageID) || w.Now().Before(m.Hidden) {
				continue
			}
			if inFolder(b, m, folder) {
				list = append(list, candidate(b, m))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func inFolder(b *Box, m *Message, folder exchange.Folder) bool {
	if folder == "" {
		return m.Folder != string(exchange.Deletions) && m.Folder != string(exchange.Purges)
	}
	return m.Folder == string(folder) || FolderOf(b.ID, m.Folder) == string(folder)
}

func candidate(b *Box, m *Message) exchange.Candidate {
	c := exchange.Candidate{
		ID: m.ID, Folder: FolderOf(b.ID, m.Folder), InternetMessageID: m.MessageID, Subject: m.Subject,
		Received: m.Received, Read: m.Read, Draft: m.Draft,
	}
	if !m.NoHeaders {
		c.HasHeaders, c.From, c.Date = true, m.From, m.Date
		c.NetworkMessageIDs = append([]string(nil), m.NetworkIDs...)
	}
	return c
}

// message finds a message by id; Gone when it is not there.
func (b *Box) message(id string) (*Message, error) {
	for _, m := range b.Messages {
		if m.ID == id && !m.Purged {
			return m, nil
		}
	}
	return nil, failure(fault.Gone, 404, "ErrorItemNotFound", "no such message")
}

// Locate tells where a message is.
func (w *World) Locate(ctx context.Context, mailbox, message string) (c exchange.Candidate, err error) {
	err = w.call(ctx, "locate", mailbox, message, func(b *Box) error {
		m, err := b.message(message)
		if err == nil {
			c = candidate(b, m)
			c.HasHeaders, c.NetworkMessageIDs = false, nil
		}
		return err
	})
	if err != nil {
		return exchange.Candidate{}, err
	}
	return c, nil
}

// FolderID knows the well-known folders and those of the user's own.
func (w *World) FolderID(ctx context.Context, mailbox string, folder exchange.Folder) (id, name string, err error) {
	err = w.call(ctx, "folder", mailbox, string(folder), func(b *Box) error {
		f, ok := b.folder(folder)
		if !ok {
			return failure(fault.Gone, 404, "ErrorItemNotFound", "no such folder")
		}
		id, name = FolderOf(b.ID, f), f
		return nil
	})
	return id, name, err
}

// folder resolves a well-known name or an id.
func (b *Box) folder(f exchange.Folder) (string, bool) {
	name := strings.TrimPrefix(string(f), "F/"+b.ID+"/")
	return name, wellKnown(name) || b.Folders[name]
}

// Headers reads the network message ids, from wherever they stand.
func (w *World) Headers(ctx context.Context, mailbox, message string) (ids []string, err error) {
	err = w.call(ctx, "headers", mailbox, message, func(b *Box) error {
		m, err := b.message(message)
		if err == nil {
			ids = append([]string(nil), m.NetworkIDs...)
		}
		return err
	})
	return ids, err
}

// MIME streams a message.
func (w *World) MIME(ctx context.Context, mailbox, message string) (r io.ReadCloser, err error) {
	err = w.call(ctx, "mime", mailbox, message, func(b *Box) error {
		m, err := b.message(message)
		if err == nil {
			r = io.NopCloser(strings.NewReader(m.MIME))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Move moves, and notes a move that should not have been made.
func (w *World) Move(ctx context.Context, mailbox, message string, to exchange.Folder) (id string, err error) {
	err = w.call(ctx, "move", mailbox, message+" "+string(to), func(b *Box) error {
		m, err := b.message(message)
		if err != nil {
			return err
		}
		f, ok := b.folder(to)
		if !ok {
			return failure(fault.Gone, 404, "ErrorItemNotFound", "no such folder")
		}
		if m.Good {
			w.violate("good message %s was moved to %s", m.ID, f)
		}
		if m.Folder == f {
			w.violate("%s was moved to %s where it lies already", m.ID, f)
		}
		m.Folder = f
		m.Moves = append(m.Moves, f)
		id = m.ID
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// Purge is permanentDelete.
func (w *World) Purge(ctx context.Context, mailbox, message string) error {
	return w.call(ctx, "purge", mailbox, message, func(b *Box) error {
		if w.NoPurge {
			return failure(fault.GiveUp, 0, fault.CodeNoPermanentDelete, "this cloud has no permanentDelete")
		}
		m, err := b.message(message)
		if err != nil {
			return err
		}
		if m.Good {
			w.violate("good message %s was purged", m.ID)
		}
		m.Folder, m.Purged = string(exchange.Purges), true
		m.Moves = append(m.Moves, m.Folder)
		return nil
	})
}

// MarkRead sets the read state.
func (w *World) MarkRead(ctx context.Context, mailbox, message string, read bool) error {
	return w.call(ctx, "mark", mailbox, message, func(b *Box) error {
		m, err := b.message(message)
		if err != nil {
			return err
		}
		if m.Good {
			w.violate("good message %s was marked", m.ID)
		}
		m.Read = read
		return nil
	})
}
