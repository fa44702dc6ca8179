// Package session keeps who has signed in by a browser, and tells whose a cookie is.
//
// A session is made by whatever proves a person: a one-time link, a passkey, an OpenID provider. The browser gets a
// text, and the store a hash of it. All sessions are in memory too, so that a page costs no read.
//
// Reads: the store's sessions, when it is opened.
//
// Writes: sessions, each with its entry in the audit in one commit.
//
// Invariants:
//
//	I1 no secret is kept, and none can be found again from what is kept
//	I2 a session ends with its time, or when it was not used for a while, whichever is first
//	I3 what is revoked opens nothing from the moment at which Revoke has returned
//	I4 the rights of a session are those of the moment of its sign-in: it is short for that reason
//	I5 a state that was put back from a backup has no session of before: it may have been revoked since
//
// On failure: the error of the store; the session is not made, or not revoked.
//
// Standards: RFC 6265bis for the cookie.
package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/api"
	"clawback/store"
)

// How long a session may be.
const (
	DefaultLife = 8 * time.Hour
	MaxLife     = 24 * time.Hour
	Idle        = time.Hour // without a request
)

const (
	perAccount = 20 // sessions; the one that was used least lately gives way
	maxAll     = 2000
	maxAgent   = 200 // bytes that are kept of what a browser calls itself
)

// Store is where sessions are kept.
type Store interface {
	Sessions(ctx context.Context) ([]store.Session, error)
	Update(ctx context.Context, c store.Change) error
}

// Options of a Desk.
type Options struct {
	Store    Store
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
	Restored time.Time        // when the state was put back from a backup; zero: never
}

// Desk keeps the sessions. Safe for concurrent use.
type Desk struct {
	o Options

	acts sync.Mutex // held by what changes sessions, around its commit

	mu       sync.Mutex // guards what follows
	sessions map[string]store.Session
	used     map[string]time.Time // not kept: after a restart a session counts as used when it began
}

// Open reads the sessions.
func Open(ctx context.Context, o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Desk{o: o, sessions: map[string]store.Session{}, used: map[string]time.Time{}}
	rows, err := o.Store.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range rows {
		d.sessions[s.ID], d.used[s.ID] = s, o.Now()
	}
	_, err = d.revoke(ctx, func(s store.Session) bool { return s.Created.Before(o.Restored) }, // I5
		store.Act{Who: "clawback", What: "session.revoke", Comment: "the state was restored from a backup of before"})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("revoke the sessions of the backup: %w", err)
	}
	return d, nil
}

// SignIn is a person who has proven himself.
type SignIn struct {
	// Account is who he is. It stays the same over all his sign-ins, and nobody can choose another's: by it two persons
	// are told apart.
	Account string
	Title   string        // by which people know the account, such as an address; "": the account
	Method  string        // how he has proven himself: "link", "passkey", "openid"
	Rights  api.Principal // All, Tenants and Bodies of it count
	Life    time.Duration // 0: DefaultLife; MaxLife at most
	From    string        // address of the browser
	Agent   string        // its User-Agent
}

// plain are names that can stand in the audit beside brackets and commas without being taken for something else.
var plain = regexp.MustCompile(`^[\pL\pN][\pL\pN._@\\-]{0,63}$`)

