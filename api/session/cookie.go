package session

import (
	"net/http"
	"time"

	"clawback/api"
	"clawback/store"
)

// Cookies are how a browser holds a session.
type Cookies struct {
	Secure bool // false for http on loopback alone, where no browser would send it otherwise
}

// name: RFC 6265bis, section 4.1.3.2: __Host- is bound to this host, to TLS and to the whole site.
func (c Cookies) name() string {
	if c.Secure {
		return "__Host-clawback"
	}
	return "clawback"
}

// Set gives the browser the text of a session. Lax and not Strict: who comes from a link in a ticket or back from the
// provider is signed in; what changes something is protected by Protect.
func (c Cookies) Set(w http.ResponseWriter, text string, s store.Session) {
	http.SetCookie(w, &http.Cookie{Name: c.name(), Value: text, Path: "/", Expires: s.Expires, Secure: c.Secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Clear takes it away.
func (c Cookies) Clear(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: c.name(), Path: "/", Expires: time.Unix(1, 0), MaxAge: -1, Secure: c.Secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Of is the session of a request and who asks in it. Two cookies of the name are none: one of them was set by somebody
// else.
func (d *Desk) Of(c Cookies, r *http.Request) (store.Session, api.Principal, error) {
	found := r.CookiesNamed(c.name())
	if len(found) != 1 {
		return store.Session{}, api.Principal{}, &api.Error{Code: api.Unauthorized, Detail: "sign in"}
	}
	s, err := d.Lookup(found[0].Value)
	if err != nil {
		return s, api.Principal{}, err
	}
	p, err := Principal(s)
	return s, p, err
}

// Protect refuses what another site makes a browser send, by 403. GET and HEAD pass: nothing may change by them, and
// signing out is no exception.
func Protect(next http.Handler) http.Handler { return http.NewCrossOriginProtection().Handler(next) }
