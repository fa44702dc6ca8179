package graph

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
)

// lines are the findings, one a line, with a mark.
func lines(found []Finding) string {
	var out strings.Builder
	for _, f := range found {
		mark := "BAD  "
		if f.Warning {
			mark = "WARN "
		} else if f.OK {
			mark = "ok   "
		}
		out.WriteString(mark + strings.TrimSuffix(f.Text+": "+f.Remedy, ": ") + "\n")
	}
	return out.String()
}

func TestCheck_findings(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*world)
		edit func(*config.Tenant, *Options)
		want []string
	}{
		{"all is well", func(w *world) { w.SetRoles("", needed...) }, nil, []string{
			"ok   access token", "ok   tenant: Contoso", "ok   permission User.Read.All: granted",
			"ok   permission Mail.ReadWrite: granted for all mailboxes; tried with anna@contoso.example",
		}},
		{"least privilege", func(w *world) { w.SetRoles("", "Mail.ReadWrite", "User.Read.All") }, nil, []string{
			"ok   tenant: as the token says", "ok   permission Mail.ReadWrite: granted for all mailboxes",
		}},
		{"no User.Read.All", func(w *world) { w.SetRoles("", "Mail.ReadWrite") }, nil, []string{
			"BAD  permission User.Read.All: missing",
		}},
		{"no mail permission", func(w *world) { w.SetRoles("", "User.Read.All") }, nil, []string{
			"BAD  permission Mail.ReadWrite: missing: either consent to Mail.ReadWrite (clawback connect), or in Exchange Online PowerShell: New-ServicePrincipal",
		}},
		{"RBAC for Applications", func(w *world) { w.SetRoles("", "User.Read.All"); w.GrantScope("", "anna@contoso.example") }, nil, []string{
			"ok   permission Mail.ReadWrite: by RBAC for Applications; tried with anna@contoso.example",
		}},
		{"too much", func(w *world) { w.SetRoles("", "Mail.ReadWrite", "User.Read.All", "Mail.Send") }, nil, []string{
			"WARN permission Mail.Send: granted, and not needed: take it back",
		}},
		{"wrong secret", func(*world) {}, func(c *config.Tenant, _ *Options) { c.Graph.ClientSecret = config.NewSecret("x") }, []string{
			"BAD  get an access token: the client secret is wrong",
		}},
		{"another tenant's credential", func(w *world) {
			w.Inject(graphsim.Injection{Route: graphsim.RouteOrganization, Fault: graphsim.Fault{Status: 200, Body: `{"value":[{"id":"0","displayName":"Fabrikam"}]}`}})
		}, nil, []string{"BAD  tenant: Graph says 0 (Fabrikam)"}},
		{"the mailbox that is asked for", func(*world) {}, func(_ *config.Tenant, o *Options) { o.Probe = "anna@contoso.example" }, []string{
			"tried with anna@contoso.example",
		}},
		{"a mailbox that is not there", func(*world) {}, func(_ *config.Tenant, o *Options) { o.Probe = "postmaster@contoso.example" }, []string{
			"BAD  permission Mail.ReadWrite: not tried: postmaster@contoso.example is no mailbox of the tenant",
		}},
		{"a mailbox outside the scope", func(w *world) {
			w.SetRoles("", "User.Read.All")
			w.AddMailbox("bert@contoso.example")
			w.GrantScope("", "anna@contoso.example")
		}, func(_ *config.Tenant, o *Options) { o.Probe = "bert@contoso.example" }, []string{
			"BAD  permission Mail.ReadWrite: not for bert@contoso.example",
		}},
		{"the login service is away", func(w *world) {
			w.Inject(graphsim.Injection{Route: graphsim.RouteToken, Times: -1, Fault: graphsim.Fault{Status: 503, Body: "<html>", Type: "text/html"}})
		}, nil, []string{"the credential may be right: look at the way to the login service"}},
		{"all domains", func(*world) {}, nil, []string{"ok   domains: all are verified in Entra"}},
		{"a domain of another", func(*world) {}, func(c *config.Tenant, _ *Options) { c.Domains = append(c.Domains, "fabrikam.example") }, []string{
			"BAD  domain fabrikam.example: Entra has not verified it",
		}},
		{"a domain too few", func(*world) {}, func(c *config.Tenant, _ *Options) { c.Domains, c.OriginatorOrg = nil, nil }, []string{
			"WARN domain contoso.example: the tenant has it, and the configuration has not",
			"BAD  domain contoso.example: it is the tenant's default domain",
		}},
		{"Graph is down", func(w *world) {
			w.Inject(graphsim.Injection{Times: -1, Fault: graphsim.Fault{Status: 503, Body: "<html>", Type: "text/html"}})
		}, nil, []string{"BAD  read organization: the mailbox server is not available", "BAD  list users"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{}, func(tenant *config.Tenant, o *Options) {
				tenant.Domains = slices.Clone(graphsim.DefaultTenant().Domains)
				tenant.OriginatorOrg = tenant.Domains
				if c.edit != nil {
					c.edit(tenant, o)
				}
			})
			w.AddMailbox("anna@contoso.example")
			w.AddUser(graphsim.User{UPN: "old@contoso.example", Kind: graphsim.OnPremises})
			c.set(w)
			got := lines(w.Check(t.Context()))
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			if len(w.Changed()) != 0 {
				t.Error("a check changed something")
			}
		})
	}
}

