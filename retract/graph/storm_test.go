package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/journal"
	"clawback/retract"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// storm is an engine over the real client and a simulator, in fake time, with one bad message in each of many
// mailboxes.
type storm struct {
	t      *testing.T
	sim    *graphsim.Sim
	st     *store.Store
	disk   memory.Disk
	cfg    config.Tenant
	engine *retract.Engine
	alerts chan retract.Alert
	down   atomic.Bool // the network
	stop   func()
}

const stormMailboxes = 60

// inStorm prepares it: nothing is asked yet.
func inStorm(t *testing.T, test func(s *storm)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := graphsim.DefaultTenant()
		s := &storm{t: t, alerts: make(chan retract.Alert, 1000)}
		s.sim = graphsim.New(graphsim.Options{Rates: graphsim.Calm(), Latency: 20 * time.Millisecond, TokenLife: time.Hour, Slack: -1})
		s.cfg = config.Tenant{
			Name: "contoso", ID: d.ID, Mode: "live", Domains: d.Domains,
			Actions: config.Actions{verdict.Malicious: {Action: config.SoftDelete}},
			Brake:   config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1},
			Graph: config.Graph{Cloud: "custom", ClientID: d.ClientID, ClientSecret: config.NewSecret(d.ClientSecret),
				LoginURL: s.sim.URL(), GraphURL: s.sim.URL(), MailboxConcurrent: 3},
		}
		s.open()
		defer func() { s.close() }()
		for i := range stormMailboxes {
			s.sim.AddMailbox(mailboxName(i))
		}
		test(s)
		for _, v := range s.sim.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
}

var errDown = errors.New("network is unreachable")

// RoundTrip is the network.
func (s *storm) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return s.sim.RoundTripper().RoundTrip(r)
}

func (s *storm) open() {
	s.t.Helper()
	client, err := New(s.cfg, Options{Base: s})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.st, err = store.New(s.disk.Engine("storm"), store.Options{}); err != nil {
		s.t.Fatal(err)
	}
	s.engine = retract.New(retract.Options{
		Store:     s.st,
		Tenants:   func(string) (retract.Tenant, bool) { return retract.Tenant{Config: &s.cfg, Mailboxes: client}, true },
		TenantIDs: func() []string { return []string{s.cfg.ID} },
		Originals: func(store.Variant) (io.ReadCloser, error) { return nil, os.ErrNotExist },
		Alert:     func(a retract.Alert) { s.alerts <- a },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.engine.Run(ctx) }()
	s.stop = func() { cancel(); <-done }
}

func (s *storm) close() {
	s.stop()
	s.st.Close()
}

// restart is a new process on the same store.
func (s *storm) restart() {
	s.close()
	s.open()
}

func (s *storm) run(d time.Duration) {
	s.engine.Wake()
	time.Sleep(d)
	synctest.Wait()
}

// mail delivers and reports one message, to all or to the first n mailboxes.
func (s *storm) mail(name string, n int) store.Record {
	s.t.Helper()
	return s.letter(letter{name: name, to: n, sender: "eve@example.com", from: "eve@example.com"})
}

// letter is one message: to the first mailboxes, or those after some.
type letter struct {
	name, sender, from string
	links              []string
	to, after          int
}

func (s *storm) letter(l letter) store.Record {
	s.t.Helper()
	name, mid := l.name, "<"+l.name+"@mail.example.com>"
	v := verdict.Verdict{Disposition: verdict.Malicious, Score: 90}
	for _, link := range l.links {
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "url", Value: link})
	}
	rec := store.Record{
		MessageID: mid, Sender: l.sender, From: l.from, Received: time.Now(), FirstHand: true, Direction: "inbound",
		Verdict: v, Content: mid, Variants: []store.Variant{{SHA256: mid, Verdict: v, FirstHand: true, At: time.Now()}},
	}
	for i := l.after; i < l.after+l.to; i++ {
		_, err := s.sim.Deliver(graphsim.Delivery{Mailbox: mailboxName(i), NetworkMessageID: "nid-" + name,
			MIME: bytes.Replace(withID(mid), []byte("m@example.com"), []byte(l.from), 1)})
		if err != nil {
			s.t.Fatal(err)
		}
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: mailboxName(i), Type: journal.Unlabeled})
	}
	rec, _, err := s.st.Apply(context.Background(), store.Application{Key: name, Tenant: s.cfg.ID, Network: "nid-" + name, Record: rec},
		policy.Plan(&s.cfg, time.Now()))
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

