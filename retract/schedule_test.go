package retract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
	"clawback/verdict"
)

// looks are the times, since the first, at which a mailbox was searched outside Recoverable Items.
func looks(r *rig) []time.Duration {
	var list []time.Duration
	var first time.Time
	for _, c := range r.world.Calls("find") {
		if strings.HasSuffix(c.Argument, " ") {
			if first.IsZero() {
				first = c.At
			}
			list = append(list, c.At.Sub(first).Round(time.Second))
		}
	}
	return list
}

func TestSchedule_notThereYet(t *testing.T) {
	const day = 24 * time.Hour
	short := []time.Duration{0, 10 * time.Second, 40 * time.Second, 160 * time.Second, 760 * time.Second, 4360 * time.Second,
		25960 * time.Second, 112360 * time.Second}
	end := short[len(short)-1]
	for _, c := range []struct {
		d    verdict.Disposition
		want []time.Duration
	}{
		{verdict.Spam, short},
		{verdict.Malicious, append(short[:len(short):len(short)], end+3*day, end+7*day, end+15*day, end+30*day,
			end+60*day)},
	} {
		t.Run(c.d.String(), func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := bad(anna)
				m.disposition = c.d
				rec := r.report(m)
				r.run(2 * day)
				r.want(rec, anna, store.NotFound, "not in the mailbox after 8 looks")
				r.run(60 * day)
				if diff := cmp.Diff(c.want, looks(r)); diff != "" {
					t.Errorf("looks (-want +got):\n%s", diff)
				}
				if in := r.want(rec, anna, store.NotFound, ""); in.NotBefore.IsZero() != (c.d != verdict.Malicious) {
					t.Errorf("to be looked at again at %s", in.NotBefore)
				}
			})
		})
	}
}

// What a person asks for long after its delivery is not waited for where it is not.
func TestSchedule_countsFromTheReport(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want []time.Duration
	}{
		{10 * time.Minute, []time.Duration{0, 10 * time.Minute, 70 * time.Minute, 430 * time.Minute, 1870 * time.Minute}},
		{8 * time.Hour, []time.Duration{0, 24 * time.Hour}},
		{48 * time.Hour, []time.Duration{0}},
	} {
		bubble(t, func(r *rig) {
			m := bad(anna)
			m.disposition = verdict.Clean
			rec := r.report(m)
			time.Sleep(c.age)
			if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
				t.Fatal(err)
			}
			r.run(60 * time.Hour)
			r.want(rec, anna, store.NotFound, "not in the mailbox after")
			if diff := cmp.Diff(c.want, looks(r)); diff != "" {
				t.Errorf("%s after the report (-want +got):\n%s", c.age, diff)
			}
		})
	}
}

func TestSchedule_releasedFromQuarantineAfterARestart(t *testing.T) {
	bubble(t, func(r *rig) {
		rec := r.report(bad(anna))
		r.run(48 * time.Hour)
		r.want(rec, anna, store.NotFound, "looked at again")
		m := r.world.Deliver("A", hit())
		r.reopen()
		r.run(6 * 24 * time.Hour)
		r.want(rec, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
	})
}

func TestSchedule_arrivesWhileItIsWaitedFor(t *testing.T) {
	bubble(t, func(r *rig) {
		m := hit()
		m.Hidden = time.Now().Add(35 * time.Second)
		d := r.world.Deliver("A", m)
		rec := r.report(bad(anna))
		r.run(30 * time.Second)
		in := r.want(rec, anna, store.Pending, "not in the mailbox (looked 2 times), next look")
		if in.Tries != 0 {
			t.Errorf("%d tries to move what was not there", in.Tries)
		}
		r.run(20 * time.Second)
		r.want(rec, anna, store.Done, "")
		r.lies(d, exchange.Deletions)
	})
}

func faulty(f fault.Fault) error { return &f }

// What each fault of a lookup does: when it is asked again, and how it ends when it never mends.
func TestSchedule_faults(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   fault.Fault
		calls   [2]int // at least and at most, in an hour
		after   time.Duration
		outcome store.Outcome
	}{
		{"retry", fault.Fault{Class: fault.Retry, Status: 503, Detail: "busy"}, [2]int{5, 9}, 8 * 24 * time.Hour, store.Failed},
		{"slow", fault.Fault{Class: fault.Retry, Slow: true, Status: 404, Code: "MailboxNotEnabledForRESTAPI"}, [2]int{2, 3}, 40 * time.Hour, store.Failed},
		{"slow is not given up within the day", fault.Fault{Class: fault.Retry, Slow: true, Status: 404}, [2]int{2, 3}, 20 * time.Hour, store.Pending},
		{"unknown, of a call that changes nothing", fault.Fault{Class: fault.Unknown, Status: 504}, [2]int{5, 9}, time.Hour, store.Pending},
		{"give up", fault.Fault{Class: fault.GiveUp, Status: 400, Code: "ErrorInvalidUrlQuery", Detail: "our mistake"}, [2]int{1, 1}, time.Hour, store.Failed},
		{"gone", fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound"}, [2]int{5, 9}, time.Hour, store.Pending},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.world.Script = script("find", faulty(c.fault), false)
				rec := r.report(bad(anna))
				r.run(time.Hour)
				if n := len(r.world.Calls("find")); n < c.calls[0] || n > c.calls[1] {
					t.Errorf("%d calls in an hour, want %d to %d", n, c.calls[0], c.calls[1])
				}
				r.run(c.after - time.Hour)
				r.want(rec, anna, c.outcome, c.fault.Code)
			})
		})
	}
}

