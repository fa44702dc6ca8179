// Package token keeps the tokens that programs prove themselves by, and tells whose they are.
//
// A token is a text that is shown once, when it is made. The store has a hash of it, with the role and the tenants that
// it opens, and when it ends. All tokens are in memory too, so that a request costs no read.
//
// Reads: the store's tokens, when it is opened.
//
// Writes: tokens, each with its entry in the audit in one commit; when each was last used, once a minute.
//
// Invariants:
//
//	I1 no secret is kept, and none can be found again from what is kept
//	I2 a token that was made by another one ends with that one at the latest
//	I3 what is revoked opens nothing from the moment at which Revoke has returned
//	I4 a state that was put back from a backup opens nothing by a token of before: it may have been revoked since
//
// On failure: the error of the store; the token is not made, or not revoked. A last use that cannot be noted is noted a
// minute later.
//
// Standards: RFC 6750, section 2.1, for the form of the text.
package token

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
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

// Prefix begins the text of every token, so that scanners for secrets find one that was left lying about.
const Prefix = "clawback_"

const (
	idLen     = 13 // "t" and twelve digits of base32, of 60 random bits
	secretLen = 52 // digits of base32, of 256 random bits
)

// Store is where tokens are kept.
type Store interface {
	Tokens(ctx context.Context) ([]store.Token, error)
	TokenUses(ctx context.Context) ([]store.TokenUse, error)
	Update(ctx context.Context, c store.Change) error
}

// Options of a Desk.
type Options struct {
	Store    Store
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
	Restored time.Time        // when the state was put back from a backup; zero: never
}

// Desk keeps the tokens. Safe for concurrent use.
type Desk struct {
	o Options

	acts sync.Mutex // held by what changes tokens, around its commit

	mu     sync.Mutex // guards what follows
	tokens map[string]store.Token
	uses   map[string]store.TokenUse
	fresh  map[string]bool // uses that are not written yet
}

// Open reads the tokens.
func Open(ctx context.Context, o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Desk{o: o, tokens: map[string]store.Token{}, uses: map[string]store.TokenUse{}, fresh: map[string]bool{}}
	tokens, err := o.Store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		d.tokens[t.ID] = t
	}
	uses, err := o.Store.TokenUses(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		d.uses[u.Token] = u
	}
	return d, d.endRestored(ctx)
}

// endRestored revokes the tokens from before a restore (I4). Those that were made since are newer than it.
func (d *Desk) endRestored(ctx context.Context) error {
	var ending []store.Token
	for _, t := range d.List() {
		if t.Created.Before(d.o.Restored) && api.TokenStateOf(t, d.o.Now()) == api.TokenLive {
			ending = append(ending, t)
		}
	}
	if len(ending) == 0 {
		return nil
	}
	if err := d.end(ctx, ending, func(store.Token) store.Act {
		return store.Act{Who: "clawback", What: "token.revoke",
			Comment: "the state was restored from a backup of before"}
	}); err != nil {
		return fmt.Errorf("revoke the tokens of the backup: %w", err)
	}
	d.o.Log.Warn("tokens of the backup are revoked: they may have been revoked after it", "event", "token.restored",
		"tokens", len(ending))
	return nil
}

// List is every token, the newest first.
func (d *Desk) List() []store.Token {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.tokens), func(a, b store.Token) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
}

// LastUse is when a token was last used; zero for never.
func (d *Desk) LastUse(id string) store.TokenUse {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.uses[id]
}

// Principal is who shows a token, and notes that it was used from an address.
func (d *Desk) Principal(text, from string) (api.Principal, error) {
	id, ok := idOf(text)
	d.mu.Lock()
	defer d.mu.Unlock()
	t, known := d.tokens[id]
	sum := sha256.Sum256([]byte(text))
	if !ok || !known || subtle.ConstantTimeCompare(sum[:], t.Hash) != 1 {
		return api.Principal{}, refuse("the token is not known: look whether all of it was copied, or have an " +
			"administrator make one")
	}
	switch api.TokenStateOf(t, d.o.Now()) {
	case api.TokenRevoked:
		return api.Principal{}, refuse("token " + id + " was revoked on " + t.Revoked.Format(time.DateOnly) +
			": have an administrator make another one")
	case api.TokenExpired:
		return api.Principal{}, refuse("token " + id + " has ended on " + t.Expires.Format(time.DateOnly) +
			": have an administrator make another one")
	}
	d.uses[id], d.fresh[id] = store.TokenUse{Token: id, At: d.o.Now().UTC().Truncate(time.Second), From: from}, true
	return api.TokenPrincipal(t)
}

func refuse(text string) error { return &api.Error{Code: api.Unauthorized, Detail: text} }

// idOf is the id that stands in a token's text.
func idOf(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, Prefix)
	if !ok || len(rest) != idLen+1+secretLen || rest[idLen] != '_' {
		return "", false
	}
	return rest[:idLen], true
}

