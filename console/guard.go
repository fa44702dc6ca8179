package console

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"clawback/api"
)

// policy is the Content-Security-Policy of every page: nothing but the embedded style and script, and no other place
// for forms and frames than the console itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Handler answers every request.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	mux.HandleFunc("GET /sign-in", s.showSignIn)
	mux.HandleFunc("POST /sign-in", s.signIn)
	if s.o.Provider != nil {
		mux.Handle("GET /sign-in/openid", s.o.Provider)
		mux.Handle("GET /sign-in/openid/", s.o.Provider)
	}
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.Handle("GET /events", s.known(http.HandlerFunc(s.events)))
	for _, r := range routes {
		mux.Handle(r.pattern, s.known(s.page(r)))
	}
	mux.Handle("/", s.known(s.page(route{show: notFound})))
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard sees to what every answer has.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer a browser tells no origin of a form either
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		if s.o.Certificate != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		defer func() {
			why := recover()
			if why == nil {
				return
			}
			if why != http.ErrAbortHandler {
				s.o.Log.Error("panic in a page", "event", "console.failed", "panic", why, "stack",
					string(debug.Stack()))
			}
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}

// cookieName: RFC 6265bis, section 4.1.3.2: __Host- is bound to this host, to TLS and to the whole site. Not every
// browser sends it to loopback without TLS.
func (s *Server) cookieName() string {
	if s.o.Certificate == nil {
		return "clawback"
	}
	return "__Host-clawback"
}

func (s *Server) cookie(text string, expires time.Time) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(), Value: text, Path: "/", Expires: expires,
		Secure: s.o.Certificate != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// session is the text of a request's session. Two cookies of the name are none: one of them was set by somebody else.
func (s *Server) session(r *http.Request) string {
	if found := r.CookiesNamed(s.cookieName()); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// known lets in who has signed in, and sends others to the page that says how.
func (s *Server) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.o.Sessions.Principal(s.session(r))
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(withPrincipal(r.Context(), p)))
		case r.URL.Path == "/events":
			w.WriteHeader(http.StatusNoContent) // the browser asks no more
		default:
			s.showSignIn(w, r)
		}
	})
}

// showSignIn says how to sign in, or asks whether to use a link: a program that only looks at addresses must not use it
// up.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) {
	link := ""
	if r.URL.Path == "/sign-in" {
		link = r.URL.Query().Get("link")
	}
	status := http.StatusOK
	if link == "" {
		status = http.StatusUnauthorized
	}
	s.write(w, r, view{Page: "signin", Title: "Sign in", Status: status,
		Data: signInPage{Link: link, Provider: s.o.Provider != nil}})
}

type signInPage struct {
	Link     string
	Provider bool // an OpenID provider signs people in
	Problem  string
}

// signIn begins a session by a link.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, why string) {
		s.write(w, r, view{Page: "signin", Title: "Sign in", Status: status, Data: signInPage{Problem: why}})
	}
	if !s.attempts.Allow() {
		refuse(http.StatusTooManyRequests, "Too many attempts to sign in: try again in a minute.")
		return
	}
	p, ok := s.o.Links.redeem(r.PostFormValue("link"))
	if !ok {
		s.o.Log.Warn("somebody could not sign in", "event", "console.refused", "from", r.RemoteAddr, "reason", "link")
		refuse(http.StatusUnauthorized, "This link was used, has ended or was never made. Make another one.")
		return
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	text, expires, err := s.o.Sessions.SignIn(r.Context(), SignIn{Principal: p, From: from, Agent: r.UserAgent()})
	if err != nil {
		s.o.Log.Error("begin a session", "event", "console.failed", "error", err)
		refuse(statusOf(err), err.Error())
		return
	}
	http.SetCookie(w, s.cookie(text, expires))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signOut ends a session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.o.Sessions.SignOut(r.Context(), s.session(r)); err != nil {
		s.o.Log.Error("end a session", "event", "console.failed", "error", err)
	}
	c := s.cookie("", time.Unix(1, 0))
	c.MaxAge = -1
	http.SetCookie(w, c)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	if big := new(http.MaxBytesError); errors.As(err, &big) {
		return http.StatusRequestEntityTooLarge
	}
	if row, known := api.Statuses[api.CodeOf(err)]; known {
		return row.Status
	}
	return http.StatusInternalServerError
}

// from is where a request's form stands, to go back to: a path of the console.
func back(r *http.Request, otherwise string) string {
	to := r.PostFormValue("back")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return otherwise
	}
	return to
}
