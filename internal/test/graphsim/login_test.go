package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestToken_whatItSays(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	parts := strings.Split(c.token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Tenant string   `json:"tid"`
		Roles  []string `json:"roles"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Tenant != DefaultTenant().ID ||
		len(claims.Roles) == 0 {
		t.Errorf("%s %v", raw, err)
	}
}

func TestToken_refusals(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	d := DefaultTenant()
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {d.ClientID}, "client_secret": {d.ClientSecret}, "scope": {"https://graph/.default"}}
	for _, v := range []struct{ name, tenant, key, value, want string }{
		{"unknown tenant", "0", "scope", "https://graph/.default", "AADSTS90002"},
		{"another grant", d.ID, "grant_type", "password", "AADSTS70003"},
		{"unknown client", d.ID, "client_id", "x", "AADSTS700016"},
		{"wrong secret", d.ID, "client_secret", "x", "AADSTS7000215"},
		{"scope of a single permission", d.ID, "scope", "Mail.ReadWrite", "AADSTS1002012"},
	} {
		t.Run(v.name, func(t *testing.T) {
			form := url.Values{}
			for key, values := range good {
				form[key] = values
			}
			form.Set(v.key, v.value)
			resp, err := c.http.PostForm(c.sim.URL()+"/"+v.tenant+"/oauth2/v2.0/token", form)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var body struct {
				Text string `json:"error_description"`
			}
			if json.NewDecoder(resp.Body).Decode(&body); resp.StatusCode != 401 ||
				!strings.HasPrefix(body.Text, v.want) {
				t.Errorf("%d %s", resp.StatusCode, body.Text)
			}
		})
	}
}

func TestToken_endsAndIsRevoked(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := newClient(t, Options{Rates: Calm(), TokenLife: time.Minute, Now: func() time.Time { return now }})
	u := c.sim.AddMailbox("anna@contoso.example")
	status := func() int { return c.do("GET", "/users/"+u.ID, "").status }
	if status() != 200 {
		t.Error("a fresh token is refused")
	}
	now = now.Add(61 * time.Second)
	if r := c.do("GET", "/users/"+u.ID, ""); r.status != 401 || r.code() != "InvalidAuthenticationToken" {
		t.Errorf("after its end: %+v", r)
	}
	c.token = c.login()
	c.sim.RevokeTokens()
	if status() != 401 {
		t.Error("a revoked token is good")
	}
	c.token = c.login()
	c.sim.Inject(Injection{Fault: Challenge()})
	if r := c.do("GET", "/users/"+u.ID, ""); r.status != 401 ||
		!strings.Contains(r.header.Get("Www-Authenticate"), "claims=") {
		t.Errorf("challenge: %+v", r)
	}
	if status() != 401 {
		t.Error("the challenged token is good again")
	}
	if v := c.sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestTenants_areApart(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	other := Tenant{ID: "22222222-2222-4333-8444-555555555555", Name: "Fabrikam", ClientID: "x", ClientSecret: "y", Roles: DefaultTenant().Roles}
	c.sim.AddTenant(other)
	u := c.sim.AddUser(User{Tenant: other.ID, UPN: "f@fabrikam.example"})
	if r := c.do("GET", "/users/"+u.ID, ""); r.status != 404 {
		t.Errorf("a user of another tenant: %+v", r)
	}
	if r := c.do("GET", "/organization", ""); r.values()[0]["id"] != DefaultTenant().ID {
		t.Errorf("%+v", r)
	}
}

func TestConsent_replies(t *testing.T) {
	for _, v := range []struct {
		name  string
		reply ConsentReply
		want  map[string]string
		not   string
	}{
		{"accepted", ConsentReply{}, map[string]string{"admin_consent": "True", "state": "s1", "tenant": DefaultTenant().ID, "error": ""}, ""},
		{"refused", ConsentReply{Error: "access_denied", Description: "AADSTS65004: declined"}, map[string]string{"admin_consent": "True", "error": "access_denied", "tenant": ""}, ""},
		{"from the portal", ConsentReply{OmitState: true}, map[string]string{"state": ""}, ""},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := newClient(t, Options{Rates: Calm(), Consent: func(Consent) ConsentReply { return v.reply }})
			c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			resp, err := c.http.Get(c.sim.URL() + "/organizations/v2.0/adminconsent?client_id=x&state=s1&scope=y&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fback")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			to, err := resp.Location()
			if err != nil || resp.StatusCode != 302 {
				t.Fatalf("%d %v", resp.StatusCode, err)
			}
			for key, want := range v.want {
				if got := to.Query().Get(key); got != want {
					t.Errorf("%s=%q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestSetSecret_refusesTheOldOne(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	d := DefaultTenant()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {d.ClientID}, "client_secret": {d.ClientSecret}, "scope": {"https://graph/.default"}}
	for _, v := range []struct {
		secret string
		want   int
	}{{d.ClientSecret, 200}, {"another", 401}, {d.ClientSecret, 200}} {
		c.sim.SetSecret("", v.secret)
		resp, err := c.http.PostForm(c.sim.URL()+"/"+d.ID+"/oauth2/v2.0/token", form)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != v.want {
			t.Errorf("with %q set: %d, want %d", v.secret, resp.StatusCode, v.want)
		}
	}
}
