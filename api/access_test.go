package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"clawback/verdict"
)

// try is one request that is made of an operation in the tests of access.
type try struct {
	request any
	refused bool // it names what is b's: a principal of a must be told that there is no such thing
}

// attempts has for every operation requests about what is b's, by each kind of name that a request can have, and one
// that leaves it to the principal. An operation without a row here makes the test red.
var attempts = map[string][]try{
	"status.show":            {{None{}, false}},
	"queue.list":             {{ItemQuery{}, false}, {ItemQuery{Tenant: "b"}, true}, {ItemQuery{Tenant: tenantB}, true}},
	"queue.show":             {{ItemRef{"item-b"}, true}},
	"queue.export":           {{ItemRef{"item-b"}, true}},
	"queue.retry":            {{ItemOrder{ID: "item-b"}, true}},
	"queue.trust":            {{ItemOrder{ID: "item-b"}, true}},
	"queue.groups":           {{GroupQuery{}, false}, {GroupQuery{Tenant: "b"}, true}},
	"queue.discard":          {{ItemOrder{ID: "item-b", Comment: "c"}, true}},
	"queue.discard_preview":  {{Selection{Cause: "network"}, false}, {Selection{Tenant: "b"}, true}, {Selection{Tenant: tenantB}, true}},
	"queue.discard_selected": {{DiscardOrder{Selection: Selection{Cause: "network"}, Comment: "c"}, false}, {DiscardOrder{Selection: Selection{Tenant: tenantB}, Comment: "c"}, true}},
	"bounce.list":            {{BounceQuery{}, false}, {BounceQuery{Tenant: tenantB}, true}},
	"bounce.show":            {{ItemRef{"bounce-b"}, true}},
	"bounce.export":          {{ItemRef{"bounce-b"}, true}},
	"bounce.retry":           {{ItemOrder{ID: "bounce-b"}, true}},
	"audit.list": {{AuditQuery{}, false}, {AuditQuery{Tenant: "b"}, true},
		{AuditQuery{Query: "from:x.example", Tenant: "b"}, true}, {AuditQuery{Query: "tenant:b"}, true},
		{AuditQuery{Paging: Paging{Cursor: cursorOf("2")}}, false}},
	"address.list":   {{AddressQuery{}, false}, {AddressQuery{Tenant: tenantB}, true}},
	"address.show":   {{AddressRef{"j-b@gw.example"}, true}},
	"address.retire": {{AddressOrder{Address: "j-b@gw.example"}, true}, {AddressOrder{Address: "J-B@gw.example"}, true}, {AddressOrder{Address: "postmaster@gw.example"}, true}},
	"message.list": {{RecordQuery{}, false}, {RecordQuery{Search: Search{Tenant: tenantB}}, true}, {RecordQuery{Search: Search{Query: "tenant:b"}}, true},
		{RecordQuery{Paging: Paging{Cursor: cursorOf("record-b")}}, true}},
	"message.count":    {{Search{}, false}, {Search{Tenant: tenantB}, true}, {Search{Query: "tenant:b"}, true}, {Search{Query: "tenant:" + tenantB}, true}},
	"index.show":       {{None{}, true}},
	"index.rebuild":    {{None{}, true}},
	"message.show":     ofMessage(func(m MessageRef) any { return m }),
	"message.export":   ofMessage(func(m MessageRef) any { return m }),
	"message.text":     ofMessage(func(m MessageRef) any { return m }),
	"message.original": ofMessage(func(m MessageRef) any { return m }),
	"incident.show": append(incidents(func(q IncidentExport) any { return IncidentQuery{Search: q.Search, Key: q.Key} }),
		try{IncidentQuery{Search: Search{Query: "subject:x"}, Paging: Paging{Cursor: cursorOf("record-b")}}, true}),
	"incident.csv":    incidents(func(q IncidentExport) any { return q }),
	"message.retract": ofMessage(func(m MessageRef) any { return MessageOrder{Key: m.Key, Tenant: m.Tenant, Action: "trash"} }),
	"message.restore": ofMessage(func(m MessageRef) any { return MessageOrder{Key: m.Key, Tenant: m.Tenant} }),
	"feedback.give":   ofMessage(func(m MessageRef) any { return CorrectionOrder{Key: m.Key, Tenant: m.Tenant, Is: verdict.Spam} }),
	"held.show":       {{HeldRef{"intent-b"}, true}, {HeldRef{"record-b"}, true}, {HeldRef{"network-b"}, true}},
	"held.list": {{IntentQuery{}, false}, {IntentQuery{Tenant: tenantB}, true},
		{IntentQuery{Paging: Paging{Cursor: cursorOf("intent-b")}}, true}},
	"indicator.show": {{IndicatorRef{ID: "indicator-b", Tenant: "b"}, true}, {IndicatorRef{ID: "indicator-b"}, true}, {IndicatorRef{ID: "indicator-all"}, true}},
	"indicator.list": {{IndicatorQuery{}, false}, {IndicatorQuery{Tenant: "b"}, true}},
	"indicator.add": {{NewIndicator{Value: "x"}, false}, {NewIndicator{Value: "x", Tenant: "b"}, true},
		{NewIndicator{Value: "x", Tenant: tenantB}, true}},
	"indicator.import": {{IndicatorImport{Indicators: []ImportedIndicator{{Value: "x"}}}, false},
		{IndicatorImport{Indicators: []ImportedIndicator{{Value: "x"}}, Tenant: "b"}, true},
		{IndicatorImport{Indicators: []ImportedIndicator{{Value: "x"}}, Tenant: tenantB, DryRun: true}, true}},
	"indicator.explain": {{NewIndicator{Value: "x"}, false}, {NewIndicator{Value: "x", Tenant: tenantB}, true}},
	"indicator.approve": {{IndicatorOrder{ID: "indicator-b"}, true}, {IndicatorOrder{ID: "indicator-b", Tenant: "b"}, true},
		{IndicatorOrder{ID: "indicator-all"}, true}},
	"indicator.remove": {{IndicatorOrder{ID: "indicator-b"}, true}, {IndicatorOrder{ID: "indicator-b", Tenant: "b"}, true},
		{IndicatorOrder{ID: "indicator-all"}, true}},
	"report.show":      {{ReportQuery{}, false}, {ReportQuery{Tenant: "b"}, true}, {ReportQuery{Tenant: tenantB}, true}},
	"feed.list":        {{Paging{}, true}},
	"feed.show":        {{FeedRef{"f"}, true}},
	"feed.approve":     {{FeedApproval{Feed: "f"}, true}},
	"feed.update":      {{FeedOrder{}, true}, {FeedOrder{Feed: "f", Accept: true}, true}},
	"held.campaigns":   {{IntentQuery{}, false}, {IntentQuery{Tenant: tenantB}, true}},
	"dry_run.list":     {{IntentQuery{}, false}, {IntentQuery{Tenant: tenantB}, true}},
	"held.approve":     held,
	"held.reject":      held,
	"job.preview":      jobs,
	"job.start":        jobs,
	"job.list":         {{JobQuery{}, false}, {JobQuery{Tenant: tenantB}, true}},
	"job.show":         {{ItemRef{"job-b"}, true}, {ItemRef{"job-all"}, true}},
	"job.cancel":       {{ItemOrder{ID: "job-b"}, true}, {ItemOrder{ID: "job-all"}, true}},
	"job.pause":        {{ItemOrder{ID: "job-b"}, true}, {ItemOrder{ID: "job-all"}, true}},
	"alert.list":       {{Paging{}, true}},
	"alert.deliveries": {{DeliveryQuery{AlertRef: AlertRef{"soc"}}, true}, {DeliveryQuery{AlertRef: AlertRef{"none"}}, true}},
	"alert.test":       {{AlertRef{"soc"}, true}, {AlertRef{"none"}, true}},
	"rescan.start": {{RescanOrder{Search: Search{Query: "from:x.example"}}, false},
		{RescanOrder{Search: Search{Query: "from:x.example", Tenant: tenantB}}, true},
		{RescanOrder{Search: Search{Query: "tenant:b from:x.example"}}, true}},
	"rescan.list":       {{RescanQuery{}, false}, {RescanQuery{Tenant: "b"}, true}},
	"rescan.show":       {{ItemRef{"rescan-b"}, true}, {ItemRef{"rescan-all"}, true}},
	"rescan.pause":      {{ItemOrder{ID: "rescan-b"}, true}, {ItemOrder{ID: "rescan-all"}, true}},
	"rescan.resume":     {{ItemOrder{ID: "rescan-b"}, true}, {ItemOrder{ID: "rescan-all"}, true}},
	"rescan.cancel":     {{ItemOrder{ID: "rescan-b"}, true}, {ItemOrder{ID: "rescan-all"}, true}},
	"rescan.approve":    {{ItemOrder{ID: "rescan-b"}, true}, {ItemOrder{ID: "rescan-all"}, true}},
	"backup":            {{None{}, true}},
	"store.check":       {{None{}, true}},
	"store.forget_old":  {{None{}, true}},
	"job.resume":        {{ItemOrder{ID: "job-b"}, true}, {ItemOrder{ID: "job-all"}, true}},
	"policy.show":       {{PolicyRef{ID: "policy-b", Tenant: "b"}, true}, {PolicyRef{ID: "policy-b"}, true}},
	"policy.list":       {{PolicyQuery{}, false}, {PolicyQuery{Tenant: "b"}, true}},
	"policy.add":        {{PolicyOrder{Policies: []NewPolicy{{}}}, false}, {PolicyOrder{Tenant: "b", Policies: []NewPolicy{{}}}, true}},
	"policy.remove":     {{PolicyRemoval{ID: "policy-b", Tenant: tenantB}, true}, {PolicyRemoval{ID: "policy-x"}, false}},
	"rules.list":        {{Paging{}, true}},
	"rules.backtest":    {{Backtest{}, true}, {Backtest{Tenant: "b"}, true}},
	"console.link":      {{NewSignInLink{Role: Viewer}, true}, {NewSignInLink{Role: Viewer, Tenants: []string{"b"}}, true}},
	"feedback.list":     {{PolicyQuery{}, false}, {PolicyQuery{Tenant: "b"}, true}},
	"feedback.export":   {{TenantRef{}, false}, {TenantRef{"b"}, true}},
	"feedback.withdraw": {{CorrectionWithdrawal{Record: "record-x"}, false}, {CorrectionWithdrawal{Tenant: "b", Record: "record-b"}, true}},
	"feedback.reset":    {{CorrectionReset{}, false}, {CorrectionReset{Tenant: "b"}, true}},
	"principal.show":    {{None{}, false}},
	"token.list":        {{TokenQuery{Ended: true}, false}, {TokenQuery{Tenant: "b"}, true}, {TokenQuery{Tenant: tenantB, Ended: true}, true}},
	"token.show":        {{ItemRef{"token-b"}, true}, {ItemRef{"token-ab"}, true}, {ItemRef{"token-all"}, true}},
	"token.create": {{NewToken{Name: "x", Role: Viewer, Tenants: []string{"a"}}, false}, {NewToken{Name: "x", Role: Viewer, Tenants: []string{"b"}}, true},
		{NewToken{Name: "x", Role: Viewer, Tenants: []string{"a", tenantB}}, true}, {NewToken{Name: "x", Role: Viewer, Every: true}, true}},
	"token.revoke":       {{ItemOrder{ID: "token-b"}, true}, {ItemOrder{ID: "token-ab"}, true}, {ItemOrder{ID: "token-all"}, true}},
	"submission.list":    {{SubmissionQuery{}, false}, {SubmissionQuery{Tenant: tenantB}, true}},
	"submission.show":    {{ItemRef{"submission-b1"}, true}},
	"submission.export":  {{ItemRef{"submission-b1"}, true}},
	"submission.accept":  {{SubmissionOrder{ID: "submission-b1", Is: verdict.Spam}, true}},
	"submission.dismiss": {{SubmissionOrder{ID: "submission-b1"}, true}},
	"submission.file":    {{Upload{Is: verdict.Spam, Body: strings.NewReader("m")}, false}, {Upload{Tenant: "b", Is: verdict.Spam, Body: strings.NewReader("m")}, true}},
}

