package retract_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

const team = "team@contoso.example"

// groupRig is a world with a group of anna and bert, each of whom has the message.
func groupRig(t *testing.T, test func(r *rig, a, b *retracttest.Message)) {
	bubble(t, func(r *rig) {
		r.world.Groups = map[string][]string{team: {"A", "B"}}
		test(r, r.world.Deliver("A", hit()), r.world.Deliver("B", hit()))
	})
}

func TestGroup_membersHaveIntentsOfTheirOwn(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		rec := r.report(bad(team))
		r.run(time.Minute)
		r.want(rec, team, store.Skipped, "its 2 present members have intents of their own")
		r.want(rec, anna, store.Done, "taken to")
		r.want(rec, bert, store.Done, "taken to")
		r.lies(a, exchange.Deletions)
		r.lies(b, exchange.Deletions)
	})
}

// The rules are the member's: exempt, outside, and the action of the member's own group of mailboxes.
func TestGroup_rulesAreTheMembers(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.world.Mailbox("X", "guest@fabrikam.example")
		r.world.Mailbox("C", carl)
		out, c := r.world.Deliver("X", hit()), r.world.Deliver("C", hit())
		r.world.Groups[team] = []string{"A", "B", "X", "C"}
		r.cfg.Exempt = []string{"a.alias@contoso.example"} // anna's, under another address
		r.cfg.Groups = []config.Group{{Name: "board", Mailboxes: []string{carl}, Actions: config.Actions{verdict.Malicious: {Action: config.Junk}}}}
		rec := r.report(bad(team))
		r.run(time.Minute)
		r.want(rec, anna, store.Skipped, "exempt")
		r.want(rec, "guest@fabrikam.example", store.Skipped, "external")
		r.want(rec, bert, store.Done, "taken to")
		r.want(rec, carl, store.Done, "Junk")
		r.lies(a, "inbox")
		r.lies(out, "inbox")
		r.lies(b, exchange.Deletions)
		r.lies(c, exchange.JunkEmail)
	})
}

func TestGroup_memberWhoIsARecipientToo(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		rec := r.report(bad("a.alias@contoso.example", team, bert))
		r.run(time.Minute)
		r.lies(a, exchange.Deletions)
		r.lies(b, exchange.Deletions)
		done := 0
		for _, address := range []string{"a.alias@contoso.example", anna} {
			if in := r.intent(rec, address, store.Retract); in.Outcome == store.Done {
				done++
			}
		}
		if done != 1 || len(r.world.Calls("move")) != 2 {
			t.Errorf("%d of anna's intents are done, %d moves", done, len(r.world.Calls("move")))
		}
	})
}

// What a person let the group pass is not asked again for each member; how many they are is the brake's business still.
func TestGroup_approvalIsForItsMembers(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.cfg.Protected, r.cfg.Brake.MailboxesPerMail = []string{"@sender.example"}, 1
		rec := r.report(bad(team))
		r.run(time.Minute)
		held := r.want(rec, team, store.Held, "protected")
		if err := r.e.Approve(context.Background(), "ada", []string{held.ID}, "forged"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		first, second := r.intent(rec, anna, store.Retract), r.intent(rec, bert, store.Retract)
		if first.Outcome != store.Done {
			first, second = second, first
		}
		if first.Outcome != store.Done || second.Outcome != store.Held || second.Hold != intent.HoldBrake {
			t.Errorf("members: %s (%s), %s (%s); want one done and one held by the brake", first.Outcome, first.Reason,
				second.Outcome, second.Reason)
		}
	})
}

// Where the report names the members, the directory is not asked: it knows today's members.
func TestGroup_expandedByTheReport(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.world.Groups[team] = []string{"A", "B"}
		m := bad(team, bert)
		rec := r.reportExpanded(m, bert, team)
		r.run(time.Minute)
		r.want(rec, team, store.Skipped, "a group that the report expanded")
		r.lies(b, exchange.Deletions)
		r.lies(a, "inbox")
		if n := len(r.world.Calls("members")); n > 0 {
			t.Errorf("the directory was asked %d times", n)
		}
	})
}

