package api

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"clawback/retract"
	"clawback/store"
)

// MakeSignInLink lets a person sign in to the console. It is how the first one comes in.
var MakeSignInLink = define(Operation{Name: "console.link", Route: "POST /v1/console/links", Role: Administrator,
	Machine: true, Secret: true,
	Does: "make a link by which one person signs in to the console, once; only on the machine itself"},
	(*Service).makeSignInLink)

// SignInLinks are the links that open the console. *console.Links is one.
type SignInLinks interface {
	// Make makes a link: who signs in by it is the principal.
	Make(p Principal) (url string, expires time.Time, err error)
}

// NewSignInLink is a link to be made.
type NewSignInLink struct {
	Account string   `json:"account,omitempty"` // whose acts those in the console are; "": the maker's
	Role    Role     `json:"role"`
	Tenants []string `json:"tenants,omitempty"` // names or GUIDs; none: every tenant, and the machine
	Bodies  bool     `json:"bodies,omitempty"`  // may read the bytes of messages
}

// SignInLink is a link that opens the console once.
type SignInLink struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

func (s *Service) makeSignInLink(ctx context.Context, a access, n NewSignInLink) (link SignInLink, err error) {
	switch {
	case a.Token != nil || a.Session != "":
		return link, problem(Forbidden, "links to sign in are made on the machine: clawback console link")
	case s.o.SignInLinks == nil:
		return link, problem(WrongState, "the console is off: add [console] to the configuration, and restart")
	case n.Role < Viewer:
		return link, problem(InvalidRequest, "role: use viewer, analyst, approver or administrator")
	}
	p := Principal{Name: accountName(cmp.Or(n.Account, retract.Account(a.Name))), Bodies: n.Bodies}
	where := "every tenant"
	if len(n.Tenants) == 0 {
		p.All = n.Role
	} else if p.Tenants, where, err = s.linkTenants(a, n); err != nil {
		return link, err
	}
	act := store.Act{Who: a.Name, What: a.op.Name, Object: p.Name, Comment: fmt.Sprintf("%s of %s", n.Role, where)}
	if err := s.note(ctx, act); err != nil {
		return link, err
	}
	if link.URL, link.Expires, err = s.o.SignInLinks.Make(p); err != nil {
		return SignInLink{}, err
	}
	return link, nil
}

// linkTenants are the tenants of a link, with their role, and their names.
func (s *Service) linkTenants(a access, n NewSignInLink) (roles map[string]Role, where string, err error) {
	roles = map[string]Role{}
	var names []string
	for _, name := range n.Tenants {
		if name == "" {
			return nil, "", problem(InvalidRequest, "a tenant has no name")
		}
		t, err := s.tenant(a, name)
		if err != nil {
			return nil, "", err
		}
		roles[t.ID], names = n.Role, append(names, t.Name)
	}
	return roles, strings.Join(names, " "), nil
}

// accountName is a name that can stand in the audit beside brackets and commas without being taken for something else.
func accountName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._@\\-", r) {
			return r
		}
		return '-'
	}, name)
	name = strings.TrimLeft(name, "._@\\-")
	return cmp.Or(string([]rune(name)[:min(len([]rune(name)), 64)]), "unknown")
}

// May reports whether an operation is open to the principal in a tenant; "" is what belongs to none. It is for showing
// what can be done: Do decides.
func (p Principal) May(op Any, tenant string) bool {
	row := op.Row()
	return p.in(tenant) >= row.Role && (!row.Machine || p.All >= row.Role) && (!row.Bodies || p.Bodies)
}

// MaySomewhere reports whether an operation is open to the principal in any tenant.
func (p Principal) MaySomewhere(op Any) bool { return access{p, op.Row()}.admit() == nil }