// newText makes the text of a token, of which the id is a part.
func newText() (id, text string) {
	random := make([]byte, 8+32)
	_, _ = rand.Read(random) // never fails
	id = "t" + digits(random[:8])[:idLen-1]
	return id, Prefix + id + "_" + digits(random[8:])
}

func digits(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// plain are names that can stand in the audit beside brackets and commas without being taken for something else.
var plain = regexp.MustCompile(`^[\pL\pN][\pL\pN._@\\-]{0,63}$`)

func checkName(what, name string) error {
	if plain.MatchString(name) {
		return nil
	}
	return &api.Error{Code: api.InvalidRequest,
		Detail: what + ": use 1 to 64 letters, digits, and . _ @ - \\, a letter or digit first"}
}

// maxLive bounds the tokens of one tenant that are live, and those of every tenant.
const maxLive = 100

// Add makes a token.
func (d *Desk) Add(ctx context.Context, who string, t store.Token) (store.Token, string, error) {
	if err := cmp.Or(checkName("name", t.Name), checkName("owner", t.Owner)); err != nil {
		return t, "", err
	}
	d.acts.Lock()
	defer d.acts.Unlock()
	if err := d.admit(t); err != nil {
		return t, "", err
	}
	id, text := newText()
	sum := sha256.Sum256([]byte(text))
	t.ID, t.Hash, t.Created = id, sum[:], d.o.Now().UTC().Round(0)
	change := store.Change{Tokens: store.Edit[store.Token]{Put: []store.Token{t}},
		Acts: actsOf(t, store.Act{Who: who, What: "token.create", Comment: describe(t)})}
	if err := d.o.Store.Update(ctx, change); err != nil {
		return t, "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens[id] = t
	return t, text, nil
}

// admit refuses a token that there is no room for, or whose maker has ended meanwhile.
func (d *Desk) admit(t store.Token) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := map[string]int{}
	for _, one := range d.tokens {
		if api.TokenStateOf(one, d.o.Now()) != api.TokenLive {
			continue
		}
		for _, tenant := range reach(one) {
			live[tenant]++
		}
	}
	for _, tenant := range reach(t) {
		if live[tenant] >= maxLive {
			return &api.Error{Code: api.WrongState,
				Detail: fmt.Sprintf("there are %d live tokens already: revoke what is not used", maxLive)}
		}
	}
	if t.Parent != "" && api.TokenStateOf(d.tokens[t.Parent], d.o.Now()) != api.TokenLive {
		return refuse("token " + t.Parent + " has ended")
	}
	return nil
}

// reach are the tenants of a token; "" for all.
func reach(t store.Token) []string {
	if len(t.Tenants) == 0 {
		return []string{""}
	}
	return t.Tenants
}

// describe says for the audit what a token opens.
func describe(t store.Token) string {
	text := t.Name + " of " + t.Owner + ", " + t.Role
	if t.Bodies {
		text += ", may read bodies"
	}
	return text + ", until " + t.Expires.UTC().Format(time.RFC3339)
}

// actsOf are the entries for an act on a token: one in the audit of each tenant that it opens.
func actsOf(t store.Token, act store.Act) (list []store.Act) {
	act.Object = t.ID
	for _, act.Tenant = range reach(t) {
		list = append(list, act)
	}
	return list
}

// Revoke ends a token, and those that were made by it, in one commit.
func (d *Desk) Revoke(ctx context.Context, who, id, comment string) (store.Token, error) {
	d.acts.Lock()
	defer d.acts.Unlock()
	ending := d.family(id)
	if len(ending) == 0 || ending[0].ID != id {
		return store.Token{}, store.ErrNotFound
	}
	err := d.end(ctx, ending, func(t store.Token) store.Act {
		act := store.Act{Who: who, What: "token.revoke", Comment: comment}
		if t.ID != id {
			act.Comment = "it was made by token " + t.Parent
		}
		return act
	})
	if err != nil {
		return store.Token{}, err
	}
	return ending[0], nil
}

// end revokes tokens in one commit with an act for each, which names who ends them.
func (d *Desk) end(ctx context.Context, ending []store.Token, actOf func(store.Token) store.Act) error {
	var c store.Change
	for i := range ending {
		act := actOf(ending[i])
		ending[i].Revoked, ending[i].RevokedBy = d.o.Now().UTC().Truncate(time.Second), act.Who
		c.Acts = append(c.Acts, actsOf(ending[i], act)...)
	}
	c.Tokens.Put = ending
	if err := d.o.Store.Update(ctx, c); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range ending {
		d.tokens[t.ID] = t
	}
	return nil
}

// family is a token and those that were made by it, at whatever distance, as far as they are live.
func (d *Desk) family(id string) (list []store.Token) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ids := []string{id}; len(ids) > 0; ids = ids[1:] {
		t, known := d.tokens[ids[0]]
		if known && api.TokenStateOf(t, d.o.Now()) == api.TokenLive {
			list = append(list, t)
		}
		for _, one := range d.tokens {
			if one.Parent == ids[0] {
				ids = append(ids, one.ID)
			}
		}
	}
	return list
}
