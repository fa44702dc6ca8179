package retract_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/job"
	"clawback/retract/retracttest"
	"clawback/store"
)

// Where a tenant asks for two persons, nobody approves what is held of an act of his own, whatever name he says he has.
func TestApprove_twoPersons(t *testing.T) {
	for _, c := range []struct {
		name, asked, approves string
		two                   bool
		want                  error
	}{
		{"one's own act", "root (says ada)", "root (says ada)", true, retract.ErrOwnAct},
		{"one's own act under another name", "root (says ada)", "root (says bob)", true, retract.ErrOwnAct},
		{"under sudo", "ada (claimed; root, uid 0)", "ada (claimed; root, uid 0)", true, retract.ErrOwnAct},
		{"under sudo by another name", "ada (claimed; root, uid 0)", "bob (claimed; root, uid 0)", true, retract.ErrOwnAct},
		{"under sudo and by no name", "ada (claimed; root, uid 0)", "root", true, retract.ErrOwnAct},
		{"by another token of one's own", "ada (token soar, 0123)", "ada (token desk, 4567)", true, retract.ErrOwnAct},
		{"by one's own account and a token", "ada (says bob)", "ada (token desk, 4567)", true, retract.ErrOwnAct},
		{"by another person's token", "ada (token soar, 0123)", "bob (token desk, 4567)", true, nil},
		{"from before, by the other form", "root (says ada)", "bob (claimed; root, uid 0)", true, retract.ErrOwnAct},
		{"another one who claims the name", "ada", "ada (claimed; root, uid 0)", true, nil},
		{"another's act", "ada", "bob", true, nil},
		{"one's own act where one person is enough", "ada", "ada", false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.TwoPersons = c.two
				m := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original})
				rec := r.report(bad(anna))
				if _, err := r.e.Retract(context.Background(), c.asked, rec.ID, config.Trash, ""); err != nil {
					t.Fatal(err)
				}
				r.run(time.Second)
				in := r.want(rec, anna, store.Held, "not provable")
				if err := r.e.Approve(context.Background(), c.approves, []string{in.ID}, ""); !errors.Is(err, c.want) {
					t.Errorf("approve: %v, want %v", err, c.want)
				}
				r.run(time.Second)
				if c.want == nil {
					r.want(rec, anna, store.Done, "")
					return
				}
				r.want(rec, anna, store.Held, "not provable")
				r.lies(m, exchange.Inbox)
				if err := r.e.Reject(context.Background(), c.approves, []string{in.ID}, ""); err != nil {
					t.Errorf("reject: %v", err) // a No needs nobody else
				}
			})
		})
	}
}

// A job of one tenant works on no other tenant's records, named by id or found by its filter.
func TestBulk_keepsToItsTenant(t *testing.T) {
	for _, c := range []struct {
		name string
		spec func(ids []string) job.Spec
	}{
		{"ids", func(ids []string) job.Spec { return job.Spec{Action: config.Trash, Records: ids} }},
		{"filter", func([]string) job.Spec { return job.Spec{Action: config.Trash, Filter: bySender()} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				ids, _ := r.campaign(2)
				spec := c.spec(ids)
				spec.Tenant = "another"
				p, err := r.e.PreviewJob(context.Background(), spec)
				if err != nil || p.Records != 0 || p.Mailboxes != 0 {
					t.Errorf("preview %+v, %v", p, err)
				}
				id := r.job(spec)
				r.run(time.Minute)
				if _, counters := r.progress(id); counters.Ordered != 0 || counters.Mailboxes != 0 {
					t.Errorf("counters %+v", counters)
				}
			})
		})
	}
}
