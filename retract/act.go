package retract

import (
	"cmp"
	"context"
	"errors"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
)

// move is one message's move: C3, the call, C4. Last is the reason of the intent when this is its last message; with ""
// the step goes on.
func (w *work) move(ctx context.Context, c match, target exchange.Folder, last string) error {
	entry, err := w.entry(ctx, c, target)
	if err != nil {
		return err
	}
	if wait := w.lane.gated(w.in.Mailbox); wait > 0 {
		return &notMade{wait}
	}
	operation := "move"
	if target == exchange.Purges && !w.byMove() {
		operation = "permanentDelete"
	}
	if err := w.begin(ctx, operation, entry); err != nil {
		return err
	}
	w.e.brake.release(w.in.ID) // the store counts it from C3 on
	after := ""
	if operation == "move" {
		after, err = w.box.Move(ctx, w.in.Mailbox, c.ID, target)
	} else {
		err = w.box.Purge(ctx, w.in.Mailbox, c.ID)
	}
	return w.commit(ctx, operation, result{entry: entry, after: after, err: err, last: last})
}

// byMove reports whether a Purge was refused before by a cloud that has none, and the configuration allows the move.
func (w *work) byMove() bool {
	return w.tenant.Graph.PurgesByMove && w.lane.dir.noPurge()
}

// entry is what undo will need. The original folder of a message that an earlier round moved is the first one.
func (w *work) entry(ctx context.Context, c match, target exchange.Folder) (store.Taken, error) {
	t := store.Taken{Message: c.ID, Folder: c.Folder, Read: c.Read, Received: c.Received, Target: string(target), Proof: c.proof}
	if name, ok := w.lane.dir.folder(w.in.Mailbox, exchange.Folder(c.Folder), w.e.now()); ok {
		t.FolderName = name.name
	}
	for _, old := range w.in.Taken {
		if old.Message != c.ID || old.State != earlier && old.State != moved {
			continue
		}
		at, err := w.folderID(ctx, exchange.Folder(old.Target))
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

// commit writes C4 for each kind of result.
func (w *work) commit(ctx context.Context, operation string, r result) error {
	var (
		f       *fault.Fault
		skipped *notMade
	)
	switch {
	case r.err == nil:
		return w.succeeded(ctx, operation, r)
	case errors.As(r.err, &skipped):
		w.setState(&w.in, r.entry.Message, kept)
		return w.retry(ctx, operation, &fault.Fault{Class: fault.Retry, After: skipped.wait, Code: fault.CodeNotCleared, Detail: "not called: the server asks to wait"})
	case !errors.As(r.err, &f):
		return w.doubtful(ctx, operation, &fault.Fault{Class: fault.Unknown, Detail: r.err.Error()})
	case f.Class == fault.Unknown:
		return w.doubtful(ctx, operation, f)
	case f.Class == fault.Gone:
		w.setState(&w.in, r.entry.Message, missing)
		return w.vanished(ctx, operation, f)
	}
	w.setState(&w.in, r.entry.Message, kept)
	if f.Class == fault.GiveUp && f.Code == fault.CodeNoPermanentDelete {
		return w.cannotPurge(ctx, operation, f)
	}
	return w.faulted(ctx, operation, f)
}

func (w *work) succeeded(ctx context.Context, operation string, r result) error {
	err := w.write(ctx, ending{operation, string(store.Done), r.last}, func(in *store.Intent) {
		w.setState(in, r.entry.Message, moved)
		w.rename(in, r.entry.Message, r.after)
		in.Unknown, in.Faults, in.FaultSince = w.undecided(*in), 0, time.Time{}
		in.NotBefore = w.e.now()
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
		if c := codeOf(t); t.State == moved && (c == store.CodeByContent || code == "") {
			code = c
		}
	}
	return code
}

// rename gives an entry the id that the message has after its move.
func (w *work) rename(in *store.Intent, before, after string) {
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

// vanished writes that the id was not there: the next step looks where the message is.
func (w *work) vanished(ctx context.Context, operation string, f *fault.Fault) error {
	now := w.e.now()
	err := w.write(ctx, ending{operation, string(store.Gone), f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = true, now
		faultSince(in, now)
		in.Reason = "it was moved before it could be taken, to be looked for: " + f.Error()
	})
	return cmp.Or(err, errEnded)
}

// cannotPurge goes on by a move to Purges where that is allowed.
func (w *work) cannotPurge(ctx context.Context, operation string, f *fault.Fault) error {
	if !w.tenant.Graph.PurgesByMove {
		reason := "this cloud has no permanentDelete, and purges_by_move is off: " + f.Error()
		err := w.write(ctx, ending{operation, string(store.Failed), f.Error()}, func(in *store.Intent) {
			in.Unknown, in.NotBefore = w.undecided(*in), w.e.now()
			if in.Action == w.ranFor { // else another one is wanted meanwhile, which may be possible
				in.Outcome, in.Reason, in.NotBefore = store.Failed, reason, time.Time{}
			}
		})
		return cmp.Or(err, errEnded)
	}
	w.lane.dir.setNoPurge()
	err := w.write(ctx, ending{operation, "retry", f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = w.undecided(*in), w.e.now()
		in.Reason = `this cloud has no permanentDelete: to be moved to Recoverable Items\Purges`
	})
	return cmp.Or(err, errEnded)
}
