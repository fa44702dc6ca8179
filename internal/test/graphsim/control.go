package graphsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// Control is how a simulator that runs as a program of its own is fed and asked: JSON below ControlPath, with the
// fields of the Go types. It is there when Options.Control says so, and has no login: for the loopback interface.
//
//	POST tenants, users, groups, contacts, messages, faults, rates    add or set
//	POST later                                                        a copy that appears, or what its owner moves
//	GET  messages?mailbox=UPN, changed, calls, violations             look
const ControlPath = "/_sim/"

var errControl = errors.New("invalid control request")

// control answers a request below ControlPath.
func (s *Sim) control(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, ControlPath)
	var out any
	var err error
	switch r.Method {
	case http.MethodGet:
		out, err = s.look(name, r.URL.Query().Get("mailbox"))
	case http.MethodPost:
		out, err = s.add(name, r.Body)
	default:
		err = fmt.Errorf("%w: method", errControl)
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if list := reflect.ValueOf(out); list.Kind() == reflect.Slice && list.IsNil() {
		out = []struct{}{} // [], never null: scripts go through it
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Sim) look(name, mailbox string) (any, error) {
	switch name {
	case "messages":
		return s.Messages(mailbox), nil
	case "changed":
		return s.Changed(), nil
	case "calls":
		return s.Calls(), nil
	case "violations":
		return s.Violations(), nil
	}
	return nil, fmt.Errorf("%w: %s cannot be looked at", errControl, name)
}

// add decodes by the name of the collection. Unknown fields are refused: a misspelt one would do nothing.
func (s *Sim) add(name string, body io.Reader) (out any, err error) {
	defer func() { // of a tenant that is not there
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errControl, p)
		}
	}()
	switch name {
	case "tenants":
		return decoded(body, func(t Tenant) (any, error) { s.AddTenant(t); return t, nil })
	case "users":
		return decoded(body, func(u User) (any, error) { return s.AddUser(u), nil })
	case "groups":
		return decoded(body, func(g Group) (any, error) { return s.AddGroup(g), nil })
	case "contacts":
		return decoded(body, func(c Contact) (any, error) { s.AddContact(c); return c, nil })
	case "messages":
		return decoded(body, func(d Delivery) (any, error) { return s.Deliver(d) })
	case "faults":
		return decoded(body, func(in Injection) (any, error) { s.Inject(in); return in, nil })
	case "later":
		return decoded(body, func(l Later) (any, error) { return s.Happen(l) })
	case "rates":
		return decoded(body, func(r Rates) (any, error) { s.SetRates(&r); return r, nil })
	}
	return nil, fmt.Errorf("%w: %s cannot be added", errControl, name)
}

func decoded[T any](body io.Reader, use func(T) (any, error)) (any, error) {
	const most = 256 << 20
	var v T
	in := json.NewDecoder(io.LimitReader(body, most))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w: %w", errControl, err)
	}
	return use(v)
}
