package retract

import (
	"cmp"
	"context"
	"errors"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/retract/match"
	"clawback/store"
)

// move is one message's move: C3, the call, C4. Last is the reason of the intent when this is its last message; with ""
// the step goes on.
func (s mover) move(ctx context.Context, c match.Finding, target exchange.Folder, last string) error {
	entry, err := s.entry(ctx, c, target)
	if err != nil {
		return err
	}
	if wait := s.sched.limits.Gated(s.in.Mailbox); wait > 0 {
		return &limit.NotMade{Wait: wait}
	}
	operation := "move"
	if target == exchange.Purges && !s.purgesByMove() {
		operation = "permanentDelete"
	}
	if err := (committer(s)).begin(ctx, operation, entry); err != nil {
		return err
	}
	s.e.brake.Release(s.in.ID) // the store counts it from C3 on
	after := ""
	if operation == "move" {
		after, err = s.box.Move(ctx, s.in.Mailbox, c.ID, target)
	} else {
		err = s.box.Purge(ctx, s.in.Mailbox, c.ID)
	}
	return s.classify(ctx, operation, result{entry: entry, after: after, err: err, last: last})
}

// purgesByMove reports whether a Purge was refused before by a cloud that has none, and the configuration allows the
// move.
func (s mover) purgesByMove() bool {
	return s.tenant.Graph.PurgesByMove && s.sched.dir.noPurge()
}

// entry is what undo will need. The original folder of a message that an earlier round moved is the first one.
func (s mover) entry(ctx context.Context, c match.Finding, target exchange.Folder) (store.Taken, error) {
	t := store.Taken{Message: c.ID, Folder: c.Folder, Read: c.Read, Received: c.Received, Target: string(target),
		Proof: c.Proof, Compared: c.Compared}
	if name, ok := s.sched.dir.folder(s.in.Mailbox, exchange.Folder(c.Folder), s.e.now()); ok {
		t.FolderName = name.name
	}
	for _, old := range s.in.Taken {
		if old.Message != c.ID || old.State != intent.Earlier && old.State != intent.Moved {
			continue
		}
		at, err := s.folderID(ctx, exchange.Folder(old.Target))
		if err != nil {
			return t, err
		}
		if at == c.Folder {
			t.Folder, t.FolderName, t.Read, t.Was = old.Folder, old.FolderName, old.Read, old.Target
		}
	}
	return t, nil
}

// result is what came of a call that changes something.
type result struct {
	entry store.Taken
	after string // the message's id now
	err   error
	last  string
}

// classify writes C4 for each kind of result.
func (s mover) classify(ctx context.Context, operation string, r result) error {
	var (
		f       *fault.Fault
		skipped *limit.NotMade
	)
	switch {
	case r.err == nil:
		return s.succeeded(ctx, operation, r)
	case errors.As(r.err, &skipped):
		s.setState(&s.in, r.entry.Message, intent.Kept)
		return failure(s).retry(ctx, operation,
			&fault.Fault{Class: fault.Retry, After: skipped.Wait, Code: fault.CodeNotCleared,
				Detail: "not called: the server asks to wait"})
	case !errors.As(r.err, &f):
		return failure(s).unknown(ctx, operation, &fault.Fault{Class: fault.Unknown, Detail: r.err.Error()})
	case f.Class == fault.Unknown:
		return failure(s).unknown(ctx, operation, f)
	case f.Class == fault.Gone:
		s.setState(&s.in, r.entry.Message, intent.Missing)
		return s.gone(ctx, operation, f)
	}
	s.setState(&s.in, r.entry.Message, intent.Kept)
	if f.Class == fault.GiveUp && f.Code == fault.CodeNoPermanentDelete {
		return s.cannotPurge(ctx, operation, f)
	}
	return failure(s).faulted(ctx, operation, f)
}

// succeeded writes C4 of a call that was answered with success.
func (s mover) succeeded(ctx context.Context, operation string, r result) error {
	err := committer(s).commit(ctx, ending{operation, string(store.Done), r.last}, func(in *store.Intent) {
		s.setState(in, r.entry.Message, intent.Moved)
		s.renameEntry(in, r.entry.Message, r.after)
		in.Unknown, in.Faults, in.FaultSince = s.inDoubt(*in), 0, time.Time{}
		in.NotBefore = s.e.now()
		if in.Kind == store.Retract {
			in.Code = codeOf(r.entry)
		}
		if r.last != "" {
			in.Outcome, in.Reason, in.NotBefore = store.Done, r.last, time.Time{}
		}
	})
	return err
}

// codeOf tells of a message that was moved on less than its network message id.
func codeOf(t store.Taken) store.Code {
	switch t.Proof {
	case store.ByContent:
		return store.CodeByContent
	case store.ByPerson:
		return store.CodeByPerson
	}
	return ""
}

// codeOfAll is the code of an intent that is done: that of the weakest proof among its messages.
func codeOfAll(in store.Intent) (code store.Code) {
	for _, t := range in.Taken {
		if c := codeOf(t); t.State == intent.Moved && (c == store.CodeByContent || code == "") {
			code = c
		}
	}
	return code
}

// renameEntry gives an entry the id that the message has after its move.
func (s *step) renameEntry(in *store.Intent, before, after string) {
	if after == "" || after == before {
		return
	}
	for i := range in.Taken {
		if in.Taken[i].Message == before {
			in.Taken[i].Message = after
		}
	}
	if in.Message == before {
		in.Message = after
	}
}

// gone writes that the id was not there: the next step looks where the message is.
func (s mover) gone(ctx context.Context, operation string, f *fault.Fault) error {
	now := s.e.now()
	err := committer(s).commit(ctx, ending{operation, string(store.Gone), f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = true, now
		faultSince(in, now)
		in.Reason = "it was moved before it could be taken, to be looked for: " + f.Error()
	})
	return cmp.Or(err, errEnded)
}

// cannotPurge goes on by a move to Purges where that is allowed.
func (s mover) cannotPurge(ctx context.Context, operation string, f *fault.Fault) error {
	if !s.tenant.Graph.PurgesByMove {
		reason := "this cloud has no permanentDelete, and purges_by_move is off: " + f.Error()
		err := committer(s).commit(ctx, ending{operation, string(store.Failed), f.Error()}, func(in *store.Intent) {
			in.Unknown, in.NotBefore = s.inDoubt(*in), s.e.now()
			if in.Action == s.ranFor { // else another one is wanted meanwhile, which may be possible
				in.Outcome, in.Reason, in.NotBefore = store.Failed, reason, time.Time{}
			}
		})
		return cmp.Or(err, errEnded)
	}
	s.sched.dir.setNoPurge()
	err := committer(s).commit(ctx, ending{operation, "retry", f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = s.inDoubt(*in), s.e.now()
		in.Reason = `this cloud has no permanentDelete: to be moved to Recoverable Items\Purges`
	})
	return cmp.Or(err, errEnded)
}
