package rdap

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often one server is asked, and when it is left alone. Registries publish limits from one question a second
// upwards.
const (
	perSecond = 2
	burst     = 10
	maxWait   = time.Second // for our own limit; mail is not held up for longer

	restAfter = 3 // failures in a row
	restFor   = time.Minute
	maxRest   = time.Hour // whatever Retry-After says
)

// server is what is known of one server's patience.
type server struct {
	host    string
	limiter *rate.Limiter

	mu       sync.Mutex
	failures int       // in a row; owned by mu
	until    time.Time // not asked before; owned by mu
	why      error     // owned by mu
}

func newServer(host string) *server {
	return &server{host: host, limiter: rate.NewLimiter(perSecond, burst)}
}

// mayAsk takes a turn (I4). The answer is how long to wait for it, or why there is none.
func (s *server) mayAsk(now time.Time) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.until) {
		return 0, fmt.Errorf("%s is not asked until %s: %w", s.host, s.until.UTC().Format("15:04:05"), s.why)
	}
	turn := s.limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait > maxWait {
		turn.CancelAt(now)
		return 0, fmt.Errorf("%s is asked no more than %d times a second", s.host, perSecond)
	}
	return wait, nil
}

// failed counts. After a rest a single failure is enough for the next one.
func (s *server) failed(now time.Time, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	s.why = why
	if s.failures >= restAfter {
		s.until = now.Add(restFor)
	}
}

func (s *server) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.why = 0, nil
}

// refused: the server wants to be left alone, for as long as it says (RFC 9110, section 10.2.3; RFC 7480, section 5.5).
func (s *server) refused(now time.Time, h http.Header, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until, s.why = now.Add(retryAfter(h.Get("Retry-After"), now)), why
}

// retryAfter reads seconds or a date, within bounds.
func retryAfter(value string, now time.Time) time.Duration {
	rest := restFor
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		rest = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		rest = at.Sub(now)
	}
	return min(max(rest, time.Second), maxRest)
}
