package intel

import (
	"slices"
	"strings"
	"sync"

	"clawback/config"
	"clawback/score"
	"clawback/store"
)

// policiesPart begins the name of a tenant's policies in the version of its knowledge.
const policiesPart = "+policies-"

// splitVersion takes the name of the policies out of a version of knowledge; "" where there were none.
func splitVersion(knowledge string) (rest, policies string) {
	before, after, named := strings.Cut(knowledge, policiesPart)
	if !named {
		return knowledge, ""
	}
	policies, learnt, _ := strings.Cut(after, "+")
	return before + "+" + learnt, policies
}

// Touched reports whether what has changed since a form of a record was judged can change its verdict, by what is kept
// of the message. It is true where only the original can tell, and where it is not known what has changed: before the
// last start, or long ago.
func (j *Judge) Touched(rec store.Record, form store.Variant) bool {
	v := form.Verdict
	rules, knowledge := j.Version(rec.Tenant)
	if v.Rules == rules && v.Knowledge == knowledge {
		return false
	}
	rest, was := splitVersion(v.Knowledge)
	restNow, now := splitVersion(knowledge)
	if v.Rules != rules || strings.TrimSuffix(rest, "+") != strings.TrimSuffix(restNow, "+") {
		return true
	}
	concern := j.policySets.between(rec.Tenant, was, now)
	if concern == nil {
		return true
	}
	var recipients []string
	for _, r := range rec.Recipients {
		recipients = append(recipients, r.Address)
	}
	return concern.Touches(v, recipients)
}

// policySets are the policies of tenants that were in force since the start, by their names in versions.
type policySets struct {
	mu       sync.Mutex
	sets     map[string][]policySet    // by tenant, the newest last; owned by mu
	concerns map[string]*score.Concern // of two sets, made once; owned by mu
}

type policySet struct {
	name string
	list []config.Policy
}

// maxPolicySets bounds the sets that are known of a tenant: a day of many changes. Their texts are shared.
const maxPolicySets = 32

// add notes a set that is in force now.
func (s *policySets) add(tenant, name string, list []config.Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		s.sets = map[string][]policySet{}
	}
	kept := slices.DeleteFunc(s.sets[tenant], func(p policySet) bool { return p.name == name })
	kept = append(kept, policySet{name, list})
	s.sets[tenant] = kept[max(0, len(kept)-maxPolicySets):]
	s.concerns = nil
}

// between is which messages are concerned by the difference of two sets; nil where one of them is not known.
func (s *policySets) between(tenant, was, now string) *score.Concern {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := tenant + " " + was + " " + now
	if c, made := s.concerns[key]; made {
		return c
	}
	before, known := s.find(tenant, was)
	after, knownNow := s.find(tenant, now)
	if !known || !knownNow {
		return nil
	}
	if s.concerns == nil {
		s.concerns = map[string]*score.Concern{}
	}
	c := score.ConcernOf(append(notIn(before, after), notIn(after, before)...))
	s.concerns[key] = c
	return c
}

// find is a set by its name. The set of no policies is always known. The caller holds mu.
func (s *policySets) find(tenant, name string) ([]config.Policy, bool) {
	if name == "" {
		return nil, true
	}
	for _, p := range s.sets[tenant] {
		if p.name == name {
			return p.list, true
		}
	}
	return nil, false
}

// notIn are the policies of one list that another one has not, each with all that it says.
func notIn(list, other []config.Policy) (only []config.Policy) {
	have := make(map[string]bool, len(other))
	for _, p := range other {
		have[digest(p)] = true
	}
	for _, p := range list {
		if !have[digest(p)] {
			only = append(only, p)
		}
	}
	return only
}
