package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/store"
	"clawback/verdict"
)

// Attacks by the help desk: whoever has a part of the rights in one tenant, at a daemon of two.

var fabrikam = testbed.Tenant{
	Name: "fabrikam", ID: "9f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"fabrikam.example"}, OriginatorOrg: []string{"fabrikam.onmicrosoft.com"},
	Tables: "\n[[tenant.policy]]\nkind = \"block_sender\"\npattern = \"@never.example\"\n",
}

// ask is an operation that somebody tries.
type ask struct {
	name string
	do   func(context.Context, *client.Client) (any, error)
}

func try[Req, Ans any](op api.Op[Req, Ans], request Req) ask {
	return ask{op.Row().Name, func(ctx context.Context, c *client.Client) (any, error) {
		return client.Do(ctx, c, op, request)
	}}
}

func look[Req any](op api.Op[Req, api.Stream], request Req) ask {
	return ask{op.Row().Name, func(ctx context.Context, c *client.Client) (any, error) {
		return nil, client.Export(ctx, c, op, request, io.Discard)
	}}
}

// ids are those of one tenant's things.
type ids struct{ tenant, record, messageID, intent, item, policy, indicator, token, job string }

// about are the operations on one tenant's things, by their ids.
func about(x ids) []ask {
	return []ask{
		try(api.ShowMessage, api.MessageRef{Key: x.record}), try(api.ShowMessage, api.MessageRef{Key: x.messageID}),
		try(api.RetractMessage, api.MessageOrder{Key: x.record, Action: "trash"}),
		try(api.RestoreMessage, api.MessageOrder{Key: x.record}), try(api.RestoreMessage, api.MessageOrder{Key: x.messageID}),
		try(api.GiveCorrection, api.CorrectionOrder{Key: x.record, Is: verdict.Clean}),
		look(api.ExportMessage, api.MessageRef{Key: x.record}), look(api.ExportItem, api.ItemRef{ID: x.item}),
		try(api.ShowItem, api.ItemRef{ID: x.item}), try(api.RetryItem, api.ItemOrder{ID: x.item}),
		try(api.DiscardItem, api.ItemOrder{ID: x.item, Comment: "c"}),
		try(api.ApproveHeld, api.HeldOrder{Intents: []string{x.intent}}), try(api.RejectHeld, api.HeldOrder{Intents: []string{x.intent}}),
		try(api.RemoveIndicator, api.IndicatorOrder{ID: x.indicator}), try(api.ApproveIndicator, api.IndicatorOrder{ID: x.indicator}),
		try(api.ShowJob, api.ItemRef{ID: x.job}), try(api.CancelJob, api.ItemOrder{ID: x.job}),
		try(api.ShowToken, api.ItemRef{ID: x.token}), try(api.RevokeToken, api.ItemOrder{ID: x.token}),
	}
}

// within are the operations that name a tenant.
func within(tenant string) []ask {
	search := api.Search{Query: "from:example", Tenant: tenant}
	return []ask{
		try(api.ListRecords, api.RecordQuery{Search: search}), try(api.CountRecords, search),
		try(api.CountRecords, api.Search{Query: "tenant:" + tenant}), try(api.ListItems, api.ItemQuery{Tenant: tenant}),
		try(api.ListHeld, api.IntentQuery{Tenant: tenant}), try(api.ListAudit, api.AuditQuery{Tenant: tenant}),
		try(api.ListPolicies, api.PolicyQuery{Tenant: tenant}), try(api.ListIndicators, api.IndicatorQuery{Tenant: tenant}),
		try(api.AddIndicator, api.NewIndicator{Value: "evil-site.example", Tenant: tenant}),
		try(api.StartJob, api.JobOrder{Action: "trash", Search: &search}), try(api.StartJob, api.JobOrder{Restore: true, Search: &search}),
		try(api.StartRescan, api.RescanOrder{Search: search}),
		try(api.CreateToken, api.NewToken{Name: "mine", Role: api.Viewer, Tenants: []string{tenant}}),
	}
}

// machine are the operations of whoever runs the daemon.
func machine() []ask {
	return []ask{
		try(api.Reindex, api.None{}), try(api.ListFeeds, api.Paging{}), try(api.UpdateFeeds, api.FeedOrder{}),
		try(api.ListRules, api.Paging{}), try(api.AddIndicator, api.NewIndicator{Value: "evil-site.example"}),
		try(api.CreateToken, api.NewToken{Name: "all", Role: api.Administrator, Every: true}),
	}
}