// held are answers to what is held of b's: by intent, by record, by the beginning of one, by Message-ID, by campaign.
var held = []try{
	{HeldOrder{Intents: []string{"intent-b"}}, true}, {HeldOrder{Intents: []string{"record-b"}}, true},
	{HeldOrder{Intents: []string{"network-b"}}, true}, {HeldOrder{Intents: []string{"<same@x.example>"}}, false},
	{HeldOrder{Intents: []string{"intent-a", "intent-b"}}, false}, {HeldOrder{Campaign: "sender:x"}, false}, {HeldOrder{Campaign: "sender:x", Tenant: tenantB}, true},
}

// incidents are of b's record, or of what a search finds.
func incidents(request func(IncidentExport) any) []try {
	return append(ofMessage(func(m MessageRef) any {
		return request(IncidentExport{Key: m.Key, Search: Search{Tenant: m.Tenant}})
	}), try{request(IncidentExport{Search: Search{Query: "subject:x"}}), false},
		try{request(IncidentExport{Search: Search{Query: "subject:x tenant:b"}}), true})
}

// jobs name b's records, or search for them.
var jobs = []try{
	{JobOrder{Action: "trash", Records: []string{"record-b", "network-b"}}, false}, // as keys that are no records
	{JobOrder{Action: "trash", Tenant: "b", Records: []string{"record-b"}}, true},
	{JobOrder{Action: "trash", Search: &Search{Sender: "x"}}, false}, {JobOrder{Restore: true, Search: &Search{Sender: "x", Tenant: tenantB}}, true},
	{JobOrder{Restore: true, Tenant: tenantB, Search: &Search{Sender: "x"}}, true}, {JobOrder{Restore: true, Search: &Search{Query: "from:x tenant:b"}}, true},
	{JobOrder{Restore: true, Search: &Search{Query: "from:x"}}, false},
}