// A mailbox without room is one alert, however many messages and tries it fails, and another one only when it was over.
func TestSchedule_fullMailboxIsOneAlert(t *testing.T) {
	for _, f := range []fault.Fault{
		{Class: fault.Retry, Slow: true, Status: 507, Detail: "full"},
		{Class: fault.Retry, Slow: true, Status: 400, Code: "ErrorQuotaExceeded", Detail: "full"},
	} {
		t.Run(f.Code, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.world.Script = func(op, mailbox, _ string) *answer {
					if op == "move" && mailbox == "A" {
						return &answer{Err: faulty(f)}
					}
					return nil
				}
				want := func(n int) {
					t.Helper()
					if len(r.alerts) != n ||
						n > 0 && (r.alerts[n-1].Kind != "full" || !strings.Contains(r.alerts[n-1].Text, anna)) {
						t.Errorf("alerts %v, want %d", r.alerts, n)
					}
				}
				another := func(nid, mid string) store.Record {
					m, report := hit(), bad(anna)
					m.NetworkIDs, m.MessageID = []string{nid}, mid
					r.world.Deliver("A", m)
					report.nid, report.mid = nid, mid
					return r.report(report)
				}
				r.world.Deliver("A", hit())
				r.world.Deliver("B", hit())
				rec := r.report(bad(anna, bert))
				r.run(20 * time.Hour)
				second := another(nid2, "<m2@sender.example>")
				r.run(40 * time.Hour)
				want(1)
				r.want(rec, anna, store.Failed, "")
				r.want(rec, bert, store.Done, "")
				r.want(second, anna, store.Failed, "")
				r.run(48 * time.Hour)
				third := another("33333333-3333-4333-8333-333333333333", "<m3@sender.example>")
				r.run(time.Hour)
				r.want(third, anna, store.Pending, "")
				want(2)
			})
		})
	}
}

func TestSchedule_retryAfterToTheLetter(t *testing.T) {
	for _, after := range []time.Duration{128 * time.Millisecond, 2128 * time.Millisecond, time.Minute, 3 * time.Hour} {
		t.Run(after.String(), func(t *testing.T) {
			bubble(t, func(r *rig) {
				var until time.Time
				r.world.Script = func(op, mailbox, _ string) *answer {
					if op != "find" || mailbox != "A" {
						return nil
					}
					if until.IsZero() {
						until = time.Now().Add(after)
						return &answer{Err: &fault.Fault{Class: fault.Retry, Status: 429, After: after}}
					}
					if time.Now().Before(until) {
						r.t.Errorf("called %s before Retry-After was over", time.Until(until))
					}
					return nil
				}
				r.world.Deliver("A", hit())
				r.world.Deliver("B", hit())
				rec := r.report(bad(anna, bert))
				other := bad(anna) // another message of the same mailbox keeps to it too
				other.nid, other.mid = nid2, "<m2@sender.example>"
				r.run(10 * time.Millisecond)
				r.want(rec, bert, store.Done, "")
				r.report(other)
				r.run(after / 2)
				r.reopen() // and so does the next process
				r.run(after)
				r.want(rec, anna, store.Done, "")
			})
		})
	}
}

func TestSchedule_tenantWideRetryAfter(t *testing.T) {
	bubble(t, func(r *rig) {
		start := time.Now()
		r.world.Script = func(op, _, _ string) *answer {
			if op == "find" && time.Since(start) < time.Second {
				return &answer{Err: &fault.Fault{Class: fault.Retry, Status: 429, Tenant: true, After: time.Minute}}
			}
			if since := time.Since(start); since > time.Second && since < time.Minute {
				t.Errorf("%s called after %s", op, since)
			}
			return nil
		}
		r.world.Latency = time.Millisecond
		r.world.Deliver("A", hit())
		r.world.Deliver("B", hit())
		rec := r.report(bad(anna, bert))
		r.run(3 * time.Second)
		r.reopen()
		r.run(2 * time.Minute)
		r.want(rec, anna, store.Done, "")
		r.want(rec, bert, store.Done, "")
	})
}

func TestSchedule_worstFirstThenNewest(t *testing.T) {
	bubble(t, func(r *rig) {
		var order []string
		r.cfg.Graph.MailboxConcurrent = 1
		r.world.Latency = time.Second
		send := func(n int, d verdict.Disposition) {
			m := bad(anna)
			m.nid, m.mid, m.disposition = fmt.Sprintf("nid-%d", n), fmt.Sprintf("<m%d@x>", n), d
			r.report(m)
			time.Sleep(time.Second)
		}
		send(1, verdict.Spam)
		send(2, verdict.Malicious)
		send(3, verdict.Spam)
		send(4, verdict.Malicious)
		r.run(time.Minute)
		for _, c := range r.world.Calls("find") {
			if id, root, _ := strings.Cut(c.Argument, " "); root == "" && len(order) < 4 {
				order = append(order, id)
			}
		}
		if diff := cmp.Diff([]string{"<m4@x>", "<m2@x>", "<m3@x>", "<m1@x>"}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}