// aTenantsThings makes one of each, and gives their ids.
func (w *world) aTenantsThings(tenant testbed.Tenant, n int) ids {
	w.t.Helper()
	x := ids{tenant: tenant.Name}
	l, err := testbed.Write(true, 8000+n, "sales@"+tenant.Domains[0])
	if err != nil {
		w.t.Fatal(err)
	}
	own := func(b []byte) []byte {
		b = bytes.ReplaceAll(b, []byte(contoso.ID), []byte(tenant.ID))
		return bytes.ReplaceAll(b, []byte(contoso.OriginatorOrg[0]), []byte(tenant.OriginatorOrg[0]))
	}
	l.Report, l.Original = own(l.Report), own(l.Original)
	if _, err := w.Deliver(l); err != nil {
		w.t.Fatal(err)
	}
	w.sendTo(tenant.Journal(), l.Report)
	forged := bytes.Replace(l.Report, []byte("X-OriginatorOrg: "), []byte("X-OriginatorOrg: x"), 1)
	x.item = w.sendTo(tenant.Journal(), forged)
	w.eventually(func() string {
		if got := w.outcomes(l.MessageID)[l.Mailbox]; got != store.Done {
			return fmt.Sprintf("%s: %q\n%s", tenant.Name, got, w.must("status"))
		}
		return ""
	})
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	ctx := w.t.Context()
	m, err := client.Do(ctx, w.Client, api.ShowMessage, api.MessageRef{Key: l.MessageID})
	must(err)
	x.messageID, x.record, x.intent = l.MessageID, m.Record.ID, m.Intents[0].ID
	bad := api.NewIndicator{Value: "https://pay." + tenant.Name + "-evil.example/x", Tenant: tenant.Name}
	indicator, err := client.Do(ctx, w.Client, api.AddIndicator, bad)
	must(err)
	x.indicator = indicator.ID
	order := api.JobOrder{Restore: true, Tenant: tenant.Name, Records: []string{x.record}}
	job, err := client.Do(ctx, w.Client, api.StartJob, order)
	must(err)
	x.job = job.ID
	w.eventually(func() string { // so that nothing changes by itself
		job, err = client.Do(ctx, w.Client, api.ShowJob, api.ItemRef{ID: x.job})
		if err != nil || job.State != store.JobCompleted {
			return fmt.Sprintf("job %s: %s, %v", x.job, job.State, err)
		}
		return ""
	})
	_, x.token = w.byToken(api.NewToken{Name: "siem", Role: api.Viewer, Tenants: []string{tenant.Name}})
	return x
}

