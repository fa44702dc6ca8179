package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is an answer that goes wrong.
type Fault struct {
	Name       string // for the log of calls; "": its status
	Apply      bool   // the call is carried out first; else it is not
	Drop       bool   // the connection is cut instead of an answer
	Status     int
	Code       string // of the error object
	Message    string
	RetryAfter string      // the header as it stands
	Header     http.Header // more headers
	Body       string      // instead of an error object with Code and Message
	Type       string      // of Body; "": application/json
	Delay      time.Duration
}

// Injection puts a fault on the next calls that fit.
type Injection struct {
	Route   Route  // "": any but the login service's
	Tenant  string // id; "": any
	Mailbox string // UPN; "": any
	Message string // key of a message; "": any
	Skip    int    // calls that fit and pass first
	Times   int    // calls that are hit; 0: 1, -1: all
	Fault   Fault
	Hit     int // counted by the Sim: read it by Hits
}

// Inject adds a scripted fault. Scripted faults go before those that come by themselves.
func (s *Sim) Inject(in Injection) *Injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Times == 0 {
		in.Times = 1
	}
	s.injected = append(s.injected, &in)
	return &in
}

// Withdraw ends an injection: it strikes no more.
func (s *Sim) Withdraw(in *Injection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injected = slices.DeleteFunc(s.injected, func(other *Injection) bool { return other == in })
}

// Hits is how often an injection has struck.
func (s *Sim) Hits(in *Injection) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return in.Hit
}

// SetRates changes the rates of faults that come by themselves; Calm() ends the bad day.
func (s *Sim) SetRates(r *Rates) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Rates = r
}

// Spare keeps a tenant's calls from the faults that come by themselves, whatever the others meet.
func (s *Sim) Spare(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spared[tenant] = true
}

// rates are those of a tenant. The caller holds the lock.
func (s *Sim) rates(tenant string) *Rates {
	if s.spared[tenant] {
		return Calm()
	}
	return s.o.Rates
}

// fault decides what goes wrong with a call.
func (s *Sim) fault(c *Call) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.injected {
		if !in.fits(c) {
			continue
		}
		if in.Skip > 0 {
			in.Skip--
			continue
		}
		in.Hit++
		c.Fault = in.Fault.name()
		return in.Fault, true
	}
	draw := s.draw
	if c.Route == RouteToken || c.Route == RouteDiscovery {
		draw = s.drawLogin
	}
	fault, hit := draw(c)
	if hit {
		c.Fault = fault.name()
	}
	return fault, hit
}

func (in *Injection) fits(c *Call) bool {
	if in.Times >= 0 && in.Hit >= in.Times {
		return false
	}
	if in.Route == "" && (c.Route == RouteToken || c.Route == RouteDiscovery) ||
		in.Message != "" && in.Message != c.Message {
		return false
	}
	return (in.Route == "" || in.Route == c.Route) && (in.Mailbox == "" || in.Mailbox == c.Mailbox) &&
		(in.Tenant == "" || in.Tenant == c.Tenant)
}

func (f Fault) name() string {
	if f.Name != "" {
		return f.Name
	}
	if f.Drop {
		return "drop"
	}
	return fmt.Sprintf("%d %s", f.Status, f.Code)
}

// draw decides by the seed, the call and how manieth it is (I3). The caller holds the lock.
func (s *Sim) draw(c *Call) (Fault, bool) {
	r := s.rates(c.Tenant)
	if c.Route == RouteMove && c.Message != "" && share(s.number("stuck/"+c.Mailbox+"/"+c.Message)) < r.Stuck {
		return Fault{Name: "stuck", Status: http.StatusInternalServerError, Code: "ErrorMoveCopyFailed",
			Message: "The move or copy operation failed."}, true
	}
	at, pick := s.dice(fmt.Sprintf("%s/%s/%s", c.Route, c.Mailbox, c.Message))
	for _, kind := range []struct {
		rate float64
		make func(uint64) Fault
	}{
		{r.Throttled, s.throttled}, {r.Busy, s.late(c, busy)}, {r.ServerError, s.late(c, serverError)},
		{r.HTML, s.late(c, badGateway)},
		{r.EmptyError, s.late(c, emptyError)}, {r.Cut, cut}, {r.Revoked, revoked}, {r.Lost, lost},
		{r.LostGateway, lostGateway},
		{r.NoID, noID(c)},
	} {
		if at < kind.rate {
			f := kind.make(pick)
			return f, f.Drop || f.Status != 0
		}
		at -= kind.rate
	}
	return Fault{}, false
}

// dice gives a number from 0 to 1 and some bits, for the next call with that key.
func (s *Sim) dice(key string) (at float64, pick uint64) {
	s.drawn[key]++
	number := s.number(fmt.Sprintf("fault/%s/%d", key, s.drawn[key]))
	return share(number), number & 0x7ff
}

func share(number uint64) float64 { return float64(number>>11) / (1 << 53) }

