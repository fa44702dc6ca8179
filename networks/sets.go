package networks

import (
	"net/netip"
	"sync/atomic"
)

// Sets are the named sets. Lookups are safe beside a refresh.
type Sets struct {
	byName atomic.Pointer[map[string][]netip.Prefix]
}

// Name answers which of the allowed names or CIDRs holds the address: the name, the CIDR, or "" for none.
func (s *Sets) Name(addr netip.Addr, allowed []string) string {
	addr = addr.Unmap().WithZone("")
	sets := *s.byName.Load()
	for _, name := range allowed {
		prefixes, known := sets[name]
		if p, err := netip.ParsePrefix(name); err == nil && !known {
			prefixes = []netip.Prefix{p}
		}
		for _, p := range prefixes {
			if p.Contains(addr) {
				return name
			}
		}
	}
	return ""
}