// Create makes a session. Its text is for the browser's cookie, and is not kept.
func (d *Desk) Create(ctx context.Context, in SignIn) (text string, s store.Session, err error) {
	if !plain.MatchString(in.Account) {
		return "", s, fmt.Errorf("sign in as %q: an account has 1 to 64 letters, digits, and . _ @ - \\", in.Account)
	}
	if in.Rights.All < api.Viewer && len(in.Rights.Tenants) == 0 {
		return "", s, &api.Error{Code: api.Forbidden, Detail: in.Account + " has no role in any tenant"}
	}
	d.acts.Lock()
	defer d.acts.Unlock()
	s, text = d.newSession(in)
	c := store.Change{Sessions: store.Edit[store.Session]{Put: []store.Session{s}},
		Acts: actsOf(s, store.Act{Who: nameOf(s), What: "session.create"})}
	gone, err := d.makeRoom(s.Account)
	if err != nil {
		return "", s, err
	}
	for _, one := range gone {
		c.Sessions.Remove = append(c.Sessions.Remove, one.Key())
		c.Acts = append(c.Acts, actsOf(one, store.Act{Who: nameOf(s), What: "session.revoke",
			Comment: fmt.Sprintf("the account has more than %d sessions", perAccount)})...)
	}
	if err := d.o.Store.Update(ctx, c); err != nil {
		return "", store.Session{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range gone {
		delete(d.sessions, one.ID)
		delete(d.used, one.ID)
	}
	d.sessions[s.ID], d.used[s.ID] = s, d.o.Now()
	return text, s, nil
}

func (d *Desk) newSession(in SignIn) (store.Session, string) {
	id, now := "s"+strings.ToLower(rand.Text()[:12]), d.o.Now().UTC().Round(0)
	text := id + "_" + rand.Text() + rand.Text() // 260 random bits
	sum := sha256.Sum256([]byte(text))
	s := store.Session{ID: id, Hash: sum[:], Account: in.Account, Method: in.Method, Role: in.Rights.All.String(),
		Bodies: in.Rights.Bodies, Created: now, Expires: now.Add(min(cmp.Or(in.Life, DefaultLife), MaxLife)),
		From: in.From, Agent: strings.ToValidUTF8(in.Agent[:min(len(in.Agent), maxAgent)], "")}
	if plain.MatchString(in.Title) && in.Title != in.Account {
		s.Title = in.Title
	}
	for tenant, role := range in.Rights.Tenants {
		if s.Tenants == nil {
			s.Tenants = map[string]string{}
		}
		s.Tenants[tenant] = role.String()
	}
	return s, text
}

// makeRoom says which sessions of an account must end for one more.
func (d *Desk) makeRoom(account string) (gone []store.Session, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := 0
	for _, s := range d.sessions {
		if d.ended(s) {
			continue
		}
		if live++; s.Account == account {
			gone = append(gone, s)
		}
	}
	slices.SortFunc(gone, func(a, b store.Session) int { return d.used[a.ID].Compare(d.used[b.ID]) })
	gone = gone[:max(0, len(gone)-perAccount+1)]
	if live-len(gone) >= maxAll {
		return nil, &api.Error{Code: api.Unavailable,
			Detail: fmt.Sprintf("%d people are signed in already: try again later, or revoke sessions", maxAll)}
	}
	return gone, nil
}

// ended reports whether a session opens nothing any more. The caller holds mu.
func (d *Desk) ended(s store.Session) bool {
	now := d.o.Now()
	return !now.Before(s.Expires) || now.Sub(d.used[s.ID]) >= Idle
}

// Lookup is the session of a cookie's text, and notes that it was used. The error is an *api.Error with the code
// unauthenticated.
func (d *Desk) Lookup(text string) (store.Session, error) {
	id, _, _ := strings.Cut(text, "_")
	sum := sha256.Sum256([]byte(text))
	d.mu.Lock()
	defer d.mu.Unlock()
	s, known := d.sessions[id]
	if !known || subtle.ConstantTimeCompare(sum[:], s.Hash) != 1 || d.ended(s) {
		return store.Session{}, &api.Error{Code: api.Unauthorized, Detail: "sign in: your session has ended"}
	}
	d.used[id] = d.o.Now()
	return s, nil
}

// Principal is who asks in a session.
func Principal(s store.Session) (api.Principal, error) {
	p := api.Principal{Name: nameOf(s), Bodies: s.Bodies, Session: s.ID}
	if err := p.All.UnmarshalText([]byte(s.Role)); err != nil {
		return api.Principal{}, fmt.Errorf("session %s: %w", s.ID, err)
	}
	for tenant, name := range s.Tenants {
		var role api.Role
		if err := role.UnmarshalText([]byte(name)); err != nil {
			return api.Principal{}, fmt.Errorf("session %s: %w", s.ID, err)
		}
		if p.Tenants == nil {
			p.Tenants = map[string]api.Role{}
		}
		p.Tenants[tenant] = role
	}
	return p, nil
}

// nameOf is a session's name in the audit: the account, and what stands in brackets beside it.
func nameOf(s store.Session) string {
	if s.Title == "" {
		return fmt.Sprintf("%s (session %s)", s.Account, s.ID)
	}
	return fmt.Sprintf("%s (%s, session %s)", s.Account, s.Title, s.ID)
}

// List is every session that opens something, the newest first.
func (d *Desk) List() []store.Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := slices.DeleteFunc(slices.Collect(maps.Values(d.sessions)), d.ended)
	slices.SortFunc(live, func(a, b store.Session) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return live
}

// LastUse is when a session was last used.
func (d *Desk) LastUse(id string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used[id]
}

// Revoke ends a session. Who signs out revokes his own.
func (d *Desk) Revoke(ctx context.Context, who, id, comment string) (store.Session, error) {
	return d.revoke(ctx, func(s store.Session) bool { return s.ID == id },
		store.Act{Who: who, What: "session.revoke", Comment: comment})
}

// RevokeAccount ends all sessions of an account.
func (d *Desk) RevokeAccount(ctx context.Context, who, account, comment string) error {
	_, err := d.revoke(ctx, func(s store.Session) bool { return s.Account == account },
		store.Act{Who: who, What: "session.revoke", Comment: comment})
	return err
}

func (d *Desk) revoke(ctx context.Context, meant func(store.Session) bool, act store.Act) (store.Session, error) {
	d.acts.Lock()
	defer d.acts.Unlock()
	ending := slices.DeleteFunc(d.List(), func(s store.Session) bool { return !meant(s) })
	if len(ending) == 0 {
		return store.Session{}, store.ErrNotFound
	}
	var c store.Change
	for _, s := range ending {
		c.Sessions.Remove = append(c.Sessions.Remove, s.Key())
		c.Acts = append(c.Acts, actsOf(s, act)...)
	}
	if err := d.o.Store.Update(ctx, c); err != nil {
		return store.Session{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range ending {
		delete(d.sessions, s.ID)
		delete(d.used, s.ID)
	}
	return ending[0], nil
}

// describe says for the audit what a session opens in a tenant, and how the person has signed in.
func describe(s store.Session, role string) string {
	text := role + ", by " + s.Method
	if s.From != "" {
		text += " from " + s.From
	}
	if s.Bodies {
		text += ", may read bodies"
	}
	return text + ", until " + s.Expires.Format(time.RFC3339)
}

// reach are the tenants of a session, with its role there; "" for all.
func reach(s store.Session) map[string]string {
	all := map[string]string{}
	maps.Copy(all, s.Tenants)
	if s.Role != api.Nobody.String() {
		all[""] = s.Role
	}
	return all
}

// actsOf are the entries for an act on a session: one in the audit of each tenant that it opens.
func actsOf(s store.Session, act store.Act) (list []store.Act) {
	act.Object = s.ID
	tenants := reach(s)
	for _, act.Tenant = range slices.Sorted(maps.Keys(tenants)) {
		one := act
		if one.Comment == "" {
			one.Comment = describe(s, tenants[act.Tenant])
		}
		list = append(list, one)
	}
	return list
}

// Run forgets sessions that have ended, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.sweep(ctx)
		}
	}
}

// sweep forgets sessions that have ended.
func (d *Desk) sweep(ctx context.Context) {
	d.acts.Lock()
	defer d.acts.Unlock()
	var c store.Change
	d.mu.Lock()
	for _, s := range d.sessions {
		if d.ended(s) {
			c.Sessions.Remove = append(c.Sessions.Remove, s.Key())
		}
	}
	d.mu.Unlock()
	if len(c.Sessions.Remove) == 0 {
		return
	}
	if err := d.o.Store.Update(ctx, c); err != nil {
		d.o.Log.Warn("forget sessions that have ended", "event", "session.unswept", "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range c.Sessions.Remove {
		delete(d.sessions, key.ID)
		delete(d.used, key.ID)
	}
}
