// Package publicnet tells addresses of the internet at large from those of a host and the networks around it.
//
// A server that names an address inside, by DNS or by a redirect, must not lead the daemon there: who asks such servers
// looks at the address itself, in the dialer, after names were resolved.
//
// Reads, Writes: nothing; it is pure.
//
// Standards: RFC 6890 and IANA's registries of special-purpose addresses.
package publicnet

import (
	"net/netip"
	"slices"
)

// Allows reports whether a connection may go to an address: a public one, or one of the private networks that the
// operator named.
func Allows(addr netip.Addr, private []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	return Public(addr) || slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Public reports whether an address is of the internet at large.
func Public(addr netip.Addr) bool {
	if addr = addr.Unmap(); !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(addr) })
}

// special are the networks of IANA's special-purpose registries (RFC 6890) that netip takes for global unicast. Those
// of IPv6 are few because all of its public addresses are in 2000::/3.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/3"), netip.MustParsePrefix("4000::/2"), netip.MustParsePrefix("8000::/1"),
		// Teredo and its like, 6to4: IPv4 addresses in disguise.
		netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2002::/16"),
	}
}
