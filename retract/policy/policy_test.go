package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/journal"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

var planned = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func contoso() *config.Tenant {
	return &config.Tenant{
		ID: "t", Mode: "live", Domains: []string{"contoso.example", "Contoso-DE.example"},
		AlternateMailbox: "alternate@contoso.example", RecoveryAddress: "recovery@contoso.example",
		Addresses: []config.Address{{Address: "x9@journal.example"}},
		Exempt:    []string{"soc@contoso.example", "@lab.contoso.example"},
		Protected: []string{"ceo@contoso.example", "@bank.example"},
		Actions: config.Actions{
			verdict.Malicious: {Action: config.SoftDelete},
			verdict.Spam:      {Action: config.Junk, UnreadOnly: true, MaxAge: time.Hour},
		},
		Groups: []config.Group{
			{Name: "board", Mailboxes: []string{"chair@contoso.example"}, Actions: config.Actions{verdict.Malicious: {Action: config.HardDelete}}},
			{Name: "all", Mailboxes: []string{"@contoso.example"}, Actions: config.Actions{verdict.Malicious: {Action: config.Trash}, verdict.Bulk: {Action: config.Junk}}},
		},
	}
}

func record(d verdict.Disposition, to ...string) store.Record {
	rec := store.Record{ID: "r1", Tenant: "t", MessageID: "<m@x>", Sender: "eve@evil.example", From: "eve@evil.example",
		FirstHand: true, Received: planned.Add(-time.Minute), Verdict: verdict.Verdict{Disposition: d}}
	for _, a := range to {
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: a})
	}
	return rec
}

// brief is what an intent is, for comparison.
func brief(list []store.Intent) []string {
	var out []string
	for _, in := range list {
		dry := ""
		if in.DryRun {
			dry = "dry"
		}
		all := fmt.Sprintf("%s %s %s %s %s %s", in.Address, in.Kind, in.Action, in.Outcome, in.Hold, dry)
		out = append(out, strings.Join(strings.Fields(all), " "))
	}
	return out
}

