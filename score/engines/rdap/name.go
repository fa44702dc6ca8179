package rdap

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// registered is the name that a registry knows of a host, in A-labels: one label more than the public suffix. What lies
// under a suffix of the list's private part was given by a host to its customer, and no registry can tell when.
func registered(host string) (string, error) {
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", errors.New("that is not the name of a domain")
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if !icann && strings.Contains(suffix, ".") {
		return "", fmt.Errorf("%s gives such names itself, and no registry notes them", suffix)
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return "", errors.New("that is no name under a public suffix")
	}
	return domain, nil
}

func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:97], "") + "..."
	}
	return s
}
