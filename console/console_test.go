package console

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"clawback/api"
)

// bench is a console over a world, with somebody who has signed in.
type bench struct {
	*Server
	cookie *http.Cookie
	links  *Links
}

func newBench(t testing.TB, w *world, who api.Principal) *bench {
	t.Helper()
	now := func() time.Time { return morning.Add(time.Hour) }
	b := &bench{links: &Links{URL: "https://gw.example", Now: now}}
	sessions := &Memory{Now: now}
	b.Server = New(Options{Service: w.service(), Sessions: sessions, Links: b.links, MaxConnections: 10, Now: now,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))})
	text, expires, err := sessions.SignIn(t.Context(), SignIn{Principal: who})
	if err != nil {
		t.Fatal(err)
	}
	b.cookie = b.Server.cookie(text, expires)
	return b
}

// ask makes a request as a browser of the console's own pages does.
func (b *bench) ask(method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://gw.example"+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w
}

// shot is one page, and how it is asked for.
type shot struct {
	name, path string
	form       url.Values // nil: by GET
	status     int        // 0: 200
}

// shots are all pages; in paths and forms EVIL is a foreign text.
func shots() []shot {
	return []shot{
		{"overview", "/", nil, 0}, {"messages", "/messages", nil, 0}, {"search", "/messages?q=EVIL", nil, -1},
		{"message", "/messages/" + id(0), nil, 0}, {"text", "/messages/" + id(0) + "/text", nil, 0},
		{"held", "/held", nil, 0}, {"jobs", "/jobs", nil, 0}, {"job", "/jobs/job-1", nil, 0},
		{"preview", "/jobs/preview", url.Values{"record": {id(0)}, "action": {"trash"}, "q": {"EVIL"}}, 0},
		{"heldresult", "/held", url.Values{"intent": {id(0) + "0000"}, "answer": {"approve"}, "comment": {"EVIL"}}, 0},
		{"submissions", "/submissions", nil, 0}, {"policies", "/policies", nil, 0}, {"rules", "/rules", nil, 0},
		{"backtest", "/rules/backtest", url.Values{"days": {"7"}}, 0}, {"feeds", "/feeds", nil, 0},
		{"tenants", "/tenants", nil, 0}, {"system", "/system", nil, 0}, {"notices", "/notices?said=EVIL", nil, 0},
		{"audit", "/audit?who=EVIL&what=EVIL&object=EVIL", nil, 0},
		{"missing", "/messages/EVIL", nil, -1}, {"nopage", "/EVIL", nil, -1},
		{"badaction", "/messages/" + id(0) + "/retract", url.Values{"action": {"EVIL"}, "back": {"EVIL"}}, 400},
		{"signin", "/sign-in?link=EVIL", nil, 0},
	}
}