func TestPlan_newIntents(t *testing.T) {
	for _, c := range []struct {
		name   string
		d      verdict.Disposition
		to     string
		change func(*config.Tenant, *store.Record)
		want   string // brief, and a part of the reason after |
	}{
		{"nothing for CLEAN", verdict.Clean, "a@contoso.example", nil, ""},
		{"nothing while unscored", verdict.Unscored, "a@contoso.example", nil, ""},
		{"nothing where the action is none", verdict.Suspicious, "a@contoso.example", nil, ""},
		{"the first group that has the address", verdict.Malicious, "chair@contoso.example", nil, "chair@contoso.example retract hard_delete pending"},
		{"a group by domain", verdict.Malicious, "a@contoso.example", nil, "a@contoso.example retract trash pending"},
		{"a group without the disposition is passed over", verdict.Bulk, "chair@contoso.example", nil, "chair@contoso.example retract junk pending"},
		{"the tenant's own where no group names it", verdict.Malicious, "a@contoso-de.example", nil, "a@contoso-de.example retract soft_delete pending"},
		{"case and brackets", verdict.Malicious, "<A@CONTOSO-de.Example>", nil, "<A@CONTOSO-de.Example> retract soft_delete pending"},
		{"external", verdict.Malicious, "a@fabrikam.example", nil, "a@fabrikam.example retract soft_delete skipped|external recipient"},
		{"a subdomain is not the domain", verdict.Malicious, "a@mail.contoso-de.example", nil, "a@mail.contoso-de.example retract soft_delete skipped|external"},
		{"a domain with a long s", verdict.Malicious, "a@conto\u017fo-de.example", nil, "a@conto\u017fo-de.example retract soft_delete skipped|external"},
		{"a full-width domain", verdict.Malicious, "a@\uff43ontoso-de.example", nil, "a@\uff43ontoso-de.example retract soft_delete skipped|external"},
		{"a domain that ends alike", verdict.Malicious, "a@evilcontoso-de.example", nil, "a@evilcontoso-de.example retract soft_delete skipped|external"},
		{"exempt", verdict.Malicious, "SOC@contoso.example", nil, "SOC@contoso.example retract trash skipped|listed under exempt"},
		{"alternate mailbox", verdict.Malicious, "alternate@contoso.example", nil, "alternate@contoso.example retract trash skipped|alternate journaling mailbox"},
		{"recovery address", verdict.Malicious, "recovery@contoso.example", nil, "recovery@contoso.example retract trash skipped|recovery address"},
		{"postmaster", verdict.Malicious, "postmaster@contoso.example", nil, "postmaster@contoso.example retract trash skipped|postmaster"},
		{"max age", verdict.Spam, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Received = planned.Add(-2 * time.Hour) },
			"a@contoso-de.example retract junk skipped|older than max_age"},
		{"not first-hand", verdict.Malicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.FirstHand = false },
			"a@contoso-de.example retract soft_delete held not_first_hand|not first-hand"},
		{"protected by header", verdict.Malicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.From = "CEO@contoso.example" },
			"a@contoso-de.example retract soft_delete held protected|ceo@contoso.example"},
		{"protected by envelope", verdict.Malicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Sender = "x@bank.example" },
			"a@contoso-de.example retract soft_delete held protected|@bank.example"},
		{"dry-run", verdict.Malicious, "a@contoso-de.example", func(t *config.Tenant, _ *store.Record) { t.Mode = "dry-run" },
			`a@contoso-de.example retract soft_delete skipped dry|would have been taken to Recoverable Items\Deletions (MALICIOUS)`},
		{"no mode is dry-run", verdict.Malicious, "a@contoso-de.example", func(t *config.Tenant, _ *store.Record) { t.Mode = "" },
			"a@contoso-de.example retract soft_delete skipped dry|would have been taken"},
		{"dry-run of what would be held", verdict.Malicious, "a@contoso-de.example", func(t *config.Tenant, r *store.Record) { t.Mode, r.FirstHand = "dry-run", false },
			"a@contoso-de.example retract soft_delete skipped dry|would have been held: the report is not first-hand"},
		{"dry-run of an external recipient", verdict.Malicious, "a@fabrikam.example", func(t *config.Tenant, _ *store.Record) { t.Mode = "dry-run" },
			"a@fabrikam.example retract soft_delete skipped|external"},
		{"left to a person", verdict.Suspicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = verdict.ReviewConversation },
			"a@contoso-de.example retract soft_delete held review|conversation that people of the organisation began"},
		{"left to a person, by a group's rule", verdict.Suspicious, "chair@contoso.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = verdict.ReviewEnvelope },
			"chair@contoso.example retract hard_delete held review|sealed mail"},
		{"left to a person, for a reason that is not known", verdict.Suspicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = "later" },
			"a@contoso-de.example retract soft_delete held review|(later)"},
		{"left to a person, where SUSPICIOUS has a rule", verdict.Suspicious, "a@contoso-de.example", func(t *config.Tenant, r *store.Record) {
			t.Actions[verdict.Suspicious] = config.Rule{Action: config.Junk}
			r.Verdict.Review = verdict.ReviewConversation
		}, "a@contoso-de.example retract junk pending"},
		{"left to a person, and SPOOF", verdict.Spoof, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = verdict.ReviewImpostor },
			"a@contoso-de.example retract soft_delete held review|poses as somebody"},
		{"SPOOF, and not left to a person", verdict.Spoof, "a@contoso-de.example", nil, ""},
		{"left to a person, where SPOOF has a rule", verdict.Spoof, "a@contoso-de.example", func(t *config.Tenant, r *store.Record) {
			t.Actions[verdict.Spoof] = config.Rule{Action: config.Junk}
			r.Verdict.Review = verdict.ReviewImpostor
		}, "a@contoso-de.example retract junk pending"},
		{"left to a person, where MALICIOUS has none", verdict.Suspicious, "a@contoso-de.example", func(t *config.Tenant, r *store.Record) {
			t.Actions, t.Groups = config.Actions{}, nil
			r.Verdict.Review = verdict.ReviewConversation
		}, ""},
		{"left to a person, where MALICIOUS has none but in a group that may have the mailbox", verdict.Suspicious, "a@contoso-de.example",
			func(t *config.Tenant, r *store.Record) {
				t.Actions = config.Actions{}
				r.Verdict.Review = verdict.ReviewConversation
			}, "a@contoso-de.example retract none pending"},
		{"left to a person, external", verdict.Suspicious, "a@fabrikam.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = verdict.ReviewConversation },
			"a@fabrikam.example retract soft_delete skipped|external recipient"},
		{"left to a person, exempt", verdict.Suspicious, "soc@contoso.example", func(_ *config.Tenant, r *store.Record) { r.Verdict.Review = verdict.ReviewConversation },
			"soc@contoso.example retract trash skipped|listed under exempt"},
		{"left to a person, in dry-run", verdict.Suspicious, "a@contoso-de.example", func(t *config.Tenant, r *store.Record) {
			t.Mode, r.Verdict.Review = "dry-run", verdict.ReviewConversation
		}, "a@contoso-de.example retract soft_delete skipped dry|would have been held: it would be MALICIOUS"},
		{"pinned", verdict.Malicious, "a@contoso-de.example", func(_ *config.Tenant, r *store.Record) { r.Pinned = intent.PinnedRestored }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, rec := contoso(), record(c.d, c.to)
			if c.change != nil {
				c.change(cfg, &rec)
			}
			got := Plan(cfg, planned)(rec, nil)
			want, reason, _ := strings.Cut(c.want, "|")
			var wants []string
			if want != "" {
				wants = []string{want}
			}
			if diff := cmp.Diff(wants, brief(got)); diff != "" {
				t.Fatalf("intents (-want +got):\n%s", diff)
			}
			if len(got) == 1 && !strings.Contains(got[0].Reason, reason) {
				t.Errorf("reason %q, want %q in it", got[0].Reason, reason)
			}
		})
	}
}

