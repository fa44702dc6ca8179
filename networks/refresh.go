package networks

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"clawback/config"
)

// retry is how long after a failed refresh the next one is due, if that is sooner than the interval.
const retry = time.Hour

// Run refreshes exchange-online from its URL until the context ends. Without a URL it only waits.
func (s *Sets) Run(ctx context.Context) error {
	if s.c.URL == "" {
		<-ctx.Done()
		return nil
	}
	wait := s.firstWait()
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		wait = s.c.Interval
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("list of networks was not refreshed, the old one stays",
				"event", "networks.failed", "url", s.c.URL, "error", err)
			wait = min(wait, retry)
		}
	}
}

// firstWait is how long the list in use is still young enough.
func (s *Sets) firstWait() time.Duration {
	st := s.Status()
	if st.Source == "shipped" {
		return 0
	}
	return min(max(st.Date.Add(s.c.Interval).Sub(s.o.Now()), 0), s.c.Interval)
}

// Refresh asks the URL once. A list that is not believed changes nothing.
func (s *Sets) Refresh(ctx context.Context) error {
	err := s.refresh(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Problem = ""
	if err != nil {
		s.status.Problem = err.Error()
		return err
	}
	s.status.Checked = s.o.Now()
	return nil
}

func (s *Sets) refresh(ctx context.Context) error {
	data, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	prefixes, err := parseEndpoints(data)
	if err != nil {
		return err
	}
	if s.Status().URL == s.c.URL { // the first list from another URL, as of a national cloud, has nothing to be compared with
		if err := change(s.Prefixes(config.ExchangeOnline), prefixes); err != nil {
			return err
		}
	}
	s.logChange(prefixes)
	list := saved{Fetched: s.o.Now().UTC(), URL: s.c.URL, Prefixes: prefixes}
	s.use(list, "refreshed")
	if s.o.StateDir == "" {
		return nil
	}
	if err := store(s.file(), list); err != nil {
		return fmt.Errorf("keep list of networks: %w", err)
	}
	return nil
}

// logChange says which prefixes came and went: an operator with firewall rules must know.
func (s *Sets) logChange(now []netip.Prefix) {
	before := s.Prefixes(config.ExchangeOnline)
	came, went := without(now, before), without(before, now)
	if len(came)+len(went) > 0 {
		s.o.Log.Info("list of networks has changed", "event", "networks.changed", "came", came, "went", went)
	}
}

// without is a less b.
func without(a, b []netip.Prefix) (rest []netip.Prefix) {
	in := map[netip.Prefix]bool{}
	for _, p := range b {
		in[p] = true
	}
	for _, p := range a {
		if !in[p] {
			rest = append(rest, p)
		}
	}
	return rest
}

// fetch reads the URL.
func (s *Sets) fetch(ctx context.Context) ([]byte, error) {
	u, err := url.Parse(s.c.URL)
	if err != nil {
		return nil, fmt.Errorf("read URL: %w", err)
	}
	q := u.Query()
	if !q.Has("clientrequestid") { // the web service answers 400 without a GUID that tells clients apart
		q.Set("clientrequestid", newGUID())
		u.RawQuery = q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := s.o.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("fetch list: %s", res.Status)
	case res.Request.URL.Scheme != "https":
		return nil, fmt.Errorf("fetch list: redirected to %s, which is not https", res.Request.URL.Redacted())
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	return data, nil
}

// newGUID is a random GUID: RFC 9562, section 5.4.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
