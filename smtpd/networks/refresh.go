package networks

import (
	"context"
	"net/netip"
	"net/url"

	"github.com/google/uuid"

	"clawback/internal/lastgood"
)

// Run refreshes exchange-online from its URL until the context ends. Without a URL it only waits.
func (s *Sets) Run(ctx context.Context) error { return s.online.Run(ctx) }

// Refresh asks the URL once. A list that is not believed changes nothing.
func (s *Sets) Refresh(ctx context.Context) error { return s.online.Refresh(ctx) }

func (s *Sets) failed(what string, reason error) {
	s.o.Log.Warn("list of networks: "+what, "event", "networks.failed", "url", s.c.URL, "file", s.file(),
		"error", reason)
}

// logChange says which prefixes came and went: an operator with firewall rules must know.
func (s *Sets) logChange(old, found lastgood.Copy[[]netip.Prefix]) {
	came, went := without(found.List, old.List), without(old.List, found.List)
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

// withID is the URL with the GUID that tells clients apart: the web service answers 400 without one.
func withID(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return text, err
	}
	q := u.Query()
	if !q.Has("clientrequestid") {
		q.Set("clientrequestid", uuid.NewString())
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}