func TestCheck_certificateEnds(t *testing.T) {
	for _, c := range []struct {
		left time.Duration
		want string
		logs int
	}{
		{90 * 24 * time.Hour, "ok   certificate: valid until", 0},
		{29 * 24 * time.Hour, "WARN certificate: expires on", 1},
		{-time.Hour, "BAD  certificate: expired on", 1},
		{90 * 24 * time.Hour, "ok   client secret: valid until", 0},
		{29 * 24 * time.Hour, "WARN client secret: expires on", 1},
	} {
		var out bytes.Buffer
		file := writeCertificate(t, time.Now().Add(c.left))
		w := start(t, graphsim.Options{}, func(tenant *config.Tenant, o *Options) {
			tenant.Graph.ClientSecretEnds = time.Now().Add(c.left)
			if strings.Contains(c.want, "certificate") {
				tenant.Graph.ClientSecret, tenant.Graph.CertificateFile = config.Secret{}, file
			}
			o.Log = slog.New(slog.NewTextHandler(&out, nil))
		})
		if got := lines(w.Check(t.Context())); !strings.Contains(got, c.want) {
			t.Errorf("%v:\n%s", c.left, got)
		}
		w.RevokeTokens()
		w.Check(t.Context()) // a new token: no second warning on the same day
		if n := strings.Count(out.String(), "graph.credential_expires"); n != c.logs {
			t.Errorf("%v: warned %d times: %s", c.left, n, out.String())
		}
	}
}

func TestGranted_whatMicrosoftSays(t *testing.T) {
	w := start(t, graphsim.Options{})
	g, err := w.Granted(t.Context())
	if err != nil || g.Tenant != w.tenant.ID || g.Name != "Contoso" ||
		len(g.Roles) != len(graphsim.DefaultTenant().Roles) {
		t.Errorf("%+v %v", g, err)
	}
	w = start(t, graphsim.Options{})
	w.SetRoles("", "Mail.ReadWrite")
	if g, err := w.Granted(t.Context()); err != nil || g.Tenant != w.tenant.ID || g.Name != "" || len(g.Roles) != 1 {
		t.Errorf("without Organization.Read.All: %+v %v", g, err)
	}
	w = start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) { c.Graph.ClientID = "unknown" })
	if _, err := w.Granted(t.Context()); faultOf(t, err).Code != "AADSTS700016" {
		t.Errorf("%v", err)
	}
}
