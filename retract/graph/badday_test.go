package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

// TestClient_onABadDay retracts one message from each of many mailboxes while about every sixth call fails. The loop
// is the least that a caller must do: wait as told, and look before repeating what may have happened.
func TestClient_onABadDay(t *testing.T) {
	seeds := 5
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := start(t, graphsim.Options{Seed: uint64(seed), Rates: graphsim.Nasty()})
			var wg sync.WaitGroup
			ctx := fault.WithGate(t.Context(), &loginGate{}) // the login service's Retry-After binds all
			const mailboxes = 20
			for i := range mailboxes {
				u := w.AddMailbox(fmt.Sprintf("user%d@contoso.example", i))
				w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
				w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: withID("<innocent@mail.example.com>")})
				wg.Go(func() { retractOne(ctx, t, w, u.UPN) })
			}
			wg.Wait()
			changed := w.Changed()
			if len(changed) != mailboxes {
				t.Errorf("%d messages were touched", len(changed))
			}
			for _, m := range changed {
				if m.InternetMessageID != messageID || m.Folder != "recoverableitemsdeletions" || len(m.Changes) != 1 {
					t.Errorf("%+v", m)
				}
			}
		})
	}
}

func retractOne(ctx context.Context, t *testing.T, w *world, address string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		err := attempt(ctx, w, address)
		var f *fault.Fault
		switch {
		case err == nil:
			return
		case !errors.As(err, &f):
			t.Errorf("not a fault: %v", err)
			return
		case f.Class == fault.GiveUp:
			t.Errorf("%s: %+v", address, f)
			return
		}
		// Auth too: on such a day a second token can be revoked between its being given and its being used.
		time.Sleep(f.After + time.Millisecond)
	}
	t.Errorf("%s: no end in sight", address)
}

// attempt begins by looking where the message is: that is also what verifies a lost answer.
func attempt(ctx context.Context, w *world, address string) error {
	box, err := w.Resolve(ctx, address)
	if err != nil {
		return err
	}
	found, err := w.Find(ctx, box.ID, messageID, "")
	if err != nil {
		return err
	}
	for _, c := range found {
		ids := c.NetworkMessageIDs
		if !c.HasHeaders {
			if ids, err = w.Headers(ctx, box.ID, c.ID); err != nil {
				return err
			}
		}
		if len(ids) != 1 || ids[0] != networkID {
			return &fault.Fault{Class: fault.GiveUp, Detail: fmt.Sprint("network message ids ", ids)}
		}
		if _, err := w.Move(ctx, box.ID, c.ID, exchange.Deletions); err != nil {
			return err
		}
	}
	return nil
}
