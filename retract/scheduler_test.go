package retract_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

func refused() error {
	return &fault.Fault{Class: fault.Auth, Tenant: true, Status: 401, Code: "InvalidAuthenticationToken", Detail: "the client secret has expired"}
}

func TestScheduler_authTroublePausesAndResumesByItself(t *testing.T) {
	bubble(t, func(r *rig) {
		var m []*retracttest.Message
		rec := r.report(bad(anna, bert))
		m = append(m, r.world.Deliver("A", hit()), r.world.Deliver("B", hit()))
		trouble := true
		r.world.Script = func(string, string, string) *answer {
			if trouble {
				return &answer{Err: refused()}
			}
			return nil
		}
		r.run(6 * time.Hour)
		if n := len(r.world.Calls("")); n < 10 || n > 40 {
			t.Errorf("%d calls in 6 hours of trouble, want a probe every 15 minutes at most", n)
		}
		if len(r.alerts) != 1 || r.alerts[0].Kind != "auth" ||
			!strings.Contains(r.alerts[0].Text, "client secret has expired") {
			t.Errorf("alerts %v, want one", r.alerts)
		}
		trouble = false
		r.run(30 * time.Minute)
		r.want(rec, anna, store.Done, "")
		r.want(rec, bert, store.Done, "")
		for _, d := range m {
			r.lies(d, exchange.Deletions)
		}
		if len(r.alerts) != 2 || r.alerts[1].Kind != "resumed" {
			t.Errorf("alerts %v, want the word that it goes on", r.alerts)
		}
	})
}

// Where one permission is missing, some calls are refused and others answered, all day: that is one trouble.
func TestScheduler_authTroubleOfSomeCallsAlertsOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Script = func(op, _, argument string) *answer {
			if op == "resolve" && argument != anna {
				return &answer{Err: refused()}
			}
			return nil
		}
		for i := range 60 {
			m := bad(anna, fmt.Sprintf("new%d@contoso.example", i))
			m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.world.Deliver("A", retracttest.Message{MessageID: m.mid, NetworkIDs: []string{m.nid}})
			r.report(m)
			r.run(2 * time.Minute)
		}
		if len(r.alerts) != 1 || r.alerts[0].Kind != "auth" {
			t.Errorf("alerts in two hours: %v, want one", r.alerts)
		}
		if n := len(r.world.Calls("move")); n < 50 {
			t.Errorf("%d messages taken, although only the others were refused", n)
		}
	})
}

// The credentials are refused in the very call that moves: it did not happen, and is made later.
func TestScheduler_authTroubleInTheMove(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		r.world.Script = once("move", refused(), false)
		rec := r.report(bad(anna))
		r.run(time.Hour)
		r.want(rec, anna, store.Done, "")
	})
}

func TestScheduler_noisyTenantDelaysNoOther(t *testing.T) {
	bubble(t, func(r *rig) {
		const other = "99999999-0000-0000-0000-000000000000"
		noisy := retracttest.New(2)
		noisy.Latency = 30 * time.Second
		cfg := live()
		cfg.ID = other
		cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.others[other] = retract.Tenant{Config: cfg, Mailboxes: noisy}
		for i := range 200 {
			box := fmt.Sprintf("N%d", i)
			noisy.Mailbox(box, box+"@contoso.example")
			m := bad(box + "@contoso.example")
			m.tenant, m.nid, m.mid = other, fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.report(m)
		}
		r.run(time.Second)
		r.world.Deliver("A", hit())
		spam := bad(anna)
		spam.disposition = verdict.Spam // less severe than all of the other's
		rec := r.report(spam)
		r.run(time.Second)
		r.want(rec, anna, store.Done, "")
	})
}

func TestScheduler_noisyMailboxDelaysNoOther(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		for i := range 300 {
			m := bad(anna)
			m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.report(m)
		}
		r.world.Script = func(op, mailbox, _ string) *answer {
			if mailbox == "A" {
				return &answer{Err: &fault.Fault{Class: fault.Retry, Status: 429, After: time.Hour}}
			}
			return nil
		}
		r.run(time.Second)
		r.world.Deliver("B", hit())
		spam := bad(bert)
		spam.disposition = verdict.Spam
		rec := r.report(spam)
		r.run(100 * time.Millisecond)
		r.want(rec, bert, store.Done, "")
		if n := len(r.world.Calls("find")); n > 10 {
			t.Errorf("%d finds, although the mailbox asked to wait", n)
		}
	})
}

// A mailbox that answers slowly may keep its own few workers waiting, and not all of the tenant's.
func TestScheduler_slowMailboxDelaysNoOther(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Slow = map[string]time.Duration{"A": time.Minute}
		for i := range 100 {
			m := bad(anna)
			m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.report(m)
		}
		r.run(time.Second)
		r.world.Deliver("B", hit())
		spam := bad(bert)
		spam.disposition = verdict.Spam
		rec := r.report(spam)
		r.run(time.Second)
		r.want(rec, bert, store.Done, "")
	})
}

