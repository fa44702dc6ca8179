package graphsim

import (
	"fmt"
	"time"
)

// Later is what happens to a message after its delivery, and not through Graph.
type Later struct {
	Mailbox string // UPN
	Key     string // of the message
	Folder  string // well-known name or display name (made when it is new)
	// Copy leaves the message where it is and puts another one, with an id of its own, into Folder: as a rule does,
	// or with Received set as a release from quarantine or a restored backup does. Else its owner moves it there, and
	// it keeps its immutable id.
	Copy     bool
	Received time.Time // of a copy; zero: that of the message
}

// Happen brings about what happens to a message after its delivery. It gives the message that lies in the folder then.
func (s *Sim) Happen(l Later) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.owners[l.Mailbox]
	if u == nil || u.box == nil {
		return Message{}, fmt.Errorf("mailbox %s: %w", l.Mailbox, ErrNoMailbox)
	}
	for _, m := range u.box.messages {
		if m.Key != l.Key {
			continue
		}
		if !l.Copy {
			m.moveTo(u.box, u.box.folderByLabel(l.Folder))
			m.byOwner, m.Purged = true, false
			return m.snapshot(), nil
		}
		at := l.Received
		if at.IsZero() {
			at = m.Received
		}
		again := s.newMessage(u, Delivery{Folder: l.Folder, MIME: m.mime, Received: at})
		u.box.messages = append(u.box.messages, again)
		return again.snapshot(), nil
	}
	return Message{}, fmt.Errorf("message %s of %s: %w", l.Key, l.Mailbox, errNoMessage)
}
