package console

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/session"
	"clawback/store"
)

// Desk keeps sessions by package api/session.
type Desk struct{ *session.Desk }

// SignIn begins a session.
func (d Desk) SignIn(ctx context.Context, in SignIn) (text string, expires time.Time, err error) {
	text, s, err := d.Create(ctx, session.SignIn{Account: in.Principal.Name, Method: "link", Rights: in.Principal,
		From: in.From, Agent: in.Agent})
	return text, s.Expires, err
}

// Principal is who asks in a session.
func (d Desk) Principal(text string) (api.Principal, error) {
	s, err := d.Lookup(text)
	if err != nil {
		return api.Principal{}, err
	}
	return session.Principal(s)
}

// Live reports whether a session opens anything still.
func (d Desk) Live(text string) bool {
	return slices.ContainsFunc(d.List(), func(s store.Session) bool { return s.ID == idOf(text) })
}

// SignOut ends a session.
func (d Desk) SignOut(ctx context.Context, text string) error {
	p, err := d.Principal(text)
	if err != nil {
		return nil // it has ended already
	}
	_, err = d.Revoke(ctx, p.Name, p.Session, "signed out")
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// idOf is the id in the text of a session, which is no secret.
func idOf(text string) string {
	id, _, _ := strings.Cut(text, "_")
	return id
}
