package api

import (
	"cmp"
	"context"
	"time"

	"clawback/intel"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/store"
	"clawback/verdict"
)

// The operations on what is allowed and blocked.
var (
	ListPolicies = define(Operation{Name: "policy.list", Route: "GET /v1/policies", Role: Viewer,
		Does: "list what is allowed and blocked"}, (*Service).listPolicies)
	ShowPolicy = define(Operation{Name: "policy.show", Route: "GET /v1/policies/{id}", Role: Viewer,
		Does: "show a policy"}, (*Service).showPolicy)
	AddPolicies = define(Operation{Name: "policy.add", Route: "POST /v1/policies", Role: Administrator,
		Does: "allow or block"}, (*Service).addPolicies)
	RemovePolicy = define(Operation{Name: "policy.remove", Route: "POST /v1/policies/{id}/remove",
		Role: Administrator,
		Does: "take a policy back"}, (*Service).removePolicy)
)

// Policy is a policy of a tenant's, and where it comes from.
type Policy struct {
	ID      string    `json:"id"` // follows from kind, pattern and field
	Tenant  string    `json:"tenant"`
	Kind    string    `json:"kind"`
	Pattern string    `json:"pattern"`
	Field   string    `json:"field,omitempty"` // of block_content, unless it is "any"
	Verify  bool      `json:"verify"`          // only where the sender is authenticated
	Note    string    `json:"note,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	InFile  bool      `json:"in_configuration"` // it stands in the configuration, and can only be removed there
	By      string    `json:"added_by,omitempty"`
	Added   time.Time `json:"added,omitzero"`
}

// NewPolicy is a policy to be added.
type NewPolicy struct {
	Kind    string    `json:"kind"`
	Pattern string    `json:"pattern"`
	Field   string    `json:"field,omitempty"`
	Verify  bool      `json:"verify,omitempty"`
	Note    string    `json:"note,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// PolicyQuery selects policies of one tenant.
type PolicyQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"` // name or GUID; only needed when there are several
}

// PolicyRef names a policy.
type PolicyRef struct {
	ID     string `path:"id" json:"-"`
	Tenant string `json:"tenant,omitempty"`
}

// PolicyOrder adds policies: all of them, or none.
type PolicyOrder struct {
	Tenant   string      `json:"tenant,omitempty"`
	Policies []NewPolicy `json:"policies"`
}

// PolicyRemoval removes a policy that was added.
type PolicyRemoval struct {
	ID      string `path:"id" json:"-"`
	Tenant  string `json:"tenant,omitempty"`
	Comment string `json:"comment,omitempty"`
}

func policyOf(p intel.Policy) Policy {
	return Policy{ID: p.ID, Tenant: p.Tenant, Kind: p.Kind, Pattern: p.Pattern, Field: p.Field, Verify: p.Verify,
		Note:    p.Note,
		Expires: p.Expires, InFile: p.InFile(), By: p.By, Added: p.Added}
}

