// Package regions decides which processing regions may take an address's mail, and checks that DNS says the same.
//
// Reads: the configuration; MX and address records, by a Resolver.
// Writes: nothing.
//
// Invariants:
//
//	I1. A host outside an address's regions never takes mail for it.
//	I2. Two addresses' mail is united only where both allow the same region.
//
// On failure: an answer of DNS that cannot be had is a finding, never a pass.
//
// Standards: RFC 5321, section 5.1 (MX preference, fall-back to the address record); RFC 7505 (null MX).
package regions

import (
	"fmt"
	"slices"
	"strings"

	"clawback/config"
)

// Accept decides whether a daemon of a region may take mail for an address. The reason is for the log and the alert,
// not for the sender. It depends on nothing but the two: being drained or overloaded is answered with 4xx elsewhere.
func Accept(a config.Address, region string) (ok bool, reason string) {
	switch {
	case len(a.Regions) == 0 || slices.Contains(a.Regions, region):
		return true, ""
	case region == "":
		return false, fmt.Sprintf("address is bound to %s, and this daemon has no region", list(a.Regions))
	}
	return false, fmt.Sprintf("address is bound to %s, and this daemon's region is %s", list(a.Regions), region)
}

// RecordedElsewhere says of each address whose mail a daemon of a region may not take where it is recorded instead. A
// message that is reported to such an address too has a record there as well, which knows nothing of the one here.
func RecordedElsewhere(addresses []config.Address, region string) (elsewhere []string) {
	for _, a := range addresses {
		if ok, _ := Accept(a, region); !ok {
			elsewhere = append(elsewhere, fmt.Sprintf("what is reported to %s is recorded in %s, apart from this",
				a.Address, list(a.Regions)))
		}
	}
	return elsewhere
}

// common answers the regions that two addresses both allow, in the first one's order. When there is none, what arrives
// at them must not be united in one record. An address without regions allows any, so that the other's are the common
// ones.
func common(a, b []string) (common []string, ok bool) {
	switch {
	case len(a) == 0:
		return slices.Clone(b), true
	case len(b) == 0:
		return slices.Clone(a), true
	}
	for _, region := range a {
		if slices.Contains(b, region) {
			common = append(common, region)
		}
	}
	return common, len(common) > 0
}

// list names regions for people.
func list(names []string) string { return strings.Join(names, ", then ") }
