package retract

import (
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// fold makes addresses comparable: Exchange compares them without case.
func fold(address string) string {
	address = strings.TrimSpace(address)
	address = strings.TrimPrefix(strings.TrimSuffix(address, ">"), "<")
	if len(address) > 5 && mailaddr.Equal(address[:5], "smtp:") {
		address = address[5:]
	}
	return mailaddr.Address(address)
}

// domainOf is what stands after the last @, in the form in which it is compared; "" when there is none.
func domainOf(address string) string { return mailaddr.Domain(fold(address)) }

// matches reports whether an entry of a list, an address or @domain, names the address.
func matches(entry, address string) bool {
	if domain, ok := strings.CutPrefix(fold(entry), "@"); ok {
		return domain != "" && domainOf(address) == domain
	}
	return fold(entry) != "" && fold(entry) == fold(address)
}

// listed gives the first entry that names the address.
func listed(entries []string, address string) (string, bool) {
	for _, e := range entries {
		if matches(e, address) {
			return e, true
		}
	}
	return "", false
}

// internal reports whether the address belongs to one of the tenant's domains.
func internal(t *config.Tenant, address string) bool {
	domain := domainOf(address)
	for _, d := range t.Domains {
		if domain != "" && mailaddr.Name(d) == domain {
			return true
		}
	}
	return false
}

// exempt says why a mailbox is never acted upon; "" when it may be.
func exempt(t *config.Tenant, address string) string {
	if e, ok := listed(t.Exempt, address); ok {
		return "exempt: " + fold(address) + " is listed under exempt (" + e + ")"
	}
	for _, own := range daemonAddresses(t) {
		if matches(own.address, address) {
			return "exempt: " + fold(address) + " is " + own.what
		}
	}
	if strings.HasPrefix(fold(address), "postmaster@") {
		return "exempt: " + fold(address) + " is the postmaster"
	}
	return ""
}

type daemonAddress struct{ address, what string }

// daemonAddresses are those that the daemon itself depends on: to retract from them would be to chase itself.
func daemonAddresses(t *config.Tenant) []daemonAddress {
	own := []daemonAddress{
		{t.AlternateMailbox, "the alternate journaling mailbox"},
		{t.RecoveryAddress, "the recovery address"},
	}
	for _, a := range t.Addresses {
		own = append(own, daemonAddress{a.Address, "a journal address"})
	}
	for _, s := range t.Submissions {
		own = append(own, daemonAddress{s.Address, "a submission address"})
		for _, mailbox := range s.Mailboxes {
			own = append(own, daemonAddress{mailbox, "a mailbox that users report to"})
		}
	}
	return own
}
