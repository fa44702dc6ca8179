package addresses

import (
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// Fold is the form in which two addresses are compared: without case, as Exchange compares them, without angle
// brackets, and without the "smtp:" that a directory writes before one.
func Fold(address string) string {
	address = strings.TrimSpace(address)
	address = strings.TrimPrefix(strings.TrimSuffix(address, ">"), "<")
	if len(address) > 5 && mailaddr.Equal(address[:5], "smtp:") {
		address = address[5:]
	}
	return mailaddr.Address(address)
}

// Domain is what stands after the last @, in the form in which it is compared; "" when there is none.
func Domain(address string) string { return mailaddr.Domain(Fold(address)) }

// matches reports whether an entry of a list, an address or @domain, names the address.
func matches(entry, address string) bool {
	if domain, ok := strings.CutPrefix(Fold(entry), "@"); ok {
		return domain != "" && Domain(address) == domain
	}
	return Fold(entry) != "" && Fold(entry) == Fold(address)
}

// Listed gives the first entry that names the address.
func Listed(entries []string, address string) (string, bool) {
	for _, e := range entries {
		if matches(e, address) {
			return e, true
		}
	}
	return "", false
}

// Internal reports whether the address belongs to one of the tenant's domains.
func Internal(t *config.Tenant, address string) bool {
	domain := Domain(address)
	for _, d := range t.Domains {
		if domain != "" && mailaddr.Name(d) == domain {
			return true
		}
	}
	return false
}

// Exempt says why a mailbox is never acted upon; "" when it may be.
func Exempt(t *config.Tenant, address string) string {
	if e, ok := Listed(t.Exempt, address); ok {
		return "exempt: " + Fold(address) + " is listed under exempt (" + e + ")"
	}
	for _, own := range ofDaemon(t) {
		if matches(own.address, address) {
			return "exempt: " + Fold(address) + " is " + own.what
		}
	}
	if strings.HasPrefix(Fold(address), "postmaster@") {
		return "exempt: " + Fold(address) + " is the postmaster"
	}
	return ""
}

// daemonAddress is one that the daemon itself depends on, and what it is.
type daemonAddress struct{ address, what string }

// OfDaemon are the addresses that the daemon itself depends on: to retract from their mailboxes would be to chase
// itself.
func OfDaemon(t *config.Tenant) (list []string) {
	for _, own := range ofDaemon(t) {
		list = append(list, own.address)
	}
	return list
}

func ofDaemon(t *config.Tenant) []daemonAddress {
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
