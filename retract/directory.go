package retract

import (
	"errors"
	"sync"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

const (
	keepMailbox  = 12 * time.Hour   // an address's mailbox
	keepStranger = 10 * time.Minute // that an address is none
	keepFolder   = 24 * time.Hour
	directoryMax = 200_000 // entries; beyond it the cache begins anew
)

// directory remembers which mailbox takes an address's mail, or has an object id, and the ids of folders. A cache:
// nothing depends on it.
type directory struct {
	mu        sync.Mutex
	addresses map[string]addressEntry
	folders   map[folderKey]folderEntry
	purgeless bool
}

type addressEntry struct {
	mailbox exchange.Mailbox // ID "" when the address is no mailbox
	why     *fault.Fault
	until   time.Time
}

type folderKey struct {
	mailbox string
	folder  exchange.Folder
}

type folderEntry struct {
	id, name string
	until    time.Time
}

func newDirectory() *directory {
	return &directory{addresses: map[string]addressEntry{}, folders: map[folderKey]folderEntry{}}
}

// known gives the mailbox of an address from memory.
func (d *directory) known(address string, now time.Time) (exchange.Mailbox, bool) {
	e, ok := d.entry(address, now)
	return e.mailbox, ok
}

func (d *directory) entry(address string, now time.Time) (addressEntry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.addresses[addresses.Fold(address)]
	return e, ok && now.Before(e.until)
}

// learn keeps the answer of a Resolve, when it is one.
func (d *directory) learn(address string, mb exchange.Mailbox, err error, now time.Time) {
	e := addressEntry{mailbox: mb, until: now.Add(keepMailbox)}
	var f *fault.Fault
	switch {
	case err == nil:
	case errors.As(err, &f) && f.Class == fault.GiveUp && f.Code == fault.CodeNoMailbox:
		e = addressEntry{why: f, until: now.Add(keepStranger)}
	default:
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.addresses) >= directoryMax {
		clear(d.addresses)
	}
	d.addresses[addresses.Fold(address)] = e
	if mb.ID != "" {
		d.addresses[addresses.Fold(mb.ID)] = e
	}
}

// unlearn forgets an address: what was known of it turned out to be wrong.
func (d *directory) unlearn(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.addresses, addresses.Fold(address))
}

func (d *directory) folder(mailbox string, f exchange.Folder, now time.Time) (folderEntry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.folders[folderKey{mailbox, f}]
	return e, ok && now.Before(e.until)
}

func (d *directory) learnFolder(mailbox string, f exchange.Folder, e folderEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.folders) >= directoryMax {
		clear(d.folders)
	}
	d.folders[folderKey{mailbox, f}] = e
}

// noPurge reports whether this tenant's cloud has said that it has no permanentDelete.
func (d *directory) noPurge() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.purgeless
}

func (d *directory) setNoPurge() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.purgeless = true
}
