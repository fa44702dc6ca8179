package graphsim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// lasting draws many times and counts the faults by name.
func (s *Sim) lasting(c Call, times int) map[string]int {
	kinds := map[string]int{}
	for range times {
		call := c
		if f, hit := s.fault(&call); hit {
			kinds[f.Name]++
		}
	}
	return kinds
}

// TestNasty_changesFailBeforeAndAfterActing: each 5xx and each cut, in both ways.
func TestNasty_changesFailBeforeAndAfterActing(t *testing.T) {
	s := New(Options{Seed: 3})
	kinds := s.lasting(Call{Route: RouteMove, Mailbox: "anna@contoso.example", Message: "m1"}, 3000)
	for _, name := range []string{"busy", "busy after acting", "server error", "server error after acting", "html", "html after acting",
		"empty error", "empty error after acting", "lost", "cut", "lost by gateway", "404 by id"} {
		if kinds[name] == 0 {
			t.Errorf("%s never happens: %v", name, kinds)
		}
	}
	reads := s.lasting(Call{Route: RouteMessages, Mailbox: "anna@contoso.example"}, 3000)
	for name := range reads {
		if strings.Contains(name, "after acting") || name == "404 by id" || name == "stuck" {
			t.Errorf("a list meets %s", name)
		}
	}
}

// TestNasty_someMovesFailForGood: those of some messages, and all of them.
func TestNasty_someMovesFailForGood(t *testing.T) {
	s := New(Options{Rates: &Rates{Stuck: 0.2}})
	stuck := 0
	for i := range 200 {
		kinds := s.lasting(Call{Route: RouteMove, Mailbox: "anna@contoso.example", Message: string(rune('a' + i))}, 5)
		if n := kinds["stuck"]; n == 5 {
			stuck++
		} else if n != 0 {
			t.Errorf("stuck %d times of 5", n)
		}
	}
	if stuck < 15 || stuck > 80 {
		t.Errorf("%d of 200 messages are stuck", stuck)
	}
}

// TestNasty_loginService: with and without a Retry-After, in its forms.
func TestNasty_loginService(t *testing.T) {
	s := New(Options{})
	forms := map[string]bool{}
	for range 2000 {
		call := Call{Route: RouteToken, Tenant: DefaultTenant().ID}
		f, hit := s.fault(&call)
		_, dated := http.ParseTime(f.RetryAfter)
		switch {
		case !hit:
			forms["none"] = true
		case f.Drop:
			forms["cut"] = true
		case f.RetryAfter == "":
			forms["without"] = true
		case dated == nil:
			forms["date"] = true
		case strings.Contains(f.RetryAfter, "."):
			forms["fraction"] = true
		default:
			forms["seconds"] = true
		}
	}
	if len(forms) != 6 {
		t.Errorf("forms %v", forms)
	}
}

