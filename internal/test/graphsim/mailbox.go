package graphsim

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNoMailbox is the answer of Deliver for an account without a mailbox.
var ErrNoMailbox = errors.New("no such mailbox")

var errNoMessage = errors.New("no such message")

// wellKnown maps the well-known folder names to what Outlook shows; those with true are of Recoverable Items.
var wellKnown = map[string]struct {
	display     string
	recoverable bool
}{
	"inbox":                     {"Inbox", false},
	"drafts":                    {"Drafts", false},
	"sentitems":                 {"Sent Items", false},
	"deleteditems":              {"Deleted Items", false},
	"junkemail":                 {"Junk Email", false},
	"archive":                   {"Archive", false},
	"outbox":                    {"Outbox", false},
	"recoverableitemsdeletions": {"Deletions", true},
	"recoverableitemspurges":    {"Purges", true},
}

// Delivery is a message that is put into a mailbox from outside.
type Delivery struct {
	Mailbox          string // UPN, or any address of the mailbox, with a tag or without
	Folder           string // well-known name or display name (made when it is new); "": inbox
	MIME             []byte
	NetworkMessageID string    // put before MIME as X-MS-Exchange-Organization-Network-Message-Id; "": not
	Received         time.Time // zero: now
	Visible          time.Time // when it can first be seen; zero: at once
	Read             bool
	Draft            bool
}

// Message is a message as it is now.
type Message struct {
	Key               string // of this simulator; never changes
	Mailbox           string // UPN
	Folder            string // well-known name or display name
	FolderID          string
	ImmutableID       string
	InternetMessageID string
	Subject           string
	Received          time.Time
	Read              bool
	Draft             bool
	Purged            bool     // permanently deleted: only an administrator sees it
	Changes           []string // what was done to it through Graph, in order, such as "move junkemail"
}

type folder struct {
	id, name, display string // name: well-known, or ""
	recoverable       bool
}

// label is how a test names the folder.
func (f *folder) label() string {
	if f.name != "" {
		return f.name
	}
	return f.display
}

type message struct {
	Message
	folder  *folder
	id      string // the id of clients that do not ask for immutable ones; changes with the folder
	old     map[string]bool
	mime    []byte
	headers []header
	visible time.Time
	byOwner bool // its owner has moved it last: a client that has not seen that yet is not to blame
}

type mailbox struct {
	owner    string // object id
	folders  []*folder
	messages []*message
}

func newMailbox(owner string) *mailbox {
	b := &mailbox{owner: owner}
	for name, kind := range wellKnown {
		b.folders = append(b.folders, &folder{itemID("folder", owner, name), name, kind.display, kind.recoverable})
	}
	return b
}

// itemID makes an id as Exchange makes them: base64url of bytes that nobody should read, case-sensitive.
func itemID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "/")))
	sum2 := sha256.Sum256(sum[:])
	return "AAMkA" + base64.URLEncoding.EncodeToString(append(sum[:], sum2[:16]...))[:59] + "AAA="
}

func (b *mailbox) folder(nameOrID string) *folder {
	for _, f := range b.folders {
		if f.id == nameOrID || (f.name != "" && strings.EqualFold(f.name, nameOrID)) {
			return f
		}
	}
	return nil
}

func (b *mailbox) folderByLabel(label string) *folder {
	if f := b.folder(label); f != nil {
		return f
	}
	for _, f := range b.folders {
		if f.display == label {
			return f
		}
	}
	f := &folder{id: itemID("folder", b.owner, label), display: label}
	b.folders = append(b.folders, f)
	return f
}

func (b *mailbox) find(id string) *message {
	for _, m := range b.messages {
		if !m.Purged && (m.id == id || m.ImmutableID == id) {
			return m
		}
	}
	return nil
}

