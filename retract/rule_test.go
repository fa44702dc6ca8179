package retract_test

import (
	"context"
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

const alias = "a.alias@contoso.example" // of anna's mailbox

func actionsOf(d verdict.Disposition, a config.Action) config.Actions {
	return config.Actions{d: {Action: a}}
}

// A group of mailboxes has a mailbox by any of its addresses, whichever the report names; the first group counts.
func TestRule_groupsOfMailboxes(t *testing.T) {
	group := func(name string, a config.Action, mailboxes ...string) config.Group {
		return config.Group{Name: name, Mailboxes: mailboxes, Actions: actionsOf(verdict.Malicious, a)}
	}
	for _, c := range []struct {
		name   string
		own    config.Action
		groups []config.Group
		to     string
		want   store.Outcome
		folder exchange.Folder
	}{
		{"milder, by the address", config.SoftDelete, []config.Group{group("board", config.Junk, anna)}, anna, store.Done, exchange.JunkEmail},
		{"milder, by an alias", config.SoftDelete, []config.Group{group("board", config.Junk, anna)}, alias, store.Done, exchange.JunkEmail},
		{"milder, the alias is listed", config.SoftDelete, []config.Group{group("board", config.Junk, alias)}, anna, store.Done, exchange.JunkEmail},
		{"stronger, by an alias", config.Junk, []config.Group{group("pilot", config.SoftDelete, anna)}, alias, store.Done, exchange.Deletions},
		{"none, by an alias", config.SoftDelete, []config.Group{group("board", config.None, anna)}, alias, store.Skipped, exchange.Inbox},
		{"the tenant does nothing, by the address", config.None, []config.Group{group("pilot", config.SoftDelete, anna)}, anna, store.Done, exchange.Deletions},
		{"the tenant does nothing, by an alias", config.None, []config.Group{group("pilot", config.SoftDelete, anna)}, alias, store.Done, exchange.Deletions},
		{"the tenant does nothing, with a tag", config.None, []config.Group{group("pilot", config.SoftDelete, anna)}, "anna+x@contoso.example", store.Done, exchange.Deletions},
		{"by the domain of an alias", config.SoftDelete, []config.Group{group("lab", config.Junk, "@lab.contoso.example")}, anna, store.Done, exchange.JunkEmail},
		{"the first group counts, by whatever address", config.None,
			[]config.Group{group("board", config.Trash, alias), group("pilot", config.SoftDelete, anna)}, anna, store.Done, exchange.Deleted},
		{"the first group says none", config.SoftDelete,
			[]config.Group{group("board", config.None, alias), group("pilot", config.SoftDelete, anna)}, anna, store.Skipped, exchange.Inbox},
		{"of another mailbox", config.None, []config.Group{group("pilot", config.SoftDelete, bert)}, anna, store.Skipped, exchange.Inbox},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.Domains = append(r.cfg.Domains, "lab.contoso.example")
				r.world.Mailbox("A", anna, alias, "anna@lab.contoso.example")
				r.cfg.Actions, r.cfg.Groups = actionsOf(verdict.Malicious, c.own), c.groups
				m := r.world.Deliver("A", hit())
				rec := r.report(bad(c.to))
				r.run(time.Minute)
				in := r.want(rec, c.to, c.want, "")
				r.lies(m, c.folder)
				// The same report once more, and the verdict looked at anew, change nothing.
				r.rejudge(rec.ID, verdict.Malicious)
				r.run(time.Minute)
				if again := r.want(rec, c.to, c.want, ""); again.Round != in.Round {
					t.Errorf("opened again: %+v", again)
				}
			})
		})
	}
}

// Where no group could have the mailbox nothing is looked up, and no intent is made.
func TestRule_nothingToLookUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *config.Tenant)
		to     string
	}{
		{"no group acts", func(t *config.Tenant) {
			t.Groups = []config.Group{{Name: "board", Mailboxes: []string{bert}, Actions: actionsOf(verdict.Malicious, config.None)}}
		}, anna},
		{"dry-run", func(t *config.Tenant) { t.Mode = "dry-run" }, anna},
		{"an external recipient", func(*config.Tenant) {}, "a@fabrikam.example"},
		{"the first group has it by the address, and says none", func(t *config.Tenant) {
			t.Groups = append([]config.Group{{Name: "board", Mailboxes: []string{anna}, Actions: actionsOf(verdict.Malicious, config.None)}}, t.Groups...)
		}, anna},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.Actions = actionsOf(verdict.Malicious, config.None)
				r.cfg.Groups = []config.Group{{Name: "pilot", Mailboxes: []string{bert}, Actions: actionsOf(verdict.Malicious, config.SoftDelete)}}
				c.change(r.cfg)
				rec := r.report(bad(c.to))
				r.run(time.Minute)
				have, err := r.st.Intents(t.Context(), rec.ID)
				if err != nil || len(have) != 0 || len(r.world.Calls("")) != 0 {
					t.Errorf("intents %v %v, %d calls", have, err, len(r.world.Calls("")))
				}
			})
		})
	}
}