// reportExpanded is a report in which one recipient is named as a member of a group.
func (r *rig) reportExpanded(m mail, member, group string) store.Record {
	r.t.Helper()
	rec := r.report(m)
	for i := range rec.Recipients {
		if rec.Recipients[i].Address == member {
			rec.Recipients[i].ExpandedFrom = group
		}
	}
	if err := r.st.Update(context.Background(), store.Change{Record: &rec}); err != nil {
		r.t.Fatal(err)
	}
	return rec
}

func TestGroup_dryRunTouchesNobody(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.cfg.Mode = "dry-run"
		r.report(bad(team))
		r.run(time.Hour)
		r.lies(a, "inbox")
		r.lies(b, "inbox")
	})
}

// The brake counts members, not groups.
func TestGroup_brakeHoldsMembers(t *testing.T) {
	bubble(t, func(r *rig) {
		var ids []string
		for i := range 60 {
			id := fmt.Sprintf("M%d", i)
			r.world.Mailbox(id, fmt.Sprintf("m%d@contoso.example", i))
			r.world.Deliver(id, hit())
			ids = append(ids, id)
		}
		r.cfg.Brake = config.Brake{SharePercent: config.Off}
		r.world.Groups = map[string][]string{team: ids}
		rec := r.report(bad(team))
		r.run(time.Hour)
		list, err := r.st.IntentsBy(t.Context(), store.IntentFilter{Record: rec.ID, Outcomes: []store.Outcome{store.Held}})
		if err != nil || len(list) != 10 || len(r.world.Calls("move")) != 50 {
			t.Errorf("%d are held and %d were moved (%v), want 10 and 50", len(list), len(r.world.Calls("move")), err)
		}
	})
}

// The permission to read groups is optional: without it the tenant must not be paused.
func TestGroup_withoutPermission(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.world.Script = script("members", &fault.Fault{Class: fault.Auth, Tenant: true, Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Detail: "not granted"}, false)
		rec := r.report(bad(team, bert))
		r.run(time.Minute)
		r.want(rec, team, store.Skipped, "grant GroupMember.Read.All")
		r.want(rec, bert, store.Done, "taken to")
		r.lies(a, "inbox")
		for _, alert := range r.alerts {
			t.Errorf("alert %s: %s", alert.Kind, alert.Text)
		}
	})
}

// A group that is larger than what is looked after is told to a person; the members beyond it have no intents.
func TestGroup_tooManyMembersAreTold(t *testing.T) {
	for n, told := range map[int]int{4999: 0, 5001: 1} {
		groupRig(t, func(r *rig, _, _ *retracttest.Message) {
			for i := range n {
				id := fmt.Sprint("M", i)
				r.world.Mailbox(id, fmt.Sprintf("m%d@fabrikam.example", i)) // outside: each ends without a request
				r.world.Groups[team] = append(r.world.Groups[team], id)
			}
			r.world.Groups[team] = r.world.Groups[team][2:]
			rec := r.report(bad(team))
			r.run(time.Minute)
			r.want(rec, team, store.Skipped, fmt.Sprintf("its %d present members", min(n, 5000)))
			if alerts := r.alertsOf("group"); len(alerts) != told ||
				told > 0 && !strings.Contains(alerts[0].Text, "record "+rec.ID+": ") {
				t.Errorf("of %d members alerts %v, want %d", n, alerts, told)
			}
		})
	}
}

func TestGroup_troubleIsTriedAgain(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.world.Script = once("members", &fault.Fault{Class: fault.Retry, Status: 503, Detail: "busy"}, false)
		rec := r.report(bad(team))
		r.run(time.Hour)
		r.want(rec, team, store.Skipped, "its 2 present members")
		r.lies(a, exchange.Deletions)
	})
}

// An address that is nothing at all ends as before.
func TestGroup_noGroupEither(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		rec := r.report(bad("nobody@contoso.example"))
		r.run(time.Minute)
		r.want(rec, "nobody@contoso.example", store.Skipped,
			"no mailbox of this tenant takes mail for nobody@contoso.example")
	})
}

