package graphsim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is a Graph request, taken apart.
type request struct {
	*http.Request
	call      Call
	tenant    *tenant
	user      string // id or UPN as it stands in the path
	owner     *user
	folder    string
	message   string
	group     string
	query     url.Values // $filter and so on, decoded
	immutable bool       // Prefer: IdType="ImmutableId"
	began     time.Time  // when it arrived
}

var errPath = errors.New("resource not found for the segment")

// parseRequest finds the route and the ids. An error is Graph's 400.
func parseRequest(r *http.Request) (*request, error) {
	out := &request{Request: r, call: Call{Method: r.Method, Route: RouteUnknown}}
	for _, prefer := range r.Header.Values("Prefer") {
		if strings.Contains(strings.ReplaceAll(prefer, " ", ""), `IdType="ImmutableId"`) {
			out.immutable = true
		}
	}
	path, found := strings.CutPrefix(r.URL.EscapedPath(), "/v1.0/")
	if !found {
		return out, errPath
	}
	var segments []string
	for _, raw := range strings.Split(path, "/") {
		segment, err := url.PathUnescape(raw)
		if err != nil {
			return out, errPath
		}
		segments = append(segments, segment)
	}
	if err := out.route(segments); err != nil {
		return out, err
	}
	var err error
	out.query, err = parseQuery(r.URL.RawQuery)
	return out, err
}

func (r *request) route(segments []string) error {
	head, rest := segments[0], segments[1:]
	id, quoted := strings.CutPrefix(head, "users('")
	if quoted { // for a UPN that begins with $
		rest = append([]string{strings.TrimSuffix(id, "')")}, rest...)
		head = "users"
	}
	switch {
	case head == "users" && len(rest) > 0 && strings.HasPrefix(rest[0], "$") && !quoted: // Graph, user: get
		return errPath
	case head == "users" && len(rest) > 0:
		r.user = rest[0]
		return r.userRoute(rest[1:])
	case head == "groups" && len(rest) >= 2 && rest[1] == "transitiveMembers":
		r.group = rest[0]
		return r.is(http.MethodGet, RouteMembers)
	case len(rest) > 0:
		return errPath
	}
	route, known := map[string]Route{
		"users": RouteUsers, "groups": RouteGroups, "contacts": RouteContacts, "organization": RouteOrganization,
	}[head]
	if !known {
		return errPath
	}
	return r.is(http.MethodGet, route)
}

func (r *request) is(method string, route Route) error {
	if r.Method != method {
		return errPath
	}
	r.call.Route = route
	return nil
}

func (r *request) userRoute(rest []string) error {
	switch {
	case len(rest) == 0:
		return r.is(http.MethodGet, RouteUser)
	case rest[0] == "messages" && len(rest) == 1:
		return r.is(http.MethodGet, RouteMessages)
	case rest[0] == "messages":
		r.message = rest[1]
		return r.messageRoute(rest[2:])
	case rest[0] == "mailFolders" && len(rest) == 2:
		r.folder = rest[1]
		return r.is(http.MethodGet, RouteFolder)
	case rest[0] == "mailFolders" && len(rest) == 3 && rest[2] == "messages":
		r.folder = rest[1]
		return r.is(http.MethodGet, RouteFolderMessages)
	}
	return errPath
}

func (r *request) messageRoute(rest []string) error {
	action := strings.Join(rest, "/")
	switch {
	case action == "" && r.Method == http.MethodPatch:
		return r.is(http.MethodPatch, RouteUpdate)
	case action == "" && r.Method == http.MethodDelete:
		return r.is(http.MethodDelete, RouteDelete)
	case action == "":
		return r.is(http.MethodGet, RouteMessage)
	case action == "$value":
		return r.is(http.MethodGet, RouteValue)
	case action == "move" || action == "microsoft.graph.move":
		return r.is(http.MethodPost, RouteMove)
	case action == "permanentDelete" || action == "microsoft.graph.permanentDelete":
		return r.is(http.MethodPost, RoutePurge)
	}
	return errPath
}

// mail says whether the request is about a mailbox.
func (r *request) mail() bool { return r.user != "" && r.call.Route != RouteUser }
