package retract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/addresses"
	"clawback/retract/brake"
	"clawback/retract/campaign"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/retract/match"
	"clawback/retract/policy"
	"clawback/store"
)

// run is a retraction: resolve, find, prove, then move what is proven and not far enough out of sight yet.
func (s retraction) run(ctx context.Context) error {
	if why := s.skipReason(); why != "" {
		return s.end(ctx, store.Skipped, why)
	}
	if restoring, err := s.restoreInDoubt(ctx); err != nil {
		return err
	} else if restoring {
		s.sched.postpone(s.in, 2*time.Second)
		return errEnded
	}
	if err := (resolver(s)).resolve(ctx); err != nil {
		return err
	}
	target, ok := policy.Target(config.Action(s.in.Action))
	if !ok {
		return s.end(ctx, store.Skipped, "the action for its mailbox is "+s.in.Action)
	}
	if why := s.skipReason(); why != "" { // by the rule of its mailbox
		return s.end(ctx, store.Skipped, why)
	}
	if err := (resolver(s)).checkProtected(ctx); err != nil {
		return err
	}
	hits, err := finder(s).find(ctx, target)
	if err != nil {
		return err
	}
	found, err := finder(s).verifyIdentity(ctx, hits)
	if err != nil {
		return err
	}
	if len(found.same) == 0 {
		return absence(s).conclude(ctx, found, target)
	}
	if s.in.Misses > len(notThereYet)+len(lookAgain) && len(s.in.Taken) == 0 && !s.in.Asked() {
		s.in.Message = found.same[0].ID
		return s.hold(ctx, intent.HoldLate, "it first appeared when all looks for it were over, and a person may have "+
			"released it: a person must approve")
	}
	return s.moveAll(ctx, found, target)
}

// restoreInDoubt reports whether a restore of this mailbox's message is in doubt: what it did must be known first.
func (s retraction) restoreInDoubt(ctx context.Context) (bool, error) {
	if s.in.Round <= 1 {
		return false, nil
	}
	back, err := s.e.o.Store.Intent(ctx, store.IntentID(s.in.Record, addresses.Fold(s.in.Address), store.Restore))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, fmt.Errorf("look for a restore: %w", &storeError{err})
	}
	return err == nil && back.Unknown && !back.Outcome.Final(), nil
}

// skipReason says why nothing is to be done, as things are now; "" when something is.
func (s retraction) skipReason() string {
	switch {
	case s.in.Cancelled != "":
		return "cancelled before it was done: " + s.in.Cancelled
	case s.rec.Pinned != "" && s.in.By == "":
		return "the record is pinned (" + s.rec.Pinned + "): no automatism touches it"
	case s.tenant.Mode != "live":
		return "the tenant is in dry-run mode: nothing is taken"
	case !addresses.Internal(s.tenant, s.in.Address):
		return "external recipient: " + addresses.Fold(s.in.Address) + " is in none of the tenant's domains"
	case s.in.By == "" && len(s.in.Taken) == 0 && policy.TooOld(s.rec.Received, s.in.Limit.MaxAge, s.e.now()) != "":
		return policy.TooOld(s.rec.Received, s.in.Limit.MaxAge, s.e.now())
	case s.rec.MessageID == "":
		return "the message has no Message-ID: it cannot be looked up"
	}
	return addresses.Exempt(s.tenant, s.in.Address)
}