// A person's word reaches the members, and is theirs to be undone.
func TestGroup_byOperatorAndBack(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		m := bad(team)
		m.disposition = verdict.Clean
		rec := r.report(m)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, "asked for"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		if in := r.want(rec, anna, store.Done, "taken to"); in.By != "ada" || in.Cause != "operator ada: asked for" {
			t.Errorf("by %q, cause %q", in.By, in.Cause)
		}
		r.lies(a, exchange.Deleted)
		r.lies(b, exchange.Deleted)
		if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(a, exchange.Inbox)
		r.lies(b, exchange.Inbox)
	})
}

// A verdict that drops calls off the members' intents too.
func TestGroup_verdictDrops(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		rec := r.report(bad(team))
		r.run(time.Minute)
		r.rejudge(rec.ID, verdict.Clean)
		r.run(time.Minute)
		r.wantKind(rec, anna, store.Restore, expectation{store.Held, "proposed"})
		r.wantKind(rec, bert, store.Restore, expectation{store.Held, "proposed"})
	})
}

// A crash while the members' intents are written loses none of them.
func TestGroup_crashBetweenMembers(t *testing.T) {
	for _, point := range []string{"c3.after-commit", "c4.before", "c4.after-commit"} {
		t.Run(point, func(t *testing.T) {
			groupRig(t, func(r *rig, a, b *retracttest.Message) {
				failed := false
				r.sabotage(func(p string) error {
					if p == point && !failed {
						failed = true
						return store.ErrStorage
					}
					return nil
				})
				r.report(bad(team))
				r.run(time.Second)
				r.reopen()
				r.run(time.Hour)
				r.lies(a, exchange.Deletions)
				r.lies(b, exchange.Deletions)
				if n := len(r.world.Calls("move")); n != 2 {
					t.Errorf("%d moves", n)
				}
			})
		})
	}
}

func TestGroup_byOperatorWithAMemberWhoIsARecipientToo(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		m := bad(team, bert)
		m.disposition = verdict.Clean
		rec := r.report(m)
		for range 2 {
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
				t.Fatal(err)
			}
			r.run(time.Minute)
			r.want(rec, team, store.Skipped, "its 2 present members")
			r.lies(a, exchange.Deleted)
			r.lies(b, exchange.Deleted)
		}
		if n := len(r.world.Calls("move")); n != 2 {
			t.Errorf("%d moves", n)
		}
	})
}

// A person's further action reaches members who were acted upon before.
func TestGroup_operatorTakesItFurther(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		m := bad(team)
		m.disposition = verdict.Spam
		rec := r.report(m)
		r.run(time.Minute)
		r.lies(a, exchange.JunkEmail)
		for range 2 {
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
				t.Fatal(err)
			}
			r.run(time.Minute)
			r.lies(a, exchange.Deletions)
			r.lies(b, exchange.Deletions)
		}
		if n := len(r.world.Calls("move")); n != 4 {
			t.Errorf("%d moves", n)
		}
	})
}

// After a restore the members' messages stay, whoever asks the directory again.
func TestGroup_restoredStays(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		rec := r.report(bad(team))
		r.run(time.Minute)
		if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.report(bad(team, "other@contoso.example"))
		r.run(24 * time.Hour)
		r.lies(a, exchange.Inbox)
		r.lies(b, exchange.Inbox)
	})
}

// A person's word that comes while the members are looked up is heard.
func TestGroup_cleanWhileTheMembersAreLookedUp(t *testing.T) {
	groupRig(t, func(r *rig, a, b *retracttest.Message) {
		r.world.Set(func(w *retracttest.World) { w.Latency = time.Second })
		rec := r.report(bad(team))
		r.run(1500 * time.Millisecond) // the address is resolved, and the members are asked for
		if _, err := r.e.Clean(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Hour)
		r.lies(a, exchange.Inbox)
		r.lies(b, exchange.Inbox)
		if _, err := r.st.Intent(t.Context(), store.IntentID(rec.ID, anna, store.Retract)); err == nil {
			t.Error("a member has an intent")
		}
	})
}
