package retract_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

const (
	fwdMid = "<fwd@contoso.example>"
	nid3   = "aaaaaaaa-0000-0000-0000-000000000003"
	carl   = "carl@contoso.example"
)

// forwarded is bert's message to carl, with the bad message attached.
func forwarded() mail {
	return mail{nid: nid2, mid: fwdMid, disposition: verdict.Clean, to: []string{carl}, from: bert, original: "From: " + bert + "\r\n\r\nSee this.\r\n",
		direction: "internal", carries: store.Carries{Messages: []store.Carried{{MessageID: mid, Network: []string{nid}}}}}
}

// carlsCopy is that message as it lies in carl's mailbox.
func carlsCopy() retracttest.Message {
	return retracttest.Message{MessageID: fwdMid, NetworkIDs: []string{nid2}, MIME: forwarded().original}
}

// forwardRig is a world in which the bad message and its forward are delivered, to be reported in an order.
func forwardRig(t *testing.T, test func(r *rig, copy *retracttest.Message)) {
	bubble(t, func(r *rig) {
		r.world.Mailbox("C", carl)
		r.world.Deliver("A", hit())
		test(r, r.world.Deliver("C", carlsCopy()))
	})
}

func TestForward_isHeldAndTakenOnApprovalOnly(t *testing.T) {
	for name, reports := range map[string][]mail{
		"the forward is journaled last":  {bad(anna), forwarded()},
		"the forward is journaled first": {forwarded(), bad(anna)},
	} {
		t.Run(name, func(t *testing.T) {
			forwardRig(t, func(r *rig, copy *retracttest.Message) {
				var fwd store.Record
				for _, m := range reports {
					if rec := r.report(m); m.mid == fwdMid {
						fwd = rec
					}
					r.run(time.Hour)
				}
				in := r.want(fwd, carl, store.Held,
					"attached, with the same network message id): a person must approve")
				if in.Hold != intent.HoldForward || in.Action != "soft_delete" ||
					!strings.Contains(in.Reason, "which is MALICIOUS") {
					t.Errorf("held for %q, %s: %s", in.Hold, in.Action, in.Reason)
				}
				r.lies(copy, "inbox")
				if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, "it is the phish"); err != nil {
					t.Fatal(err)
				}
				r.run(time.Minute)
				r.want(fwd, carl, store.Done, "taken to")
				r.lies(copy, exchange.Deletions)
				r.report(forwarded()) // a late fork plans again
				r.run(time.Hour)
				r.want(fwd, carl, store.Done, "taken to")
				if _, err := r.st.Intent(t.Context(), store.IntentID(fwd.ID, carl, store.Restore)); err == nil {
					t.Error("a restore is proposed for a forward that was approved")
				}
			})
		})
	}
}

// What is no forward of a MALICIOUS message inside the organisation has no intent at all.
func TestForward_othersAreLeftAlone(t *testing.T) {
	mild := bad(anna)
	mild.disposition = verdict.Spoof
	change := func(f func(*mail)) mail { m := forwarded(); f(&m); return m }
	for name, c := range map[string]struct{ original, forward mail }{
		"the original is not MALICIOUS": {mild, forwarded()},
		"from outside":                  {bad(anna), change(func(m *mail) { m.direction = "inbound" })},
		"not first-hand":                {bad(anna), change(func(m *mail) { m.hearsay, m.nid = true, "" })},
		"another message is attached": {bad(anna), change(func(m *mail) {
			m.carries.Messages = []store.Carried{{MessageID: "<other@sender.example>", Network: []string{nid3}}}
		})},
		"another message is attached, whose Message-ID the bad one copied": {bad(anna), change(func(m *mail) {
			m.carries.Messages[0].Network = []string{nid3}
		})},
		"only the Message-ID is known of what is attached": {bad(anna), change(func(m *mail) { m.carries.Messages[0].Network = nil })},
		"an answer without the link":                       {bad(anna), change(func(m *mail) { m.carries = store.Carries{Refers: []string{mid}} })},
		"an answer with a link of its own": {bad(anna), change(func(m *mail) {
			m.carries, m.links = store.Carries{Refers: []string{mid}}, []string{"https://contoso.example/"}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			forwardRig(t, func(r *rig, copy *retracttest.Message) {
				c.original.links = []string{"https://evil.example/"}
				r.report(c.original)
				fwd := r.report(c.forward)
				r.run(time.Hour)
				if list, err := r.st.Intents(t.Context(), fwd.ID); err != nil || len(list) > 0 {
					t.Errorf("intents %v, %v", list, err)
				}
				r.lies(copy, "inbox")
			})
		})
	}
}

func TestForward_answerWithTheSameLinkIsHeld(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		original, answer := bad(anna), forwarded()
		original.links, answer.links = []string{"https://evil.example/"}, []string{"https://contoso.example/", "https://evil.example/"}
		answer.carries = store.Carries{Refers: []string{mid}}
		fwd := r.report(answer)
		r.report(original)
		r.run(time.Hour)
		r.want(fwd, carl, store.Held, "answered or forwarded, with the same link")
		r.lies(copy, "inbox")
	})
}

