package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/routes"
)

type principalKey struct{}

// principalOf is who the guard has let in.
func principalOf(r *http.Request) (api.Principal, error) {
	p, ok := r.Context().Value(principalKey{}).(api.Principal)
	if !ok {
		return p, errors.New("a request came past the guard")
	}
	return p, nil
}

// guard lets in who shows a token, within what one token may ask for, and sees to what every answer has.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		w := &patientWriter{ResponseWriter: plain, control: http.NewResponseController(plain), each: s.times.write,
			body: r.ContentLength != 0}
		defer s.recover(w)
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Strict-Transport-Security", "max-age=31536000")
		header.Set("X-Content-Type-Options", "nosniff")
		p, leave, err := s.admit(r)
		if err != nil {
			s.turnAway(w, r, err)
			return
		}
		defer leave()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
	})
}

// admit proves who asks, and takes a place for his request, which leave gives back.
func (s *Server) admit(r *http.Request) (p api.Principal, leave func(), err error) {
	if s.stopping.Load() {
		return p, nil, &api.Error{Code: api.Unavailable, Detail: "the daemon is stopping: try again in a minute"}
	}
	text, err := bearer(r)
	if err != nil {
		return p, nil, err
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	if p, err = s.o.Tokens.Principal(text, from); err != nil {
		return p, nil, err
	}
	leave, err = s.limits.enter(p.Token.ID)
	return p, leave, err
}

// bearer is the token of a request: RFC 6750, section 2.1. It is taken from nowhere else: an address with a token in it
// would stand in logs.
func bearer(r *http.Request) (string, error) {
	fields := r.Header.Values("Authorization")
	if len(fields) != 1 {
		return "", &api.Error{Code: api.Unauthorized,
			Detail: "show a token: Authorization: Bearer clawback_... (clawback token create makes one)"}
	}
	scheme, text, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &api.Error{Code: api.Unauthorized, Detail: "Authorization: use the scheme Bearer, with a token"}
	}
	return strings.TrimSpace(text), nil
}

// turnAway answers who is not let in. A stranger's connection ends with it.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	switch api.CodeOf(err) {
	case api.Unauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="clawback"`)
		w.Header().Set("Connection", "close")
		s.refused.Do(func() {
			s.o.Log.Warn("a request without a token that opens something", "event", "rest.refused", "from",
				r.RemoteAddr, "reason", err)
		})
	case api.Unavailable:
		w.Header().Set("Retry-After", "60")
	}
	if wait, is := errors.AsType[*tooMany](err); is {
		w.Header().Set("Retry-After", strconv.Itoa(wait.seconds()))
	}
	routes.WriteProblem(w, err)
}

// recover answers a panic as a fault of ours. One in the middle of an answer cuts it off.
func (s *Server) recover(w *patientWriter) {
	why := recover()
	if why == nil {
		return
	}
	if why != http.ErrAbortHandler {
		s.o.Log.Error("panic in an operation", "event", "api.failed", "panic", why, "stack", string(debug.Stack()))
	}
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	routes.WriteProblem(w, &api.Error{Code: api.Internal, Detail: "a fault of clawback: it is in the log"})
}

// patientWriter gives a reader time for each part of an answer: one who reads slowly is served, one who does not read
// is not.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	each    time.Duration // for 64 KiB
	body    bool          // the request has one
	begun   bool
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader begins the answer.
func (w *patientWriter) WriteHeader(status int) {
	w.begun = true
	w.more()
	if status >= http.StatusBadRequest && w.body {
		w.Header().Set("Connection", "close") // net/http would wait for the rest of the body before it answers
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes in parts, each with its own time.
func (w *patientWriter) Write(p []byte) (n int, err error) {
	const part = 64 << 10
	w.begun = true
	for len(p) > 0 && err == nil {
		w.more()
		var m int
		m, err = w.ResponseWriter.Write(p[:min(part, len(p))])
		n, p = n+m, p[m:]
	}
	return n, err
}

func (w *patientWriter) more() { _ = w.control.SetWriteDeadline(time.Now().Add(w.each)) }

// around is what each operation has of its own at this door.
func (s *Server) around(op api.Any, next http.Handler) http.Handler {
	_, upload := op.NewRequest().(*api.Upload)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if upload {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.times.upload))
		}
		next.ServeHTTP(w, r)
	})
}
