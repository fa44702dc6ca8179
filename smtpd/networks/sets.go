package networks

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"clawback/config"
	"clawback/internal/lastgood"
)

// Sets are the named sets. Lookups are safe beside a refresh.
type Sets struct {
	c      config.Networks
	o      Options
	own    map[string][]netip.Prefix // never changed
	online *lastgood.List[[]netip.Prefix]
}

// Options are what Open needs besides the configuration.
type Options struct {
	StateDir string           // the last good copy is kept below it; "": none is kept
	Client   *http.Client     // nil: one with a timeout
	Log      *slog.Logger     // nil: none
	Now      func() time.Time // nil: time.Now
}

// Status is what an operator is shown of exchange-online.
type Status struct {
	Source   string    `json:"source"` // shipped, saved, refreshed
	Date     time.Time `json:"date"`   // of the list in use
	URL      string    `json:"url"`    // where it comes from
	Prefixes int       `json:"prefixes"`
	Checked  time.Time `json:"checked,omitzero"`  // last time that the URL answered well
	Problem  string    `json:"problem,omitempty"` // of the last refresh; "" when it went well
	Failing  time.Time `json:"failing_since,omitzero"`
}

// Open makes the sets that a configuration names, and exchange-online from its newest good copy.
func Open(c config.Networks, o Options) (*Sets, error) {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: time.Minute}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sets{c: c, o: o, own: map[string][]netip.Prefix{}}
	for _, set := range c.Sets {
		s.own[set.Name] = set.Prefixes
	}
	best, err := shippedCopy()
	if err != nil {
		return nil, err
	}
	ask, err := withID(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read networks.url: %w", err)
	}
	s.online = lastgood.Open(lastgood.Source[[]netip.Prefix]{
		URL: c.URL, Ask: ask, Interval: c.Interval, File: s.file(), Limit: maxBody, Client: o.Client, Shipped: best,
		Now:   o.Now,
		Parse: parseEndpoints, Believe: change, Replace: s.logChange, Failed: s.failed,
	})
	return s, nil
}

// file is where the last good copy lies.
func (s *Sets) file() string {
	if s.o.StateDir == "" {
		return ""
	}
	return filepath.Join(s.o.StateDir, "networks", config.ExchangeOnline+".json")
}

// Status is what an operator is shown.
func (s *Sets) Status() Status {
	now := s.online.Current()
	st := Status{Source: string(now.Origin), Date: now.Fetched, URL: now.URL, Prefixes: len(now.List)}
	st.Checked, st.Problem = s.online.Checked()
	st.Failing = s.online.Failing()
	return st
}

// prefixes are a set's prefixes, or nil for a name that is not known. The caller must not change them.
func (s *Sets) prefixes(name string) []netip.Prefix {
	if name == config.ExchangeOnline {
		return s.online.Current().List
	}
	return s.own[name]
}

// Exchange reports whether Exchange Online sends from an address, whatever the sets are called that hold it.
func (s *Sets) Exchange(addr netip.Addr) bool {
	names := []string{config.ExchangeOnline}
	for _, set := range s.c.Sets {
		if set.ExchangeOnline {
			names = append(names, set.Name)
		}
	}
	return s.Name(addr, names) != ""
}

// Name answers which of the allowed names or CIDRs holds the address: the first that does, or "" for none.
func (s *Sets) Name(addr netip.Addr, allowed []string) string {
	addr = addr.Unmap().WithZone("")
	for _, name := range allowed {
		prefixes := s.prefixes(name)
		if prefixes == nil {
			prefixes = single(name)
		}
		if slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) }) {
			return name
		}
	}
	return ""
}

// single is a CIDR as a set of its own, or nil for a name that is none.
func single(name string) []netip.Prefix {
	p, err := netip.ParsePrefix(name)
	if err != nil {
		return nil
	}
	return []netip.Prefix{p}
}