// An exempt mailbox is exempt by any of its addresses, whichever is listed and whichever the report names.
func TestRule_exemptByAnyAddress(t *testing.T) {
	for _, c := range []struct{ name, listed, to string }{
		{"the address", anna, anna},
		{"another address is named", anna, alias},
		{"the alias is listed", alias, anna},
		{"the domain of an alias", "@lab.contoso.example", anna},
		{"the domain of an alias, another is named", "@lab.contoso.example", alias},
		{"with a tag", anna, "anna+x@contoso.example"},
		{"the alias with a tag", alias, "a.alias+x@contoso.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.Domains = append(r.cfg.Domains, "lab.contoso.example")
				r.world.Mailbox("A", anna, alias, "anna@lab.contoso.example")
				r.cfg.Exempt = []string{c.listed}
				m := hit()
				m.Good = true
				r.world.Deliver("A", m)
				rec := r.report(bad(c.to))
				r.run(time.Minute)
				r.want(rec, c.to, store.Skipped, "exempt")
				if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
					t.Fatal(err)
				}
				r.run(time.Minute)
				r.want(rec, c.to, store.Skipped, "exempt")
			})
		})
	}
}

// It was not exempt when it began, and is when its move has to be tried again.
func TestRule_exemptMeanwhile(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		r.world.Script = once("move", busy(), false)
		rec := r.report(bad(anna))
		r.run(2 * time.Second)
		r.cfg.Exempt = []string{alias}
		r.run(time.Hour)
		r.want(rec, anna, store.Skipped, "exempt")
		r.lies(m, exchange.Inbox)
	})
}

// A protected sender is one by any address of its mailbox: a person must approve.
func TestRule_protectedByAnyAddress(t *testing.T) {
	for _, c := range []struct{ name, listed, from string }{
		{"the address", bert, bert},
		{"another address", bert, "b.alias@contoso.example"},
		{"the alias is listed", "b.alias@contoso.example", bert},
		{"the domain of an alias", "@lab.contoso.example", bert},
		{"with a tag", bert, "bert+x@contoso.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.Domains = append(r.cfg.Domains, "lab.contoso.example")
				r.world.Mailbox("B", bert, "b.alias@contoso.example", "b@lab.contoso.example")
				r.cfg.Protected = []string{c.listed}
				m := r.world.Deliver("A", hit())
				letter := bad(anna)
				letter.from = c.from
				rec := r.report(letter)
				r.run(time.Minute)
				in := r.want(rec, anna, store.Held, "the sender is protected")
				r.lies(m, exchange.Inbox)
				if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
					t.Fatal(err)
				}
				r.run(time.Minute)
				r.want(rec, anna, store.Done, "")
			})
		})
	}
	for name, from := range map[string]string{"another mailbox": bert, "nobody": "nobody@contoso.example", "from outside": "x@fabrikam.example"} {
		t.Run("not: "+name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.Protected = []string{anna}
				r.world.Deliver("A", hit())
				letter := bad(anna)
				letter.from = from
				rec := r.report(letter)
				r.run(time.Minute)
				r.want(rec, anna, store.Done, "")
			})
		})
	}
}

// The directory is away: nothing is done before it is known whose mailbox it is.
func TestRule_directoryAway(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Exempt = []string{alias}
		m := hit()
		m.Good = true
		r.world.Deliver("A", m)
		r.world.Script = func(op, _, _ string) *answer {
			if op == "resolve" {
				return &answer{Err: &fault.Fault{Class: fault.Retry, Status: 503, Detail: "busy"}}
			}
			return nil
		}
		rec := r.report(bad(anna))
		r.run(time.Hour)
		r.want(rec, anna, store.Pending, "busy")
		r.world.Set(func(w *retracttest.World) { w.Script = nil })
		r.run(time.Hour)
		if in := r.want(rec, anna, store.Skipped, "exempt"); strings.Contains(in.Reason, "taken") {
			t.Error(in.Reason)
		}
	})
}

// Where the mailbox turns out to be one whose rule acts, what a person must approve is held as ever.
func TestRule_heldWhenItsMailboxIsKnown(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *rig, m *mail)
		want   string
	}{
		{"not first-hand", func(_ *rig, m *mail) { m.hearsay = true }, intent.HoldHearsay},
		{"protected sender", func(r *rig, m *mail) { r.cfg.Protected = []string{m.from} }, intent.HoldProtected},
	} {
		for _, member := range []bool{true, false} {
			name := c.name + ", in the group"
			if !member {
				name = c.name + ", not in the group"
			}
			t.Run(name, func(t *testing.T) {
				bubble(t, func(r *rig) {
					r.cfg.Actions = actionsOf(verdict.Malicious, config.None)
					g := config.Group{Name: "pilot", Mailboxes: []string{bert}, Actions: actionsOf(verdict.Malicious, config.SoftDelete)}
					if member {
						g.Mailboxes = []string{anna}
					}
					r.cfg.Groups = []config.Group{g}
					m := r.world.Deliver("A", hit())
					letter := bad(alias)
					c.change(r, &letter)
					rec := r.report(letter)
					r.run(time.Minute)
					r.lies(m, exchange.Inbox)
					if !member {
						r.want(rec, alias, store.Skipped, "none")
						return
					}
					if in := r.want(rec, alias, store.Held, ""); in.Hold != c.want {
						t.Errorf("held for %s", in.Hold)
					}
					r.approveAll()
					r.run(time.Minute)
					r.want(rec, alias, store.Done, "")
					r.lies(m, exchange.Deletions)
				})
			})
		}
	}
}

func (r *rig) approveAll() {
	r.t.Helper()
	held, err := r.st.IntentsBy(r.t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Held}})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, in := range held {
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			r.t.Fatal(err)
		}
	}
}