func TestPlan_oneIntentForAnAddressTwice(t *testing.T) {
	got := Plan(contoso(), planned)(record(verdict.Malicious, "a@contoso-de.example", "A@Contoso-DE.example"), nil)
	if len(got) != 1 {
		t.Fatalf("intents %v, want one", brief(got))
	}
}

func TestPlan_lateForkAddsOnlyItsRecipients(t *testing.T) {
	plan := Plan(contoso(), planned)
	first := plan(record(verdict.Malicious, "a@contoso-de.example"), nil)
	first[0].Outcome = store.Done
	got := plan(record(verdict.Malicious, "a@contoso-de.example", "b@contoso-de.example"), first)
	if diff := cmp.Diff([]string{"b@contoso-de.example retract soft_delete pending"}, brief(got)); diff != "" {
		t.Errorf("intents (-want +got):\n%s", diff)
	}
}

func TestPlan_samePlanTwiceChangesNothing(t *testing.T) {
	plan := Plan(contoso(), planned)
	rec := record(verdict.Malicious, "a@contoso-de.example", "soc@contoso.example", "x@fabrikam.example")
	first := plan(rec, nil)
	if again := plan(rec, first); len(again) != 0 {
		t.Errorf("the second plan changed %v", brief(again))
	}
}

// What a new verdict does to an intent as it stands.
func TestPlan_verdictChanges(t *testing.T) {
	const a = "a@contoso-de.example"
	taken := []store.Taken{{Message: "m", Folder: "inbox", Target: string(exchange.Deletions), State: intent.Moved}}
	for _, c := range []struct {
		name string
		have store.Intent
		now  verdict.Disposition
		want []string
	}{
		{"worse while pending", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.Pending}, verdict.Malicious, []string{a + " retract soft_delete pending"}},
		{"worse while held by the brake", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.Held, Hold: intent.HoldBrake}, verdict.Malicious, []string{a + " retract soft_delete held brake"}},
		{"worse after junk was done", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.Done}, verdict.Malicious, []string{a + " retract soft_delete pending"}},
		{"worse after not_found", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.NotFound}, verdict.Malicious, []string{a + " retract soft_delete pending"}},
		{"worse after gone", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.Gone}, verdict.Malicious, nil},
		{"worse while in doubt", store.Intent{Action: "junk", Cause: "SPAM", Severity: 3, Outcome: store.Pending, Unknown: true}, verdict.Malicious, []string{a + " retract soft_delete pending"}},
		{"milder after done", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Done, Taken: taken}, verdict.Spam, nil},
		{"milder while pending", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Pending}, verdict.Spam, []string{a + " retract junk pending"}},
		{"clean while pending", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Pending}, verdict.Clean, []string{a + " retract soft_delete skipped"}},
		{"clean while held", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Held, Hold: intent.HoldBrake}, verdict.Clean, []string{a + " retract soft_delete skipped"}},
		{"clean while in doubt", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Pending, Unknown: true}, verdict.Clean, []string{a + " retract soft_delete pending"}},
		{"clean after done", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Done, Taken: taken}, verdict.Clean, []string{a + " restore restore held restore"}},
		{"clean after it lay there of itself", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Done}, verdict.Clean, nil},
		{"bad again after it was cancelled", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 0, Outcome: store.Skipped}, verdict.Malicious, []string{a + " retract soft_delete pending"}},
		{"an operator's stays", store.Intent{Action: "junk", By: "ada", Outcome: store.Pending}, verdict.Malicious, nil},
		{"an operator's stays when clean", store.Intent{Action: "junk", By: "ada", Outcome: store.Done, Taken: taken}, verdict.Clean, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.have.ID = store.IntentID("r1", a, store.Retract)
			c.have.Record, c.have.Address, c.have.Kind, c.have.Round = "r1", a, store.Retract, 1
			got := Plan(contoso(), planned)(record(c.now, a), []store.Intent{c.have})
			if diff := cmp.Diff(c.want, brief(got)); diff != "" {
				t.Errorf("intents (-want +got):\n%s", diff)
			}
			if c.have.Unknown && len(got) == 1 && !got[0].Unknown {
				t.Error("the plan made a doubtful intent certain")
			}
		})
	}
}