// evils are texts that try to break out of where a page puts them.
var evils = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg onload=alert(1)>`, `javascript:alert(1)`,
	`</title><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`{{.}}{{define "x"}}{{end}}`, `<!-- `, `--><script>alert(1)</script>`, `]]><b>`, `&lt;script&gt;alert(1)&lt;/script&gt;`,
	`" onmouseover="alert(1)" x="`, `' autofocus onfocus='alert(1)`, `<style>*{display:none}</style>`, `<base href=//evil.example>`,
	`<meta http-equiv=refresh content="0;url=//evil.example">`, `<form action=//evil.example><button>`, `<a href="//evil.example">x</a>`,
	"\u202ecod.exe", "\x00\x1b[31m<b>", "<scr\x00ipt>alert(1)</scr\x00ipt>", `//evil.example/x`, `<svg><use href="data:image/svg+xml,x#y">`,
	`<math><mtext><script>alert(1)</script>`, `<object data=//evil.example>`, `<link rel=stylesheet href=//evil.example>`, "\xff\xfe<b>\xc0",
	`\u003cscript\u003e`, "`${alert(1)}`", `<plaintext>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	strings.Repeat("<b>", 500), "a\r\nSet-Cookie: x=y",
}

func evilWorld() *world {
	return &world{n: 40, text: func(n int) string { return evils[n%len(evils)] }}
}

func plainWorld() *world {
	return &world{n: 40, text: func(n int) string { return fmt.Sprint("x", n%len(evils)) }}
}

func (s shot) filled(text string) shot {
	s.path = strings.ReplaceAll(s.path, "EVIL", url.QueryEscape(text))
	form := url.Values{}
	for key, list := range s.form {
		for _, one := range list {
			form.Add(key, strings.ReplaceAll(one, "EVIL", text))
		}
	}
	if s.form != nil {
		s.form = form
	}
	return s
}

func (b *bench) visit(s shot) *httptest.ResponseRecorder {
	if s.form == nil {
		return b.ask("GET", s.path, nil)
	}
	return b.ask("POST", s.path, s.form)
}

// No foreign text makes an element, an attribute or an address: with any of them a page has the very elements and
// attributes that it has with an x, and leads nowhere but to the console.
func TestPages_foreignTextIsText(t *testing.T) {
	evil, plain := newBench(t, evilWorld(), api.Root("ada")), newBench(t, plainWorld(), api.Root("ada"))
	for _, s := range shots() {
		for n, text := range append([]string{"x"}, evils...) {
			if n > 0 && !strings.Contains(s.path, "EVIL") && !strings.Contains(url.Values(s.form).Encode(), "EVIL") {
				continue
			}
			asked := s.filled(text)
			got, want := evil.visit(asked), plain.visit(asked)
			if s.status >= 0 && got.Code != max(s.status, 200) {
				t.Errorf("%s with %q: %d\n%s", s.name, text, got.Code, got.Body)
				continue
			}
			if got.Code/100 == 3 {
				if to := got.Header().Get("Location"); !ours(to) {
					t.Errorf("%s with %q leads to %q", s.name, text, to)
				}
				continue
			}
			if a, b := skeleton(t, s.name, got), skeleton(t, s.name, want); !slices.Equal(a, b) {
				t.Errorf("%s with %q has other elements:\n%s\nthan with x:\n%s", s.name, text,
					strings.Join(a, " "), strings.Join(b, " "))
			}
			if strings.ContainsAny(got.Body.String(), "\u202e\x00\x1b") {
				t.Errorf("%s with %q has characters that steer", s.name, text)
			}
		}
	}
}

// ours reports whether an address leads to the console alone.
func ours(address string) bool {
	rest, path := strings.CutPrefix(address, "/")
	return path && !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, `\`) || strings.HasPrefix(address, "#")
}

// allowed are the elements of the console's own pages.
var allowed = strings.Fields("html head meta title link script body a header img nav h1 h2 h3 ul ol li span div form input button main " +
	"section p svg g rect line text table thead tbody tr th td time dl dt dd details summary label select option textarea fieldset " +
	"legend pre code strong mark footer iframe br")

// skeleton are the elements of a page with their attributes' names, and fails where one is not the console's.
func skeleton(t *testing.T, page string, w *httptest.ResponseRecorder) (list []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data == "wbr" && len(n.Attr) == 0 { // which stand in addresses
			continue
		}
		list = append(list, n.Data)
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("%s: element %s", page, n.Data)
		}
		for _, a := range n.Attr {
			list = append(list, n.Data+"."+a.Key)
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: attribute %s of %s", page, a.Key, n.Data)
			case slices.Contains([]string{"href", "src", "action", "formaction", "data"}, a.Key) && !ours(a.Val):
				t.Errorf("%s: %s of %s leads to %q", page, a.Key, n.Data, a.Val)
			}
		}
		if n.Data == "script" && n.FirstChild != nil || n.Data == "style" {
			t.Errorf("%s: an inline %s", page, n.Data)
		}
	}
	return list
}

// Every answer has the fields that keep a browser from running, framing or keeping it.
func TestPages_haveTheirFields(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	for _, s := range append(shots(), shot{name: "style", path: "/assets/style.css"}) {
		w := b.visit(s.filled("x"))
		for name, part := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "DENY",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
			if !strings.Contains(w.Header().Get(name), part) {
				t.Errorf("%s: %s is %q", s.name, name, w.Header().Get(name))
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: %s", s.name, csp)
		}
		if s.name != "style" && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", s.name, w.Header().Get("Cache-Control"))
		}
	}
}

// Who has not signed in sees no page, and what another site makes a browser send changes nothing.
func TestGuard(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	mine := b.cookie
	for _, cookie := range []*http.Cookie{nil, {Name: mine.Name, Value: "x"}, {Name: "__Host-clawback", Value: mine.Value}} {
		b.cookie = cookie
		for _, r := range routes {
			method, path, _ := strings.Cut(r.pattern, " ")
			path = strings.NewReplacer("{$}", "", "{key}", id(0), "{id}", "job-1").Replace(path)
			w := b.ask(method, path, nil)
			if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "contoso") {
				t.Errorf("%s without a session: %d", r.pattern, w.Code)
			}
		}
		if w := b.ask("GET", "/events", nil); w.Code != http.StatusNoContent {
			t.Errorf("events without a session: %d", w.Code)
		}
	}
	b.cookie = mine
	for _, site := range []string{"cross-site", "same-site"} {
		for _, path := range []string{"/held", "/jobs", "/sign-out", "/sign-in", "/messages/" + id(0) + "/retract"} {
			r := httptest.NewRequest("POST", "https://gw.example"+path, strings.NewReader("action=trash"))
			r.Header.Set("Sec-Fetch-Site", site)
			r.AddCookie(mine)
			w := httptest.NewRecorder()
			b.Handler().ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("POST %s from a page of %s: %d", path, site, w.Code)
			}
		}
	}
}

// A link signs one person in, once, within its time, and only by the button of its page.
func TestSignIn(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	b.cookie = nil
	now := morning
	b.links.Now = func() time.Time { return now }
	make := func() string {
		address, _, err := b.links.Make(api.Root("bob"))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil || u.Host != "gw.example" || u.Path != "/sign-in" {
			t.Fatalf("%s: %v", address, err)
		}
		return u.Query().Get("link")
	}
	link := make()
	for range 3 { // a program that looks at it does not use it up
		if w := b.ask("GET", "/sign-in?link="+link, nil); w.Code != http.StatusOK || len(w.Result().Cookies()) != 0 {
			t.Fatalf("look: %d", w.Code)
		}
	}
	w := b.ask("POST", "/sign-in", url.Values{"link": {link}})
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("%d %v", w.Code, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
	b.cookie = c
	if w := b.ask("GET", "/", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "bob (console)") {
		t.Errorf("signed in: %d", w.Code)
	}
	if w := b.ask("POST", "/sign-out", nil); w.Code != http.StatusSeeOther {
		t.Errorf("sign out: %d", w.Code)
	}
	if w := b.ask("GET", "/", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("signed out: %d", w.Code)
	}
	late := make()
	now = now.Add(linkLife)
	for _, used := range []string{link, late, "", "x"} {
		if w := b.ask("POST", "/sign-in", url.Values{"link": {used}}); w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) != 0 {
			t.Errorf("link %q: %d", used, w.Code)
		}
	}
	first := make()
	for range maxLinks {
		make()
	}
	if w := b.ask("POST", "/sign-in", url.Values{"link": {first}}); w.Code == http.StatusSeeOther {
		t.Error("links without number are kept")
	}
}

// Over TLS the cookie is bound to the host, and to TLS.
func TestCookie_ofTLS(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	b.o.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
	if c := b.Server.cookie("x", morning); c.Name != "__Host-clawback" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
	if w := b.ask("GET", "/sign-in?link=x", nil); w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

// What somebody may not do he is not offered, and is refused.
func TestRoles(t *testing.T) {
	in := func(r api.Role) api.Principal {
		return api.Principal{Name: r.String(), Tenants: map[string]api.Role{tenantA: r}}
	}
	all := func(r api.Role) api.Principal { return api.Principal{Name: r.String(), All: r} }
	for _, tc := range []struct {
		who              api.Principal
		path, has, lacks string
		status           int
		post             string
		form             url.Values
	}{
		{in(api.Viewer), "/messages", "Messages", "/jobs/preview\"><input", 200, "/jobs/preview", url.Values{"record": {id(0)}, "action": {"trash"}}},
		{in(api.Viewer), "/messages/" + id(0), "Mailboxes", "Take back from", 200, "/messages/" + id(0) + "/retract", url.Values{"action": {"trash"}}},
		{in(api.Viewer), "/messages/" + id(0) + "/text", "", "", 403, "/sign-out", nil},
		{in(api.Viewer), "/audit", "", "", 403, "", nil},
		{in(api.Viewer), "/rules", "", "", 403, "/rules/backtest", url.Values{"days": {"7"}}},
		{in(api.Analyst), "/held", "Held", "Approve all", 200, "/held", url.Values{"intent": {"x"}, "answer": {"approve"}}},
		{in(api.Analyst), "/messages/" + id(0), "Take back from", "", 200, "", nil},
		{in(api.Approver), "/held", "Approve all", "", 200, "", nil},
		{in(api.Approver), "/policies", "Policies", "Add one", 200, "/policies", url.Values{"kind": {"block_sender"}, "pattern": {"x.example"}, "tenant": {tenantA}}},
		{in(api.Administrator), "/policies", "Add one", "", 200, "", nil},
		{in(api.Administrator), "/system", "System", "Search index", 200, "/feeds/update", url.Values{}},
		{all(api.Viewer), "/system", "Search index", "Work on it again", 200, "/items/item-1/retry", url.Values{}},
		{all(api.Administrator), "/tenants", "j-a@gw.example", "", 200, "", nil},
		{all(api.Approver), "/tenants", "contoso", "j-a@gw.example", 200, "", nil},
	} {
		b := newBench(t, plainWorld(), tc.who)
		w := b.ask("GET", tc.path, nil)
		page := w.Body.String()
		wrong := tc.lacks != "" && strings.Contains(page, tc.lacks)
		if w.Code != tc.status || !strings.Contains(page, tc.has) || wrong {
			t.Errorf("%s at %s: %d, wants %q and not %q", tc.who.Name, tc.path, w.Code, tc.has, tc.lacks)
		}
		if tc.post != "" && tc.form != nil {
			if w := b.ask("POST", tc.post, tc.form); w.Code != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", tc.who.Name, tc.post, w.Code)
			}
		}
	}
	other := api.Principal{Name: "eve", Tenants: map[string]api.Role{tenantB: api.Administrator}, Bodies: true}
	b := newBench(t, plainWorld(), other)
	for _, path := range []string{"/messages/" + id(0), "/messages/" + id(0) + "/text", "/jobs/job-1"} {
		if w := b.ask("GET", path, nil); w.Code != http.StatusNotFound {
			t.Errorf("of another tenant %s: %d", path, w.Code)
		}
	}
	if w := b.ask("GET", "/", nil); w.Code != 200 || strings.Contains(w.Body.String(), "contoso") {
		t.Errorf("another tenant's name is on the overview: %d", w.Code)
	}
}

// A campaign whose name steers the direction of writing is approved by that very name.
func TestHeld_campaignKeepsItsName(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	page := b.ask("GET", "/held", nil).Body.String()
	_, rest, _ := strings.Cut(page, `value="approve:`)
	key, _, _ := strings.Cut(rest, `"`)
	w := b.ask("POST", "/held", url.Values{"answer": {"approve:" + key}, "tenant": {tenantA}})
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Settled: 1 retraction") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A query that is not understood is shown with the word that is wrong.
func TestMessages_pointsAtTheWord(t *testing.T) {
	b := newBench(t, plainWorld(), api.Root("ada"))
	for q, wrong := range map[string]string{
		"from:a.example colour:red": "<mark>colour:red</mark>", "since:yesterday": "<mark>since:yesterday</mark>",
		"<b>:x": "<mark>&lt;b&gt;:x</mark>", "-since:2d x": "<mark>-since:2d</mark>",
	} {
		w := b.ask("GET", "/messages?q="+url.QueryEscape(q), nil)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), wrong) {
			t.Errorf("%q: %d without %s", q, w.Code, wrong)
		}
	}
}
