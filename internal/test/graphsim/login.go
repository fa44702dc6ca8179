package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// token is an access token that was handed out.
type token struct {
	tenant  string
	until   time.Time
	revoked bool
}

// Consent is what arrives at the admin consent page.
type Consent struct {
	Tenant, ClientID, RedirectURI, Scope, State string
}

// ConsentReply is what the administrator does there. The zero value accepts.
type ConsentReply struct {
	Error, Description string
	Tenant             string // "": the first tenant
	OmitState          bool   // as when consent is granted in the portal
}

// login answers what is not Graph: discovery, tokens and admin consent. False: it is none of these.
func (s *Sim) login(w http.ResponseWriter, r *http.Request) bool {
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		s.discovery(w, r, tenant)
	case "oauth2/v2.0/token":
		s.token(w, r, tenant)
	case "v2.0/adminconsent", "adminconsent":
		s.consent(w, r, tenant)
	default:
		return false
	}
	return true
}

func (s *Sim) discovery(w http.ResponseWriter, r *http.Request, tenant string) {
	call := Call{Route: RouteDiscovery, Method: r.Method, Tenant: tenant, Time: s.o.Now()}
	if s.loginFault(w, r, &call) {
		return
	}
	s.record(call, http.StatusOK)
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                 s.base + "/" + tenant + "/v2.0",
		"authorization_endpoint": s.base + "/" + tenant + "/oauth2/v2.0/authorize",
		"token_endpoint":         s.base + "/" + tenant + "/oauth2/v2.0/token",
		"jwks_uri":               s.base + "/" + tenant + "/discovery/v2.0/keys",
	})
}

// token grants client credentials. RFC 6749, section 4.4; the assertion of a certificate is not verified.
func (s *Sim) token(w http.ResponseWriter, r *http.Request, id string) {
	call := Call{Route: RouteToken, Method: r.Method, Tenant: id, Time: s.o.Now(), Credential: credentialOf(r),
		Claims: r.PostFormValue("claims")}
	if s.loginFault(w, r, &call) {
		return
	}
	s.mu.Lock()
	t := s.tenants[id]
	code, description := grantError(t, r)
	s.mu.Unlock()
	if code != "" {
		s.record(call, http.StatusUnauthorized)
		writeJSON(w, http.StatusUnauthorized, map[string]any{
			"error": code, "error_description": description, "correlation_id": guid(s.next("correlation")),
		})
		return
	}
	s.record(call, http.StatusOK)
	life := int(s.o.TokenLife / time.Second)
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": s.issueToken(t),
	})
}

// loginFault answers a call to the login service with a fault, if one hits it.
func (s *Sim) loginFault(w http.ResponseWriter, r *http.Request, c *Call) bool {
	s.early(string(c.Route)+" request", sameCall(r), c.Time, loginScope(c.Tenant))
	fault, hit := s.fault(c)
	if !hit || fault.Apply || !s.delay(r, fault) {
		return hit && !fault.Apply
	}
	if fault.RetryAfter != "" {
		s.wait(fault.RetryAfter, sameCall(r), loginScope(c.Tenant))
	}
	status := fault.Status
	if fault.Drop {
		status = 0
	}
	s.record(*c, status)
	fault.write(w)
	return true
}

func credentialOf(r *http.Request) string {
	if r.PostFormValue("client_assertion") != "" {
		return "assertion"
	}
	return "secret"
}

// grantError says why a token is refused, in the words of Entra.
func grantError(t *tenant, r *http.Request) (code, description string) {
	if t == nil {
		return "invalid_request", "AADSTS90002: Tenant not found. Check to make sure you have the correct tenant ID."
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		return "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type."
	}
	if r.PostForm.Get("client_id") != t.ClientID {
		return "unauthorized_client", "AADSTS700016: Application with identifier was not found in the directory."
	}
	asserted := r.PostForm.Get("client_assertion") != ""
	if !asserted && r.PostForm.Get("client_secret") != t.ClientSecret {
		return "invalid_client", "AADSTS7000215: Invalid client secret provided."
	}
	if scope := r.PostForm.Get("scope"); !strings.Contains(scope, "/.default") {
		return "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."
	}
	return "", ""
}

// issueToken makes a token in the shape of a JWT; nobody verifies its signature.
func (s *Sim) issueToken(t *tenant) string {
	nonce := s.next("token")
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.o.Now().Add(s.o.TokenLife)
	claims, _ := json.Marshal(map[string]any{ // plain strings and numbers: cannot fail
		"aud": s.base, "iss": s.base + "/" + t.ID + "/v2.0", "tid": t.ID, "appid": t.ClientID,
		"roles": t.Roles, "exp": until.Unix(), "uti": nonce,
	})
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + encode(claims) + "." + encode([]byte(nonce))
	s.tokens[text] = token{tenant: t.ID, until: until}
	return text
}

// bearer gives the tenant whose token a request bears.
func (s *Sim) bearer(r *http.Request) (*tenant, bool) {
	text, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, known := s.tokens[text]
	if !found || !known || entry.revoked || s.o.Now().After(entry.until) {
		return nil, false
	}
	return s.tenants[entry.tenant], true
}

// RevokeTokens makes every token that was handed out so far invalid.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, entry := range s.tokens {
		entry.revoked = true
		s.tokens[text] = entry
	}
}

// SetRoles changes the permissions that later tokens of a tenant ("": the first) bear.
func (s *Sim) SetRoles(tenant string, roles ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenantOf(tenant).Roles = roles
}

// SetSecret changes the client secret of a tenant ("": the first). Tokens that were handed out stay good.
func (s *Sim) SetSecret(tenant, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenantOf(tenant).ClientSecret = secret
}

// mayList says whether a tenant's application may read the directory.
func (t *tenant) mayList(role string) bool {
	return slices.Contains(t.Roles, role) || slices.Contains(t.Roles, "Directory.Read.All")
}

// consent is the page at which an administrator grants the application's permissions.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request, id string) {
	q := r.URL.Query()
	ask := Consent{id, q.Get("client_id"), q.Get("redirect_uri"), q.Get("scope"), q.Get("state")}
	var reply ConsentReply
	if s.o.Consent != nil {
		reply = s.o.Consent(ask)
	}
	target, err := url.Parse(ask.RedirectURI)
	if err != nil || ask.RedirectURI == "" || id == "common" {
		http.Error(w, "AADSTS900971: No reply address provided.", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	if reply.Tenant == "" {
		reply.Tenant = s.first
	}
	s.mu.Unlock()
	target.RawQuery = reply.values(ask).Encode()
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusFound)
}

// values is the query of the redirect. admin_consent=True stands there on errors too.
func (reply ConsentReply) values(ask Consent) url.Values {
	out := url.Values{"admin_consent": {"True"}}
	if !reply.OmitState {
		out.Set("state", ask.State)
	}
	if reply.Error != "" {
		out.Set("error", reply.Error)
		out.Set("error_description", reply.Description)
		return out
	}
	out.Set("tenant", reply.Tenant)
	out.Set("scope", ask.Scope)
	return out
}

// next makes a name that was never used before.
func (s *Sim) next(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return fmt.Sprintf("%s-%d-%d", kind, s.o.Seed, s.made)
}