// What an indicator alone speaks against, and a review leaves to a person, waits for him even where SUSPICIOUS messages
// are taken. What the scorer itself found to be SUSPICIOUS is taken there, whatever else it might be.
func TestPlan_reviewWhereSuspiciousIsTaken(t *testing.T) {
	const a = "a@contoso-de.example"
	for review, want := range map[verdict.Review]string{
		verdict.ReviewOwn:          a + " retract junk held review",
		verdict.ReviewQuotation:    a + " retract junk held review",
		verdict.ReviewDigest:       a + " retract junk held review",
		verdict.ReviewConversation: a + " retract junk pending",
		"":                         a + " retract junk pending",
	} {
		tenant := contoso()
		tenant.Actions = config.Actions{verdict.Suspicious: {Action: config.Junk}, verdict.Malicious: {Action: config.SoftDelete}}
		tenant.Groups = nil
		rec := record(verdict.Suspicious, a)
		rec.Verdict.Review = review
		got := Plan(tenant, planned)(rec, nil)
		if diff := cmp.Diff([]string{want}, brief(got)); diff != "" {
			t.Errorf("review %q: intents (-want +got):\n%s", review, diff)
		}
	}
}

// What a verdict that leaves the message to a person does to an intent, and what becomes of one that it held.
func TestPlan_review(t *testing.T) {
	const a = "a@contoso-de.example"
	reviewed := record(verdict.Suspicious, a)
	reviewed.Verdict.Review = verdict.ReviewConversation
	held := store.Intent{Action: "soft_delete", Cause: causeReview + "conversation", Severity: 6, Outcome: store.Held, Hold: intent.HoldReview}
	approved := held
	approved.Outcome, approved.Hold, approved.Approved = store.Pending, "", "ada"
	doubtful := store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Pending, Unknown: true}
	for _, c := range []struct {
		name string
		have store.Intent
		now  store.Record
		want []string
	}{
		{"it stays held", held, reviewed, nil},
		{"approved, it goes on", approved, reviewed, nil},
		{"held no more once it is MALICIOUS", held, record(verdict.Malicious, a), []string{a + " retract soft_delete pending"}},
		{"clean, it ends", held, record(verdict.Clean, a), []string{a + " retract soft_delete skipped"}},
		{"SUSPICIOUS alone, it ends", held, record(verdict.Suspicious, a), []string{a + " retract soft_delete skipped"}},
		{"what waits is held", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Pending}, reviewed, []string{a + " retract soft_delete held review"}},
		{"what is done stays", store.Intent{Action: "soft_delete", Cause: "MALICIOUS", Severity: 6, Outcome: store.Done}, reviewed, nil},
		{"what may be done is verified, and not repeated", doubtful, reviewed, []string{a + " retract soft_delete pending"}},
		{"an operator's stays", store.Intent{Action: "junk", By: "ada", Outcome: store.Pending}, reviewed, nil},
	} {
		c.have.ID = store.IntentID("r1", a, store.Retract)
		c.have.Record, c.have.Address, c.have.Kind, c.have.Round = "r1", a, store.Retract, 1
		got := Plan(contoso(), planned)(c.now, []store.Intent{c.have})
		if diff := cmp.Diff(c.want, brief(got)); diff != "" {
			t.Errorf("%s: intents (-want +got):\n%s", c.name, diff)
		}
		if c.have.Unknown && (len(got) != 1 || got[0].Cancelled == "" || !got[0].Unknown) {
			t.Errorf("%s: it is not called off: %+v", c.name, got)
		}
	}
}

