package exchange

import (
	"context"
	"io"
	"slices"
	"time"
)

// Mailbox is one mailbox of a tenant, as the mailbox system knows it.
type Mailbox struct {
	ID        string   // object id
	Name      string   // user principal name, for a person
	Address   string   // primary SMTP address; only of a group's members
	Addresses []string // every SMTP address that it takes mail for, lower case
}

// Names are all by which a list may name the mailbox.
func (m Mailbox) Names() []string {
	if m.Name == "" {
		return slices.Clone(m.Addresses)
	}
	return append(slices.Clone(m.Addresses), m.Name)
}

// Candidate is a message in a mailbox that bears the record's Message-ID.
type Candidate struct {
	ID                string // immutable
	Folder            string // folder id
	InternetMessageID string
	// Every X-MS-Exchange-Organization-Network-Message-Id and X-MS-Office365-Filtering-Correlation-Id, lower case.
	NetworkMessageIDs []string
	HasHeaders        bool // the header list was given; without it NetworkMessageIDs says nothing
	Subject           string
	From, Date        string // of its header, as they stand there; "" where the list has none
	Received          time.Time
	Read              bool
	Draft             bool
}

// Folder names a place in a mailbox by its well-known name or by its id.
type Folder string

// The well-known folders that matter here.
const (
	Inbox     Folder = "inbox"
	SentItems Folder = "sentitems"
	Drafts    Folder = "drafts"
	JunkEmail Folder = "junkemail"
	Deleted   Folder = "deleteditems"
	Deletions Folder = "recoverableitemsdeletions"
	Purges    Folder = "recoverableitemspurges"
)

// Mailboxes is what retraction needs of one tenant's mailbox system. Implementations are safe for concurrent use and
// return a *Fault for every failure. They never repeat a call that changes something, and ask for Clearance before each
// request.
type Mailboxes interface {
	// Resolve finds the mailbox that takes mail for an SMTP address, or that has this object id. An address with a tag
	// ("name+tag@domain") that nobody has is that of the name before the first plus sign. A Fault with Class GiveUp and
	// CodeNoMailbox means that the address is not a mailbox of this tenant.
	Resolve(ctx context.Context, address string) (Mailbox, error)
	// Find lists the messages with this Message-ID (with its angle brackets) outside Recoverable Items; with folder
	// not "", in that folder only (which may be one of Recoverable Items).
	Find(ctx context.Context, mailbox, messageID string, folder Folder) ([]Candidate, error)
	// Locate tells in which folder a message is now. A Fault with Class Gone means that the id is not in the mailbox.
	Locate(ctx context.Context, mailbox, message string) (Candidate, error)
	// FolderID gives the id and display name of a folder.
	FolderID(ctx context.Context, mailbox string, folder Folder) (id, name string, err error)
	// Headers reads the network message ids of one message, from its headers or the head of its MIME.
	Headers(ctx context.Context, mailbox, message string) ([]string, error)
	// MIME streams the message. The caller closes it.
	MIME(ctx context.Context, mailbox, message string) (io.ReadCloser, error)
	// Move moves a message to a folder and gives its (immutable) id afterwards.
	Move(ctx context.Context, mailbox, message string, to Folder) (id string, err error)
	// Purge is permanentDelete.
	Purge(ctx context.Context, mailbox, message string) error
	// MarkRead sets the read state, for restore.
	MarkRead(ctx context.Context, mailbox, message string, read bool) error
}

// Groups is what a tenant's Mailboxes may offer beside: who is in a group now.
type Groups interface {
	// Members lists the mailboxes of a group's members, those of nested groups included, some thousand at most. A Fault
	// with CodeNoMailbox means that the address is not a group of this tenant.
	Members(ctx context.Context, address string) ([]Mailbox, error)
}
