package graphsim

import (
	"maps"
	"net/http"
	"strings"
	"time"
)

// handle is the order of things for one request.
func (s *Sim) handle(w http.ResponseWriter, r *http.Request) {
	if s.o.Control && strings.HasPrefix(r.URL.Path, ControlPath) {
		s.control(w, r)
		return
	}
	began := s.o.Now()
	if !s.pause(r, s.o.Latency) {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v1.0/") || !s.login(w, r) {
		s.graph(w, r, began)
	}
}

// pause waits, unless the client gives up first.
func (s *Sim) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// delay is the pause of a fault. One that is applied is so even when the client has long gone: Graph does not notice.
func (s *Sim) delay(r *http.Request, f Fault) bool {
	if !f.Apply {
		return s.pause(r, f.Delay)
	}
	time.Sleep(f.Delay)
	return true
}

func (s *Sim) graph(w http.ResponseWriter, r *http.Request, began time.Time) {
	req, parseError := parseRequest(r)
	req.began = began
	req.call.Time = s.o.Now()
	req.call.RequestID = guid(s.next("request"))
	w.Header().Set("Request-Id", req.call.RequestID)
	if id := r.Header.Get("Client-Request-Id"); id != "" &&
		strings.EqualFold(r.Header.Get("Return-Client-Request-Id"), "true") {
		w.Header().Set("Client-Request-Id", id)
	}
	if s.o.Check != nil {
		if err := s.o.Check(r); err != nil {
			s.violation("%s %s: %v", r.Method, req.call.Route, err)
		}
	}
	if !s.admit(w, req) {
		return
	}
	if parseError != nil {
		s.violation("%s %s: %v", r.Method, req.call.Route, parseError)
		s.reply(w, req, badRequest("BadRequest", parseError))
		return
	}
	s.serve(w, req)
}

// admit checks the token and finds out whose mailbox is meant.
func (s *Sim) admit(w http.ResponseWriter, r *request) bool {
	if r.Header.Get("Authorization") == "" {
		s.violation("%s %s without a token", r.Method, r.call.Route)
	}
	tenant, ok := s.bearer(r.Request)
	if !ok {
		a := failed(http.StatusUnauthorized, "InvalidAuthenticationToken",
			"Access token has expired or is not yet valid.")
		a.header = http.Header{"Www-Authenticate": {`Bearer realm="", authorization_uri="` + s.base +
			`/common/oauth2/authorize"`}}
		s.reply(w, r, a)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.tenant, r.call.Tenant = tenant, tenant.ID
	if r.owner = tenant.account(r.user); r.owner != nil {
		r.call.Mailbox = r.owner.UPN
		if r.mail() && r.message != "" && r.owner.box != nil {
			if m := r.owner.box.find(r.message); m != nil {
				r.call.Message = m.Key
			}
		}
	}
	return true
}

// account finds a user by object id or UPN.
func (t *tenant) account(idOrUPN string) *user {
	if u := t.users[strings.ToLower(idOrUPN)]; u != nil {
		return u
	}
	return t.upns[strings.ToLower(idOrUPN)]
}

// serve meets the limits and the faults, and lets the handler act in between.
func (s *Sim) serve(w http.ResponseWriter, r *request) {
	s.early(string(r.call.Route)+" of "+r.call.Mailbox, sameCall(r.Request), r.began, r.scopes()...)
	s.repeated(r)
	if r.mail() && r.owner != nil {
		fault := s.enter(&r.call, r.owner.ID)
		defer s.leave(&r.call, r.owner.ID)
		if fault != nil {
			r.call.Fault = fault.name()
			s.strike(w, r, *fault)
			return
		}
	}
	fault, hit := s.fault(&r.call)
	if hit && !s.delay(r.Request, fault) {
		return
	}
	if hit && !fault.Apply {
		s.strike(w, r, fault)
		return
	}
	a := s.act(r)
	r.call.Applied = a.applied
	s.looked(r, a, hit)
	if hit {
		s.strike(w, r, fault)
		return
	}
	s.reply(w, r, a)
}

// lose notes of a message that the answer of a change was lost: whether it was carried out is not known to the client.
func (s *Sim) lose(r *request, f Fault) {
	if !s.o.Bare && r.call.Route.changes() && (f.Drop || f.Status >= 500) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lost[r.call.Mailbox+" "+r.call.Message] = true
	}
}

// repeated notes a change of a message whose last one had no answer, without a look at what became of that.
func (s *Sim) repeated(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := r.call.Mailbox + " " + r.call.Message; r.call.Route.changes() && s.lost[key] {
		s.violate("%s of %s repeated without a look at what became of the one whose answer was lost", r.call.Route, key)
		delete(s.lost, key)
	}
}

// looked notes that the client has seen where a mailbox's messages are, or that an id is not there.
func (s *Sim) looked(r *request, a answer, hit bool) {
	if hit || a.status != http.StatusOK && a.status != http.StatusNotFound {
		return
	}
	switch r.call.Route {
	case RouteMessage, RouteMessages, RouteFolderMessages:
		s.mu.Lock()
		defer s.mu.Unlock()
		maps.DeleteFunc(s.lost, func(key string, _ bool) bool { return strings.HasPrefix(key, r.call.Mailbox+" ") })
	}
}

// strike answers with a fault.
func (s *Sim) strike(w http.ResponseWriter, r *request, f Fault) {
	if f.RetryAfter != "" {
		s.wait(f.RetryAfter, sameCall(r.Request), r.bound(f))
	}
	if f.Status == http.StatusUnauthorized {
		s.revoke(r.Request)
	}
	s.lose(r, f)
	r.call.Code = f.Code
	status := f.Status
	if f.Drop {
		status = 0
	}
	s.record(r.call, status)
	f.write(w)
}

// revoke makes the token of a request invalid.
func (s *Sim) revoke(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if entry, known := s.tokens[text]; known {
		entry.revoked = true
		s.tokens[text] = entry
	}
}

func (s *Sim) reply(w http.ResponseWriter, r *request, a answer) {
	if r.immutable {
		w.Header().Set("Preference-Applied", `IdType=ImmutableId`)
	}
	r.call.Code, r.call.Applied = a.code, a.applied
	s.record(r.call, a.status)
	a.write(w, r.call.RequestID)
}

// act carries the request out. The state is locked meanwhile: each call is one step.
func (s *Sim) act(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.call.Route {
	case RouteOrganization:
		return s.organization(r)
	case RouteUsers:
		return s.listUsers(r)
	case RouteUser:
		return s.getUser(r)
	case RouteGroups:
		return s.listGroups(r)
	case RouteMembers:
		return s.listMembers(r)
	case RouteContacts:
		return s.listContacts(r)
	}
	if a, barred := s.barred(r); barred {
		return a
	}
	return s.mailbox(r)
}

func (s *Sim) mailbox(r *request) answer {
	switch r.call.Route {
	case RouteFolder:
		return s.getFolder(r)
	case RouteMessages, RouteFolderMessages:
		return s.listMessages(r)
	case RouteMessage:
		return s.getMessage(r)
	case RouteValue:
		return s.getValue(r)
	case RouteMove:
		return s.move(r)
	case RoutePurge:
		return s.purge(r)
	case RouteUpdate:
		return s.update(r)
	default:
		return s.remove(r)
	}
}