func TestPlan_hardDeletedIsNotPromisedBack(t *testing.T) {
	const a = "a@contoso-de.example"
	have := store.Intent{ID: store.IntentID("r1", a, store.Retract), Record: "r1", Address: a, Kind: store.Retract, Round: 1,
		Action: "hard_delete", Outcome: store.Done, Changed: planned,
		Taken: []store.Taken{{Message: "m", Folder: "inbox", Target: string(exchange.Purges), State: intent.Moved}}}
	got := Plan(contoso(), planned)(record(verdict.Clean, a), []store.Intent{have})
	if len(got) != 1 || got[0].Outcome != store.Failed {
		t.Fatalf("intents %v, want a restore that failed", brief(got))
	}
	for _, part := range []string{"eDiscovery", `Recoverable Items\Purges`, "until 2026-03-15", "2026-03-31"} {
		if !strings.Contains(got[0].Reason, part) {
			t.Errorf("reason %q lacks %q", got[0].Reason, part)
		}
	}
}

// What was taken, and would not be by the verdict of now, is proposed to be put back, whatever that verdict is called:
// an indicator that was a mistake is withdrawn from a newsletter too. What would still be taken, or asked about, is
// not.
func TestPlan_proposesWhatWouldBeLeft(t *testing.T) {
	const a = "a@contoso-de.example"
	cfg := contoso()
	cfg.Groups = nil
	cfg.Actions = config.Actions{verdict.Malicious: {Action: config.SoftDelete}, verdict.Spam: {Action: config.Junk}}
	for name, c := range map[string]struct {
		is     verdict.Disposition
		review verdict.Review
		want   bool
	}{
		"CLEAN":                    {verdict.Clean, "", true},
		"BULK":                     {verdict.Bulk, "", true},
		"SUSPICIOUS":               {verdict.Suspicious, "", true},
		"SPOOF":                    {verdict.Spoof, "", true},
		"SPAM, which is junk":      {verdict.Spam, "", false},
		"MALICIOUS":                {verdict.Malicious, "", false},
		"SUSPICIOUS, for a person": {verdict.Suspicious, verdict.ReviewPayment, false},
	} {
		for _, state := range []store.Outcome{store.Done, store.Pending} { // all of it is taken, or a copy not yet
			done := store.Intent{ID: store.IntentID("r1", a, store.Retract), Record: "r1", Address: a,
				Kind: store.Retract, Round: 1, Action: "soft_delete", Cause: "MALICIOUS", Severity: int(verdict.Malicious), Outcome: state,
				Taken: []store.Taken{{Message: "m", Target: string(exchange.Deletions), State: intent.Moved}}}
			rec := record(c.is, a)
			rec.Verdict.Review = c.review
			var back []store.Intent
			for _, in := range Plan(cfg, planned)(rec, []store.Intent{done}) {
				if in.Kind == store.Restore {
					back = append(back, in)
				}
			}
			if (len(back) == 1 && back[0].Outcome == store.Held) != c.want || len(back) > 1 {
				t.Errorf("%s, %s: proposed %v, want %v", name, state, brief(back), c.want)
			}
			if !c.want {
				continue
			}
			if again := Plan(cfg, planned)(rec, append(back, done)); slices.ContainsFunc(again,
				func(in store.Intent) bool { return in.Kind == store.Restore }) {
				t.Errorf("%s, %s: a second time %v", name, state, brief(again))
			}
		}
	}
}

func TestPlan_proposalIsWithdrawnWhenBadAgain(t *testing.T) {
	const a = "a@contoso-de.example"
	plan := Plan(contoso(), planned)
	done := store.Intent{ID: store.IntentID("r1", a, store.Retract), Record: "r1", Address: a, Kind: store.Retract, Round: 1,
		Action: "soft_delete", Outcome: store.Done, Taken: []store.Taken{{Message: "m", Target: string(exchange.Deletions), State: intent.Moved}}}
	proposed := plan(record(verdict.Clean, a), []store.Intent{done})
	if again := plan(record(verdict.Clean, a), append(proposed, done)); len(again) != 0 {
		t.Errorf("proposed twice: %v", brief(again))
	}
	withdrawn := plan(record(verdict.Malicious, a), append(proposed, done))
	if diff := cmp.Diff([]string{a + " restore restore skipped"}, brief(withdrawn)); diff != "" {
		t.Fatalf("bad again (-want +got):\n%s", diff)
	}
	anew := plan(record(verdict.Clean, a), append(withdrawn, done))
	if diff := cmp.Diff([]string{a + " restore restore held restore"}, brief(anew)); diff != "" {
		t.Errorf("clean again (-want +got):\n%s", diff)
	}
}
