package store

import (
	"context"
	"time"
)

// Token lets a program ask the daemon. What it shows is a secret, of which only a hash is kept. What the token allows
// is known to package api.
type Token struct {
	ID        string    `json:"id"`
	Hash      []byte    `json:"hash"` // SHA-256 of the secret
	Name      string    `json:"name"` // what it is for
	Owner     string    `json:"owner"`
	Role      string    `json:"role"`
	Tenants   []string  `json:"tenants,omitempty"` // GUIDs; none: every tenant, and the machine
	Bodies    bool      `json:"bodies,omitempty"`  // it may read the bytes of messages
	By        string    `json:"by"`                // who made it
	Parent    string    `json:"parent,omitempty"`  // the token by which it was made
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Revoked   time.Time `json:"revoked,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
}

// Key implements Row.
func (t Token) Key() Key { return Key{"", t.ID} }

// Tokens lists all tokens, in order of their ids.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	return listRows[Token](ctx, s, tableTokens, "")
}

// TokenUse is when a token was last used. It is a row of its own, so that to note a use never brings back a token that
// was revoked meanwhile.
type TokenUse struct {
	Token string    `json:"token"`
	At    time.Time `json:"at"`
	From  string    `json:"from,omitempty"` // address of the peer
}

// Key implements Row.
func (u TokenUse) Key() Key { return Key{"", u.Token} }

// TokenUses lists the last use of each token that was used.
func (s *Store) TokenUses(ctx context.Context) ([]TokenUse, error) {
	return listRows[TokenUse](ctx, s, tableTokenUses, "")
}
