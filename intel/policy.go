package intel

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/score"
	"clawback/store"
)

// Policy is a policy of a tenant's, and where it comes from: without By and Added it stands in the configuration.
type Policy store.Policy

// InFile reports whether the policy stands in the configuration, and not in the store.
func (p Policy) InFile() bool { return p.Added.IsZero() }

// maxPolicies bounds a tenant's policies: each message is held against all of them.
const maxPolicies = 10_000

// config is the policy as the scorer takes it.
func (p Policy) config() config.Policy {
	return config.Policy{Kind: p.Kind, Pattern: p.Pattern, Field: cmp.Or(p.Field, "any"), Verify: p.Verify,
		Note: p.Note, Expires: p.Expires}
}

func policyOf(tenant string, c config.Policy) Policy {
	p := Policy{Tenant: tenant, Kind: c.Kind, Pattern: c.Pattern, Field: c.Field, Verify: c.Verify, Note: c.Note,
		Expires: c.Expires}
	if p.Field == "any" {
		p.Field = ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", p.Kind, p.Field, p.Pattern))
	p.ID = "p" + hex.EncodeToString(sum[:4])
	return p
}

// title names the policy in the audit.
func (p Policy) title() string { return strings.TrimSpace(p.Kind + " " + p.Pattern + " " + p.Field) }

// readPolicies reads those that were added.
func (j *Judge) readPolicies(ctx context.Context) error {
	rows, err := j.o.Tables.Policies(ctx, "")
	if err != nil {
		return fmt.Errorf("read policies: %w", err)
	}
	for _, p := range rows {
		j.added[p.Tenant] = append(j.added[p.Tenant], Policy(p))
	}
	return nil
}

// merge makes the tenants that the scorer is handed. The caller holds mu, or is alone.
func (j *Judge) merge() {
	j.tenants, j.versions = map[string]*config.Tenant{}, map[string]string{}
	for i := range j.cfg.Tenants {
		t := &j.cfg.Tenants[i]
		merged := *t
		merged.Policies = slices.Clone(t.Policies)
		for _, p := range j.added[t.ID] {
			merged.Policies = append(merged.Policies, p.config())
		}
		j.tenants[t.ID] = &merged
		j.versions[t.ID] = "+config-" + digest(configured{t.Domains, t.VIPs, t.Partners, t.MaliciousRule,
			ScoreOptions(j.cfg).Switches, j.cfg.Score.TrustMicrosoftVerdict, j.cfg.Engines})
		if len(merged.Policies) > 0 {
			name := digest(merged.Policies)
			j.versions[t.ID] += policiesPart + name
			j.policySets.add(t.ID, name, merged.Policies)
		}
	}
}

// configured is what of the configuration a verdict rests on.
type configured struct {
	domains        []string
	vips           []config.VIP
	partners       []string
	rule           string
	switches       score.Switches
	trustMicrosoft bool
	engines        config.Engines
}

// digest is a short name for a value.
func digest(v any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", v))
	return hex.EncodeToString(sum[:4])
}

// Policies lists a tenant's policies: those of the configuration, then those that were added, the oldest first.
func (j *Judge) Policies(tenant string) ([]Policy, error) {
	t, err := j.tenant(tenant)
	if err != nil {
		return nil, err
	}
	list := []Policy{}
	for _, c := range t.Policies {
		list = append(list, policyOf(t.ID, c))
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	added := slices.Clone(j.added[tenant])
	slices.SortStableFunc(added, func(a, b Policy) int { return a.Added.Compare(b.Added) })
	return append(list, added...), nil
}

// AddPolicies adds all policies to a tenant, or none of them. One that is there already takes the new note,
// verification and expiry.
func (j *Judge) AddPolicies(ctx context.Context, who, tenant string, list []Policy) ([]Policy, error) {
	if _, err := j.tenant(tenant); err != nil {
		return nil, err
	}
	checked, err := j.check(who, tenant, list)
	if err != nil {
		return nil, err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	after := united(j.added[tenant], checked)
	if len(after) > maxPolicies {
		return nil, Refuse(ErrInvalid, "the tenant would have %d policies: %d is the most", len(after), maxPolicies)
	}
	change := store.Change{Act: &store.Act{At: j.now(), Who: who, What: "policy.add", Tenant: tenant,
		Object: objects(checked), Comment: titles(checked)}}
	for _, p := range checked {
		change.Policies.Put = append(change.Policies.Put, store.Policy(p))
	}
	return checked, j.keepPolicies(ctx, tenant, change, after)
}

// keepPolicies makes a change durable, and then puts it in force.
func (j *Judge) keepPolicies(ctx context.Context, tenant string, change store.Change, after []Policy) error {
	scorer, err := j.newScorer(j.config(), j.ruleSet()) // one that has compiled nothing yet
	if err != nil {
		return err
	}
	if err := j.o.Tables.Update(ctx, change); err != nil {
		return fmt.Errorf("keep policies: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.added[tenant], j.scorer = after, scorer
	j.merge()
	return nil
}

// check passes policies by the rules of the configuration, and says all that is wrong with them.
func (j *Judge) check(who, tenant string, list []Policy) ([]Policy, error) {
	var checked []Policy
	var wrong []error
	for i, p := range list {
		good, err := p.config().Check()
		if err != nil {
			wrong = append(wrong, Refuse(ErrInvalid, "policy %d (%s %s): %w", i+1, p.Kind, p.Pattern, err))
			continue
		}
		out := policyOf(tenant, good)
		out.By, out.Added = who, j.now()
		checked = append(checked, out)
	}
	return checked, errors.Join(wrong...)
}

// united are the policies of have with those of more added or in their places, in order of their ids.
func united(have, more []Policy) []Policy {
	byID := map[string]Policy{}
	for _, p := range slices.Concat(have, more) {
		byID[p.ID] = p
	}
	all := make([]Policy, 0, len(byID))
	for _, p := range byID {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Policy) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// RemovePolicy removes a policy that was added.
func (j *Judge) RemovePolicy(ctx context.Context, who, tenant, id, comment string) (Policy, error) {
	t, err := j.tenant(tenant)
	if err != nil {
		return Policy{}, err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	at := slices.IndexFunc(j.added[tenant], func(p Policy) bool { return p.ID == id })
	if at < 0 {
		return Policy{}, notAdded(t, id)
	}
	gone := j.added[tenant][at]
	after := slices.Delete(slices.Clone(j.added[tenant]), at, at+1)
	change := store.Change{
		Policies: store.Edit[store.Policy]{Remove: []store.Key{store.Policy(gone).Key()}},
		Act: &store.Act{At: j.now(), Who: who, What: "policy.remove", Tenant: tenant, Object: id,
			Comment: strings.TrimSpace(gone.title() + ": " + comment)},
	}
	return gone, j.keepPolicies(ctx, tenant, change, after)
}

func notAdded(t *config.Tenant, id string) error {
	for _, c := range t.Policies {
		if policyOf(t.ID, c).ID == id {
			return Refuse(ErrConfigured, "policy %s stands in the configuration: take it out there, and reload", id)
		}
	}
	return fmt.Errorf("policy %s of tenant %s: %w", id, t.Name, store.ErrNotFound)
}

// objects and titles say in the audit which policies a change is about.
func objects(list []Policy) string {
	if len(list) == 1 {
		return list[0].ID
	}
	return fmt.Sprintf("%d policies", len(list))
}

// maxTitles is how many policies one entry of the audit names.
const maxTitles = 50

func titles(list []Policy) string {
	var words []string
	for _, p := range list[:min(len(list), maxTitles)] {
		words = append(words, p.title())
	}
	if more := len(list) - maxTitles; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

func (j *Judge) now() time.Time { return j.o.Now().UTC().Round(0) }

func (j *Judge) config() *config.Config {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.cfg
}
