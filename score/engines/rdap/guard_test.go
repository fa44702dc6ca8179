package rdap

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"clawback/internal/test/needs"
)

func TestAllowed_onlyPublicAddressesAndThoseThatAreNamed(t *testing.T) {
	private := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for address, want := range map[string]bool{
		"199.7.83.42:443": true, "[2001:500:9f::42]:443": true, "[::ffff:199.7.83.42]:443": true, "10.1.2.3:443": true, "[fd12::1]:443": true,
		"[::ffff:10.1.2.3]:443": true,
		"127.0.0.1:443":         false, "10.2.0.1:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "0.1.2.3:443": false, "255.255.255.255:443": false, "224.0.0.1:443": false, "240.0.0.1:443": false,
		"198.18.0.1:443": false, "192.0.0.170:443": false,
		"[::1]:443": false, "[::]:443": false, "[fe80::1%eth0]:443": false, "[fc00::1]:443": false, "[::ffff:127.0.0.1]:443": false,
		"[64:ff9b::7f00:1]:443": false, "[2002:7f00:1::]:443": false, "[2001::1]:443": false, "[fec0::1]:443": false, "[ff02::1]:443": false,
		"[4000::1]:443": false, "[::7f00:1]:443": false, "example.com:443": false,
	} {
		if err := allowed(address, private); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAsk_aPrivateAddressIsNotConnectedTo(t *testing.T) {
	b := ready(t)
	b.Close()
	b.config.PrivateNetworks = nil
	b.open(t) // the list of before is still there
	b.registry.set("a.com", respond(registeredOn("a.com", "2026-11-19T08:00:00Z")))
	if got, err := b.age(t, "a.com"); err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("%s, %v", got, err)
	}
	if err := b.refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("the list is fetched: %v", err)
	}
	if b.registry.questions() != 0 {
		t.Errorf("asked for %v", b.registry.asked)
	}
}

func TestAsk_redirects(t *testing.T) {
	b := ready(t)
	reached := 0
	secret := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	inside := httptest.NewUnstartedServer(secret) // inside, and not in private_networks
	inside.Listener.Close()
	if inside.Listener = listen(t, "[::1]:0"); inside.Listener == nil {
		needs.Ability(t, "IPv6, to tell an address from the registry's", errors.New("[::1] cannot be listened at"))
	}
	inside.StartTLS()
	defer inside.Close()
	plain := httptest.NewServer(secret)
	defer plain.Close()
	b.registry.set("real.com", respond(registeredOn("a.com", "2026-11-19T08:00:00Z")))
	to := func(url string) http.HandlerFunc { return http.RedirectHandler(url, http.StatusFound).ServeHTTP }
	for name, c := range map[string]struct{ url, want string }{
		"to another server":  {b.registry.URL + "/rdap/domain/real.com", ""},
		"to a private one":   {inside.URL + "/latest/meta-data", "not a public address"},
		"to one without TLS": {plain.URL + "/", "not https"},
		"to itself":          {b.registry.URL + "/rdap/domain/a.com", "too many redirects"},
		"to another scheme":  {"file:///etc/passwd", "not https"},
	} {
		b.registry.set("a.com", to(c.url))
		before := b.registry.questions()
		got, err := b.age(t, "a.com")
		if n := b.registry.questions() - before; n > maxRedirects+1 {
			t.Errorf("%s: asked %d times", name, n)
		}
		if c.want == "" && (got != "2026-11-19" || err != nil) ||
			c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
		b.Close() // what was kept, and the failures that were counted, are of no interest here
		b.options.StateDir = t.TempDir()
		b.open(t)
		if err := b.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if reached > 0 {
		t.Errorf("a server that may not be asked was asked %d times", reached)
	}
}

// listen is nil where the address is not there.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Logf("listen on %s: %v", address, err)
		return nil
	}
	return l
}
