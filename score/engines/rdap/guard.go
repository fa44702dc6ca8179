package rdap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// maxRedirects is how often a server may send us on (RFC 7480, section 5.2).
const maxRedirects = 3

// newHTTP makes the client for lists and answers. No proxy of the environment's is used: it would connect where we may not (I2).
func newHTTP(private []netip.Prefix, roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return allowed(address, private)
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			switch {
			case len(before) > maxRedirects:
				return errors.New("too many redirects")
			case next.URL.Scheme != "https" && before[0].URL.Scheme == "https":
				return errors.New("redirected to a URL that is not https")
			}
			return nil
		},
	}
}

// allowed looks at the address itself, after names were resolved and redirects followed: whatever they say, it is where the
// connection goes (I2).
func allowed(address string, private []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address %s: %w", address, err)
	}
	addr := at.Addr().Unmap().WithZone("")
	if public(addr) || slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	return fmt.Errorf("%s is not a public address: rdap.private_networks does not name it", addr)
}

// public reports whether an address is of the internet at large.
func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(addr) })
}

// special are the networks of IANA's special-purpose registries (RFC 6890) that netip takes for global unicast. Those of IPv6 are few
// because all of its public addresses are in 2000::/3.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/3"), netip.MustParsePrefix("4000::/2"), netip.MustParsePrefix("8000::/1"),
		netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2002::/16"), // Teredo and its like, 6to4: IPv4 addresses in disguise
	}
}
