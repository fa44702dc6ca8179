package networks

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"clawback/internal/lastgood"
)

// shipped is Microsoft's entry as documented on shippedOn: the hosts that send mail, and no other.
//
//go:embed exchange-online-2026-11-21.json
var shipped []byte

// shippedOn is the day of the shipped list, as in its file's name.
const shippedOn = "2026-11-21"

// worldwide is where the shipped list comes from. National clouds have lists of their own.
const worldwide = "https://endpoints.office.com/endpoints/worldwide"

// shippedCopy is the list that was built in.
func shippedCopy() (c lastgood.Copy[[]netip.Prefix], err error) {
	prefixes, err := parseEndpoints(shipped)
	if err != nil {
		return c, fmt.Errorf("read shipped list: %w", err)
	}
	day, err := time.Parse(time.DateOnly, shippedOn)
	if err != nil {
		return c, fmt.Errorf("read shipped list's date: %w", err)
	}
	return lastgood.Copy[[]netip.Prefix]{Fetched: day, URL: worldwide, Origin: lastgood.Shipped, List: prefixes}, nil
}
