package admission

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"clawback/config"
	"clawback/queue"
)

// rule says how the quota of a source is kept.
type rule struct {
	postmaster bool // the limits are postmaster's
	unfinished bool // all that waits and arrives counts, not what is in quarantine alone, and networks have shares
	// What came in a day counts too: it does not wait for a person, and its bytes stay for the retention.
	daily    bool
	byHeader bool // a message whose header attributes it has no quota
}

func ruleOf(s queue.Source) rule {
	switch {
	case s.Purpose == queue.ForPostmaster:
		return rule{postmaster: true, unfinished: true, daily: true}
	case s.Purpose == queue.ForRecovery: // whoever sends it again has made its header
		return rule{unfinished: true, daily: true}
	case s.Network == "":
		return rule{unfinished: true, daily: s.Purpose != queue.ForJournal}
	}
	return rule{byHeader: true, daily: s.Purpose == queue.ForSubmission}
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
	Peers                 netip.Prefix // the network that the message in question comes from, where such have shares
	ofPeers               amount       // what came from there in a day
	rule                  rule
}

// Reached reports whether the quota is used up.
func (s Standing) Reached() bool { return s.Messages >= s.MaxMessages || s.Bytes >= s.MaxBytes }

// shareReached reports whether the network that a message comes from has as much as is left for all others: it must
// wait until they have sent, or a day is over. So one that is noisy gets half of a quota, and never keeps a new one
// out.
func (s Standing) shareReached() bool {
	return s.ofPeers.messages >= float64(s.MaxMessages-s.Messages) || s.bytesShareReached()
}

func (s Standing) bytesShareReached() bool { return s.ofPeers.bytes >= float64(s.MaxBytes-s.Bytes) }

// full reports whether a message of this source and network has to wait.
func (s Standing) full() bool { return s.Reached() || s.rule.unfinished && s.shareReached() }

// without is the standing without so much that is counted already.
func (s Standing) without(messages int, bytes int64) Standing {
	s.Messages -= messages
	s.Bytes -= bytes
	s.ofPeers.add(-float64(messages), -float64(bytes))
	return s
}

// Share is the part of the quota that is used.
func (s Standing) Share() float64 {
	return max(float64(s.Messages)/float64(s.MaxMessages), float64(s.Bytes)/float64(s.MaxBytes))
}

// from names where it comes from: the one network where that has used its share alone.
func (s Standing) from() string {
	if s.Peers.IsValid() && !s.Reached() {
		return s.Peers.String()
	}
	if s.Network == "" {
		return "networks that the listener does not name"
	}
	return s.Network
}

// String says whose quota it is.
func (s Standing) String() string {
	if s.rule.postmaster {
		return fmt.Sprintf("mail for postmaster from %s", s.from())
	}
	return fmt.Sprintf("mail to the %s addresses of tenant %s from %s that is not attributed to it", s.Purpose,
		s.Tenant, s.from())
}

func sorted(list []Standing) []Standing {
	slices.SortFunc(list, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Purpose, b.Purpose),
			cmp.Compare(a.Network, b.Network))
	})
	return list
}
