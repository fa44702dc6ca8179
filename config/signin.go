package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"clawback/internal/mailaddr"
)

// SignIn is the OpenID provider by which people sign in to the console.
type SignIn struct {
	Issuer           string // "": there is none
	ClientID         string
	ClientSecretFile string
	ClientSecret     Secret // of ClientSecretFile; none: a public client
	Claim            string // of the ID token, that has the groups
	Session          time.Duration
	Groups           []SignInGroup
}

// SignInGroup is what a group of the provider's opens.
type SignInGroup struct {
	Name    string
	Role    string
	Tenants []string // GUIDs; none: every tenant
	Bodies  bool     // may read the bytes of messages
}

// maxSession is the longest session: what it may is what the provider said when it began.
const maxSession = 24 * time.Hour

func readSignIn(t *table, tenants []Tenant, console Console) SignIn {
	s := SignIn{Issuer: t.word("issuer", "", providerURL), ClientID: t.text("client_id", ""),
		Claim: t.text("claim", "groups"), Session: t.duration("session", "8h", 5*time.Minute)}
	s.ClientSecretFile, s.ClientSecret = t.secret("client_secret_file")
	if s.Session > maxSession {
		t.wrong("session", "is longer than a day", "write 24h at most: rights are looked at when a session begins")
		s.Session = maxSession
	}
	for _, t := range t.tables("group") {
		s.Groups = append(s.Groups, readSignInGroup(t, tenants))
	}
	switch {
	case !t.present():
	case s.Issuer == "":
		t.wrong("issuer", "is missing", "write the provider's issuer, as in https://login.example.com")
	case s.ClientID == "":
		t.wrong("client_id", "is missing", "write the id that the provider has given to this application")
	case len(s.Groups) == 0:
		t.wrong("group", "is missing", "say under a line [[sign_in.group]] what a group opens")
	case !console.Enabled:
		t.wrong("issuer", "is there without a console", "add a line [console]: people sign in to that")
	}
	return s
}

func readSignInGroup(t *table, tenants []Tenant) SignInGroup {
	g := SignInGroup{Name: t.need("name", "write the group or role as the provider sends it: in Entra ID a group's "+
		"object id", notEmpty), Bodies: t.flag("bodies", false),
		Role: t.choice("role", "", "viewer", "analyst", "approver", "administrator")}
	names, every := t.list("tenants", nil, nil), t.flag("every_tenant", false)
	if every == (len(names) > 0) {
		t.wrong("tenants", "and every_tenant: one of them must be there",
			`write tenants = ["name"], or every_tenant = true`)
	}
	for _, name := range names {
		i := slices.IndexFunc(tenants, func(o Tenant) bool { return o.Name == name || o.ID == mailaddr.Lower(name) })
		if i < 0 {
			t.wrong("tenants", fmt.Sprintf("has %q, which is no tenant", name), "write the name of a [[tenant]]")
			continue
		}
		g.Tenants = append(g.Tenants, tenants[i].ID)
	}
	return g
}

// providerURL passes an issuer: https, or http on this machine. It is compared byte by byte, so that it stays as it is.
func providerURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" {
		addr, bad := netip.ParseAddr(u.Hostname())
		here := u.Hostname() == "localhost" || bad == nil && addr.IsLoopback()
		if u.Scheme == "https" || u.Scheme == "http" && here {
			return s, nil
		}
	}
	return "", bad(s, "is no issuer", "write it as the provider's openid-configuration has it, as in "+
		"https://login.example.com; without TLS only on this machine")
}