// ofMessage names b's record in each way, and a's by a Message-ID that both have.
func ofMessage(request func(MessageRef) any) []try {
	return []try{
		{request(MessageRef{Key: "record-b"}), true}, {request(MessageRef{Key: "network-b"}), true}, {request(MessageRef{Key: "record-b", Tenant: tenantB}), true},
		{request(MessageRef{Key: "<same@x.example>", Tenant: "b"}), true}, {request(MessageRef{Key: "reco"}), false}, {request(MessageRef{Key: "<same@x.example>"}), false},
	}
}

// pointer is what DoAny takes.
func pointer(request any) any {
	p := reflect.New(reflect.TypeOf(request))
	p.Elem().Set(reflect.ValueOf(request))
	return p.Interface()
}

// leaks reports what of b's stands in an answer, or in what was done.
func leaks(text string) string {
	for _, trace := range []string{tenantB, "-b\"", "-b ", "-b]", "secret-b", "body-of-item-b", "of-record-b", "submission-b", "j-b@", "bounce-b", "job-all", "rescan-all"} {
		if strings.Contains(text, trace) {
			return trace
		}
	}
	return ""
}

// A principal of tenant a, whatever his role there, never sees or touches what is b's, in any operation and by any
// name.
func TestTenants_areApart(t *testing.T) {
	operators := map[string]Any{}
	for _, op := range Operations() {
		operators[op.Row().Name] = op
		if len(attempts[op.Row().Name]) == 0 {
			t.Errorf("operation %s is in no row of the test: say what it could do to another tenant", op.Row().Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attempts)) {
		op := operators[name]
		if op == nil {
			t.Errorf("the test has a row for %s, which is no operation", name)
			continue
		}
		for i, try := range attempts[name] {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				w := &world{}
				p := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Administrator}, Bodies: true}
				answer, err := op.DoAny(t.Context(), w.service(), p, pointer(try.request))
				if try.refused != (err != nil) {
					t.Errorf("%+v: %v, want it refused: %v", try.request, err, try.refused)
				}
				if err != nil && try.refused && !slices.Contains([]Code{NotFound, InvalidRequest, Forbidden}, CodeOf(err)) {
					t.Errorf("refused as %s: %v", CodeOf(err), err)
				}
				if trace := leaks(shown(t, answer)); trace != "" &&
					!strings.Contains(fmt.Sprintf("%+v", try.request), "intent-b") {
					t.Errorf("the answer has %s", trace)
				}
				if trace := leaks(strings.Join(w.done, " ") + " "); trace != "" && !strings.Contains(name, "job.") {
					t.Errorf("done: %q has %s", w.done, trace)
				}
			})
		}
	}
}