func (s *Service) listPolicies(ctx context.Context, a access, q PolicyQuery) (page Page[Policy], err error) {
	t, err := s.tenant(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Judge.Policies(t.ID)
	if err != nil {
		return page, err
	}
	return part(rows, q.Paging, func(p intel.Policy) string { return p.ID }, policyOf)
}

func (s *Service) showPolicy(_ context.Context, a access, r PolicyRef) (Policy, error) {
	t, err := s.tenant(a, r.Tenant)
	if err != nil {
		return Policy{}, err
	}
	rows, err := s.o.Judge.Policies(t.ID)
	for _, p := range rows {
		if p.ID == r.ID {
			return policyOf(p), err
		}
	}
	return Policy{}, cmp.Or(err, error(missing("policy", r.ID)))
}

func (s *Service) addPolicies(ctx context.Context, a access, o PolicyOrder) ([]Policy, error) {
	t, err := s.tenant(a, o.Tenant)
	if err != nil {
		return nil, err
	}
	if len(o.Policies) == 0 {
		return nil, problem(InvalidRequest, "no policy is named")
	}
	var rows []intel.Policy
	for _, p := range o.Policies {
		rows = append(rows, intel.Policy{Tenant: t.ID, Kind: p.Kind, Pattern: p.Pattern, Field: p.Field,
			Verify: p.Verify, Note: p.Note, Expires: p.Expires})
	}
	added, err := s.o.Judge.AddPolicies(ctx, a.Name, t.ID, rows)
	list := []Policy{}
	for _, p := range added {
		list = append(list, policyOf(p))
	}
	return list, err
}

func (s *Service) removePolicy(ctx context.Context, a access, o PolicyRemoval) (Policy, error) {
	t, err := s.tenant(a, o.Tenant)
	if err != nil {
		return Policy{}, err
	}
	gone, err := s.o.Judge.RemovePolicy(ctx, a.Name, t.ID, o.ID, o.Comment)
	return policyOf(gone), err
}

// The operations on rules of one's own. They are the machine's, and so is what they would do.
var (
	ListRules = define(Operation{Name: "rules.list", Route: "GET /v1/rules", Role: Viewer, Machine: true,
		Does: "list the gateway's own rules"}, (*Service).listRules)
	BacktestRules = define(Operation{Name: "rules.backtest", Route: "POST /v1/rules/backtest", Role: Analyst,
		Machine: true, Asks: true,
		Does: "say what a rule would have found"}, (*Service).backtestRules)
)

// Rule is one rule that is in force.
type Rule struct {
	ID   string `json:"id"`
	Mode string `json:"mode"`
	Text string `json:"text,omitempty"`
	When string `json:"when"`
	File string `json:"file"`
	Line int    `json:"line"`
	Hard bool   `json:"hard"`
}

// Backtest says what is to be tried on which messages.
type Backtest struct {
	Tenant string            `json:"tenant,omitempty"` // name or GUID; "": all
	Since  time.Time         `json:"since"`
	Limit  int               `json:"limit,omitempty"` // newest messages; 0: 20,000
	Rules  []string          `json:"rules,omitempty"` // ids; empty: all
	Files  map[string]string `json:"files,omitempty"` // name and text of rule files to try; none: the rules in force
}

// BacktestResult is what rules would have done.
type BacktestResult struct {
	Since      time.Time    `json:"since"`
	Messages   int          `json:"messages"`      // that were judged again
	Unreadable int          `json:"unreadable"`    // whose originals are not kept any more
	Cut        Cut          `json:"cut,omitempty"` // there are older ones than the limit let in
	Rules      []RuleEffect `json:"rules"`
}

// RuleEffect is what one rule would have done, alone and in mode act.
type RuleEffect struct {
	ID      string         `json:"id"`
	Mode    string         `json:"mode"`
	File    string         `json:"file"`
	Line    int            `json:"line"`
	Matched int            `json:"matched"`
	By      map[string]int `json:"matched_by_disposition"`
	Changed map[string]int `json:"changed"` // "CLEAN to SPAM": how many
	Failed  int            `json:"failed"`  // messages on which the rule could not be run to its end
	Samples []RuleSample   `json:"samples"` // those that it changes first
}

// RuleSample is a message that a rule matches.
type RuleSample struct {
	Record   string              `json:"record"`
	Received time.Time           `json:"received"`
	From     string              `json:"from"`
	Subject  string              `json:"subject"`
	Is       verdict.Disposition `json:"disposition"`           // without own rules
	Would    verdict.Disposition `json:"disposition_with_rule"` // with this one
}

func (s *Service) listRules(_ context.Context, _ access, q Paging) (Page[Rule], error) {
	return part(s.o.Judge.Rules(), q, func(r rules.Rule) string { return r.ID }, func(r rules.Rule) Rule {
		return Rule{ID: r.ID, Mode: r.Mode, Text: r.Text, When: r.When, File: r.File, Line: r.Line, Hard: r.Hard}
	})
}

func (s *Service) backtestRules(ctx context.Context, a access, o Backtest) (BacktestResult, error) {
	tenant, err := s.scope(a, o.Tenant)
	if err != nil {
		return BacktestResult{}, err
	}
	out, err := s.o.Judge.Backtest(ctx, intel.BacktestOrder{Tenant: tenant, Since: o.Since, Limit: o.Limit,
		Rules: o.Rules, Files: o.Files})
	if err != nil {
		return BacktestResult{}, err
	}
	result := BacktestResult{Since: out.Since, Messages: out.Messages, Unreadable: out.Unreadable,
		Rules: []RuleEffect{}}
	if out.More {
		result.Cut = CutByLimit
	}
	for _, e := range out.Rules {
		shown := RuleEffect{ID: e.ID, Mode: e.Mode, File: e.File, Line: e.Line, Matched: e.Matched, By: e.By,
			Changed: e.Changed, Failed: e.Failed,
			Samples: []RuleSample{}}
		for _, one := range e.Samples {
			shown.Samples = append(shown.Samples, RuleSample(one))
		}
		result.Rules = append(result.Rules, shown)
	}
	return result, nil
}

// The operations on corrections of verdicts, and on what they have taught the tenant's classifier.
var (
	ListCorrections = define(Operation{Name: "feedback.list", Route: "GET /v1/feedback", Role: Viewer,
		Does: "list corrections of verdicts"}, (*Service).listCorrections)
	ShowModel = define(Operation{Name: "feedback.export", Route: "GET /v1/feedback/model", Role: Analyst,
		Does: "what the classifier of a tenant has learnt"}, (*Service).showModel)
	GiveCorrection = define(Operation{Name: "feedback.give", Route: "POST /v1/records/{key}/feedback",
		Role: Analyst,
		Does: "correct the verdict on a message"}, (*Service).giveCorrection)
	WithdrawCorrection = define(Operation{Name: "feedback.withdraw", Route: "POST /v1/feedback/withdraw",
		Role: Analyst,
		Does: "take a correction back"}, (*Service).withdrawCorrection)
	ResetCorrections = define(Operation{Name: "feedback.reset", Route: "POST /v1/feedback/reset",
		Role: Administrator,
		Does: "drop all corrections of a tenant"}, (*Service).resetCorrections)
)

// Correction is an operator's word on a message.
type Correction struct {
	Record     string              `json:"record"` // or the id of a message that is no record
	Tenant     string              `json:"tenant"`
	Is         verdict.Disposition `json:"is"`
	Was        verdict.Disposition `json:"was"`
	By         string              `json:"by"`
	At         time.Time           `json:"time"`
	Comment    string              `json:"comment,omitempty"`
	NotLearned string              `json:"not_learned,omitempty"` // why the classifier learns nothing of it
	// A trusted reporter's word: only the classifier hears it.
	Reporter bool `json:"by_reporter"`
}

func correctionOf(l intel.Lesson) Correction {
	return Correction{l.Record, l.Tenant, l.Is, l.Was, l.By, l.At, l.Comment, l.NotLearned, l.Reporter}
}

// Learned says how far a tenant's classifier is.
type Learned struct {
	Unwanted int  `json:"unwanted"` // messages that it has learned from
	Good     int  `json:"good"`
	Ready    bool `json:"ready"` // it has learned enough to take part in verdicts
}

// Corrected is the answer to a correction.
type Corrected struct {
	Correction
	Learned
	Known  bool `json:"record_known"` // false: no record of the message is known
	Pinned bool `json:"pinned"`       // no automatism touches the record again
}

// CorrectionOrder corrects the verdict on a message.
type CorrectionOrder struct {
	Key     string              `path:"key" json:"-"`
	Tenant  string              `json:"tenant,omitempty"`
	Is      verdict.Disposition `json:"is"`
	Comment string              `json:"comment,omitempty"`
}

// CorrectionWithdrawal takes a correction back.
type CorrectionWithdrawal struct {
	Tenant  string `json:"tenant,omitempty"`
	Record  string `json:"record"` // as the list has it
	Comment string `json:"comment,omitempty"`
}

// CorrectionReset drops all corrections of a tenant.
type CorrectionReset struct {
	Tenant  string `json:"tenant,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// Dropped says how many there were.
type Dropped struct {
	Dropped int `json:"dropped"`
}

func (s *Service) listCorrections(ctx context.Context, a access, q PolicyQuery) (page Page[Correction], err error) {
	t, err := s.tenant(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Judge.Lessons(ctx, t.ID)
	if err != nil {
		return page, err
	}
	return part(rows, q.Paging, func(l intel.Lesson) string { return l.Record }, correctionOf)
}

// TenantRef names a tenant, by name or GUID; "" where there is only one.
type TenantRef struct {
	Tenant string `json:"tenant,omitempty"`
}

// Model is what a tenant's corrections have taught.
type Model struct {
	Learned
	Tokens map[string]TokenCounts `json:"tokens"`
}

// TokenCounts are the messages with a word or mark.
type TokenCounts struct {
	Unwanted int `json:"unwanted"`
	Good     int `json:"good"`
}

func (s *Service) showModel(ctx context.Context, a access, r TenantRef) (Model, error) {
	t, err := s.tenant(a, r.Tenant)
	if err != nil {
		return Model{}, err
	}
	m, err := s.o.Judge.Model(t.ID)
	if err != nil {
		return Model{}, err
	}
	out := Model{Learned: learnedOf(m), Tokens: make(map[string]TokenCounts, len(m.Tokens))}
	for token, n := range m.Tokens {
		out.Tokens[token] = TokenCounts{n.Bad, n.Good}
	}
	return out, nil
}

func learnedOf(m *learn.Model) Learned { return Learned{m.Bad, m.Good, m.Ready()} }

func (s *Service) giveCorrection(ctx context.Context, a access, o CorrectionOrder) (Corrected, error) {
	rec, err := s.recordOf(ctx, a, o.Tenant, o.Key)
	if err != nil {
		return Corrected{}, err
	}
	if err := disposition(o.Is); err != nil {
		return Corrected{}, err
	}
	l, err := s.o.Judge.Correct(ctx, a.Name, rec.ID, o.Is, o.Comment)
	if err != nil {
		return Corrected{}, err
	}
	return s.corrected(ctx, a, l, true)
}

// disposition refuses a correction that says nothing.
func disposition(d verdict.Disposition) error {
	if d == verdict.Unscored {
		return problem(InvalidRequest, "say what the message is: MALICIOUS, SPOOF, SUSPICIOUS, SPAM, BULK or CLEAN")
	}
	return nil
}

// corrected carries out what follows from a correction: a record that is clean is left alone.
func (s *Service) corrected(ctx context.Context, a access, l intel.Lesson, record bool) (Corrected, error) {
	out := Corrected{Correction: correctionOf(l), Known: record}
	if l.Is == verdict.Clean && record {
		if _, err := s.o.Engine.Clean(ctx, a.Name, l.Record, l.Comment); err != nil {
			return out, problem(CodeOf(err), "the correction is kept, but the record is not pinned: give it again: %v",
				err)
		}
		out.Pinned = true
	}
	m, err := s.o.Judge.Model(l.Tenant)
	if err != nil {
		return out, err
	}
	out.Learned = learnedOf(m)
	return out, nil
}

func (s *Service) withdrawCorrection(ctx context.Context, a access, o CorrectionWithdrawal) (Correction, error) {
	t, err := s.tenant(a, o.Tenant)
	if err != nil {
		return Correction{}, err
	}
	act := store.Act{Who: a.Name, Tenant: t.ID, Object: o.Record, Comment: o.Comment}
	l, err := s.o.Judge.Withdraw(ctx, act, store.Edit[store.Submission]{})
	if CodeOf(err) == NotFound {
		return Correction{}, problem(NotFound, "there is no correction of %q: feedback list shows them", o.Record)
	}
	return correctionOf(l), err
}

func (s *Service) resetCorrections(ctx context.Context, a access, o CorrectionReset) (Dropped, error) {
	t, err := s.tenant(a, o.Tenant)
	if err != nil {
		return Dropped{}, err
	}
	n, err := s.o.Judge.Forget(ctx, a.Name, t.ID, o.Comment)
	return Dropped{n}, err
}
