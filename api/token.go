package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"clawback/retract"
	"clawback/store"
)

// Tokens are what programs prove themselves by. *token.Desk is one.
type Tokens interface {
	List() []store.Token
	LastUse(id string) store.TokenUse // zero: never
	// Add makes a token of what t says, and its secret, which is not kept.
	Add(ctx context.Context, who string, t store.Token) (store.Token, string, error)
	// Revoke ends a token, and those that were made by it.
	Revoke(ctx context.Context, who, id, comment string) (store.Token, error)
}

// The operations on tokens, and on who asks.
var (
	ShowPrincipal = define(Operation{Name: "principal.show", Route: "GET /v1/whoami", Role: Viewer,
		Does: "say who asks, and what he may"}, (*Service).showPrincipal)
	ListTokens = define(Operation{Name: "token.list", Route: "GET /v1/tokens", Role: Administrator,
		Does: "list the tokens of the API"}, (*Service).listTokens)
	ShowToken = define(Operation{Name: "token.show", Route: "GET /v1/tokens/{id}", Role: Administrator,
		Does: "show a token"}, (*Service).showToken)
	CreateToken = define(Operation{Name: "token.create", Route: "POST /v1/tokens", Role: Administrator,
		Secret: true,
		Does:   "make a token; its text is shown this once"}, (*Service).createToken)
	RevokeToken = define(Operation{Name: "token.revoke", Route: "POST /v1/tokens/{id}/revoke",
		Role: Administrator,
		Does: "end a token, and those that it has made"}, (*Service).revokeToken)
)

// Bearer is a token by which a principal asks.
type Bearer struct {
	ID      string
	Owner   string // the account that acts by it
	Expires time.Time
}

// TokenState says whether a token opens anything.
type TokenState string

// The states of a token.
const (
	TokenLive    TokenState = "live"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

// TokenStateOf is the state of a token at a time.
func TokenStateOf(t store.Token, now time.Time) TokenState {
	switch {
	case !t.Revoked.IsZero():
		return TokenRevoked
	case !now.Before(t.Expires):
		return TokenExpired
	}
	return TokenLive
}

// Token is what a program proves itself by, without its secret.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"` // what it is for
	Owner     string     `json:"owner"`
	Role      Role       `json:"role"`
	Tenants   []string   `json:"tenants"`      // GUIDs, where it is not of every tenant
	Every     bool       `json:"every_tenant"` // it is of every tenant, and of the machine
	Bodies    bool       `json:"bodies"`       // it may read the bytes of messages
	State     TokenState `json:"state"`
	By        string     `json:"made_by"`
	Parent    string     `json:"made_by_token,omitempty"` // ends with that one
	Created   time.Time  `json:"created"`
	Expires   time.Time  `json:"expires"`
	Revoked   time.Time  `json:"revoked,omitzero"`
	RevokedBy string     `json:"revoked_by,omitempty"`
	LastUsed  time.Time  `json:"last_used,omitzero" etag:"-"` // after a crash true to the minute
	LastFrom  string     `json:"last_used_from,omitempty" etag:"-"`
}

// NewToken is a token to be made.
type NewToken struct {
	Name string `json:"name"`
	// Whose acts those by the token are; "": the maker's. By a token of its own maker alone.
	Owner   string    `json:"owner,omitempty"`
	Role    Role      `json:"role"`
	Tenants []string  `json:"tenants,omitempty"` // names or GUIDs
	Every   bool      `json:"every_tenant,omitempty"`
	Bodies  bool      `json:"bodies,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero: in 90 days; a year at most
}

// MadeToken is a new token with its secret, which is shown this once.
type MadeToken struct {
	Token  Token  `json:"token"`
	Secret string `json:"secret"`
}

// TokenQuery selects tokens.
type TokenQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"` // name or GUID
	Ended  bool   `json:"ended,omitempty"`  // those that are expired or revoked too
}

// Whoami is who asks, as the door has proven it.
type Whoami struct {
	Name    string          `json:"name"`
	Role    Role            `json:"role"`    // in every tenant, and on the machine
	Tenants map[string]Role `json:"tenants"` // in these besides, by GUID
	Bodies  bool            `json:"bodies"`  // may read the bytes of messages
	Token   string          `json:"token,omitempty"`
	Expires time.Time       `json:"expires,omitzero"` // of the token
}

// How long a token lives.
const (
	TokenDays    = 90
	MaxTokenDays = 366
)

func (s *Service) showPrincipal(_ context.Context, a access, _ None) (Whoami, error) {
	shown := Whoami{Name: a.Name, Role: a.All, Tenants: map[string]Role{}, Bodies: a.Bodies}
	for tenant, role := range a.Tenants {
		shown.Tenants[tenant] = role
	}
	if a.Token != nil {
		shown.Token, shown.Expires = a.Token.ID, a.Token.Expires
	}
	return shown, nil
}

func (s *Service) tokenShown(t store.Token) Token {
	role, _ := parseRole(t.Role)
	use := s.o.Tokens.LastUse(t.ID)
	return Token{ID: t.ID, Name: t.Name, Owner: t.Owner, Role: role, Tenants: append([]string{}, t.Tenants...),
		Every: len(t.Tenants) == 0, Bodies: t.Bodies, State: TokenStateOf(t, time.Now()), By: t.By, Parent: t.Parent,
		Created: t.Created, Expires: t.Expires, Revoked: t.Revoked, RevokedBy: t.RevokedBy, LastUsed: use.At,
		LastFrom: use.From}
}

