package publicnet

import (
	"net/netip"
	"testing"
)

func TestAllows_publicAddressesAndNamedNetworksAlone(t *testing.T) {
	named := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for address, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "10.1.2.3": true, "::ffff:10.1.2.3": true, "fd00:1::5": true, "::ffff:8.8.8.8": true,
		"10.2.0.1": false, "127.0.0.1": false, "::1": false, "169.254.169.254": false, "192.168.0.1": false, "172.16.0.1": false,
		"0.0.0.0": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::ffff:127.0.0.1": false, "fe80::1": false,
		"fe80::1%eth0": false, "fd00:2::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false,
	} {
		if got := Allows(netip.MustParseAddr(address), named); got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
}