func TestScheduler_callsAtOnceForOneMailbox(t *testing.T) {
	for _, limit := range []int{1, 3} {
		bubble(t, func(r *rig) {
			r.cfg.Graph.MailboxConcurrent = limit
			r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
			r.world.Latency = time.Second
			for i := range 12 {
				m := bad(anna)
				if i%2 == 1 {
					m.to = []string{"a.alias@contoso.example"}
				}
				m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
				r.world.Deliver("A", retracttest.Message{MessageID: m.mid, NetworkIDs: []string{m.nid}})
				r.report(m)
			}
			r.run(time.Hour)
			if got := r.world.Peak("A"); got != limit {
				t.Errorf("%d calls at once, want %d", got, limit)
			}
		})
	}
}

func TestScheduler_tenantLimitAdapts(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Latency = time.Second
		var to []string
		for i := range 400 {
			box := fmt.Sprintf("T%d", i)
			r.world.Mailbox(box, box+"@contoso.example")
			r.world.Deliver(box, hit())
			to = append(to, box+"@contoso.example")
		}
		r.world.Script = func(op, mailbox, _ string) *answer {
			if r.world.Active() > 10 { // the model is locked in a script
				return &answer{Err: &fault.Fault{Class: fault.Retry, Status: 429}}
			}
			return nil
		}
		rec := r.report(bad(to...))
		r.run(20 * time.Minute)
		for _, a := range to {
			r.want(rec, a, store.Done, "")
		}
		calls := r.world.Calls("")
		refused := 0
		for _, c := range calls {
			if c.Err != nil {
				refused++
			}
		}
		if refused == 0 || refused*5 > len(calls) {
			t.Errorf("%d of %d calls refused: the limit did not adapt", refused, len(calls))
		}
	})
}

// 10,000 requests in 10 minutes for one mailbox are never passed; the model counts.
func TestScheduler_tokensOfAMailbox(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Latency = time.Millisecond
		for i := range 1200 {
			m := bad(anna)
			m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.report(m)
		}
		start := time.Now()
		r.run(5 * time.Second)
		if n := len(r.world.Calls("")); n > 1100 {
			t.Errorf("%d calls in %s", n, time.Since(start))
		}
		r.run(2 * time.Minute)
		if n := len(r.world.Calls("")); n < 2000 || n > 1000+15*125 {
			t.Errorf("%d calls in 125 seconds, want most of what is allowed and no more", n)
		}
	})
}

// Many addresses that are not known yet do not use up the directory's quota.
func TestScheduler_unitsOfTheDirectory(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Latency = time.Millisecond
		var to []string
		for i := range 4000 {
			to = append(to, fmt.Sprintf("u%d@contoso.example", i))
			r.world.Mailbox(fmt.Sprint("U", i), to[i])
		}
		r.report(bad(to...))
		r.run(2 * time.Second)
		if n := len(r.world.Calls("resolve")); n < 2700 || n > 3200 {
			t.Errorf("%d addresses looked up in 2 seconds, want most of 2000 and 600 a second, and no more", n)
		}
		m := r.world.Deliver("A", hit()) // behind them in line, and soon served
		fresh := bad(anna)
		fresh.nid, fresh.mid = nid2, "<m2@sender.example>"
		*m = retracttest.Message{ID: m.ID, Folder: m.Folder, MessageID: fresh.mid, NetworkIDs: []string{nid2}}
		rec := r.report(fresh)
		r.run(2 * time.Second)
		r.want(rec, anna, store.Done, "")
	})
}

// dueCounter counts the intents that are read because they are due.
type dueCounter struct {
	*store.Store
	read atomic.Int64
}

func (c *dueCounter) Due(ctx context.Context, now time.Time, f store.DueFilter) (store.DuePage, error) {
	page, err := c.Store.Due(ctx, now, f)
	c.read.Add(int64(len(page.Intents)))
	return page, err
}

// What waits for a mailbox that has no tokens left is read once, and not at each look at what is due: a thousand of
// them delay nothing else.
func TestScheduler_waitingForAMailboxIsNotReadAgain(t *testing.T) {
	bubble(t, func(r *rig) {
		const n = 1200
		counter := &dueCounter{Store: r.st}
		r.engine(counter)
		r.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
		r.world.Latency = time.Millisecond
		for i := range n {
			m := bad(anna)
			m.nid, m.mid = fmt.Sprintf("n-%d", i), fmt.Sprintf("<n%d@x>", i)
			r.report(m)
		}
		r.run(5 * time.Second)
		if read := counter.read.Load(); read > 4*n {
			t.Errorf("%d intents were read until the mailbox had no tokens left, and there are %d", read, n)
		}
		before, calls := counter.read.Load(), len(r.world.Calls(""))
		r.run(2 * time.Minute)
		read, made := counter.read.Load()-before, len(r.world.Calls(""))-calls
		if made < 1000 || read > int64(4*made) {
			t.Errorf("%d intents were read in two minutes, for %d calls", read, made)
		}
	})
}
