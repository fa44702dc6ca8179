package retract

import (
	"context"
	"errors"
	"fmt"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
)

// resolve finds the mailbox of the intent's address, and the rule for it. It ends the intent where there is none, where the
// mailbox is exempt under another address, or where another recipient's intent has the same mailbox.
func (w *work) resolve(ctx context.Context) error {
	mb, why, err := w.ownMailbox(ctx)
	if err != nil {
		return err
	}
	if why != nil {
		return w.expand(ctx, why)
	}
	if err := w.spared(ctx, mb); err != nil {
		return err
	}
	if err := w.applyRule(ctx, mb); err != nil {
		return err
	}
	twin, err := w.twin(ctx, mb.ID)
	if err != nil {
		return &storeError{err}
	}
	if twin != "" {
		return w.end(ctx, store.Skipped, "same mailbox as "+twin)
	}
	w.in.Mailbox = mb.ID
	return nil
}

// ownMailbox is the mailbox that the intent is about: that of its address, or, once it has begun, the one in which it has.
func (w *work) ownMailbox(ctx context.Context) (exchange.Mailbox, *fault.Fault, error) {
	if w.in.Mailbox == "" {
		return w.mailboxOf(ctx, w.in.Address)
	}
	mb, why, err := w.mailboxOf(ctx, w.in.Mailbox)
	if why != nil { // the account is not in the directory by now; its mailbox may be
		return exchange.Mailbox{ID: w.in.Mailbox}, nil, err
	}
	return mb, nil, err
}

// mailboxOf asks the directory, or its cache, for an address or an object id. A Fault that is returned as a value says that
// it is no mailbox.
func (w *work) mailboxOf(ctx context.Context, address string) (exchange.Mailbox, *fault.Fault, error) {
	if e, ok := w.lane.dir.entry(address, w.e.now()); ok {
		return e.mailbox, e.why, nil
	}
	mb, err := w.box.Resolve(ctx, fold(address))
	w.lane.dir.learn(address, mb, err, w.e.now())
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.GiveUp && f.Code == fault.CodeNoMailbox {
		return exchange.Mailbox{}, f, nil
	}
	if err != nil {
		return exchange.Mailbox{}, nil, fmt.Errorf("resolve %s: %w", fold(address), err)
	}
	return mb, nil, nil
}

// spared ends the intent when its mailbox is one of the exempt ones under another of its addresses.
func (w *work) spared(ctx context.Context, mb exchange.Mailbox) error {
	for _, address := range mb.Names() {
		if why := exempt(w.tenant, address); why != "" {
			return w.end(ctx, store.Skipped, fmt.Sprintf("%s, an address of the mailbox of %s", why, fold(w.in.Address)))
		}
	}
	for _, address := range w.exemptions() {
		e, why, err := w.mailboxOf(ctx, address)
		if err != nil {
			return err
		}
		if why == nil && e.ID == mb.ID {
			return w.end(ctx, store.Skipped, fmt.Sprintf("exempt: the mailbox of %s is that of %s", fold(w.in.Address), fold(address)))
		}
	}
	return nil
}

// exemptions are the exempt addresses that can be mailboxes of this tenant.
func (w *work) exemptions() []string {
	var list []string
	add := func(address string) {
		if address != "" && address[0] != '@' && internal(w.tenant, address) {
			list = append(list, address)
		}
	}
	for _, a := range w.tenant.Exempt {
		add(a)
	}
	for _, own := range ownAddresses(w.tenant) {
		add(own.address)
	}
	return list
}

// twin gives the address of another intent of the same record, kind and mailbox, which then is the one that counts;
// without one, the mailbox is this intent's from now on.
func (w *work) twin(ctx context.Context, mailbox string) (string, error) {
	key := w.rec.ID + "\x00" + string(w.in.Kind)
	if !w.lane.claimed(key) {
		have, err := w.e.o.Store.Intents(ctx, w.rec.ID)
		if err != nil {
			return "", err
		}
		w.lane.load(key, w.in.Kind, have)
	}
	return w.lane.claim(key, mailbox, claim{w.in.ID, fold(w.in.Address)}), nil
}

// claim says which intent of a record has a mailbox.
type claim struct{ id, address string }

// claimsMax bounds how many records' claims are kept in memory. They are read from the store again when needed.
const claimsMax = 256

func (l *lane) claimed(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.claims[key] != nil
}

// load fills in what the store knows. What was claimed meanwhile stays.
func (l *lane) load(key string, kind store.Kind, have []store.Intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.claims) >= claimsMax {
		for other, of := range l.claims {
			if !l.working(of) {
				delete(l.claims, other)
			}
		}
	}
	if l.claims[key] == nil {
		l.claims[key] = map[string]claim{}
	}
	for _, in := range have {
		if _, taken := l.claims[key][in.Mailbox]; !taken && in.Mailbox != "" && in.Kind == kind {
			l.claims[key][in.Mailbox] = claim{in.ID, fold(in.Address)}
		}
	}
}

// working reports whether a worker is at one of the intents. The caller holds mu.
func (l *lane) working(of map[string]claim) bool {
	for _, c := range of {
		if _, ok := l.running[c.id]; ok {
			return true
		}
	}
	return false
}

// claim takes a record's mailbox for an intent. It gives the address of the intent that has it already, or "".
func (l *lane) claim(key, mailbox string, mine claim) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[key] == nil {
		l.claims[key] = map[string]claim{}
	}
	if has, ok := l.claims[key][mailbox]; ok && has.id != mine.id {
		return has.address
	}
	l.claims[key][mailbox] = mine
	return ""
}

// folderID gives a folder's id from memory or the mailbox; "" when the mailbox has no such folder.
func (w *work) folderID(ctx context.Context, f exchange.Folder) (string, error) {
	e, err := w.folder(ctx, f)
	return e.id, err
}

func (w *work) folder(ctx context.Context, f exchange.Folder) (folderEntry, error) {
	now := w.e.now()
	if e, ok := w.lane.dir.folder(w.in.Mailbox, f, now); ok {
		return e, nil
	}
	id, name, err := w.box.FolderID(ctx, w.in.Mailbox, f)
	e := folderEntry{id: id, name: name, until: now.Add(keepFolder)}
	var failure *fault.Fault
	if errors.As(err, &failure) && (failure.Class == fault.Gone || failure.Class == fault.GiveUp) {
		e, err = folderEntry{until: now.Add(keepStranger)}, nil
	}
	if err != nil {
		return folderEntry{}, fmt.Errorf("ask for folder %s: %w", exchange.Place(f), err)
	}
	w.lane.dir.learnFolder(w.in.Mailbox, f, e)
	return e, nil
}