// done checks that a record is taken from all its mailboxes, and gives the highest fault count that was ever met.
func (s *storm) done(rec store.Record) {
	s.t.Helper()
	intents, err := s.st.Intents(s.t.Context(), rec.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	waiting := map[string]int{}
	for _, in := range intents {
		if in.Outcome != store.Done {
			waiting[fmt.Sprintf("%s, %d faults, not before %s: %s", in.Outcome, in.Faults,
				in.NotBefore.Format(time.TimeOnly), in.Reason)]++
		}
	}
	if len(waiting) > 0 {
		s.t.Errorf("at %s: %v", time.Now().UTC().Format(time.TimeOnly), waiting)
	}
}

// kinds are the alerts that were given.
func (s *storm) kinds() (list []string) {
	for {
		select {
		case a := <-s.alerts:
			list = append(list, a.Kind)
		default:
			return list
		}
	}
}

// The login service is away for an hour. Its Retry-After is kept, over a restart too; without one, one request at a
// time looks whether it is back, at most a minute apart, however many retractions wait. When it is back they all go at
// once.
func TestStorm_loginAway(t *testing.T) {
	const html = "<html>busy</html>"
	for _, c := range []struct {
		name  string
		fault graphsim.Fault
		most  int           // requests in the hour
		back  time.Duration // after the hour at the latest
	}{
		{"asks to wait two minutes", graphsim.Fault{Status: 429, Code: "x", RetryAfter: "120"}, 32, 2 * time.Minute},
		{"asks to wait by 503", graphsim.Fault{Status: 503, Body: html, Type: "text/html", RetryAfter: "60.5"}, 62, time.Minute},
		{"says nothing", graphsim.Fault{Status: 503, Body: html, Type: "text/html"}, 75, time.Minute},
		{"throttles without a word", graphsim.Fault{Status: 429, Body: `{"error":"temporarily_unavailable"}`}, 75, time.Minute},
		{"cuts the connection", graphsim.Fault{Drop: true}, 75, time.Minute},
	} {
		for _, restarts := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s/%d restarts", c.name, restarts), func(t *testing.T) {
				inStorm(t, func(s *storm) {
					away := s.sim.Inject(graphsim.Injection{Route: graphsim.RouteToken, Times: -1, Fault: c.fault})
					rec := s.mail("one", stormMailboxes)
					for range restarts {
						s.run(15 * time.Minute)
						s.restart()
					}
					s.run(time.Hour - time.Duration(restarts)*15*time.Minute)
					if n := s.sim.Hits(away); n > c.most+restarts*8 || n < 5 {
						t.Errorf("%d requests for a token in an hour, want at most %d", n, c.most)
					}
					t.Logf("%d requests", s.sim.Hits(away))
					s.sim.Withdraw(away)
					s.run(c.back + 15*time.Second)
					s.done(rec)
					if kinds := s.kinds(); len(kinds) > 2+2*restarts || len(kinds) == 0 && c.fault.RetryAfter == "" {
						t.Errorf("alerts %v", kinds)
					}
				})
			})
		}
	}
}

