package consent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/graphsim/simtest"
	"clawback/retract/fault"
)

const tenantID = "11111111-2222-4333-8444-555555555555"

func newFlow(t *testing.T, o Options) *Flow {
	t.Helper()
	if o.LoginURL == "" {
		o.LoginURL, o.GraphURL = "https://login.microsoftonline.com", "https://graph.microsoft.com"
	}
	if o.ClientID == "" {
		o.ClientID = "app-1"
	}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// stateOf is what the page would send back.
func stateOf(t *testing.T, f *Flow) string {
	t.Helper()
	u, err := url.Parse(f.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

func TestURL_ofEachCloud(t *testing.T) {
	for _, c := range []struct {
		o           Options
		page, scope string
	}{
		{Options{Tenant: tenantID}, "https://login.microsoftonline.com/" + tenantID + "/v2.0/adminconsent", "https://graph.microsoft.com/.default"},
		{Options{}, "https://login.microsoftonline.com/organizations/v2.0/adminconsent", "https://graph.microsoft.com/.default"},
		{Options{LoginURL: "https://login.microsoftonline.us/", GraphURL: "https://graph.microsoft.us/"}, "https://login.microsoftonline.us/organizations/v2.0/adminconsent", "https://graph.microsoft.us/.default"},
		{Options{LoginURL: "https://login.partner.microsoftonline.cn", GraphURL: "https://microsoftgraph.chinacloudapi.cn"}, "https://login.partner.microsoftonline.cn/organizations/v2.0/adminconsent", "https://microsoftgraph.chinacloudapi.cn/.default"},
	} {
		u, err := url.Parse(newFlow(t, c.o).URL())
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if got := u.Scheme + "://" + u.Host + u.Path; got != c.page {
			t.Errorf("page %s, want %s", got, c.page)
		}
		if q.Get("scope") != c.scope || q.Get("client_id") != "app-1" || q.Get("redirect_uri") != DefaultRedirect ||
			len(q.Get("state")) < 40 {
			t.Errorf("query %v", q)
		}
	}
	one, other := stateOf(t, newFlow(t, Options{})), stateOf(t, newFlow(t, Options{}))
	if one == other {
		t.Error("two flows have one state")
	}
}

func TestNew_refuses(t *testing.T) {
	for _, o := range []Options{
		{}, {LoginURL: "http://x", GraphURL: "https://y", ClientID: "a"}, {LoginURL: "https://x", GraphURL: "", ClientID: "a"},
		{LoginURL: "https://x", GraphURL: "https://y"}, {LoginURL: "https://x", GraphURL: "https://y", ClientID: "a", Redirect: "nowhere"},
	} {
		if _, err := New(o); !errors.Is(err, errOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestAccept_answers(t *testing.T) {
	for _, c := range []struct {
		name, query string // STATE is replaced
		err         error
		says        string
	}{
		{"consent", "admin_consent=True&tenant=" + tenantID + "&scope=x&state=STATE", nil, ""},
		{"tenant in capitals", "admin_consent=True&tenant=" + strings.ToUpper(tenantID) + "&state=STATE", nil, ""},
		{"declined, with admin_consent=True", "admin_consent=True&error=access_denied&error_description=AADSTS65004:+User+declined&state=STATE", ErrDeclined, "declined, or closed the page (AADSTS65004)"},
		{"cancelled", "admin_consent=True&error=access_denied&error_subcode=cancel&state=STATE", ErrDeclined, "cancelled"},
		{"not an administrator", "error=permission_denied&state=STATE&admin_consent=True&tenant=" + tenantID, ErrDeclined, "Privileged Role Administrator"},
		{"unknown error", "error=new%1b%5b31mthing&state=STATE", ErrDeclined, "new31mthing"},
		{"error without state", "error=access_denied", ErrDeclined, "declined"},
		{"granted in the portal", "admin_consent=True&tenant=" + tenantID, ErrState, "portal"},
		{"another state", "admin_consent=True&tenant=" + tenantID + "&state=x", ErrState, "begin anew"},
		{"no consent", "tenant=" + tenantID + "&state=STATE", ErrDeclined, "does not say"},
		{"another tenant", "admin_consent=True&tenant=22222222-2222-4333-8444-555555555555&state=STATE", ErrTenant, "22222222"},
		{"no tenant", "admin_consent=True&state=STATE", ErrTenant, ""},
		{"nothing", "", ErrState, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFlow(t, Options{Tenant: tenantID})
			got, err := f.Accept(" " + DefaultRedirect + "?" + strings.ReplaceAll(c.query, "STATE", stateOf(t, f)) +
				"\n")
			if !errors.Is(err, c.err) || (err == nil) != (got == tenantID) {
				t.Errorf("%q %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\x1b")) {
				t.Errorf("says %q", err)
			}
		})
	}
	if _, err := newFlow(t, Options{}).Accept("http://[::bad"); !errors.Is(err, ErrState) {
		t.Error(err)
	}
}

func TestAccept_stateIsGoodOnce(t *testing.T) {
	f := newFlow(t, Options{})
	answer := DefaultRedirect + "?admin_consent=True&tenant=" + tenantID + "&state=" + stateOf(t, f)
	if _, err := f.Accept(answer); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Accept(answer); !errors.Is(err, ErrState) {
		t.Errorf("the same answer again: %v", err)
	}
	if _, err := f.Accept(DefaultRedirect + "?admin_consent=True&tenant=" + tenantID + "&state="); !errors.Is(err,
		ErrState) {
		t.Errorf("an empty state after it was spent: %v", err)
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("http://localhost/?error=x&error_description=AADSTS1&state=y")
	f.Add("?admin_consent=True&tenant=x")
	f.Fuzz(func(t *testing.T, pasted string) {
		flow, err := New(Options{LoginURL: "https://l", GraphURL: "https://g", ClientID: "a"})
		if err != nil {
			t.Fatal(err)
		}
		tenant, err := flow.Accept(pasted)
		if err == nil {
			t.Fatalf("accepted without the state: %q", tenant)
		}
		if strings.ContainsAny(err.Error(), "\x1b\r\x00") {
			t.Errorf("%q", err)
		}
	})
}

// browse opens the consent page of the simulator, as the administrator's browser does, and follows it to the callback.
func browse(t *testing.T, sim *graphsim.Sim, page string) (status int, text string, err error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(sim.CA())
	browser := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	resp, err := browser.Get(page)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// listening is a flow whose callback has a port of its own.
func listening(t *testing.T, o Options) (*Flow, *Callback) {
	t.Helper()
	o.Redirect = "http://localhost:0/connected"
	f := newFlow(t, o)
	c, err := f.Listen()
	if err != nil {
		t.Fatal(err)
	}
	f.redirect.Host = c.ln.Addr().String()
	return f, c
}

func TestCallback_wholeWay(t *testing.T) {
	for _, v := range []struct {
		name  string
		reply graphsim.ConsentReply
		page  string
		err   error
	}{
		{"accepted", graphsim.ConsentReply{}, "Thank you", nil},
		{"declined", graphsim.ConsentReply{Error: "access_denied", Description: "AADSTS65004"}, "not given", ErrDeclined},
		{"another tenant", graphsim.ConsentReply{Tenant: "22222222-2222-4333-8444-555555555555"}, "not given", ErrTenant},
	} {
		t.Run(v.name, func(t *testing.T) {
			sim := simtest.Start(t, graphsim.Options{Rates: graphsim.Calm(), Consent: func(graphsim.Consent) graphsim.ConsentReply { return v.reply }})
			f, c := listening(t, Options{LoginURL: sim.URL(), GraphURL: sim.URL(), Tenant: tenantID})
			page := f.URL()
			shown := make(chan string, 1)
			go func() {
				_, text, err := browse(t, sim, page)
				if err != nil {
					t.Error(err)
				}
				shown <- text
			}()
			tenant, err := c.Wait(t.Context())
			if !errors.Is(err, v.err) || (err == nil) != (tenant == tenantID) {
				t.Errorf("%q %v", tenant, err)
			}
			if text := <-shown; !strings.Contains(text, v.page) {
				t.Errorf("page: %s", text)
			}
		})
	}
}

// TestCallback_strangers: what another page sends to the callback neither ends the flow nor is shown.
func TestCallback_strangers(t *testing.T) {
	sim := simtest.Start(t, graphsim.Options{Rates: graphsim.Calm()})
	f, c := listening(t, Options{LoginURL: sim.URL(), GraphURL: sim.URL(), Tenant: tenantID})
	page, own := f.URL(), f.redirect.String()
	go func() {
		for _, v := range []struct {
			method, target string
			status         int
		}{
			{"GET", own + "?admin_consent=True&state=guessed&tenant=" + tenantID, 400},
			{"GET", own + "?error=access_denied&state=guessed", 400},
			{"GET", own + "?error=access_denied", 400},
			{"GET", own + "?admin_consent=True&tenant=<script>", 400},
			{"GET", own, 400},
			{"POST", own, 404},
			{"GET", own + "/else?<script>", 404},
		} {
			req, _ := http.NewRequest(v.method, v.target, nil)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != v.status || strings.Contains(string(body), "<script") ||
				resp.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s: %d %s", v.method, v.target, resp.StatusCode, body)
			}
		}
		if status, _, err := browse(t, sim, page); err != nil || status != 200 {
			t.Errorf("the true answer: %d %v", status, err)
		}
	}()
	if tenant, err := c.Wait(t.Context()); err != nil || tenant != tenantID {
		t.Errorf("%q %v", tenant, err)
	}
}

func TestListen_loopbackAlone(t *testing.T) {
	for _, redirect := range []string{"http://192.0.2.1:8925/x", "http://example.com:8925/x", "https://localhost:8925/x", "http://localhost/x", "http://0.0.0.0:8925/"} {
		if _, err := newFlow(t, Options{Redirect: redirect}).Listen(); !errors.Is(err, errOptions) {
			t.Errorf("%s: %v", redirect, err)
		}
	}
}

func TestWait_ends(t *testing.T) {
	_, c := listening(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := http.Get(c.flow.redirect.String()); err == nil {
		t.Error("the port is still open")
	}
}

// TestVerify_waitsWhileConsentSpreads: the service principal takes minutes to reach all servers.
func TestVerify_waitsWhileConsentSpreads(t *testing.T) {
	absent := &fault.Fault{Class: fault.Auth, Code: "AADSTS700016"}
	down := &fault.Fault{Class: fault.Retry}
	wrong := &fault.Fault{Class: fault.Auth, Code: "AADSTS7000215"}
	for _, c := range []struct {
		name   string
		errs   []error // of the first calls
		calls  int
		waited time.Duration
		err    error
	}{
		{"at once", nil, 1, 0, nil},
		{"spreading", []error{absent, absent, down}, 4, 17 * time.Second, nil},
		{"wrong secret", []error{wrong}, 1, 0, wrong},
		{"never", []error{absent, absent, absent, absent, absent, absent, absent, absent, absent, absent}, len(waits) + 1, 5*time.Minute + 7*time.Second, absent},
		{"not a fault", []error{io.EOF}, 1, 0, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, calls, told := time.Now(), 0, 0
				g, err := Verify(t.Context(), func(context.Context) (Grant, error) {
					calls++
					if calls <= len(c.errs) {
						return Grant{}, c.errs[calls-1]
					}
					return Grant{Tenant: tenantID}, nil
				}, tenantID, func(time.Duration, error) { told++ })
				if !errors.Is(err, c.err) || calls != c.calls || time.Since(began) != c.waited || told != calls-1 {
					t.Errorf("%+v %v: %d calls in %v, told %d", g, err, calls, time.Since(began), told)
				}
			})
		})
	}
}

func TestVerify_anotherTenant(t *testing.T) {
	ask := func(context.Context) (Grant, error) { return Grant{Tenant: "x"}, nil }
	if _, err := Verify(t.Context(), ask, tenantID, nil); !errors.Is(err, ErrTenant) {
		t.Error(err)
	}
}

func TestGrant_message(t *testing.T) {
	for _, c := range []struct {
		g    Grant
		want string
	}{
		{Grant{tenantID, "Contoso", []string{"Mail.ReadWrite", "User.Read.All"}}, "Contoso (" + tenantID + ") is connected. Granted: Mail.ReadWrite, User.Read.All."},
		{Grant{tenantID, "", []string{"User.Read.All"}}, "The tenant (" + tenantID + ") is connected. Granted: User.Read.All. Not granted: Mail.ReadWrite; " +
			"add it to the app registration and consent again, or, for Mail.ReadWrite, assign it by RBAC for Applications."},
	} {
		if diff := cmp.Diff(c.want, c.g.String()); diff != "" {
			t.Error(diff)
		}
	}
}