// shown is what an answer shows.
func shown(t *testing.T, answer any) string {
	t.Helper()
	if s, ok := answer.(Stream); ok {
		text, err := io.ReadAll(s)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Two things of which one is another tenant's and one does not exist are not found in the same words.
func TestTenants_whatIsNotTheirsLooksLikeNothing(t *testing.T) {
	s := (&world{}).service()
	p := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Administrator}, Bodies: true}
	words := func(op Any, request any, id string) string {
		_, err := op.DoAny(t.Context(), s, p, pointer(request))
		if CodeOf(err) != NotFound {
			t.Errorf("%s %s: %v", op.Row().Name, id, err)
			return ""
		}
		return strings.ReplaceAll(err.Error(), id, "ID")
	}
	for _, c := range []struct {
		op      Any
		request func(id string) any
		theirs  string
	}{
		{ShowItem, func(id string) any { return ItemRef{id} }, "item-b"},
		{RetryItem, func(id string) any { return ItemOrder{ID: id} }, "item-b"},
		{ShowBounce, func(id string) any { return ItemRef{id} }, "bounce-b"},
		{ShowMessage, func(id string) any { return MessageRef{Key: id} }, "record-b"},
		{RetractMessage, func(id string) any { return MessageOrder{Key: id, Action: "trash"} }, "network-b"},
		{ApproveHeld, func(id string) any { return HeldOrder{Intents: []string{id}} }, "intent-b"},
		{ShowJob, func(id string) any { return ItemRef{id} }, "job-b"},
		{ShowSubmission, func(id string) any { return ItemRef{id} }, "submission-b1"},
		{RetireAddress, func(id string) any { return AddressOrder{Address: id} }, "j-b@gw.example"},
		{ListPolicies, func(id string) any { return PolicyQuery{Tenant: id} }, tenantB},
		{ShowMessage, func(id string) any { return MessageRef{Key: "<same@x.example>", Tenant: id} }, tenantB},
		{ShowMessage, func(id string) any { return MessageRef{Key: "record-a", Tenant: id} }, tenantB},
		{RejectHeld, func(id string) any { return HeldOrder{Intents: []string{id}} }, "intent-b"},
		{RejectHeld, func(id string) any { return HeldOrder{Intents: []string{id}} }, "record-b"},
	} {
		if theirs, none := words(c.op, c.request(c.theirs), c.theirs),
			words(c.op, c.request("nothing-there"), "nothing-there"); theirs != none {
			t.Errorf("%s: %q, and of nothing %q", c.op.Row().Name, theirs, none)
		}
	}
}

