package graphsim

import (
	"fmt"
	"time"
)

// Route names what a call asks for.
type Route string

// The routes.
const (
	RouteToken          Route = "token"
	RouteDiscovery      Route = "discovery" // of the login service: where its tokens are to be had
	RouteOrganization   Route = "organization"
	RouteUsers          Route = "users"
	RouteUser           Route = "user"
	RouteGroups         Route = "groups"
	RouteMembers        Route = "members"
	RouteContacts       Route = "contacts"
	RouteFolder         Route = "folder"
	RouteFolderMessages Route = "folder_messages"
	RouteMessages       Route = "messages"
	RouteMessage        Route = "message"
	RouteValue          Route = "value"
	RouteMove           Route = "move"
	RoutePurge          Route = "purge"
	RouteUpdate         Route = "update"
	RouteDelete         Route = "delete"
	RouteUnknown        Route = "unknown"
)

// changes says whether calls of a route change something.
func (r Route) changes() bool {
	return r == RouteMove || r == RoutePurge || r == RouteUpdate || r == RouteDelete
}

// Call is one request and what became of it.
type Call struct {
	Time      time.Time
	Method    string
	Route     Route
	Tenant    string
	Mailbox   string // UPN, "" when the call is about none
	Message   string // Key of the message, "" when it is about none or was not found
	From      string // of a move or purge: label of the folder in which the message lay
	To        string // of a move: label of the folder
	Status    int    // 0: the connection was cut
	Code      string // Graph's error code
	Applied   bool   // it changed something
	Fault     string // the fault that hit it, "" for none
	RequestID string
	InFlight  int // calls at once for its mailbox, itself included

	Credential string // of a token request: "secret" or "assertion"
	Claims     string // of a token request: what the token must satisfy
}

// String is one line for a test's log.
func (c Call) String() string {
	return fmt.Sprintf("%s %s mailbox=%s message=%s to=%s: %d %s applied=%t fault=%s",
		c.Method, c.Route, c.Mailbox, c.Message, c.To, c.Status, c.Code, c.Applied, c.Fault)
}

// Calls lists all calls in the order in which they ended.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Count is the number of calls of a route ("": any) for a mailbox ("": any).
func (s *Sim) Count(route Route, mailbox string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if (route == "" || c.Route == route) && (mailbox == "" || c.Mailbox == mailbox) {
			n++
		}
	}
	return n
}

// ForgetCalls empties the log of calls, for measuring one step of a test.
func (s *Sim) ForgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

func (s *Sim) record(c Call, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Status = status
	s.calls = append(s.calls, c)
}

// Violations lists what no correct client does: a call without a valid form or a token, a move of a message to where
// it is, a call before the Retry-After of its mailbox, of the directory, of the tenant or of the login service, a
// second change of a message after a lost answer without a look, more calls at once than a mailbox takes.
func (s *Sim) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// violate notes a violation. The caller holds the lock.
func (s *Sim) violate(format string, args ...any) {
	const most = 100 // enough to see what is wrong
	if len(s.violations) < most {
		s.violations = append(s.violations, fmt.Sprintf(format, args...))
	}
}

func (s *Sim) violation(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violate(format, args...)
}
