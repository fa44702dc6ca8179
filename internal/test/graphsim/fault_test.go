package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestInject_applyAndDrop(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	path := "/users/" + u.ID + "/messages/" + m.ImmutableID + "/move"
	for _, v := range []struct {
		name  string
		fault Fault
		to    string
		moved bool
	}{
		{"not applied, cut", Fault{Drop: true}, "archive", false},
		{"applied, cut", Fault{Drop: true, Apply: true}, "archive", true},
		{"not applied, 504", Fault{Status: 504, Body: gatewayPage, Type: "text/html"}, "inbox", false},
		{"applied, 504", Fault{Status: 504, Body: gatewayPage, Type: "text/html", Apply: true}, "inbox", true},
	} {
		t.Run(v.name, func(t *testing.T) {
			before := c.sim.Messages(u.UPN)[0].Folder
			in := c.sim.Inject(Injection{Route: RouteMove, Mailbox: u.UPN, Fault: v.fault})
			r := c.do("POST", path, `{"destinationId":"`+v.to+`"}`)
			if v.fault.Drop != (r.err != nil) || (!v.fault.Drop && r.status != 504) {
				t.Errorf("answer: %+v", r)
			}
			if after := c.sim.Messages(u.UPN)[0].Folder; (after != before) != v.moved {
				t.Errorf("from %s to %s", before, after)
			}
			calls := c.sim.Calls()
			if last := calls[len(calls)-1]; c.sim.Hits(in) != 1 || last.Applied != v.moved || last.Message != m.Key ||
				last.Mailbox != u.UPN {
				t.Errorf("call: %s", last)
			}
		})
	}
}

func TestInject_skipTimesAndMailbox(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u, other := c.sim.AddMailbox("anna@contoso.example"), c.sim.AddMailbox("bert@contoso.example")
	c.sim.Inject(Injection{Route: RouteMessages, Mailbox: u.UPN, Skip: 1, Times: 2, Fault: Fault{Status: 500, Code: "x", Message: "y"}})
	var got []int
	for range 5 {
		got = append(got, c.do("GET", "/users/"+u.ID+"/messages", "").status)
	}
	if !slices.Equal(got, []int{200, 500, 500, 200, 200}) || c.do("GET", "/users/"+other.ID+"/messages", "").status != 200 {
		t.Errorf("%v", got)
	}
}

// TestRates_sameSeedSameFaults: I3, whatever other mailboxes do.
func TestRates_sameSeedSameFaults(t *testing.T) {
	run := func(seed uint64, disturb bool) []string {
		rates := Nasty()
		rates.Login = 0
		c := newClient(t, Options{Seed: seed, Rates: rates})
		u, other := c.sim.AddMailbox("anna@contoso.example"), c.sim.AddMailbox("bert@contoso.example")
		for range 200 {
			if disturb {
				c.do("GET", "/users/"+other.ID+"/messages", "")
				c.token = c.login()
			}
			c.do("GET", "/users/"+u.ID+"/messages", "")
			c.token = c.login()
		}
		var out []string
		for _, call := range c.sim.Calls() {
			if call.Mailbox == u.UPN {
				out = append(out, call.Fault)
			}
		}
		return out
	}
	one, two, three := run(1, false), run(1, true), run(2, false)
	if !slices.Equal(one, two) {
		t.Errorf("other mailboxes disturb:\n%v\n%v", one, two)
	}
	if slices.Equal(one, three) {
		t.Error("another seed gives the same faults")
	}
	kinds := map[string]int{}
	for _, fault := range slices.Concat(one, three) {
		kinds[fault]++
	}
	for _, kind := range []string{"throttled", "busy", "server error", "html", "empty error", "lost", "cut", "revoked", "lost by gateway"} {
		if kinds[kind] == 0 {
			t.Errorf("%s never happens: %v", kind, kinds)
		}
	}
}