// The rules for recipients hold for forwards too.
func TestForward_exemptExternalDryRun(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		r.cfg.Exempt = []string{bert}
		m := forwarded()
		m.to = []string{bert, "x@fabrikam.example", carl}
		r.report(bad(anna))
		r.cfg.Mode = "dry-run"
		fwd := r.report(m)
		r.run(time.Hour)
		r.want(fwd, bert, store.Skipped, "exempt")
		r.want(fwd, "x@fabrikam.example", store.Skipped, "external")
		r.want(fwd, carl, store.Skipped, "dry-run: it would have been held: it carries record")
		r.lies(copy, "inbox")
	})
}

func TestForward_rejectedStaysRejected(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		r.report(bad(anna))
		fwd := r.report(forwarded())
		in := r.want(fwd, carl, store.Held, "it carries record")
		if err := r.e.Reject(context.Background(), "ada", []string{in.ID}, "a report to the help desk"); err != nil {
			t.Fatal(err)
		}
		again := forwarded()
		again.carries.Refers = []string{mid}
		r.report(again)
		r.rejudge(fwd.ID, verdict.Clean)
		r.run(time.Hour)
		r.want(fwd, carl, store.Skipped, "rejected by ada")
		r.lies(copy, "inbox")
	})
}

// A person's word that the original is good, or its restore, withdraws what is held because of it.
func TestForward_withdrawnWithItsOriginal(t *testing.T) {
	for name, word := range map[string]func(r *rig, id string) error{
		"clean":   func(r *rig, id string) error { _, err := r.e.Clean(context.Background(), "ada", id, ""); return err },
		"restore": func(r *rig, id string) error { _, err := r.e.Restore(context.Background(), "ada", id, ""); return err },
	} {
		t.Run(name, func(t *testing.T) {
			forwardRig(t, func(r *rig, copy *retracttest.Message) {
				original := r.report(bad(anna))
				fwd := r.report(forwarded())
				r.run(time.Minute)
				r.want(fwd, carl, store.Held, "it carries record")
				if err := word(r, original.ID); err != nil {
					t.Fatal(err)
				}
				r.want(fwd, carl, store.Skipped, "what it forwards does not count as bad any more")
				r.run(time.Hour)
				r.lies(copy, "inbox")
			})
		})
	}
}

// When the original of a forward that was taken turns out to be good, putting the forward back is proposed.
func TestForward_takenAndTheOriginalIsClean(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		original := r.report(bad(anna))
		fwd := r.report(forwarded())
		in := r.want(fwd, carl, store.Held, "it carries record")
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(copy, exchange.Deletions)
		if _, err := r.e.Clean(context.Background(), "ada", original.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.wantKind(fwd, carl, store.Restore, expectation{store.Held, "proposed"})
	})
}