// needs is the least role of each operation, beside the table: a change of one must be meant.
var needs = map[Role]string{
	Viewer: "alert.deliveries alert.list bounce.export bounce.list bounce.show dry_run.list feed.list feed.show feedback.list held.campaigns held.list held.show incident.csv incident.show index.show indicator.list job.list job.show message.count message.export " +
		"message.list message.original message.show message.text indicator.show policy.list policy.show principal.show queue.export queue.groups queue.list queue.show rescan.list rescan.show report.show rules.list status.show store.check submission.export submission.list submission.show",
	Analyst: "audit.list feedback.export feedback.give feedback.withdraw indicator.explain job.cancel job.pause job.preview job.resume job.start message.restore message.retract rescan.cancel rescan.pause rescan.resume rescan.start rules.backtest " +
		"submission.accept submission.dismiss submission.file",
	Approver: "bounce.retry feed.approve feed.update held.approve held.reject indicator.add indicator.approve " +
		"indicator.import indicator.remove queue.retry rescan.approve",
	Administrator: "alert.test address.list address.retire address.show backup console.link feedback.reset index.rebuild policy.add policy.remove queue.discard queue.discard_preview queue.discard_selected queue.trust store.forget_old token.create token.list token.revoke token.show",
}

// Each operation x each role, everywhere and in one tenant: all is denied but what the table names.
func TestRoles_table(t *testing.T) {
	least := map[string]Role{}
	for role, names := range needs {
		for _, name := range strings.Fields(names) {
			least[name] = role
		}
	}
	for _, op := range Operations() {
		row := op.Row()
		if least[row.Name] == Nobody || least[row.Name] != row.Role {
			t.Errorf("%s needs %s, and the test says %s", row.Name, row.Role, least[row.Name])
		}
		if !row.Reads() && row.Role < Analyst {
			t.Errorf("%s changes something, and a %s may do it", row.Name, row.Role)
		}
		for role := Nobody; role <= Administrator; role++ {
			for _, p := range []Principal{
				{Name: "everywhere", All: role}, {Name: "in a", Tenants: map[string]Role{tenantA: role}},
				{Name: "everywhere, bodies", All: role, Bodies: true}, {Name: "in a, bodies", Tenants: map[string]Role{tenantA: role}, Bodies: true},
			} {
				request := attempts[row.Name][0].request
				if strings.HasSuffix(row.Name, "export") && row.Bodies || slices.Contains([]string{"queue.show"}, row.Name) {
					request = toA(request)
				}
				_, err := op.DoAny(t.Context(), (&world{}).service(), p, pointer(toA(request)))
				allowed := role >= row.Role && (!row.Bodies || p.Bodies) && (!row.Machine || p.All >= row.Role)
				if denied := CodeOf(err) == Forbidden; denied == allowed {
					t.Errorf("%s by %s %s: %v, want allowed: %v", row.Name, role, p.Name, err, allowed)
				}
			}
		}
	}
}

