package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/store"
	"clawback/store/memory"
)

const (
	contoso  = "aaaaaaaa-0000-4000-8000-00000000000a"
	fabrikam = "bbbbbbbb-0000-4000-8000-00000000000b"
)

// bench is a desk over a store whose writes can fail, at a time that the test sets.
type bench struct {
	*Desk
	store *store.Store
	now   time.Time
	fail  error

	restored time.Time
}

func (b *bench) Sessions(ctx context.Context) ([]store.Session, error) { return b.store.Sessions(ctx) }
func (b *bench) Update(ctx context.Context, c store.Change) error {
	if b.fail != nil {
		return b.fail
	}
	return b.store.Update(ctx, c)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	st, err := store.New(&memory.Engine{}, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	b := &bench{store: st, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	b.reopen(t)
	return b
}

// reopen is what a restart does.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	var err error
	b.Desk, err = Open(t.Context(), Options{Store: b, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return b.now }, Restored: b.restored})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ada is an analyst of contoso who has signed in.
func ada() SignIn {
	return SignIn{Account: "ada", Title: "ada@contoso.example", Method: "link", From: "192.0.2.1", Agent: "browser",
		Rights: api.Principal{Tenants: map[string]api.Role{contoso: api.Analyst}, Bodies: true}}
}

func (b *bench) opens(text string) bool {
	_, err := b.Lookup(text)
	return err == nil
}

func (b *bench) audit(t *testing.T) (list []string) {
	t.Helper()
	acts, err := b.store.Audit(t.Context(), store.AuditFilter{})
	must(t, err)
	for _, act := range acts {
		list = append(list, fmt.Sprintf("%s %s %.1s: %s", act.Who, act.What, act.Tenant, act.Comment))
	}
	return list
}

// A session that was revoked after a backup must not open again when it is put back; a sign-in afterwards lasts.
func TestOpen_afterARestoreNoSessionOfBeforeOpens(t *testing.T) {
	b := newBench(t)
	before, _, err := b.Create(t.Context(), ada())
	must(t, err)
	b.now = b.now.Add(time.Minute)
	b.restored = b.now
	b.fail = syscall.EIO
	if _, err := Open(t.Context(), Options{Store: b, Now: func() time.Time { return b.now },
		Restored: b.restored}); !errors.Is(err, syscall.EIO) {
		t.Errorf("opened without a commit: %v", err)
	}
	b.fail = nil
	b.reopen(t)
	b.now = b.now.Add(time.Second)
	after, _, err := b.Create(t.Context(), ada())
	must(t, err)
	b.reopen(t)
	if b.opens(before) || !b.opens(after) {
		t.Errorf("opens: that of before %v, that of after %v", b.opens(before), b.opens(after))
	}
	if list := strings.Join(b.audit(t), "\n"); strings.Count(list, "clawback session.revoke") != 1 {
		t.Errorf("audit:\n%s", list)
	}
}

// A session is who has signed in, with the rights of then, after a restart too; its secret is nowhere in the store.
func TestLookup_isWhoSignedIn(t *testing.T) {
	b := newBench(t)
	text, made, err := b.Create(t.Context(), ada())
	must(t, err)
	for range 2 {
		s, err := b.Lookup(text)
		must(t, err)
		p, err := Principal(s)
		must(t, err)
		want := api.Principal{Name: "ada (ada@contoso.example, session " + made.ID + ")", Session: made.ID,
			Tenants: map[string]api.Role{contoso: api.Analyst}, Bodies: true}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Error(diff)
		}
		b.reopen(t)
	}
	rows, err := b.store.Sessions(t.Context())
	must(t, err)
	_, secret, _ := strings.Cut(text, "_")
	if kept := fmt.Sprintf("%+v %q", rows, rows[0].Hash); strings.Contains(kept, secret) || len(secret) != 52 {
		t.Errorf("kept: %s", kept)
	}
	want := []string{"ada (ada@contoso.example, session " + made.ID + ") session.create a: analyst, by link from " +
		"192.0.2.1, may read bodies, until 2026-11-29T20:00:00Z"}
	if diff := cmp.Diff(want, b.audit(t)); diff != "" {
		t.Error(diff)
	}
}

