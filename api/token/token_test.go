package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	engine *memory.Engine
	store  *store.Store
	now    time.Time
	fail   error

	restored time.Time
}

func (b *bench) Tokens(ctx context.Context) ([]store.Token, error) { return b.store.Tokens(ctx) }
func (b *bench) TokenUses(ctx context.Context) ([]store.TokenUse, error) {
	return b.store.TokenUses(ctx)
}
func (b *bench) Update(ctx context.Context, c store.Change) error {
	if b.fail != nil {
		return b.fail
	}
	return b.store.Update(ctx, c)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	engine := &memory.Engine{}
	st, err := store.New(engine, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	b := &bench{engine: engine, store: st, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
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

// add makes a token for an hour.
func (b *bench) add(t *testing.T, change func(*store.Token)) (store.Token, string) {
	t.Helper()
	one := store.Token{Name: "soar", Owner: "ada", Role: "analyst", Tenants: []string{contoso},
		Expires: b.now.Add(time.Hour)}
	if change != nil {
		change(&one)
	}
	made, text, err := b.Add(t.Context(), "root", one)
	must(t, err)
	return made, text
}

func (b *bench) opens(text string) api.Code {
	_, err := b.Principal(text, "192.0.2.1")
	return api.CodeOf(err)
}

func (b *bench) audit(t *testing.T) (list []string) {
	t.Helper()
	acts, err := b.store.Audit(t.Context(), store.AuditFilter{})
	must(t, err)
	for _, act := range acts {
		list = append(list, fmt.Sprintf("%s %s %.1s %s: %s", act.Who, act.What, act.Tenant, act.Object, act.Comment))
	}
	return list
}

// A token is who it says, in its tenants alone, with its name and its owner's; after a restart too.
func TestPrincipal_isTheTokens(t *testing.T) {
	b := newBench(t)
	one, text := b.add(t, func(one *store.Token) { one.Bodies = true })
	all, every := b.add(t, func(one *store.Token) { one.Tenants, one.Role = nil, "viewer" })
	for range 2 {
		got, err := b.Principal(text, "192.0.2.1")
		must(t, err)
		want := api.Principal{Name: "ada (token soar, " + one.ID + ")", Tenants: map[string]api.Role{contoso: api.Analyst},
			Bodies: true, Token: &api.Bearer{ID: one.ID, Owner: "ada", Expires: one.Expires}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got, err := b.Principal(every, ""); err != nil || got.All != api.Viewer || got.Bodies ||
			got.Token.ID != all.ID {
			t.Errorf("of every tenant: %+v, %v", got, err)
		}
		b.reopen(t)
	}
}

// What is not the very text of a token opens nothing, however near it is.
func TestPrincipal_refusesEveryOtherText(t *testing.T) {
	b := newBench(t)
	one, text := b.add(t, nil)
	_, other := b.add(t, nil)
	if b.opens(text) != "" {
		t.Fatal("the token itself is refused")
	}
	for i := range len(text) {
		for _, c := range []string{"", "a", "A", "0", " "} {
			if near := text[:i] + c + text[i+1:]; near != text && b.opens(near) != api.Unauthorized {
				t.Fatalf("%q opens as %q does", near, text)
			}
		}
	}
	for _, near := range []string{"", Prefix, one.ID, Prefix + one.ID, Prefix + one.ID + "_", text + "a", " " + text,
		text + "\n", strings.ToUpper(text), Prefix + one.ID + other[len(Prefix)+idLen:], string(one.Hash), text + text} {
		if b.opens(near) != api.Unauthorized {
			t.Errorf("%q opens", near)
		}
	}
}

// Nothing that is kept has the secret.
func TestAdd_keepsNoSecret(t *testing.T) {
	b := newBench(t)
	one, text := b.add(t, nil)
	secret := text[len(Prefix)+idLen+1:]
	shown := fmt.Sprintf("%s %s", string(one.Hash), b.audit(t))
	for table, name := range store.Tables() {
		tx, err := b.engine.Begin(t.Context(), false)
		must(t, err)
		c := tx.Cursor(table)
		for k, v := c.First(); k != nil; k, v = c.Next() {
			shown += fmt.Sprintf("%s %s %s\n", name, k, v)
		}
		tx.Rollback()
	}
	if strings.Contains(shown, secret) || !strings.Contains(shown, "tokens") || len(secret) != secretLen {
		t.Errorf("%s has %s", shown, secret)
	}
}

// A token ends at its time, and by being revoked, and says which.
func TestPrincipal_ends(t *testing.T) {
	b := newBench(t)
	_, text := b.add(t, nil)
	revoked, gone := b.add(t, nil)
	b.now = b.now.Add(time.Hour - time.Nanosecond)
	if code := b.opens(text); code != "" {
		t.Errorf("before its end: %s", code)
	}
	if _, err := b.Revoke(t.Context(), "bob", revoked.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := b.Principal(gone, ""); api.CodeOf(err) != api.Unauthorized ||
			!strings.Contains(err.Error(), "revoked") {
			t.Errorf("a revoked one: %v", err)
		}
		b.reopen(t)
	}
	b.now = b.now.Add(time.Nanosecond)
	if _, err := b.Principal(text, ""); api.CodeOf(err) != api.Unauthorized || !strings.Contains(err.Error(), "ended") {
		t.Errorf("at its end: %v", err)
	}
	if _, err := b.Revoke(t.Context(), "bob", revoked.ID, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
}

// With a token those end that it has made, and those that these have made; no other does.
func TestRevoke_endsWhatATokenHasMade(t *testing.T) {
	b := newBench(t)
	parent, _ := b.add(t, nil)
	child, childText := b.add(t, func(one *store.Token) { one.Parent = parent.ID })
	grandchild, grandText := b.add(t, func(one *store.Token) {
		one.Parent, one.Tenants = child.ID, []string{contoso, fabrikam}
	})
	_, other := b.add(t, nil)
	if _, err := b.Revoke(t.Context(), "bob", parent.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	if b.opens(childText) == "" || b.opens(grandText) == "" || b.opens(other) != "" {
		t.Errorf("child %q, grandchild %q, other %q", b.opens(childText), b.opens(grandText), b.opens(other))
	}
	want := []string{
		"bob token.revoke b " + grandchild.ID + ": it was made by token " + child.ID,
		"bob token.revoke a " + grandchild.ID + ": it was made by token " + child.ID,
		"bob token.revoke a " + child.ID + ": it was made by token " + parent.ID,
		"bob token.revoke a " + parent.ID + ": lost",
	}
	if diff := cmp.Diff(want, b.audit(t)[:4]); diff != "" {
		t.Error(diff)
	}
	_, _, err := b.Add(t.Context(), "x", store.Token{Name: "n", Owner: "o", Role: "viewer", Parent: parent.ID,
		Expires: b.now.Add(time.Hour)})
	if api.CodeOf(err) != api.Unauthorized {
		t.Errorf("a revoked token makes another one: %v", err)
	}
}

// A token is told in the audit of each tenant that it opens, by what it opens and never by its secret.
// What was revoked after a backup must not open again when it is put back; nor, since nobody can say which those were,
// anything else of it. What is made afterwards does, after each further start too.
func TestOpen_afterARestoreNothingOfBeforeOpens(t *testing.T) {
	b := newBench(t)
	opens := func(text string) bool {
		_, err := b.Principal(text, "192.0.2.1")
		return err == nil
	}
	_, root := b.add(t, func(k *store.Token) { k.Role, k.Tenants = "admin", nil })
	parent, of := b.add(t, nil)
	_, child := b.add(t, func(k *store.Token) { k.Parent = parent.ID })
	before, _ := b.add(t, nil)
	must(t, func() error { _, err := b.Revoke(t.Context(), "ada", before.ID, "lost"); return err }())
	b.now = b.now.Add(time.Minute)
	b.restored = b.now
	b.fail = syscall.EIO
	if _, err := Open(t.Context(), Options{Store: b, Log: slog.New(slog.DiscardHandler), Restored: b.restored,
		Now: func() time.Time { return b.now }}); !errors.Is(err, syscall.EIO) {
		t.Errorf("opened without a commit: %v", err)
	}
	b.fail = nil
	b.reopen(t)
	if opens(root) || opens(of) || opens(child) {
		t.Error("a token of the backup opens")
	}
	b.now = b.now.Add(time.Second)
	_, made := b.add(t, nil)
	for range 3 {
		b.reopen(t)
		if !opens(made) || opens(root) {
			t.Errorf("opens: the new one %v, one of the backup %v", opens(made), opens(root))
		}
	}
	revoked := 0
	acts, err := b.store.Audit(t.Context(), store.AuditFilter{})
	must(t, err)
	for _, act := range acts {
		if act.Who == "clawback" && act.What == "token.revoke" {
			revoked++
		}
	}
	if revoked != 3 {
		t.Errorf("%d entries of the audit", revoked)
	}
	for _, one := range b.List() {
		if one.ID == before.ID && one.RevokedBy != "ada" {
			t.Errorf("who revoked is %q", one.RevokedBy)
		}
	}
}

func TestAdd_isInTheAudit(t *testing.T) {
	b := newBench(t)
	one, _ := b.add(t, func(one *store.Token) { one.Tenants, one.Bodies = []string{contoso, fabrikam}, true })
	const says = "soar of ada, analyst, may read bodies, until 2026-11-29T13:00:00Z"
	want := []string{"root token.create b " + one.ID + ": " + says, "root token.create a " + one.ID + ": " + says}
	if diff := cmp.Diff(want, b.audit(t)); diff != "" {
		t.Error(diff)
	}
}

// Where the store fails no token is made, and none is revoked.
func TestDesk_storeFails(t *testing.T) {
	b := newBench(t)
	one, text := b.add(t, nil)
	b.fail = syscall.ENOSPC
	if _, secret, err := b.Add(t.Context(), "root", store.Token{Name: "n", Owner: "o"}); !errors.Is(err, b.fail) || secret != "" {
		t.Errorf("made: %q, %v", secret, err)
	}
	if _, err := b.Revoke(t.Context(), "root", one.ID, ""); !errors.Is(err, b.fail) || b.opens(text) != "" {
		t.Errorf("revoked: %v", err)
	}
	if len(b.List()) != 1 {
		t.Errorf("%d tokens", len(b.List()))
	}
}

// Names stand in the audit: none can be taken for a second person, or for an account of the machine.
func TestAdd_namesArePlain(t *testing.T) {
	b := newBench(t)
	for name, good := range map[string]bool{
		"ada@contoso.example": true, "Zoë": true, `CONTOSO\ada`: true, "7": true, strings.Repeat("x", 64): true,
		"": false, " ": false, "a b": false, "ada (says bob)": false, "root (claimed; ada, uid 0)": false, "a,b": false,
		"a\nb": false, "a\x00": false, "a\u202eb": false, "-x": false, strings.Repeat("x", 65): false,
	} {
		for _, one := range []store.Token{{Name: name, Owner: "o"}, {Name: "n", Owner: name}} {
			one.Role, one.Tenants, one.Expires = "viewer", []string{contoso}, b.now.Add(time.Hour)
			if _, _, err := b.Add(t.Context(), "root", one); (err == nil) != good {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

// The tokens of one tenant are bounded, those that ended not counted, and another tenant's are not kept out by them.
func TestAdd_isBounded(t *testing.T) {
	b := newBench(t)
	var last store.Token
	for range maxLive {
		last, _ = b.add(t, nil)
	}
	one := store.Token{Name: "n", Owner: "o", Tenants: []string{fabrikam, contoso}, Expires: b.now.Add(time.Hour)}
	if _, _, err := b.Add(t.Context(), "root", one); api.CodeOf(err) != api.WrongState {
		t.Errorf("one more: %v", err)
	}
	b.add(t, func(one *store.Token) { one.Tenants = []string{fabrikam} })
	b.add(t, func(one *store.Token) { one.Tenants = nil })
	if _, err := b.Revoke(t.Context(), "root", last.ID, ""); err != nil {
		t.Fatal(err)
	}
	b.add(t, nil)
}

// The last use is kept over a restart, never brings a revoked token back, and waits for a store that fails.
func TestRun_notesTheLastUse(t *testing.T) {
	b := newBench(t)
	one, text := b.add(t, nil)
	if use := b.LastUse(one.ID); !use.At.IsZero() {
		t.Errorf("used before it was: %+v", use)
	}
	b.opens(text)
	want := store.TokenUse{Token: one.ID, At: b.now, From: "192.0.2.1"}
	b.fail = syscall.ENOSPC
	b.write(t.Context())
	b.fail = nil
	if _, err := b.Revoke(t.Context(), "root", one.ID, ""); err != nil {
		t.Fatal(err)
	}
	b.write(t.Context())
	b.reopen(t)
	if got := b.LastUse(one.ID); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if b.opens(text) == "" {
		t.Error("a revoked token opens after its use was noted")
	}
	if c, _ := b.due(); len(c.TokenUses.Put) != 0 {
		t.Errorf("written again: %+v", c)
	}
}

// A token that ended is listed for a while, and then forgotten with its last use.
func TestRun_forgetsWhatEndedLongAgo(t *testing.T) {
	b := newBench(t)
	_, text := b.add(t, nil)
	kept, _ := b.add(t, func(one *store.Token) { one.Expires = b.now.Add(1000 * time.Hour) })
	b.opens(text)
	b.write(t.Context())
	b.now = b.now.Add(time.Hour + keptEnded)
	b.write(t.Context())
	if n := len(b.List()); n != 2 {
		t.Errorf("%d tokens", n)
	}
	b.now = b.now.Add(time.Second)
	b.write(t.Context())
	b.reopen(t)
	if list := b.List(); len(list) != 1 || list[0].ID != kept.ID || len(b.uses) != 0 {
		t.Errorf("%+v, uses %+v", list, b.uses)
	}
}