// governs reports whether the operation is open in every tenant of a token. Of one that reaches further not even its
// being there is told: it would name other tenants.
func (a access) governs(t store.Token) bool {
	if len(t.Tenants) == 0 {
		return a.everywhere()
	}
	return !slices.ContainsFunc(t.Tenants, func(tenant string) bool { return !a.mayUse(tenant) })
}

func (s *Service) listTokens(_ context.Context, a access, q TokenQuery) (page Page[Token], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	own := slices.DeleteFunc(s.o.Tokens.List(), func(t store.Token) bool {
		other := tenant != "" && !slices.Contains(t.Tenants, tenant)
		return !a.governs(t) || other || !q.Ended && TokenStateOf(t, time.Now()) != TokenLive
	})
	return part(own, q.Paging, func(t store.Token) string { return t.ID }, s.tokenShown)
}

// tokenOf finds a token that the principal may know of.
func (s *Service) tokenOf(a access, id string) (store.Token, error) {
	for _, t := range s.o.Tokens.List() {
		if t.ID == id && a.governs(t) {
			return t, nil
		}
	}
	return store.Token{}, missing("token", id)
}

func (s *Service) showToken(_ context.Context, a access, r ItemRef) (Token, error) {
	t, err := s.tokenOf(a, r.ID)
	if err != nil {
		return Token{}, err
	}
	return s.tokenShown(t), nil
}

func (s *Service) createToken(ctx context.Context, a access, n NewToken) (MadeToken, error) {
	t := store.Token{Name: n.Name, Role: n.Role.String(), Bodies: n.Bodies, By: a.Name}
	var err error
	if t.Tenants, err = s.tokenTenants(a, n); err != nil {
		return MadeToken{}, err
	}
	if n.Role < Viewer {
		return MadeToken{}, problem(InvalidRequest, "role: use viewer, analyst, approver or administrator")
	}
	if n.Bodies && !a.Bodies {
		return MadeToken{}, problem(Forbidden, "you may not read the bytes of messages, and so no token of yours may")
	}
	if t.Owner, err = a.ownerOf(n); err != nil {
		return MadeToken{}, err
	}
	if t.Expires, err = a.tokenEnd(n, time.Now()); err != nil {
		return MadeToken{}, err
	}
	if a.Token != nil {
		t.Parent = a.Token.ID
	}
	made, secret, err := s.o.Tokens.Add(ctx, a.Name, t)
	if err != nil {
		return MadeToken{}, err
	}
	return MadeToken{s.tokenShown(made), secret}, nil
}

// tokenTenants are the tenants of a new token: none for one of every tenant, which must be asked for in so many words.
func (s *Service) tokenTenants(a access, n NewToken) (ids []string, err error) {
	switch {
	case n.Every == (len(n.Tenants) > 0):
		return nil, problem(InvalidRequest, "name the tenants of the token, or set every_tenant; not both")
	case n.Every && !a.everywhere():
		return nil, problem(Forbidden, "a token of every tenant is made by an administrator of every tenant")
	}
	for _, name := range n.Tenants {
		if name == "" {
			return nil, problem(InvalidRequest, "a tenant has no name")
		}
		t, err := s.tenant(a, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// ownerOf is whose acts those by a new token are. Who himself asks by a token cannot make one for somebody else: with
// it he could approve what he has asked for.
func (a access) ownerOf(n NewToken) (string, error) {
	if a.Token == nil {
		return cmp.Or(n.Owner, retract.Account(a.Name)), nil
	}
	if n.Owner != "" && n.Owner != a.Token.Owner {
		return "", problem(Forbidden, "a token that is made by a token has its owner, %s", a.Token.Owner)
	}
	return a.Token.Owner, nil
}

// tokenEnd is when a new token ends: not after the one by which it is made.
func (a access) tokenEnd(n NewToken, now time.Time) (time.Time, error) {
	end, latest := n.Expires.UTC(), now.AddDate(0, 0, MaxTokenDays)
	if a.Token != nil && a.Token.Expires.Before(latest) {
		latest = a.Token.Expires
	}
	switch {
	case end.IsZero():
		if end = now.AddDate(0, 0, TokenDays); end.After(latest) {
			end = latest
		}
	case !now.Before(end):
		return end, problem(InvalidRequest, "expires: %s has passed", end.Format(time.RFC3339))
	case end.After(latest):
		return end, problem(InvalidRequest, "expires: the latest is %s", latest.UTC().Format(time.RFC3339))
	}
	return end.UTC().Truncate(time.Second), nil
}

func (s *Service) revokeToken(ctx context.Context, a access, o ItemOrder) (Token, error) {
	t, err := s.tokenOf(a, o.ID)
	if err != nil {
		return Token{}, err
	}
	if state := TokenStateOf(t, time.Now()); state != TokenLive {
		return Token{}, problem(WrongState, "token %s is %s already", t.ID, state)
	}
	if t, err = s.o.Tokens.Revoke(ctx, a.Name, t.ID, o.Comment); err != nil {
		return Token{}, err
	}
	return s.tokenShown(t), nil
}

// TokenPrincipal is who asks by a token. His name says whose token it is, and which.
func TokenPrincipal(t store.Token) (Principal, error) {
	role, err := parseRole(t.Role)
	if err != nil {
		return Principal{}, fmt.Errorf("token %s: %w", t.ID, err)
	}
	p := Principal{Name: fmt.Sprintf("%s (token %s, %s)", t.Owner, t.Name, t.ID), Bodies: t.Bodies,
		Token: &Bearer{t.ID, t.Owner, t.Expires}}
	if len(t.Tenants) == 0 {
		p.All = role
		return p, nil
	}
	p.Tenants = map[string]Role{}
	for _, tenant := range t.Tenants {
		p.Tenants[tenant] = role
	}
	return p, nil
}
