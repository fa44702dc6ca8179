package retract

import (
	"context"
	"errors"
	"fmt"

	"clawback/retract/exchange"
	"clawback/retract/fault"
)

// folderID gives a folder's id from memory or the mailbox; "" when the mailbox has no such folder.
func (s *step) folderID(ctx context.Context, f exchange.Folder) (string, error) {
	e, err := s.folder(ctx, f)
	return e.id, err
}

// folder asks for a folder's id and name, from memory where it can.
func (s *step) folder(ctx context.Context, f exchange.Folder) (folderEntry, error) {
	now := s.e.now()
	if e, ok := s.sched.dir.folder(s.in.Mailbox, f, now); ok {
		return e, nil
	}
	id, name, err := s.box.FolderID(ctx, s.in.Mailbox, f)
	e := folderEntry{id: id, name: name, until: now.Add(keepFolder)}
	var failure *fault.Fault
	if errors.As(err, &failure) && (failure.Class == fault.Gone || failure.Class == fault.GiveUp) {
		e, err = folderEntry{until: now.Add(keepStranger)}, nil
	}
	if err != nil {
		return folderEntry{}, fmt.Errorf("ask for folder %s: %w", exchange.Place(f), err)
	}
	s.sched.dir.learnFolder(s.in.Mailbox, f, e)
	return e, nil
}