// TestViolations_ofTheEngine: what a Retry-After binds beside the call that met it, and a change repeated without a
// look.
func TestViolations_ofTheEngine(t *testing.T) {
	asks := Fault{Status: 429, Code: "x", RetryAfter: "60"}
	tenantWide := asks
	tenantWide.Header = http.Header{"X-Ms-Throttle-Scope": {"Tenant_Application/ReadWrite/a/b"}}
	for _, v := range []struct {
		name   string
		inject Injection
		act    func(c *client, u, other User, m Message)
		want   string // "" for none
	}{
		{"another call at the mailbox", Injection{Route: RouteMessages, Fault: asks}, func(c *client, u, _ User, _ Message) {
			c.do("GET", "/users/"+u.ID+"/messages", "")
			c.do("GET", "/users/"+u.ID+"/mailFolders/inbox", "")
		}, "Retry-After of mailbox"},
		{"another mailbox", Injection{Route: RouteMessages, Fault: asks}, func(c *client, u, other User, _ Message) {
			c.do("GET", "/users/"+u.ID+"/messages", "")
			c.do("GET", "/users/"+other.ID+"/messages", "")
		}, ""},
		{"another mailbox, the tenant's limit", Injection{Route: RouteMessages, Fault: tenantWide}, func(c *client, u, other User, _ Message) {
			c.do("GET", "/users/"+u.ID+"/messages", "")
			c.do("GET", "/users/"+other.ID+"/messages", "")
		}, "Retry-After of tenant"},
		{"the directory", Injection{Route: RouteUsers, Fault: asks}, func(c *client, u, _ User, _ Message) {
			c.do("GET", "/users", "")
			c.do("GET", "/users/"+u.ID, "")
		}, "Retry-After of directory"},
		{"a mailbox, while the directory asks to wait", Injection{Route: RouteUsers, Fault: asks}, func(c *client, u, _ User, _ Message) {
			c.do("GET", "/users", "")
			c.do("GET", "/users/"+u.ID+"/messages", "")
		}, ""},
		{"the login service", Injection{Route: RouteToken, Fault: asks}, func(c *client, _, _ User, _ Message) {
			d := DefaultTenant()
			for range 2 {
				resp, err := c.http.PostForm(c.sim.URL()+"/"+d.ID+"/oauth2/v2.0/token", url.Values{})
				if err != nil {
					c.t.Fatal(err)
				}
				resp.Body.Close()
			}
		}, "token request repeated"},
		{"a move again, without a look", Injection{Route: RouteMove, Fault: Fault{Status: 503, Code: "x", Apply: true}}, func(c *client, u, _ User, m Message) {
			for _, to := range []string{"archive", "junkemail"} {
				c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"`+to+`"}`)
			}
		}, "without a look"},
		{"a move again, after a look", Injection{Route: RouteMove, Fault: Fault{Status: 503, Code: "x"}}, func(c *client, u, _ User, m Message) {
			for range 2 {
				c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"archive"}`)
				c.do("GET", "/users/"+u.ID+"/messages/"+m.ImmutableID, "")
			}
		}, ""},
		{"a move again, after a look that failed", Injection{Times: 2, Fault: Fault{Status: 503, Code: "x"}}, func(c *client, u, _ User, m Message) {
			for range 2 {
				c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"archive"}`)
				c.do("GET", "/users/"+u.ID+"/messages/"+m.ImmutableID, "")
			}
		}, "without a look"},
		{"a move again that was refused", Injection{Route: RouteMove, Fault: Fault{Status: 429, Code: "x"}}, func(c *client, u, _ User, m Message) {
			for range 2 {
				c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"archive"}`)
			}
		}, ""},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := newClient(t, Options{Rates: Calm(), Slack: -1})
			u, other := c.sim.AddMailbox("anna@contoso.example"), c.sim.AddMailbox("bert@contoso.example")
			m := deliver(t, c.sim, u.UPN, "")
			c.sim.Inject(v.inject)
			time.Sleep(time.Millisecond)
			v.act(c, u, other, m)
			got := c.sim.Violations()
			if v.want == "" && len(got) > 0 || v.want != "" && !strings.Contains(strings.Join(got, "\n"), v.want) {
				t.Errorf("violations %q, want %q", got, v.want)
			}
		})
	}
}

// TestBare_isNoViolation: a client without the engine is not held to what the engine does for it.
func TestBare_isNoViolation(t *testing.T) {
	c := newClient(t, Options{Rates: Calm(), Slack: -1, Bare: true})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	c.sim.Inject(Injection{Route: RouteMove, Fault: Fault{Status: 503, Code: "x", RetryAfter: "5"}})
	for _, to := range []string{"archive", "junkemail"} {
		c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"`+to+`"}`)
	}
	if v := c.sim.Violations(); len(v) != 1 || !strings.Contains(v[0], "repeated") {
		t.Errorf("%q, want the same call's Retry-After alone", v)
	}
}

// TestDeliver_toAnyAddress: by an alias, and with a tag; an address that has the whole of it goes before.
func TestDeliver_toAnyAddress(t *testing.T) {
	s := New(Options{Rates: Calm()})
	s.AddMailbox("anna@contoso.example", "sales@contoso.example")
	s.AddMailbox("anna+lists@contoso.example")
	for address, want := range map[string]string{
		"sales@contoso.example": "anna@contoso.example", "Anna+News@contoso.example": "anna@contoso.example",
		"sales+a+b@contoso.example": "anna@contoso.example", "anna+lists@contoso.example": "anna+lists@contoso.example",
		"anna+lists+x@contoso.example": "anna@contoso.example",
	} {
		m, err := s.Deliver(Delivery{Mailbox: address, MIME: []byte("Subject: x\r\n\r\n")})
		if err != nil || m.Mailbox != want {
			t.Errorf("%s: %s %v", address, m.Mailbox, err)
		}
	}
	for _, address := range []string{"+news@contoso.example", "bert+news@contoso.example"} {
		if _, err := s.Deliver(Delivery{Mailbox: address}); err == nil {
			t.Errorf("%s has a mailbox", address)
		}
	}
}

// TestPurge_unknownSegment: a service without permanentDelete says so with a 400 or a 404.
func TestPurge_unknownSegment(t *testing.T) {
	var statuses []int
	for seed := range uint64(12) {
		a := New(Options{Seed: seed}).unknownSegment("permanentDelete")
		if !strings.Contains(a.message, "segment") {
			t.Errorf("%+v", a)
		}
		statuses = append(statuses, a.status)
	}
	if !slices.Contains(statuses, 400) || !slices.Contains(statuses, 404) {
		t.Errorf("%v", statuses)
	}
}
