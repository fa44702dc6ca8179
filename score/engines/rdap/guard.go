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
	"syscall"
	"time"

	"clawback/internal/publicnet"
)

// maxRedirects is how often a server may send us on (RFC 7480, section 5.2).
const maxRedirects = 3

// newHTTP makes the client for lists and answers. No proxy of the environment's is used: it would connect where we may
// not (I2).
func newHTTP(private []netip.Prefix, roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return allowed(address, private)
		}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2,
			IdleConnTimeout:   time.Minute,
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

// allowed looks at the address itself, after names were resolved and redirects followed: whatever they say, it is where
// the connection goes (I2).
func allowed(address string, private []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address %s: %w", address, err)
	}
	if publicnet.Allows(at.Addr(), private) {
		return nil
	}
	return fmt.Errorf("%s is not a public address: rdap.private_networks does not name it", at.Addr())
}