// What is not the whole text of a live session opens nothing.
func TestLookup_refuses(t *testing.T) {
	b := newBench(t)
	text, s, err := b.Create(t.Context(), ada())
	must(t, err)
	other, _, err := b.Create(t.Context(), ada())
	must(t, err)
	_, secret, _ := strings.Cut(other, "_")
	for name, shown := range map[string]string{"nothing": "", "the id": s.ID, "an empty secret": s.ID + "_", "another's secret": s.ID + "_" + secret,
		"the secret alone": secret, "more": text + "A", "less": text[:len(text)-1], "another case": strings.ToUpper(text)} {
		if b.opens(shown) {
			t.Errorf("%s opens a session", name)
		}
	}
	if !b.opens(text) || !b.opens(other) {
		t.Error("the texts open nothing")
	}
}

// A session ends with its time, when it is idle, and when it is revoked; a restart brings none back.
func TestLookup_ends(t *testing.T) {
	for name, c := range map[string]struct {
		life  time.Duration
		until time.Duration // used every half hour until then
		then  time.Duration
		opens bool
	}{
		"used": {0, 7 * time.Hour, 30 * time.Minute, true}, "its time": {0, 8 * time.Hour, 0, false},
		"idle": {0, time.Hour, Idle, false}, "a moment before": {0, time.Hour, Idle - time.Second, true},
		"a short one": {time.Minute, 0, time.Minute, false}, "no longer than a day": {1000 * time.Hour, MaxLife, 0, false},
	} {
		b := newBench(t)
		in := ada()
		in.Life = c.life
		text, _, err := b.Create(t.Context(), in)
		must(t, err)
		for at := time.Duration(0); at < c.until; at += 30 * time.Minute {
			if b.now = b.now.Add(30 * time.Minute); at+30*time.Minute < c.until && !b.opens(text) {
				t.Errorf("%s: ended after %v", name, at)
			}
		}
		_ = b.opens(text)
		if b.now = b.now.Add(c.then); b.opens(text) != c.opens {
			t.Errorf("%s: opens %v", name, !c.opens)
		}
		if b.sweep(t.Context()); len(b.List()) == 0 == c.opens {
			t.Errorf("%s: listed %+v", name, b.List())
		}
		rows, err := b.store.Sessions(t.Context())
		if must(t, err); len(rows) == 0 == c.opens {
			t.Errorf("%s: after a sweep %d are kept", name, len(rows))
		}
	}
}

// Revoked is revoked from then on, also after a restart; where it cannot be written the session goes on.
func TestRevoke_opensNothing(t *testing.T) {
	b := newBench(t)
	one, s, err := b.Create(t.Context(), ada())
	must(t, err)
	two, _, err := b.Create(t.Context(), ada())
	must(t, err)
	b.fail = errors.New("no space")
	if _, err := b.Revoke(t.Context(), "root", s.ID, ""); err == nil || !b.opens(one) {
		t.Errorf("revoked without a commit: %v", err)
	}
	b.fail = nil
	if _, err := b.Revoke(t.Context(), "root", s.ID, "left"); err != nil || b.opens(one) || !b.opens(two) {
		t.Error(err)
	}
	if _, err := b.Revoke(t.Context(), "root", s.ID, ""); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if b.reopen(t); b.opens(one) || !b.opens(two) {
		t.Error("a restart brought it back")
	}
	must(t, b.RevokeAccount(t.Context(), "root", "ada", "all"))
	if b.opens(two) || len(b.List()) != 0 {
		t.Error("a session of the account is left")
	}
	if got := b.audit(t); len(got) != 4 || got[0] != "root session.revoke a: all" {
		t.Errorf("%q", got)
	}
}

