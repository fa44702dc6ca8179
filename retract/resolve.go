package retract

import (
	"context"
	"errors"
	"fmt"

	"clawback/store"
)

// resolve finds the mailbox of the intent's address, and ends the intent where there is none, where the mailbox is
// exempt under another address, or where another recipient's intent has the same mailbox.
func (w *work) resolve(ctx context.Context) error {
	mb := Mailbox{ID: w.in.Mailbox}
	if mb.ID == "" {
		var why *Fault
		var err error
		if mb, why, err = w.mailboxOf(ctx, w.in.Address); err != nil {
			return err
		}
		if why != nil {
			return w.end(ctx, store.Skipped, fmt.Sprintf("no mailbox of this tenant takes mail for %s: %s", fold(w.in.Address), why.Error()))
		}
	}
	if err := w.spared(ctx, mb); err != nil {
		return err
	}
	twin, err := w.twin(mb.ID)
	if err != nil {
		return &storeError{err}
	}
	if twin != "" {
		return w.end(ctx, store.Skipped, "same mailbox as "+twin)
	}
	w.in.Mailbox = mb.ID
	return nil
}

// mailboxOf asks the directory, or its cache. A Fault that is returned as a value says that the address is no mailbox.
func (w *work) mailboxOf(ctx context.Context, address string) (Mailbox, *Fault, error) {
	if e, ok := w.lane.dir.entry(address, w.e.now()); ok {
		return e.mailbox, e.why, nil
	}
	mb, err := w.box.Resolve(ctx, fold(address))
	w.lane.dir.learn(address, mb, err, w.e.now())
	var f *Fault
	if errors.As(err, &f) && f.Class == GiveUp && f.Code == noMailbox {
		return Mailbox{}, f, nil
	}
	if err != nil {
		return Mailbox{}, nil, fmt.Errorf("resolve %s: %w", fold(address), err)
	}
	return mb, nil, nil
}

// spared ends the intent when its mailbox is one of the exempt ones under another of its addresses.
func (w *work) spared(ctx context.Context, mb Mailbox) error {
	if mb.Name != "" {
		if why := exempt(w.tenant, mb.Name); why != "" {
			return w.end(ctx, store.Skipped, why)
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

// twin gives the address of another intent of the same record, kind and mailbox, which then is the one that counts.
func (w *work) twin(mailbox string) (string, error) {
	have, err := w.e.o.Store.Intents(w.rec.ID)
	if err != nil {
		return "", err
	}
	for _, in := range have {
		if in.ID != w.in.ID && in.Kind == w.in.Kind && in.Mailbox == mailbox {
			return fold(in.Address), nil
		}
	}
	return w.lane.claim(w.in, mailbox), nil
}

// claim takes a record's mailbox for an intent while its worker runs. It gives the address that has it already, or "".
func (l *lane) claim(in store.Intent, mailbox string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := in.Record + "\x00" + mailbox + "\x00" + string(in.Kind)
	if has, ok := l.claims[key]; ok && has.id != in.ID {
		return has.address
	}
	l.claims[key] = claim{in.ID, fold(in.Address)}
	return ""
}

type claim struct{ id, address string }

// folderID gives a folder's id from memory or the mailbox; "" when the mailbox has no such folder.
func (w *work) folderID(ctx context.Context, f Folder) (string, error) {
	e, err := w.folder(ctx, f)
	return e.id, err
}

func (w *work) folder(ctx context.Context, f Folder) (folderEntry, error) {
	now := w.e.now()
	if e, ok := w.lane.dir.folder(w.in.Mailbox, f, now); ok {
		return e, nil
	}
	id, name, err := w.box.FolderID(ctx, w.in.Mailbox, f)
	e := folderEntry{id: id, name: name, until: now.Add(keepFolder)}
	var fault *Fault
	if errors.As(err, &fault) && (fault.Class == Gone || fault.Class == GiveUp) {
		e, err = folderEntry{until: now.Add(keepStranger)}, nil
	}
	if err != nil {
		return folderEntry{}, fmt.Errorf("ask for folder %s: %w", Place(f), err)
	}
	w.lane.dir.learnFolder(w.in.Mailbox, f, e)
	return e, nil
}
