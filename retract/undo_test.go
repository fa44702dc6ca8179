package retract_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// taken reports, retracts and returns the record and its message in anna's mailbox.
func (r *rig) taken(m retracttest.Message) (store.Record, *retracttest.Message) {
	r.t.Helper()
	d := r.world.Deliver("A", m)
	rec := r.report(bad(anna))
	r.run(time.Second)
	r.want(rec, anna, store.Done, "")
	return rec, d
}

func (r *rig) restore(rec store.Record) {
	r.t.Helper()
	if _, err := r.e.Restore(context.Background(), "ada", rec.ID, "it was good"); err != nil {
		r.t.Fatal(err)
	}
	r.run(time.Minute)
}

func TestRestore_toTheOriginalFolderWithItsReadState(t *testing.T) {
	for _, action := range []config.Action{config.Junk, config.Trash, config.SoftDelete} {
		t.Run(string(action), func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.action(action)
				m := at("Projects")
				m.Read = true
				rec, d := r.taken(m)
				d.Read = false // as moves have been seen to do
				r.restore(rec)
				r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
				r.lies(d, "Projects")
				if !r.world.Peek(d).Read {
					t.Error("the read state was not restored")
				}
				got, _ := r.st.Record(t.Context(), rec.ID)
				if got.Pinned != intent.PinnedRestored || got.PinnedBy != "ada" {
					t.Errorf("pinned %q by %q", got.Pinned, got.PinnedBy)
				}
			})
		})
	}
}

func TestRestore_toTheInboxWhenTheFolderIsGone(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(at("Projects"))
		r.world.Drop("A", "Projects")
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(d, exchange.Inbox)
	})
}

// The folder was known to the directory, and is gone when the move comes.
func TestRestore_folderGoneUnderTheMove(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(at("Projects"))
		r.world.Script = func(op, _, _ string) *answer {
			if op == "move" {
				r.world.Script = nil
				r.world.Box("A").Folders = map[string]bool{}
			}
			return nil
		}
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(d, exchange.Inbox)
	})
}

func TestRestore_twiceMovesOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(hit())
		r.restore(rec)
		r.restore(rec)
		r.reopen()
		r.restore(rec)
		r.lies(d, exchange.Inbox)
		if moves := r.world.Peek(d).Moves; len(moves) != 2 {
			t.Errorf("moves %v, want away and back", moves)
		}
	})
}

func TestRestore_everyCopy(t *testing.T) {
	bubble(t, func(r *rig) {
		other := r.world.Deliver("A", at("Rule"))
		rec, d := r.taken(hit())
		r.restore(rec)
		r.lies(d, exchange.Inbox)
		r.lies(other, "Rule")
	})
}

func TestRestore_whatTheUserDidSinceStays(t *testing.T) {
	for _, c := range []struct {
		name    string
		to      exchange.Folder
		outcome store.Outcome
		reason  string
	}{
		{"brought back by its user", exchange.Inbox, store.Done, "already back"},
		{"brought back to another folder", "Elsewhere", store.Done, "already back"},
		{"deleted by its user", exchange.Deletions, store.Skipped, "deleted by the user since"},
		{"deleted for good", "", store.Gone, "no longer in the mailbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.action(config.Junk)
				rec, d := r.taken(hit())
				r.world.Put(d, string(c.to))
				r.restore(rec)
				r.wantKind(rec, anna, store.Restore, expectation{c.outcome, c.reason})
				if moves := r.world.Peek(d).Moves; len(moves) != 1 {
					t.Errorf("moves %v, want the retraction's alone", moves)
				}
			})
		})
	}
}

func TestRestore_hardDeletedSaysWhatIsLeft(t *testing.T) {
	bubble(t, func(r *rig) {
		r.action(config.HardDelete)
		rec, _ := r.taken(hit())
		until := time.Now().AddDate(0, 0, 14).Format(time.DateOnly)
		says := "An administrator can recover it by eDiscovery, or by Get-RecoverableItems -SourceFolder PurgedItems, until " + until
		r.want(rec, anna, store.Done, says)
		r.run(72 * time.Hour)
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Failed, says})
	})
}

func TestRestore_callsOffWhatIsNotDone(t *testing.T) {
	bubble(t, func(r *rig) {
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.restore(rec)
		r.want(rec, anna, store.Skipped, "restored by ada")
		m := hit()
		m.Good = true
		r.world.Deliver("A", m)
		r.run(24 * time.Hour)
	})
}

func TestRestore_whileTheMoveIsInFlight(t *testing.T) {
	for _, acted := range []bool{true, false} {
		bubble(t, func(r *rig) {
			m := r.world.Deliver("A", hit())
			r.world.Script = once("move", lostReply(), acted)
			rec := r.report(bad(anna))
			r.run(time.Second)
			r.restore(rec)
			r.lies(m, exchange.Inbox)
			if in := r.intent(rec, anna, store.Retract); !in.Outcome.Final() {
				t.Errorf("the retraction is %s (%s)", in.Outcome, in.Reason)
			}
			if in := r.intent(rec, anna, store.Restore); !in.Outcome.Final() {
				t.Errorf("the restore is %s (%s)", in.Outcome, in.Reason)
			}
		})
	}
}

func TestRestore_lostAnswers(t *testing.T) {
	for _, op := range []string{"move", "mark"} {
		for _, acted := range []bool{true, false} {
			bubble(t, func(r *rig) {
				m := hit()
				m.Read = true
				rec, d := r.taken(m)
				d.Read = false
				r.world.Script = once(op, lostReply(), acted)
				r.restore(rec)
				r.wantKind(rec, anna, store.Restore, expectation{store.Done, ""})
				r.lies(d, exchange.Inbox)
				if got := r.world.Peek(d); len(got.Moves) != 2 || !got.Read {
					t.Errorf("%s, acted %v: moves %v, read %v", op, acted, got.Moves, got.Read)
				}
			})
		}
	}
}