// toA is a request about what is a's in the place of b's.
func toA(request any) any {
	p := reflect.ValueOf(pointer(request)).Elem()
	for i := range p.NumField() {
		f := p.Field(i)
		if f.Kind() == reflect.String {
			f.SetString(strings.NewReplacer("-b1", "-a1", "-b", "-a").Replace(f.String()))
		}
		if f.Type() == reflect.TypeFor[[]string]() && f.Len() > 0 {
			f.Set(reflect.ValueOf([]string{strings.ReplaceAll(f.Index(0).String(), "-b", "-a")}))
		}
	}
	return p.Interface()
}

// A role in one tenant is none in another, even where a smaller role is there too: that is told, for the thing may be
// seen.
func TestRoles_areOfTheTenant(t *testing.T) {
	p := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Approver, tenantB: Viewer}}
	w := &world{}
	s := w.service()
	if _, err := ShowMessage.Do(t.Context(), s, p, MessageRef{Key: "record-b"}); err != nil {
		t.Errorf("a viewer sees nothing: %v", err)
	}
	if _, err := RetractMessage.Do(t.Context(), s, p, MessageOrder{Key: "record-b", Action: "trash"}); CodeOf(err) != Forbidden {
		t.Errorf("a viewer retracts: %v", err)
	}
	if _, err := RetractMessage.Do(t.Context(), s, p, MessageOrder{Key: "record-a", Action: "trash"}); err != nil {
		t.Error(err)
	}
	if _, err := RetryItem.Do(t.Context(), s, p, ItemOrder{ID: "item-b"}); CodeOf(err) != Forbidden {
		t.Errorf("a viewer has a report worked on again: %v", err)
	}
	if _, err := ListHeld.Do(t.Context(), s, p, IntentQuery{}); CodeOf(err) != InvalidRequest {
		t.Errorf("of two tenants one must be named: %v", err)
	}
	if _, err := StartJob.Do(t.Context(), s, p, JobOrder{Action: "trash", Records: []string{"record-b"}}); err != nil {
		t.Error(err) // his only tenant where he may: b's record is no record there
	}
	if last := w.done[len(w.done)-1]; !strings.Contains(last, "of tenant \""+tenantA+"\"") {
		t.Errorf("a job of one tenant's analyst is not bounded to it: %s", last)
	}
	boss := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Administrator, tenantB: Viewer}}
	if _, err := AddPolicies.Do(t.Context(), s, boss, PolicyOrder{Tenant: "b", Policies: []NewPolicy{{}}}); CodeOf(err) != Forbidden {
		t.Errorf("a viewer adds a policy: %v", err)
	}
	for _, key := range []string{"intent-b", "record-b"} {
		for _, op := range []Op[HeldOrder, Settlement]{ApproveHeld, RejectHeld} {
			if _, err := op.Do(t.Context(), s, p, HeldOrder{Intents: []string{key}}); CodeOf(err) != Forbidden {
				t.Errorf("a viewer decides on %s: %v", key, err)
			}
		}
	}
	for _, done := range w.done {
		if strings.Contains(done, tenantB) || strings.HasPrefix(done, "retract record-b") ||
			strings.Contains(done, "intent-b") {
			t.Errorf("done: %s", done)
		}
	}
}

