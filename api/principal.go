package api

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what somebody may do. Each role may do what those before it may.
type Role int

// The roles.
const (
	Nobody        Role = iota
	Viewer             // sees what is known about messages, not their bodies
	Analyst            // retracts, restores, settles what users report
	Approver           // decides what is held, and has reports worked on again
	Administrator      // policies, addresses, quarantine
)

var roleNames = [...]string{"nobody", "viewer", "analyst", "approver", "administrator"}

// String is the role's name, as configurations and answers have it.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleNames) {
		return fmt.Sprintf("Role(%d)", int(r))
	}
	return roleNames[r]
}

// parseRole reads the name of a role.
func parseRole(name string) (Role, error) {
	for role, known := range roleNames {
		if known == name {
			return Role(role), nil
		}
	}
	return Nobody, problem(InvalidRequest, "role %q: use %s", name, strings.Join(roleNames[Viewer:], ", "))
}

// MarshalText is the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a role's name.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = parseRole(string(text))
	return err
}

// Principal is who asks: proven by the door he came through, never by what his request says.
type Principal struct {
	Name    string          // for the audit
	All     Role            // in every tenant, and for what belongs to the machine
	Tenants map[string]Role // in these besides, by GUID
	Bodies  bool            // may read the bytes of messages, where he may see them
	Token   *Bearer         // by which he asks; nil: the door has proven him otherwise
	Session string          // in which he has signed in; "": none
}

// Root is a principal who may do everything everywhere.
func Root(name string) Principal { return Principal{Name: name, All: Administrator, Bodies: true} }

// Proof is by what a door has proven the principal: the same for the same token, session or account.
func (p Principal) Proof() string {
	switch {
	case p.Token != nil:
		return "token " + p.Token.ID
	case p.Session != "":
		return "session " + p.Session
	}
	return "name " + p.Name
}

// in is the principal's role in one tenant; "" is what belongs to none.
func (p Principal) in(tenant string) Role {
	if tenant == "" {
		return p.All
	}
	return max(p.All, p.Tenants[tenant])
}

// most is the greatest role that the principal has anywhere.
func (p Principal) most() Role {
	role := p.All
	for _, r := range p.Tenants {
		role = max(role, r)
	}
	return role
}

// access is a principal in one operation: what he may see and touch by it.
type access struct {
	Principal
	op Operation
}

// mayUse reports whether the operation is open to a tenant's data.
func (a access) mayUse(tenant string) bool { return a.in(tenant) >= a.op.Role }

// everywhere reports whether the operation is open to all tenants.
func (a access) everywhere() bool { return a.All >= a.op.Role }

// allowedTenants are the tenants in which the operation is open, sorted, where it is not open everywhere.
func (a access) allowedTenants() []string {
	var list []string
	for tenant := range a.Tenants {
		if a.mayUse(tenant) {
			list = append(list, tenant)
		}
	}
	slices.Sort(list)
	return list
}

// admit refuses what the principal may nowhere do.
func (a access) admit() error {
	switch {
	case a.op.Machine && !a.everywhere():
		return problem(Forbidden, "%s is about the whole machine: it needs the role %s in all tenants", a.op.Name,
			a.op.Role)
	case a.most() < a.op.Role:
		return problem(Forbidden, "%s needs the role %s", a.op.Name, a.op.Role)
	case a.op.Bodies && !a.Bodies:
		return problem(Forbidden, "%s shows the bytes of a message, which you may not read", a.op.Name)
	}
	return nil
}

// check refuses a thing of a tenant where the operation is not open. What the principal may not even see is not found,
// as if it did not exist.
func (a access) check(tenant, what, id string) error {
	switch {
	case a.mayUse(tenant):
		return nil
	case a.in(tenant) < Viewer:
		return missing(what, id)
	}
	return problem(Forbidden, "%s needs the role %s in the tenant of %s %s", a.op.Name, a.op.Role, what, id)
}

// missing is a thing that does not exist, or that the principal may not know of: the two must look alike.
func missing(what, id string) error { return problem(NotFound, "%s %q: not found", what, id) }
