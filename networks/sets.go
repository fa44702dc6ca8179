package networks

import (
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"clawback/config"
)

// Sets are the named sets. Lookups are safe beside a refresh.
type Sets struct {
	c      config.Networks
	o      Options
	byName atomic.Pointer[map[string][]netip.Prefix] // replaced, never changed

	mu     sync.Mutex // guards what follows
	status Status
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
	s := &Sets{c: c, o: o}
	byName := map[string][]netip.Prefix{}
	for _, set := range c.Sets {
		byName[set.Name] = set.Prefixes
	}
	s.byName.Store(&byName)
	return s, s.start()
}

// start takes the newer of the shipped list and the last good copy.
func (s *Sets) start() error {
	best, err := shippedCopy()
	if err != nil {
		return err
	}
	source := "shipped"
	if s.o.StateDir != "" {
		kept, err := load(s.file())
		switch {
		case err == nil && (kept.Fetched.After(best.Fetched) || kept.URL != best.URL) && (s.c.URL == "" || s.c.URL == kept.URL):
			best, source = kept, "saved"
		case err != nil && !missing(err):
			s.o.Log.Warn("last good list of networks is not used", "event", "networks.failed", "file", s.file(), "error", err)
		}
	}
	s.use(best, source)
	return nil
}

// file is where the last good copy lies.
func (s *Sets) file() string {
	return filepath.Join(s.o.StateDir, "networks", config.ExchangeOnline+".json")
}

// use puts a list to use.
func (s *Sets) use(list saved, source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byName := maps.Clone(*s.byName.Load())
	byName[config.ExchangeOnline] = slices.Clone(list.Prefixes)
	s.byName.Store(&byName)
	s.status.Source, s.status.Date, s.status.URL, s.status.Prefixes = source, list.Fetched, list.URL, len(list.Prefixes)
}

// Status is what an operator is shown.
func (s *Sets) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Prefixes are a set's prefixes, or nil for a name that is not known. The caller must not change them.
func (s *Sets) Prefixes(name string) []netip.Prefix { return (*s.byName.Load())[name] }

// Name answers which of the allowed names or CIDRs holds the address: the first that does, or "" for none.
func (s *Sets) Name(addr netip.Addr, allowed []string) string {
	addr = addr.Unmap().WithZone("")
	sets := *s.byName.Load()
	for _, name := range allowed {
		prefixes, known := sets[name]
		if !known {
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
