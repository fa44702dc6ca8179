package store

import (
	"context"
	"time"
)

// Session is a person who has signed in, until it ends. What the browser shows is a secret, of which only a hash is
// kept. What the session allows is known to package api.
type Session struct {
	ID      string            `json:"id"`
	Hash    []byte            `json:"hash"`            // SHA-256 of the secret
	Account string            `json:"account"`         // who: it stays the same over all sign-ins
	Title   string            `json:"title,omitempty"` // by which people know the account
	Method  string            `json:"method"`          // how the person has signed in
	Role    string            `json:"role"`            // in every tenant
	Tenants map[string]string `json:"tenants,omitempty"`
	Bodies  bool              `json:"bodies,omitempty"` // may read the bytes of messages
	Created time.Time         `json:"created"`
	Expires time.Time         `json:"expires"`
	From    string            `json:"from,omitempty"`  // address of the browser
	Agent   string            `json:"agent,omitempty"` // what the browser calls itself
}

// Key implements Row.
func (s Session) Key() Key { return Key{"", s.ID} }

// Sessions lists all sessions, in order of their ids.
func (s *Store) Sessions(ctx context.Context) ([]Session, error) {
	return listRows[Session](ctx, s, tableSessions, "")
}