// A forward that is bad itself needs nobody's approval.
func TestForward_thatIsBadItself(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		r.report(bad(anna))
		fwd := r.report(forwarded())
		r.run(time.Minute)
		r.want(fwd, carl, store.Held, "it carries record")
		r.rejudge(fwd.ID, verdict.Malicious)
		r.run(time.Minute)
		r.want(fwd, carl, store.Done, "taken to")
		r.lies(copy, exchange.Deletions)
	})
}

// Approval is not proof: in the mailbox the message must be the forward and no other one.
func TestForward_approvedButAnotherMessageIsThere(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Mailbox("C", carl)
		r.world.Deliver("A", hit())
		other := carlsCopy()
		other.NetworkIDs, other.Good = []string{"aaaaaaaa-0000-0000-0000-000000000009"}, true
		message := r.world.Deliver("C", other)
		r.report(bad(anna))
		fwd := r.report(forwarded())
		in := r.want(fwd, carl, store.Held, "it carries record")
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Hour)
		r.want(fwd, carl, store.Mismatch, "another message")
		r.lies(message, "inbox")
	})
}

// What a person has retracted is bad too, whatever its verdict: its forwards are asked about. Junk is not.
func TestForward_ofWhatAPersonRetracts(t *testing.T) {
	for name, c := range map[string]struct {
		action config.Action
		first  bool // the forward is journaled before
		held   bool
	}{
		"the forward is journaled before": {config.SoftDelete, true, true},
		"the forward is journaled after":  {config.SoftDelete, false, true},
		"to the junk mail":                {config.Junk, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			forwardRig(t, func(r *rig, copy *retracttest.Message) {
				missed := bad(anna)
				missed.disposition = verdict.Clean
				original := r.report(missed)
				var fwd store.Record
				if c.first {
					fwd = r.report(forwarded())
				}
				if _, err := r.e.Retract(context.Background(), "ada", original.ID, c.action, "missed"); err != nil {
					t.Fatal(err)
				}
				r.run(time.Minute)
				if !c.first {
					fwd = r.report(forwarded())
				}
				if list, err := r.st.Intents(t.Context(), fwd.ID); err != nil || (len(list) > 0) != c.held {
					t.Fatalf("intents %v, %v", list, err)
				}
				r.lies(copy, "inbox")
				if !c.held {
					return
				}
				r.want(fwd, carl, store.Held, "which ada had retracted (attached, with the same network message id): a person must approve")
				if _, err := r.e.Restore(context.Background(), "ada", original.ID, "a mistake"); err != nil {
					t.Fatal(err)
				}
				r.want(fwd, carl, store.Skipped, "what it forwards does not count as bad any more")
				r.run(time.Hour)
				r.lies(copy, "inbox")
			})
		})
	}
}

// A forward of two bad messages is not put back because one of them turns out to be good.
func TestForward_ofTwoOfWhichOneIsClean(t *testing.T) {
	forwardRig(t, func(r *rig, copy *retracttest.Message) {
		first := r.report(bad(anna))
		other := bad(anna)
		other.nid, other.mid = nid3, "<m3@sender.example>"
		second := r.report(other)
		both := forwarded()
		both.carries.Messages = append(both.carries.Messages, store.Carried{MessageID: other.mid, Network: []string{nid3}})
		fwd := r.report(both)
		in := r.want(fwd, carl, store.Held, "it carries record "+first.ID)
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(copy, exchange.Deletions)
		clean := func(rec store.Record) (asked bool) {
			if _, err := r.e.Clean(context.Background(), "ada", rec.ID, ""); err != nil {
				t.Fatal(err)
			}
			_, err := r.st.Intent(t.Context(), store.IntentID(fwd.ID, carl, store.Restore))
			return err == nil
		}
		if clean(first) {
			t.Error("putting back is proposed while the forward carries another bad message")
		}
		if !clean(second) {
			t.Error("putting back is not proposed when nothing bad is left in the forward")
		}
		r.lies(copy, exchange.Deletions)
	})
}