func TestThrottled_formsOfRetryAfter(t *testing.T) {
	s := New(Options{})
	forms := map[string]bool{}
	for pick := range uint64(64) {
		f := s.throttled(pick)
		_, dated := http.ParseTime(f.RetryAfter)
		switch {
		case f.RetryAfter == "":
			forms["missing"] = true
		case dated == nil:
			forms["date"] = true
		case strings.HasPrefix(f.RetryAfter, "0."):
			forms["fraction"] = true
		}
		if f.Status != 429 || f.Code == "" {
			t.Errorf("%+v", f)
		}
	}
	if len(forms) != 3 {
		t.Errorf("forms %v", forms)
	}
}

func TestViolations_areNoticed(t *testing.T) {
	for _, v := range []struct {
		name string
		act  func(c *client, u User, m Message)
		want string
	}{
		{"no token", func(c *client, u User, _ Message) {
			c.do("GET", "/users/"+u.ID, "", func(r *http.Request) { r.Header.Del("Authorization") })
		}, "without a token"},
		{"move to where it is", func(c *client, u User, m Message) {
			c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"inbox"}`)
		}, "where it is"},
		{"move twice", func(c *client, u User, m Message) {
			for range 2 {
				c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"archive"}`)
			}
		}, "where it is"},
		{"too early", func(c *client, u User, _ Message) {
			c.sim.Inject(Injection{Route: RouteMessages, Fault: Fault{Status: 429, Code: "x", Message: "y", RetryAfter: "5.5"}})
			for range 2 {
				c.do("GET", "/users/"+u.ID+"/messages", "")
			}
		}, "before its Retry-After"},
		{"too early by date", func(c *client, u User, _ Message) {
			c.sim.Inject(Injection{Route: RouteMessages, Fault: Fault{Status: 503, Code: "x", Message: "y", RetryAfter: time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}})
			for range 2 {
				c.do("GET", "/users/"+u.ID+"/messages", "")
			}
		}, "before its Retry-After"},
		{"DELETE", func(c *client, u User, m Message) {
			c.do("DELETE", "/users/"+u.ID+"/messages/"+m.ImmutableID, "")
		}, "DELETE"},
		{"unknown path", func(c *client, _ User, _ Message) { c.do("GET", "/me/messages", "") }, "segment"},
		{"unknown option", func(c *client, u User, _ Message) { c.do("GET", "/users/"+u.ID+"/messages?$search=x", "") }, "query option"},
		{"move without a destination", func(c *client, u User, m Message) {
			c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{}`)
		}, "without a destination"},
		{"five at once", func(c *client, u User, _ Message) {
			c.sim.Inject(Injection{Route: RouteMessages, Times: -1, Fault: Fault{Delay: 300 * time.Millisecond, Status: 500, Code: "x", Message: "y"}})
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() { c.do("GET", "/users/"+u.ID+"/messages", "") })
			}
			wg.Wait()
		}, "5 calls at once"},
		{"checked from outside", func(c *client, u User, _ Message) { c.do("GET", "/users/"+u.ID+"?$select=forbidden", "") }, "as the test says"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := newClient(t, Options{Rates: Calm(), Check: func(r *http.Request) error {
				if strings.Contains(r.URL.RawQuery, "forbidden") {
					return fmt.Errorf("as the test says")
				}
				return nil
			}})
			u := c.sim.AddMailbox("anna@contoso.example")
			v.act(c, u, deliver(t, c.sim, u.UPN, ""))
			got := c.sim.Violations()
			if len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), v.want) {
				t.Errorf("violations: %q", got)
			}
		})
	}
}

func TestViolations_notForThePatient(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	c.sim.Inject(Injection{Route: RouteMessages, Fault: Fault{Status: 429, Code: "x", Message: "y", RetryAfter: "0.05"}})
	c.do("GET", "/users/"+u.ID+"/messages", "")
	c.do("GET", "/users/"+u.ID, "") // another call need not wait
	time.Sleep(60 * time.Millisecond)
	c.do("GET", "/users/"+u.ID+"/messages", "")
	if v := c.sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestLimits_atOnceForATenant(t *testing.T) {
	c := newClient(t, Options{Rates: Calm(), Limits: Limits{TenantConcurrency: 2}})
	c.sim.Inject(Injection{Route: RouteMessages, Times: -1, Fault: Fault{Delay: 200 * time.Millisecond, Apply: true, Status: 200, Body: "{}"}})
	var wg sync.WaitGroup
	for i := range 6 {
		u := c.sim.AddMailbox(fmt.Sprintf("user%d@contoso.example", i))
		wg.Go(func() { c.do("GET", "/users/"+u.ID+"/messages", "") })
	}
	wg.Wait()
	throttled := 0
	for _, call := range c.sim.Calls() {
		if call.Fault == "tenant concurrency" {
			throttled++
		}
	}
	if throttled == 0 || throttled > 4 || len(c.sim.Violations()) != 0 {
		t.Errorf("%d throttled, violations %v", throttled, c.sim.Violations())
	}
}

func TestLimits_quotaOfAMailbox(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := newClient(t, Options{Rates: Calm(), TokenLife: 24 * time.Hour, Now: func() time.Time { return now }, Limits: Limits{MailboxRequests: 3}})
	u, other := c.sim.AddMailbox("anna@contoso.example"), c.sim.AddMailbox("bert@contoso.example")
	var got []int
	for range 4 {
		got = append(got, c.do("GET", "/users/"+u.ID+"/mailFolders/inbox", "").status)
	}
	got = append(got, c.do("GET", "/users/"+other.ID+"/mailFolders/inbox", "").status)
	now = now.Add(11 * time.Minute)
	got = append(got, c.do("GET", "/users/"+u.ID+"/mailFolders/inbox", "").status)
	if !slices.Equal(got, []int{200, 200, 200, 429, 200, 200}) {
		t.Errorf("%v", got)
	}
}

// A call that was on its way when another one was told to wait is none that did not wait.
func TestViolations_callOnItsWayIsNotEarly(t *testing.T) {
	c := newClient(t, Options{Rates: Calm(), Latency: 200 * time.Millisecond})
	u := c.sim.AddMailbox("anna@contoso.example")
	c.sim.Inject(Injection{Route: RouteMessages, Fault: Fault{Status: 429, Code: "x", Message: "y", RetryAfter: "5"}})
	path := "/users/" + u.ID + "/messages"
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { c.do("GET", path, "") })
	}
	both.Wait()
	if got := c.sim.Violations(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	c.do("GET", path, "")
	if got := c.sim.Violations(); len(got) != 1 {
		t.Errorf("a call after the answer: %v", got)
	}
}

// TestSpare_oneTenantHasAGoodDay: what strikes the others, by itself or by a script, does not strike it.
func TestSpare_oneTenantHasAGoodDay(t *testing.T) {
	c := newClient(t, Options{Rates: &Rates{Busy: 1}})
	u := c.sim.AddMailbox("anna@contoso.example")
	deliver(t, c.sim, u.UPN, "")
	if r := c.do("GET", "/users/"+u.ID+"/messages", ""); r.status != 503 {
		t.Errorf("not spared: %d", r.status)
	}
	c.sim.Spare(DefaultTenant().ID)
	c.sim.Inject(Injection{Tenant: "another", Times: -1, Fault: Fault{Status: 500, Code: "x"}})
	if r := c.do("GET", "/users/"+u.ID+"/messages", ""); r.status != 200 {
		t.Errorf("spared: %d", r.status)
	}
	c.sim.Inject(Injection{Tenant: DefaultTenant().ID, Fault: Fault{Status: 500, Code: "x"}})
	if r := c.do("GET", "/users/"+u.ID+"/messages", ""); r.status != 500 {
		t.Errorf("by a script for this tenant: %d", r.status)
	}
}