// late has a fault of a change come, at the rate of AfterActing, after the change was carried out.
func (s *Sim) late(c *Call, make func(uint64) Fault) func(uint64) Fault {
	return func(pick uint64) Fault {
		f := make(pick)
		if c.Route.changes() && float64(pick>>3)/(1<<8) < s.rates(c.Tenant).AfterActing {
			f.Apply = true
			f.Name += " after acting"
		}
		return f
	}
}

// noID is a 404 for a message that is there, in a call by its id. There is none for other calls.
func noID(c *Call) func(uint64) Fault {
	return func(uint64) Fault {
		switch c.Route {
		case RouteMessage, RouteMove, RoutePurge, RouteValue:
			return Fault{Name: "404 by id", Status: http.StatusNotFound, Code: "ErrorItemNotFound",
				Message: itemNotFound}
		}
		return Fault{}
	}
}

// drawLogin is draw for the login service. The caller holds the lock.
func (s *Sim) drawLogin(c *Call) (Fault, bool) {
	at, pick := s.dice(fmt.Sprintf("%s/%s", c.Route, c.Tenant))
	if at >= s.rates(c.Tenant).Login {
		return Fault{}, false
	}
	f := Fault{Name: "login throttled", Status: http.StatusTooManyRequests, Type: "application/json",
		Body: `{"error":"temporarily_unavailable","error_description":"AADSTS90055: There was an error issuing a token."}`}
	switch pick % 8 {
	case 0:
		return Fault{Name: "login cut", Drop: true}, true
	case 1:
		return Fault{Name: "login away", Status: http.StatusServiceUnavailable, Body: gatewayPage, Type: "text/html"},
			true
	case 2:
		f.Name, f.Status = "login busy", http.StatusServiceUnavailable
		f.RetryAfter = fmt.Sprint(1 + pick%30)
	case 3:
		f.RetryAfter = s.o.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
	default:
		f.RetryAfter = fmt.Sprintf("%d.%d", pick%3, 1+pick%9)
	}
	return f, true
}

// throttled is a 429 with each form of Retry-After that was seen: a fraction, a date, none. A date has whole seconds
// and is rare, because a test has to wait for it.
func (s *Sim) throttled(pick uint64) Fault {
	f := Fault{
		Name: "throttled", Status: http.StatusTooManyRequests, Code: "ApplicationThrottled",
		Message: "Application is over its MailboxConcurrency limit.",
	}
	switch {
	case pick%8 == 0:
		f.RetryAfter = s.o.Now().Add(time.Second).UTC().Format(http.TimeFormat)
	case pick%8 < 3:
		f.Code, f.Message = "TooManyRequests", "Too many requests."
	default:
		f.RetryAfter = fmt.Sprintf("0.%03d", 20+pick%180)
	}
	return f
}

func busy(pick uint64) Fault {
	codes := []string{"serviceNotAvailable", "MailboxInfoStale", "ErrorMailboxStoreUnavailable", "ErrorServerBusy"}
	f := Fault{Name: "busy", Status: http.StatusServiceUnavailable, Code: codes[pick%4],
		Message: "The service is unavailable."}
	if pick%3 == 0 {
		f.RetryAfter = "0.05"
	}
	return f
}

func serverError(pick uint64) Fault {
	codes := []string{"ErrorInternalServerError", "ErrorInternalServerTransientError", "generalException",
		"UnknownError", "ErrorMoveCopyFailed"}
	return Fault{Name: "server error", Status: http.StatusInternalServerError, Code: codes[pick%5],
		Message: "An internal server error occurred."}
}

const gatewayPage = "<html><head><title>Bad Gateway</title></head><body><h1>The web server reported an " +
	"error</h1></body></html>"

func badGateway(uint64) Fault {
	return Fault{Name: "html", Status: http.StatusBadGateway, Body: gatewayPage, Type: "text/html; charset=us-ascii"}
}

func emptyError(pick uint64) Fault {
	bodies := []string{`{}`, `{"error":{}}`, `{"error":{"code":"UnknownError"}}`, `{"error":null}`, ``,
		`{"error":{"message":`}
	status := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}[pick/8%2]
	body := bodies[pick%6]
	if body == "" {
		body = " "
	}
	return Fault{Name: "empty error", Status: status, Body: body}
}

func cut(uint64) Fault  { return Fault{Name: "cut", Drop: true} }
func lost(uint64) Fault { return Fault{Name: "lost", Drop: true, Apply: true} }

func lostGateway(uint64) Fault {
	return Fault{Name: "lost by gateway", Apply: true, Status: http.StatusGatewayTimeout, Body: gatewayPage,
		Type: "text/html"}
}

// revoked is a token that is refused before its time. The token stays refused: see (*Sim).revoke.
func revoked(pick uint64) Fault {
	f := Fault{
		Name: "revoked", Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken",
		Message: "Access token has expired or is not yet valid.",
	}
	if pick%2 == 0 {
		f.Header = http.Header{"Www-Authenticate": {claimsChallenge}}
		f.Message = "Continuous access evaluation resulted in challenge."
	}
	return f
}

// Challenge is the 401 of continuous access evaluation. The token that it hits stays refused.
func Challenge() Fault { return revoked(0) }

// claimsChallenge asks for a token that is newer than an instant, as continuous access evaluation does.
const claimsChallenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", ` +
	`error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ=="`
