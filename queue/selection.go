package queue

import (
	"net/netip"
	"time"

	"clawback/internal/mailaddr"
)

// Selection selects items in quarantine: those that fit everything it names.
type Selection struct {
	Tenant   string       // "" for any
	Purpose  Purpose      // "" for any
	Network  string       // name of a network set, "" for any
	Unlisted bool         // only from networks that no listener names
	Cause    Cause        // "" for any
	MailFrom string       // an address or @domain, "<>" for the null sender, "" for any
	Peers    netip.Prefix // the zero value for any
	Before   time.Time    // received before; zero for any
}

// Empty reports whether a selection names nothing, and so selects everything.
func (s Selection) Empty() bool { return s == Selection{} }

// Fits reports whether an item is in quarantine and selected.
func (s Selection) Fits(it *Item) bool {
	e := it.Envelope
	switch {
	case it.State != Quarantined, s.Tenant != "" && s.Tenant != e.Tenant, s.Purpose != "" && s.Purpose != e.Purpose,
		s.Network != "" && s.Network != e.Network, s.Unlisted && e.Network != "", s.Cause != "" && s.Cause != it.Cause,
		!s.Before.IsZero() && !e.Received.Before(s.Before):
		return false
	}
	return s.fitsSender(e.MailFrom) && s.fitsPeer(e.Remote)
}

func (s Selection) fitsSender(from string) bool {
	switch {
	case s.MailFrom == "":
		return true
	case s.MailFrom == "<>":
		return from == ""
	case s.MailFrom[0] == '@':
		return from != "" && mailaddr.Domain(from) == mailaddr.Name(s.MailFrom[1:])
	}
	return mailaddr.Address(from) == mailaddr.Address(s.MailFrom)
}

func (s Selection) fitsPeer(remote string) bool {
	if !s.Peers.IsValid() {
		return true
	}
	at, err := netip.ParseAddrPort(remote)
	return err == nil && s.Peers.Contains(at.Addr().Unmap().WithZone(""))
}