// Graph is away for an hour: no connection, or nothing but errors.
func TestStorm_graphAway(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(s *storm) (end func())
		most  int
	}{
		{"no connection", func(s *storm) func() { s.down.Store(true); return func() { s.down.Store(false) } }, 0},
		{"503", outageBy(graphsim.Fault{Status: 503, Code: "serviceNotAvailable", Message: "x"}), 160},
		{"502 in HTML", outageBy(graphsim.Fault{Status: 502, Body: "<html>", Type: "text/html"}), 160},
		{"answers lost", outageBy(graphsim.Fault{Drop: true}), 160},
		{"answers lost after acting", outageBy(graphsim.Fault{Drop: true, Apply: true}), 160},
	} {
		t.Run(c.name, func(t *testing.T) {
			inStorm(t, func(s *storm) {
				first := s.mail("before", stormMailboxes)
				s.run(30 * time.Second)
				s.done(first)
				s.sim.ForgetCalls()
				rec := s.mail("one", stormMailboxes)
				end := c.begin(s)
				s.run(time.Hour)
				if n := len(s.sim.Calls()); n > c.most {
					t.Errorf("%d calls in an hour, want at most %d", n, c.most)
				}
				t.Logf("%d calls", len(s.sim.Calls()))
				if kinds := s.kinds(); len(kinds) != 1 || kinds[0] != "outage" {
					t.Errorf("alerts %v, want one", kinds)
				}
				end()
				s.run(80 * time.Second)
				s.done(rec)
				if kinds := s.kinds(); len(kinds) != 1 || kinds[0] != "resumed" {
					t.Errorf("alerts %v, want the word that it is over", kinds)
				}
			})
		})
	}
}

func outageBy(f graphsim.Fault) func(s *storm) func() {
	return func(s *storm) func() {
		in := s.sim.Inject(graphsim.Injection{Times: -1, Fault: f})
		return func() { s.sim.Withdraw(in) }
	}
}

// Fifteen seconds of throttling: what waits goes within the throttle's own wait, not by the schedule of failures.
func TestStorm_throttledForSeconds(t *testing.T) {
	for _, c := range []struct {
		name  string
		route graphsim.Route
		fault graphsim.Fault
		wait  time.Duration
	}{
		{"each mailbox", "", graphsim.Fault{Status: 429, Code: "ApplicationThrottled", RetryAfter: "5"}, 6 * time.Second},
		{"moves alone", graphsim.RouteMove, graphsim.Fault{Status: 429, Code: "ApplicationThrottled", RetryAfter: "3.5"}, 5 * time.Second},
		{"the tenant", "", graphsim.Fault{Status: 429, Code: "x", RetryAfter: "5", Header: http.Header{"X-Ms-Throttle-Scope": {"Tenant_Application/ReadWrite/a/b"}}}, 6 * time.Second},
		{"503 that asks to wait", "", graphsim.Fault{Status: 503, Code: "ErrorServerBusy", RetryAfter: "4"}, 12 * time.Second},
		{"moves by 503 that acted and ask to wait", graphsim.RouteMove, graphsim.Fault{Apply: true, Status: 503, Code: "ErrorServerBusy", RetryAfter: "4"}, 12 * time.Second},
		{"the directory", graphsim.RouteUsers, graphsim.Fault{Status: 429, Code: "TooManyRequests", RetryAfter: "5"}, 7 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inStorm(t, func(s *storm) {
				in := s.sim.Inject(graphsim.Injection{Route: c.route, Times: -1, Fault: c.fault})
				rec := s.mail("one", stormMailboxes)
				s.run(15 * time.Second)
				s.sim.Withdraw(in)
				// five are what the sixty take by themselves, one worker after another at first
				s.run(c.wait + 5*time.Second)
				s.done(rec)
			})
		})
	}
}

// One mailbox that fails for an hour is its own trouble: the others are not delayed, and are not asked less.
func TestStorm_oneMailboxFailing(t *testing.T) {
	inStorm(t, func(s *storm) {
		in := s.sim.Inject(graphsim.Injection{Mailbox: mailboxName(0), Times: -1, Fault: graphsim.Fault{Status: 500, Code: "x"}})
		var all []store.Record
		for i := range 20 {
			all = append(all, s.mail(fmt.Sprint("m", i), 4))
			s.run(3 * time.Minute)
		}
		for _, rec := range all {
			intents, err := s.st.Intents(t.Context(), rec.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range intents {
				if in.Outcome != store.Done && in.Address != mailboxName(0) {
					t.Errorf("%s is %s: %s", in.Address, in.Outcome, in.Reason)
				}
			}
		}
		if n := s.sim.Hits(in); n > 200 {
			t.Errorf("%d calls for the mailbox that fails", n)
		}
		s.sim.Withdraw(in)
		s.run(70 * time.Minute)
		for _, rec := range all {
			s.done(rec)
		}
	})
}
