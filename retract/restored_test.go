package retract_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

// restoredNow starts the engine again as one whose state was put back from a backup just now.
func (r *rig) restoredNow() {
	r.t.Helper()
	r.sabotage(func(string) error { return nil })
	time.Sleep(time.Second)
	r.restored = time.Now()
	r.reopen()
}

// What was open at the backup may have been carried out since, and undone by a person: it waits for one.
func TestRestored_nothingIsTakenASecondTime(t *testing.T) {
	bubble(t, func(r *rig) {
		d := r.world.Deliver("A", at("Inbox"))
		rec := r.report(bad(anna))
		r.restoredNow() // the engine before the backup had not come to it
		r.run(time.Hour)
		in := r.want(rec, anna, store.Held, "restored from a backup")
		r.lies(d, "Inbox")
		if in.Hold != intent.HoldBackup {
			t.Errorf("held for %q", in.Hold)
		}
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
	})
}

// What was taken after the backup is found where it was taken to.
func TestRestored_whatWasTakenIsDone(t *testing.T) {
	bubble(t, func(r *rig) {
		d := r.world.Deliver("A", at(exchange.Deletions))
		rec := r.report(bad(anna))
		r.restoredNow()
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.lies(d, exchange.Deletions)
	})
}

// An attempt that had begun (C3) at the backup is verified, and not repeated.
func TestRestored_openAttemptIsVerified(t *testing.T) {
	bubble(t, func(r *rig) {
		d := r.world.Deliver("A", at("Inbox"))
		rec := r.report(bad(anna))
		r.sabotage(func(point string) error {
			if strings.HasPrefix(point, "c3.after") || strings.HasPrefix(point, "c4") {
				return errors.New("the machine is lost here")
			}
			return nil
		})
		r.run(100 * time.Millisecond)
		if open, err := r.st.Unfinished(t.Context()); err != nil || len(open) != 1 {
			t.Fatalf("%d attempts are open, %v", len(open), err)
		}
		r.restoredNow()
		r.run(time.Hour)
		r.want(rec, anna, store.Held, "restored from a backup")
		r.lies(d, "Inbox")
		if open, err := r.st.Unfinished(t.Context()); err != nil || len(open) != 0 {
			t.Errorf("%d attempts are open still, %v", len(open), err)
		}
	})
}

// Mail that comes after the restore is dealt with as ever, and so is what a person asks for.
func TestRestored_newMailAndPersons(t *testing.T) {
	bubble(t, func(r *rig) {
		old := bad(anna)
		old.disposition = verdict.Clean
		d := r.world.Deliver("A", at("Inbox"))
		rec := r.report(old)
		r.restoredNow()
		r.run(time.Minute)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, "it is bad"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.lies(d, exchange.Deletions)
	})
	bubble(t, func(r *rig) {
		r.restoredNow()
		d := r.world.Deliver("A", at("Inbox"))
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.lies(d, exchange.Deletions)
	})
}