// Deliver puts a message into a mailbox.
func (s *Sim) Deliver(d Delivery) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.recipient(d.Mailbox)
	if u == nil || u.box == nil {
		return Message{}, fmt.Errorf("deliver to %s: %w", d.Mailbox, ErrNoMailbox)
	}
	if d.Folder == "" {
		d.Folder = "inbox"
	}
	if d.Received.IsZero() {
		d.Received = s.o.Now()
		if d.Visible.After(d.Received) {
			d.Received = d.Visible
		}
	}
	if d.NetworkMessageID != "" {
		d.MIME = append([]byte("X-MS-Exchange-Organization-Network-Message-Id: "+d.NetworkMessageID+"\r\n"), d.MIME...)
	}
	m := s.newMessage(u, d)
	u.box.messages = append(u.box.messages, m)
	return m.snapshot(), nil
}

// recipient is whose mailbox takes mail for an address, as Exchange Online finds it: the exact address, else what
// stands before the first plus sign of its name. Of two tenants the first that has it. The caller holds the lock.
func (s *Sim) recipient(address string) *user {
	address = strings.ToLower(address)
	if u := s.owners[address]; u != nil {
		return u
	}
	for _, a := range []string{address, untagged(address)} {
		for _, t := range s.tenants {
			if u := t.addresses[a]; u != nil {
				return u
			}
		}
	}
	return s.owners[untagged(address)]
}

func untagged(address string) string {
	name, domain, _ := strings.Cut(address, "@")
	name, _, tagged := strings.Cut(name, "+")
	if !tagged || name == "" {
		return address
	}
	return name + "@" + domain
}

func (s *Sim) newMessage(u *user, d Delivery) *message {
	s.delivered++
	key := fmt.Sprintf("m%d", s.delivered)
	headers := parseHeaders(d.MIME)
	m := &message{
		folder: u.box.folderByLabel(d.Folder), mime: d.MIME, headers: headers, visible: d.Visible,
		old: map[string]bool{},
		Message: Message{
			Key: key, Mailbox: u.UPN, ImmutableID: itemID("immutable", u.ID, key), Received: d.Received.UTC(),
			InternetMessageID: value(headers, "Message-ID"), Subject: value(headers, "Subject"), Read: d.Read,
			Draft: d.Draft,
		},
	}
	m.id = itemID("item", u.ID, key, m.folder.id)
	return m
}

func (m *message) snapshot() Message {
	out := m.Message
	out.Folder, out.FolderID = m.folder.label(), m.folder.id
	out.Changes = append([]string(nil), m.Changes...)
	return out
}

// Messages lists all messages of a mailbox, permanently deleted and not yet visible ones included, as delivered.
func (s *Sim) Messages(upn string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if u := s.owners[strings.ToLower(upn)]; u != nil && u.box != nil {
		for _, m := range u.box.messages {
			out = append(out, m.snapshot())
		}
	}
	return out
}

// Changed lists the messages of all mailboxes to which anything was done through Graph.
func (s *Sim) Changed() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, u := range s.owners {
		if u.box == nil {
			continue
		}
		for _, m := range u.box.messages {
			if len(m.Changes) > 0 {
				out = append(out, m.snapshot())
			}
		}
	}
	return out
}

// UserMoves moves a message as its owner does in Outlook: not a change through Graph. Folder "" deletes it for good.
func (s *Sim) UserMoves(upn, key, folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.owner(upn).box
	for i, m := range b.messages {
		switch {
		case m.Key != key:
		case folder == "":
			b.messages = append(b.messages[:i:i], b.messages[i+1:]...)
			return
		default:
			m.moveTo(b, b.folderByLabel(folder))
			m.byOwner = true
			return
		}
	}
}

// RemoveFolder deletes a folder that a user made; its messages go to Deleted Items.
func (s *Sim) RemoveFolder(upn, display string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.owner(upn).box
	for i, f := range b.folders {
		if f.name != "" || f.display != display {
			continue
		}
		b.folders = append(b.folders[:i:i], b.folders[i+1:]...)
		for _, m := range b.messages {
			if m.folder == f {
				m.moveTo(b, b.folder("deleteditems"))
				m.byOwner = true
			}
		}
		return
	}
}

// moveTo changes the folder and the id that is not immutable.
func (m *message) moveTo(b *mailbox, to *folder) {
	m.old[m.id] = true
	m.folder = to
	m.id = itemID("item", b.owner, m.Key, to.id, fmt.Sprint(len(m.old)))
}
