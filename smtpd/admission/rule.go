package admission

import (
	"cmp"
	"fmt"
	"slices"

	"clawback/config"
	"clawback/queue"
)

// rule says how the quota of a source is kept.
type rule struct {
	postmaster bool // the limits are postmaster's
	unfinished bool // all that waits counts, not what is in quarantine alone
	daily      bool // what came in a day counts too: it does not wait for a person, and its bytes stay for the retention
	byHeader   bool // beyond the quota a message is accepted still when its header attributes it
}

func ruleOf(s queue.Source) rule {
	switch {
	case s.Purpose == queue.ForPostmaster:
		return rule{postmaster: true, unfinished: true, daily: true}
	case s.Network == "":
		return rule{unfinished: true, daily: s.Purpose != queue.ForJournal}
	}
	return rule{byHeader: s.Purpose != queue.ForRecovery}
}

func (r rule) limit(l config.Quarantine) (messages int, bytes int64) {
	if r.postmaster {
		return l.PostmasterMessages, l.PostmasterBytes
	}
	return l.UnattributedMessages, l.UnattributedBytes
}

// Standing is how much of its quota a source has used.
type Standing struct {
	queue.Source
	Messages, MaxMessages int
	Bytes, MaxBytes       int64
	rule                  rule
}

// Reached reports whether the quota is used up.
func (s Standing) Reached() bool { return s.Messages >= s.MaxMessages || s.Bytes >= s.MaxBytes }

// Share is the part of the quota that is used.
func (s Standing) Share() float64 {
	return max(float64(s.Messages)/float64(s.MaxMessages), float64(s.Bytes)/float64(s.MaxBytes))
}

// From names where it comes from.
func (s Standing) From() string {
	if s.Network == "" {
		return "networks that the listener does not name"
	}
	return s.Network
}

// String says whose quota it is.
func (s Standing) String() string {
	if s.rule.postmaster {
		return fmt.Sprintf("mail for postmaster from %s", s.From())
	}
	return fmt.Sprintf("mail to the %s addresses of tenant %s from %s that is not attributed to it", s.Purpose, s.Tenant, s.From())
}

func sorted(list []Standing) []Standing {
	slices.SortFunc(list, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Network, b.Network))
	})
	return list
}
