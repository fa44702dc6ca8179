package query

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The domains above one are those of two labels and more, of long ones the nearest to the root; an address has none.
func TestSuffixes(t *testing.T) {
	long := ""
	for i := range 12 {
		long += fmt.Sprintf("l%d.", i)
	}
	for _, domain := range []string{
		"", ".", "..", "a", "a.", ".a", "a.b", "a.b.", "a.b.c", "a..b.c", "mail.eu.evil.example",
		long + "example", long, "a.b.3", "1.2.3", "3.a.b4", "192.0.2.1", "192.0.2.256", "1.2.3.4.5", "2001:db8::1",
		"::ffff:192.0.2.1", "fe80::1%eth0", "fe80::1%a.b.c", "[2001:db8::1]",
	} {
		want := []string{domain}
		if _, err := netip.ParseAddr(domain); err != nil {
			labels := strings.Split(domain, ".")
			for i := max(1, len(labels)-maxLabels); i+2 <= len(labels); i++ {
				want = append(want, strings.Join(labels[i:], "."))
			}
		}
		if got := suffixes(nil, domain); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", domain, got, want)
		}
	}
}
