package brake

import (
	"clawback/retract/policy"
	"clawback/store"
)

// Limits bound how many verdicts of a tenant's messages are replaced without a person.
type Limits struct {
	Messages int     // 0: 100
	Share    float64 // percent of a tenant's mail of the last day; 0: 2
	From     int     // messages up to which the share is not looked at; 0: 20
}

// WithDefaults are the limits with the defaults filled in.
func (l Limits) WithDefaults() Limits {
	if l.Messages <= 0 {
		l.Messages = 100
	}
	if l.Share <= 0 {
		l.Share = 2
	}
	if l.From <= 0 {
		l.From = 20
	}
	return l
}

// ByShare is how many the share allows of a tenant that had so many messages in the last day.
func (l Limits) ByShare(seen int) int { return max(l.From, int(l.Share/100*float64(seen))) }

// Effect is what another verdict does to a message in its mailboxes.
type Effect string

// The effects.
const (
	Takes    Effect = "takes"     // the message is taken away, or further than it would have been
	CallsOff Effect = "calls_off" // a message that would be taken, or was, is left where it is
	Nothing  Effect = "nothing"   // neither
)

// EffectOf is what replacing the verdict of a record does, by the tenant's policy. What waits for a person either way
// takes nothing.
func EffectOf(plan store.Planner, before, after store.Record) Effect {
	was, will := actions(plan, before), actions(plan, after)
	if more(will, was) {
		return Takes
	}
	if more(was, will) {
		return CallsOff
	}
	return Nothing
}

// actions are what the policy would do of itself about a record of which nothing is planned yet, by intent.
func actions(plan store.Planner, rec store.Record) map[string]string {
	list := map[string]string{}
	for _, in := range plan(rec, nil) {
		if in.Outcome == store.Pending {
			list[in.ID] = in.Action
		}
	}
	return list
}

// more reports whether some of these go further than others.
func more(these, others map[string]string) bool {
	for id, action := range these {
		if other, have := others[id]; !have || policy.Further(action, other) {
			return true
		}
	}
	return false
}

// Change is a verdict that may be replaced, as it counts.
type Change struct {
	Effect    Effect
	Campaigns []string // of the message
}

// Part is what a limit is about: all changes of one effect, or those of one campaign.
type Part struct {
	Effect   Effect
	Campaign string // "": all
}

// Key names a part where counts are kept.
func (p Part) Key() string {
	if p.Campaign == "" {
		return string(p.Effect)
	}
	return string(p.Effect) + " " + p.Campaign
}

// Parts are those to which a change counts, the widest first. What does nothing to any mailbox counts to no campaign.
func (c Change) Parts() []Part {
	parts := []Part{{Effect: c.Effect}}
	if c.Effect == Nothing {
		return parts
	}
	for _, name := range c.Campaigns {
		parts = append(parts, Part{c.Effect, name})
	}
	return parts
}

// Tally is how many verdicts were replaced, by the keys of the parts to which they count.
type Tally map[string]int

// Add counts a change.
func (t Tally) Add(c Change) {
	for _, p := range c.Parts() {
		t[p.Key()]++
	}
}

// Full is the widest part that one more change would take past its limit: most in all, and forCampaign of one campaign.
func (t Tally) Full(c Change, most, forCampaign int) (Part, bool) {
	for _, p := range c.Parts() {
		limit := most
		if p.Campaign != "" {
			limit = forCampaign
		}
		if t[p.Key()] >= limit {
			return p, true
		}
	}
	return Part{}, false
}