// No role in a tenant, though it is named, is as if it were not: where both tenants have a Message-ID, his alone is
// meant.
func TestRoles_nobodyInATenant(t *testing.T) {
	p := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Viewer, tenantB: Nobody}}
	m, err := ShowMessage.Do(t.Context(), (&world{}).service(), p, MessageRef{Key: "<same@x.example>"})
	if err != nil || leaks(shown(t, m)) != "" {
		t.Errorf("%+v, %v", m, err)
	}
}

// Journal addresses are secret: who knows one can send a report to it.
func TestItems_showAddressesToAdministratorsOnly(t *testing.T) {
	s := (&world{}).service()
	for role, want := range map[Role]int{Viewer: 0, Approver: 0, Administrator: 1} {
		it, err := ShowItem.Do(t.Context(), s, Principal{All: role}, ItemRef{"item-a"})
		if err != nil || len(it.Envelope.Rcpts) != want {
			t.Errorf("%s sees %q, %v", role, it.Envelope.Rcpts, err)
		}
	}
}

// A tenant's principal sees of the status what is his, and nothing of the machine.
func TestStatus_ofOneTenant(t *testing.T) {
	s, err := ShowStatus.Do(t.Context(), (&world{}).service(), Principal{Tenants: map[string]Role{tenantA: Viewer}}, None{})
	if len(s.Notices) != 1 || s.Notices[0].TenantID != tenantA {
		t.Errorf("a tenant's viewer is told %+v", s.Notices)
	}
	if err != nil || len(s.Tenants) != 1 || s.Tenants[0].ID != tenantA || s.Region != "" || len(s.Quotas) != 1 ||
		s.Queue.Items["ready"].Count != 3 {
		t.Errorf("status %+v, %v", s, err)
	}
}

// Every method that is an operation stands in the table: none can be called past the check of the role.
func TestOperations_haveRolesAndRoutes(t *testing.T) {
	for _, op := range Operations() {
		row := op.Row()
		if row.Role < Viewer || !strings.HasPrefix(row.Path(), "/v1/") ||
			row.Method() != "GET" && row.Method() != "POST" {
			t.Errorf("%+v", row)
		}
	}
	service := reflect.TypeFor[*Service]()
	for i := range service.NumMethod() {
		if name := service.Method(i).Name; name != "Recover" {
			t.Errorf("Service.%s can be called by anybody, past the table", name)
		}
	}
}

// An answer is as the table says also where the request is of another type.
func TestDoAny_refusesAnotherRequest(t *testing.T) {
	if _, err := ShowItem.DoAny(t.Context(), (&world{}).service(), Root("ada"), new(None)); !errors.Is(err, &Error{Code: Internal}) {
		t.Errorf("error %v", err)
	}
}
