package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"clawback/api"
	"clawback/store"
)

// events sends the numbers that pages show whenever they change, until the session ends.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.WriteHeader(http.StatusNoContent) // pages work without
		return
	}
	out := http.NewResponseController(w)
	// The server's timeouts are for pages: the one for reading would end the request's context.
	if err := errors.Join(out.SetReadDeadline(time.Time{}), out.SetWriteDeadline(time.Time{})); err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	v := &visit{Request: r, service: s.o.Service}
	v.who, _ = r.Context().Value(principalKey{}).(api.Principal)
	ticks := time.NewTicker(s.tick)
	defer ticks.Stop()
	last, quiet := "", 0
	fmt.Fprint(w, "retry: 5000\n\n")
	for {
		if !s.o.Sessions.Live(s.session(r)) {
			return
		}
		if now, err := liveNumbers(v); err == nil && now != last {
			fmt.Fprintf(w, "data: %s\n\n", now)
			last, quiet = now, 0
		} else if quiet++; quiet%7 == 0 {
			fmt.Fprint(w, ": still here\n\n")
		}
		_ = out.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.ending.Done():
			return
		case <-ticks.C:
		}
	}
}

// liveNumbers are the numbers of the overview and of the navigation, as JSON.
func liveNumbers(v *visit) (string, error) {
	status, err := do(v, api.ShowStatus, api.None{})
	if err != nil {
		return "", err
	}
	t, numbers := sumsOf(status), map[string]int{}
	for _, one := range t.tiles() {
		numbers[one.Key] = one.Value
	}
	for path, n := range badgesOf(status) {
		numbers["badge:"+path] = n
	}
	numbers["restored"] = t.restores
	numbers["done"] = t.outcomes[store.Done]
	text, err := json.Marshal(numbers)
	return string(text), err
}