// An account has a bounded number of sessions: the one that was used least lately gives way.
func TestCreate_bounded(t *testing.T) {
	b := newBench(t)
	first, _, err := b.Create(t.Context(), ada())
	must(t, err)
	b.now = b.now.Add(time.Second)
	second, _, err := b.Create(t.Context(), ada())
	must(t, err)
	b.now = b.now.Add(time.Second)
	if !b.opens(first) {
		t.Error("it does not open")
	}
	for range perAccount - 1 {
		_, _, err := b.Create(t.Context(), ada())
		must(t, err)
	}
	if !b.opens(first) || b.opens(second) || len(b.List()) != perAccount {
		t.Errorf("%d sessions", len(b.List()))
	}
}

// Who has no role signs in nowhere, and no account looks like another one in the audit.
func TestCreate_refuses(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*SignIn){
		"no role":       func(in *SignIn) { in.Rights = api.Principal{} },
		"no account":    func(in *SignIn) { in.Account = "" },
		"a bracket":     func(in *SignIn) { in.Account = "bob (claimed; root, uid 0)" },
		"a line":        func(in *SignIn) { in.Account = "bob\nroot" },
		"a long name":   func(in *SignIn) { in.Account = strings.Repeat("a", 65) },
		"a failed disk": func(*SignIn) { b.fail = errors.New("no space") },
	} {
		in := ada()
		change(&in)
		if text, _, err := b.Create(t.Context(), in); err == nil || text != "" {
			t.Errorf("%s: signed in", name)
		}
		b.fail = nil
	}
	in := ada()
	in.Title, in.Agent = "x (token y, z)", strings.Repeat("é", 1000)
	if _, s, err := b.Create(t.Context(), in); err != nil || s.Title != "" || len(s.Agent) > maxAgent {
		t.Errorf("%+v, %v", s, err)
	}
}

// The cookie is bound to the host and to TLS, no script reads it, and two of a name are none.
func TestCookies(t *testing.T) {
	b := newBench(t)
	text, s, err := b.Create(t.Context(), ada())
	must(t, err)
	for _, c := range []Cookies{{true}, {false}} {
		w := httptest.NewRecorder()
		c.Set(w, text, s)
		set := w.Result().Cookies()[0]
		if !set.HttpOnly || set.Secure != c.Secure || set.Path != "/" || set.Domain != "" ||
			set.SameSite != http.SameSiteLaxMode ||
			strings.HasPrefix(set.Name, "__Host-") != c.Secure {
			t.Errorf("%+v", set)
		}
		r := httptest.NewRequest("GET", "/", nil)
		if _, _, err := b.Of(c, r); api.CodeOf(err) != api.Unauthorized {
			t.Errorf("without a cookie: %v", err)
		}
		r.AddCookie(set)
		if _, p, err := b.Of(c, r); err != nil || p.Session != s.ID {
			t.Errorf("%+v, %v", p, err)
		}
		if _, _, err := b.Of(Cookies{!c.Secure}, r); api.CodeOf(err) != api.Unauthorized {
			t.Errorf("by the cookie of the other kind: %v", err)
		}
		r.AddCookie(&http.Cookie{Name: set.Name, Value: "x"})
		if _, _, err := b.Of(c, r); api.CodeOf(err) != api.Unauthorized {
			t.Errorf("by two cookies: %v", err)
		}
		w = httptest.NewRecorder()
		if c.Clear(w); w.Result().Cookies()[0].MaxAge != -1 {
			t.Errorf("%v", w.Result().Cookies())
		}
	}
}

// Another site makes nobody's browser change anything.
func TestProtect(t *testing.T) {
	h := Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, c := range []struct {
		method, field, value string
		want                 int
	}{
		{"POST", "Sec-Fetch-Site", "same-origin", 200}, {"POST", "Sec-Fetch-Site", "none", 200},
		{"POST", "Sec-Fetch-Site", "cross-site", 403}, {"POST", "Sec-Fetch-Site", "same-site", 403},
		{"POST", "Origin", "https://evil.example", 403}, {"POST", "Origin", "https://example.com", 200},
		{"POST", "Origin", "null", 403}, {"GET", "Sec-Fetch-Site", "cross-site", 200},
	} {
		r := httptest.NewRequest(c.method, "https://example.com/", nil)
		r.Header.Set(c.field, c.value)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