// byToken asks by a new token over HTTPS.
func (w *world) byToken(n api.NewToken) (*client.Client, string) {
	w.t.Helper()
	made, err := client.Do(w.t.Context(), w.Client, api.CreateToken, n)
	if err != nil {
		w.t.Fatal(err)
	}
	file := w.File(made.Token.ID)
	if err := os.WriteFile(file, []byte(made.Secret+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	found := regexp.MustCompile(`event=rest.listening address=(\S+)`).FindStringSubmatch(w.log())
	if found == nil {
		w.t.Fatalf("the log does not say where the REST door is:\n%s", w.LogTail())
	}
	r := client.Remote{URL: "https://" + found[1], TokenFile: file, CAFile: w.File("cert.crt")}
	return client.Connect(r), made.Token.ID
}

// exposure grows by itself, as long as a message lies in a mailbox.
var exposure = regexp.MustCompile(`"exposure":\{[^{}]*\}`)

// state is what of a tenant an attack could change.
func (w *world) state(x ids) string {
	w.t.Helper()
	var s strings.Builder
	for _, a := range append(about(x), within(x.tenant)...) {
		_, verb, _ := strings.Cut(a.name, ".")
		if verb == "show" || verb == "list" || verb == "count" {
			if a.name == "token.show" { // has when it was used
				continue
			}
			answer, err := a.do(w.t.Context(), w.Client)
			text, problem := json.Marshal(answer)
			if err = errors.Join(err, problem); err != nil {
				w.t.Fatal(err)
			}
			fmt.Fprintf(&s, "%s: %s\n", a.name, exposure.ReplaceAll(text, nil))
		}
	}
	return s.String()
}

// Viewers, analysts, approvers and administrators of one tenant try all that they must not: what is another tenant's,
// in the words of which nothing can be told from what does not exist; what is above their role; and what is the
// machine's. Nothing of it changes anything.
func TestAttack_partOfTheRights(t *testing.T) {
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{contoso, fabrikam},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}, Config: "[rest]\nlisten = \"127.0.0.1:0\"\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for _, tenant := range []testbed.Tenant{contoso, fabrikam} {
		bed.Sim.AddUser(graphsim.User{Tenant: tenant.ID, UPN: "sales@" + tenant.Domains[0]})
	}
	w := &world{Bed: bed, t: t}
	w.up()
	own, theirs := w.aTenantsThings(contoso, 1), w.aTenantsThings(fabrikam, 2)
	nothing := ids{"nowhere", "r-none", "<none@none.example>", "i-none", "q-none", "p-none", "n-none", "t-none", "j-none"}
	before := w.state(theirs)

	denied := []api.Code{api.NotFound, api.Forbidden, api.InvalidRequest}
	forbidden := map[api.Role][]string{ // of what is their own
		api.Viewer: {"message.retract", "message.restore", "feedback.give", "queue.retry", "queue.discard", "held.approve", "held.reject", "indicator.remove", "indicator.approve",
			"job.cancel", "token.show", "token.revoke", "message.export", "queue.export", "indicator.add", "job.start", "rescan.start", "token.create"},
		api.Analyst: {"queue.retry", "queue.discard", "held.approve", "held.reject", "indicator.remove", "indicator.approve", "token.show", "token.revoke",
			"message.export", "queue.export", "indicator.add", "token.create"},
		api.Approver: {"queue.discard", "token.show", "token.revoke", "message.export", "queue.export", "token.create"},
	}
	for _, role := range []api.Role{api.Viewer, api.Analyst, api.Approver, api.Administrator} {
		c, _ := w.byToken(api.NewToken{Name: "desk", Role: role, Tenants: []string{contoso.Name}})
		unknown := append(about(nothing), within(nothing.tenant)...)
		for i, a := range append(about(theirs), within(theirs.tenant)...) {
			_, err := a.do(t.Context(), c)
			if !slices.Contains(denied, api.CodeOf(err)) {
				t.Errorf("%s does %s to another tenant: %v", role, a.name, err)
				continue
			}
			_, nowhere := unknown[i].do(t.Context(), c)
			if said, want := w.anonymous(err, theirs), w.anonymous(nowhere, nothing); said != want {
				t.Errorf("%s, %s: another tenant's is answered %q, nobody's %q", role, a.name, said, want)
			}
		}
		for _, a := range append(about(own), within(own.tenant)...) {
			if !slices.Contains(forbidden[role], a.name) {
				continue
			}
			if _, err := a.do(t.Context(), c); api.CodeOf(err) != api.Forbidden {
				t.Errorf("%s does %s: %v", role, a.name, err)
			}
		}
		for _, a := range machine() {
			_, err := a.do(t.Context(), c)
			may := a.name == "indicator.add" && role >= api.Approver // it is the own tenant's then
			if !may && !slices.Contains(denied, api.CodeOf(err)) {
				t.Errorf("%s of one tenant does %s of the machine: %v", role, a.name, err)
			}
		}
	}
	if after := w.state(theirs); after != before {
		t.Errorf("it has changed what is the other tenant's:\n%s\nbefore:\n%s", after, before)
	}
	for _, text := range []string{"", "clawback_t_x", "Basic cm9vdA=="} {
		file := w.File("guessed")
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`event=rest.listening address=(\S+)`).FindStringSubmatch(w.log())
		c := client.Connect(client.Remote{URL: "https://" + found[1], TokenFile: file, CAFile: w.File("cert.crt")})
		if _, err := client.Do(t.Context(), c, api.ShowStatus, api.None{}); err == nil {
			t.Errorf("the token %q opens the door", text)
		}
	}
}

// anonymous is what an error says, without the id that was asked for.
func (w *world) anonymous(err error, x ids) string {
	var problem *api.Error
	if !errors.As(err, &problem) {
		return fmt.Sprint(err)
	}
	said := string(problem.Code) + ": " + problem.Detail
	for _, id := range []string{x.messageID, x.record, x.intent, x.item, x.indicator, x.token, x.job, x.tenant} {
		said = strings.ReplaceAll(said, id, "ID")
	}
	return said
}