// moveAll moves the proven messages that are not far enough out of sight.
func (s retraction) moveAll(ctx context.Context, f identified, target exchange.Folder) error {
	chosen, err := s.selectMessages(ctx, f.same, target)
	if err != nil {
		return err
	}
	todo := chosen.todo
	if len(todo) == 0 && len(chosen.doubtful) > 0 {
		s.in.Message = chosen.doubtful[0].ID
		return s.hold(ctx, intent.HoldCopy, "it may be the message that was taken before, which a person has brought "+
			"back: that one is no longer where it was taken to, and both came at the same time")
	}
	if len(todo) == 0 {
		if chosen.already == "" {
			return s.end(ctx, store.Skipped, chosen.left)
		}
		return s.end(ctx, store.Done, chosen.already+f.leftAlone())
	}
	if why := s.sinceBackup(); why != "" {
		return s.hold(ctx, intent.HoldBackup, why)
	}
	s.in.Campaigns = campaign.Of(s.tenant, s.rec)
	stopped, err := s.e.brake.Reserve(ctx, s.tenant, s.in, s.e.now())
	switch {
	case errors.Is(err, brake.ErrReserved):
		return &limit.NotMade{Wait: time.Second}
	case err != nil:
		return &storeError{err}
	}
	if !stopped.None() {
		return s.holdByBrake(ctx, stopped)
	}
	for i, c := range todo {
		last := ""
		if i == len(todo)-1 && len(chosen.doubtful) == 0 {
			last = intent.ReasonMoved(target, s.e.now()) + plural(len(todo)) + f.leftAlone()
		}
		if err := (mover(s)).move(ctx, c, target, last); err != nil {
			return err
		}
	}
	return errEnded
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d copies)", n)
}

// leftAlone says what was left alone beside the message.
func (f identified) leftAlone() string {
	if n := len(f.different) + len(f.uncertain); n > 0 {
		return fmt.Sprintf("; %d other with this Message-ID left alone: %s", n, reasons(f.different, f.uncertain))
	}
	return ""
}

// chosen is what choose made of the proven hits.
type chosen struct {
	todo    []match.Finding
	already string // why nothing is to be done about the last one that was far enough
	left    string // why the last one was left where it is by the rule
	// What may have been taken before and brought back by a person.
	doubtful []match.Finding
}

// selectMessages leaves out what lies at the target or beyond, and what the rule spares: read, or older than its
// max_age.
func (s retraction) selectMessages(ctx context.Context, mine []match.Finding,
	target exchange.Folder) (c chosen, err error) {
	for _, hit := range mine {
		at, err := s.placeOf(ctx, hit.Candidate, target)
		if err != nil {
			return chosen{}, err
		}
		spared := s.sparedByRule(hit.Candidate)
		back, err := recheck(s).broughtBack(ctx, hit.Candidate)
		if err != nil {
			return chosen{}, err
		}
		switch {
		case exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(target)):
			c.already = absence(s).atRest([]match.Finding{hit}, at)
		case back:
			c.already = "nothing to do: it lies in a folder to which its user has brought it back"
			recheck(s).alertBroughtBack()
		case spared != "":
			c.left = spared
		default:
			if back, err = recheck(s).mayBeBroughtBack(ctx, hit.Candidate); err != nil {
				return chosen{}, err
			}
			if back {
				c.doubtful = append(c.doubtful, hit)
			} else {
				c.todo = append(c.todo, hit)
			}
		}
	}
	return c, nil
}

// sparedByRule says why the rule leaves a hit alone; "" when it does not, or a person asked. The mailbox knows best
// when the message was delivered: its report can be hours late.
func (s retraction) sparedByRule(c exchange.Candidate) string {
	switch {
	case s.in.By != "":
		return ""
	case s.in.Limit.UnreadOnly && c.Read:
		return "already read, and the rule is unread_only"
	case len(s.in.Taken) > 0:
		return ""
	}
	return policy.TooOld(c.Received, s.in.Limit.MaxAge, s.e.now())
}

// placeOf gives the well-known folder in which a hit lies, as far as it matters: what Find lists is outside Recoverable
// Items, so that for a target in there no folder has to be asked for.
func (s retraction) placeOf(ctx context.Context, c exchange.Candidate,
	target exchange.Folder) (exchange.Folder, error) {
	folders := []exchange.Folder{exchange.JunkEmail, exchange.Deleted}
	switch target {
	case exchange.Deletions:
		return exchange.Folder(c.Folder), nil
	case exchange.Purges:
		folders = nil
	}
	for _, f := range folders {
		id, err := s.folderID(ctx, f)
		if err != nil {
			return "", err
		}
		if id != "" && c.Folder == id {
			return f, nil
		}
	}
	return exchange.Folder(c.Folder), nil
}
