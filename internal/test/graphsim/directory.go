package graphsim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Tenant is one organisation.
type Tenant struct {
	ID           string // GUID
	Name         string
	ClientID     string // of the application that may ask for tokens
	ClientSecret string
	Roles        []string // application permissions that stand in its tokens
	Domains      []string // verified domains, the first one is the default
}

// DefaultTenant is the tenant that every Sim has from the start.
func DefaultTenant() Tenant {
	return Tenant{
		ID:           "11111111-2222-4333-8444-555555555555",
		Name:         "Contoso",
		ClientID:     "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
		ClientSecret: "simulated-secret",
		Roles: []string{"Mail.ReadWrite", "User.Read.All", "GroupMember.Read.All", "Organization.Read.All",
			"OrgContact.Read.All"},
		Domains: []string{"contoso.example"},
	}
}

// Kind is what a directory object is, as far as mail goes.
type Kind string

// The kinds.
const (
	UserMailbox   Kind = "user"
	SharedMailbox Kind = "shared"
	RoomMailbox   Kind = "room"
	Guest         Kind = "guest"     // an account of another organisation, without a mailbox
	OnPremises    Kind = "on_prem"   // the mailbox is in the organisation's own Exchange
	NoMailbox     Kind = "none"      // not licensed
	DeletedUser   Kind = "deleted"   // in the directory's recycle bin
	Unlisted      Kind = "no_access" // exists, but the application may not read its mailbox
)

// User is an account. Its first address is its UPN unless Mail says otherwise.
type User struct {
	ID      string // object id; "": made from the UPN
	Tenant  string // "": the first tenant
	UPN     string
	Mail    string // primary address; "": the UPN
	Aliases []string
	Kind    Kind // "": UserMailbox
}

// Group is a distribution list or a mail-enabled group.
type Group struct {
	ID      string
	Tenant  string
	Address string
	Members []string // UPNs
}

// Contact is a mail contact: an address outside the organisation that its address book lists.
type Contact struct {
	Tenant  string
	Address string
}

type tenant struct {
	Tenant
	users     map[string]*user // by object id
	upns      map[string]*user // in lower case
	addresses map[string]*user // every proxy address, without its prefix, in lower case
	groups    map[string]*Group
	contacts  []Contact
	scope     map[string]bool // UPNs in lower case that RBAC for Applications opens
}

type user struct {
	User
	proxies  []string // with SMTP: or smtp:
	box      *mailbox // nil where there is none
	asked    int      // calls to a mailbox that is not reachable, for the alternating answer
	restrict bool     // 403: outside the application's scope
}

// AddTenant adds an organisation, or replaces it with its users.
func (s *Sim) AddTenant(t Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == "" {
		s.first = t.ID
	}
	s.tenants[t.ID] = &tenant{
		Tenant: t, users: map[string]*user{}, upns: map[string]*user{}, addresses: map[string]*user{},
		groups: map[string]*Group{},
		scope:  map[string]bool{},
	}
}

// AddMailbox adds a user mailbox with its aliases to the first tenant.
func (s *Sim) AddMailbox(upn string, aliases ...string) User {
	return s.AddUser(User{UPN: upn, Aliases: aliases})
}

// AddUser adds an account and, where its kind has one, its mailbox. It returns the account with all fields filled in.
// It panics when the tenant is not known: that is an error of the test.
func (s *Sim) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenantOf(u.Tenant)
	u = u.withDefaults(t.ID)
	entry := &user{User: u, restrict: u.Kind == Unlisted}
	entry.proxies = append(entry.proxies, "SMTP:"+u.Mail)
	for _, alias := range u.Aliases {
		entry.proxies = append(entry.proxies, "smtp:"+alias)
	}
	if !slices.Contains([]Kind{Guest, NoMailbox, OnPremises}, u.Kind) {
		entry.box = newMailbox(u.ID)
	}
	t.users[u.ID] = entry
	t.upns[strings.ToLower(u.UPN)] = entry
	for _, proxy := range entry.proxies {
		t.addresses[strings.ToLower(proxy[len("smtp:"):])] = entry
	}
	s.owners[strings.ToLower(u.UPN)] = entry
	return u
}

func (u User) withDefaults(tenant string) User {
	u.Tenant = tenant
	if u.ID == "" {
		u.ID = guid(tenant + "/" + strings.ToLower(u.UPN))
	}
	if u.Mail == "" {
		u.Mail = u.UPN
	}
	if u.Kind == "" {
		u.Kind = UserMailbox
	}
	return u
}

// AddGroup adds a mail-enabled group.
func (s *Sim) AddGroup(g Group) Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenantOf(g.Tenant)
	if g.ID == "" {
		g.ID = guid(t.ID + "/group/" + strings.ToLower(g.Address))
	}
	t.groups[g.ID] = &g
	return g
}

// AddContact adds a mail contact.
func (s *Sim) AddContact(c Contact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenantOf(c.Tenant)
	t.contacts = append(t.contacts, c)
}

// SetKind changes what an account is: deleted, moved on-premises, restricted, or back.
func (s *Sim) SetKind(upn string, k Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.owner(upn)
	u.Kind, u.restrict = k, k == Unlisted
	if u.box == nil && k == UserMailbox {
		u.box = newMailbox(u.ID)
	}
}

func (s *Sim) tenantOf(id string) *tenant {
	if id == "" {
		id = s.first
	}
	t := s.tenants[id]
	if t == nil {
		panic(fmt.Sprintf("graphsim: no tenant %s", id))
	}
	return t
}

func (s *Sim) owner(upn string) *user {
	u := s.owners[strings.ToLower(upn)]
	if u == nil {
		panic(fmt.Sprintf("graphsim: no user %s", upn))
	}
	return u
}

// guid makes an object id that depends on its name alone.
func guid(name string) string {
	sum := sha256.Sum256([]byte(name))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

// number draws 64 bits that depend on the seed and the name alone.
func (s *Sim) number(name string) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", s.o.Seed, name))
	return binary.BigEndian.Uint64(sum[:8])
}