func TestRestore_judgedAgainIsNotTakenAgain(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(hit())
		r.restore(rec)
		d.Good = true
		r.rejudge(rec.ID, verdict.Malicious)
		fork := bad(anna, bert)
		fork.original += "Disclaimer.\r\n"
		r.report(fork)
		r.run(24 * time.Hour)
		r.lies(d, exchange.Inbox)
	})
}

func TestOperator_retractsAgainAfterARestore(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(hit())
		r.restore(rec)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash,
			"it was bad after all"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		in := r.want(rec, anna, store.Done, "taken to Deleted Items")
		r.lies(d, exchange.Deleted)
		if in.Cause != "operator ada: it was bad after all" {
			t.Errorf("cause %q", in.Cause)
		}
		r.restore(rec)
		r.lies(d, exchange.Inbox)
	})
}

func TestOperator_retractTwiceChangesNothing(t *testing.T) {
	bubble(t, func(r *rig) {
		clean := bad(anna, bert, "x@fabrikam.example")
		clean.disposition = verdict.Clean
		a := r.world.Deliver("A", hit())
		rec := r.report(clean)
		for range 3 {
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
				t.Fatal(err)
			}
			r.run(time.Second)
		}
		r.want(rec, anna, store.Done, "")
		r.want(rec, "x@fabrikam.example", store.Skipped, "external recipient")
		if moves := r.world.Peek(a).Moves; len(moves) != 1 {
			t.Errorf("moves %v, want one", moves)
		}
		if in := r.intent(rec, anna, store.Retract); in.Round != 1 {
			t.Errorf("opened %d times", in.Round)
		}
	})
}

func TestOperator_passesTheBrakeButNotDryRunNorExemption(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake.MailboxesPerMail = 1
		r.cfg.Exempt = []string{"soc@contoso.example"}
		clean := bad(anna, bert, "soc@contoso.example")
		clean.disposition = verdict.Clean
		r.world.Deliver("A", hit())
		r.world.Deliver("B", hit())
		rec := r.report(clean)
		retractNow := func() {
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
				t.Fatal(err)
			}
			r.run(time.Minute)
		}
		r.cfg.Mode = "dry-run"
		retractNow()
		r.want(rec, anna, store.Skipped, "dry-run")
		r.cfg.Mode = "live"
		retractNow()
		r.want(rec, anna, store.Done, "")
		r.want(rec, bert, store.Done, "")
		r.want(rec, "soc@contoso.example", store.Skipped, "exempt")
	})
}

func TestOperator_retractRefusesWhatIsNoAction(t *testing.T) {
	bubble(t, func(r *rig) {
		rec := r.report(bad(anna))
		for _, a := range []config.Action{config.None, "", "restore"} {
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, a, ""); err == nil {
				t.Errorf("Retract to %q was accepted", a)
			}
		}
		if _, err := r.e.Retract(context.Background(), "ada", "rnone", config.Trash, ""); !errors.Is(err,
			store.ErrNotFound) {
			t.Errorf("unknown record: %v", err)
		}
	})
}

func TestOperator_approveAndReject(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Protected = []string{"eve@sender.example"}
		a := r.world.Deliver("A", hit())
		good := hit()
		good.Good = true
		r.world.Deliver("B", good)
		rec := r.report(bad(anna, bert))
		r.run(time.Minute)
		yes, no := r.want(rec, anna, store.Held, "protected"), r.want(rec, bert, store.Held, "protected")
		if err := r.e.Approve(context.Background(), "ada", []string{yes.ID, "inone"}, "seen"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown intent: %v", err)
		}
		if err := r.e.Reject(context.Background(), "ada", []string{no.ID}, "a good one"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.want(rec, bert, store.Skipped, "rejected by ada")
		r.lies(a, exchange.Deletions)
		if err := r.e.Approve(context.Background(), "ada", []string{no.ID}, ""); !errors.Is(err, retract.ErrNotHeld) {
			t.Errorf("approve of what is not held: %v", err)
		}
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(time.Hour)
		r.want(rec, bert, store.Skipped, "rejected by ada")
	})
}

func TestOperator_everyCallIsInTheAudit(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, _ := r.taken(hit())
		ctx := context.Background()
		r.restore(rec)
		_, _ = r.e.Retract(ctx, "bob", rec.ID, config.Trash, "again")
		_, _ = r.e.Clean(ctx, "cyd", rec.ID, "no")
		acts, err := r.st.Audit(t.Context(), store.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, a := range acts {
			seen[a.Who+" "+a.What+" "+a.Object+" "+a.Comment] = true
		}
		for _, want := range []string{"ada restore " + rec.ID + " it was good", "bob retract trash " + rec.ID + " again", "cyd clean " + rec.ID + " no"} {
			if !seen[want] {
				t.Errorf("no act %q in %v", want, seen)
			}
		}
	})
}

func TestRestore_proposedWhenTheVerdictDropsToClean(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, d := r.taken(hit())
		r.rejudge(rec.ID, verdict.Clean)
		r.run(time.Hour)
		back := r.wantKind(rec, anna, store.Restore, expectation{store.Held, "proposed"})
		r.lies(d, exchange.Deletions)
		if err := r.e.Approve(context.Background(), "ada", []string{back.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(d, exchange.Inbox)
		if got, _ := r.st.Record(t.Context(), rec.ID); got.Pinned != intent.PinnedRestored {
			t.Errorf("pinned %q after an approved restore", got.Pinned)
		}
	})
}
