package extract

import (
	"fmt"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// Address is one mailbox of an address field, in lower case.
type Address = rfc822.Address

// ParseAddresses reads an address list as mail programs do: nothing is refused.
func ParseAddresses(value string) []Address { return lower(rfc822.ParseAddresses(value)) }

// addresses are all addresses of all fields of that name.
func (m *Mail) addresses(name string) []Address {
	all, bounds := m.Header.Addresses(name)
	if bounds != 0 {
		m.notRead(BoundHeader, "header "+name, fmt.Sprintf("Of its addresses the first %d were read.", len(all)))
	}
	return lower(all)
}

func lower(all []Address) []Address {
	for i := range all {
		all[i].Address = mailaddr.Lower(all[i].Address)
	}
	return all
}
