package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
)

type heldCmd struct {
	List      heldListCmd      `cmd:"" help:"List what waits for a person."`
	Campaigns heldCampaignsCmd `cmd:"" help:"List the campaigns of what the brake holds: by sender, link and file."`
	Approve   heldApproveCmd   `cmd:"" help:"Let retractions pass."`
	Reject    heldRejectCmd    `cmd:"" help:"Drop retractions."`
}

// intentsOf selects what is held, or would be done, by the messages.
type intentsOf struct {
	Query string  `help:"Of the messages that this finds: see clawback search --help."`
	Since timeAgo `help:"Of messages that are not older than this, such as 2d or 12h."`
	Each  bool    `help:"A line for each mailbox, with the id of its intent; else one for each message."`
}

// query is the request for a part.
func (c intentsOf) query(p api.Paging) api.IntentQuery {
	q := c.Query
	if c.Since > 0 {
		q += " since:" + c.Since.since().Format(time.RFC3339)
	}
	return api.IntentQuery{Paging: p, Query: strings.TrimSpace(q)}
}

type heldListCmd struct {
	paging
	intentsOf
}

func (c heldListCmd) Run(a *app) error {
	held, err := list(a, api.ListHeld, c.paging, c.query)
	if err != nil {
		return err
	}
	const none = "Nothing waits for a person."
	if !c.Each && !a.json {
		return a.showByCampaign(held, none)
	}
	return show(a, held, none,
		[]string{"INTENT", "SINCE", "RECORD", "FROM", "SUBJECT", "MAILBOX", "ACTION", "REASON"},
		func(in api.Intent) []string {
			return []string{in.ID, ago(in.Changed), in.Record, clip(in.From, 40), clip(in.Subject, 40),
				clip(in.Address, 40), in.Action, clip(in.Reason, 100)}
		})
}

// waitsAlike is what stands in one line of a list: one message, one action, one reason.
type waitsAlike struct{ campaign, record, from, subject, action, reason string }

// showByCampaign shows intents with a line for each message, those of a campaign together, the largest campaign first.
func (a *app) showByCampaign(page api.Page[api.Intent], none string) error {
	mailboxes, of, since := map[waitsAlike]int{}, map[string]int{}, map[waitsAlike]time.Time{}
	var lines []waitsAlike
	for _, in := range page.Items {
		l := waitsAlike{campaignOf(in), in.Record, in.From, in.Subject, in.Action, sentence(in)}
		if mailboxes[l]++; mailboxes[l] == 1 {
			lines, since[l] = append(lines, l), in.Changed
		}
		of[l.campaign]++
	}
	slices.SortStableFunc(lines, func(x, y waitsAlike) int {
		return cmp.Or(of[y.campaign]-of[x.campaign], strings.Compare(x.campaign, y.campaign))
	})
	rows := api.Page[waitsAlike]{Items: lines, Next: page.Next, Cut: page.Cut}
	return show(a, rows, none,
		[]string{"CAMPAIGN", "RECORD", "SINCE", "FROM", "SUBJECT", "MAILBOXES", "ACTION", "REASON"},
		func(l waitsAlike) []string {
			return []string{clip(strings.ReplaceAll(l.campaign, ".", "[.]"), 40), l.record, ago(since[l]),
				clip(l.from, 40), clip(l.subject, 40), strconv.Itoa(mailboxes[l]), l.action, clip(l.reason, 100)}
		})
}

// campaignOf is the campaign that an intent is counted for; else its sender's domain, which nearly always is one.
func campaignOf(in api.Intent) string {
	if len(in.Campaigns) > 0 {
		return in.Campaigns[0]
	}
	_, domain, _ := strings.Cut(in.From, "@")
	return "sender:" + domain
}

func sentence(in api.Intent) string { return strings.TrimPrefix(in.Reason, "dry-run: ") }

type heldCampaignsCmd struct {
	paging
}

func (c heldCampaignsCmd) Run(a *app) error {
	campaigns, err := list(a, api.ListCampaigns, c.paging,
		func(p api.Paging) api.IntentQuery { return api.IntentQuery{Paging: p} })
	if err != nil {
		return err
	}
	return show(a, campaigns, "The brake holds nothing.", []string{"CAMPAIGN", "MAILBOXES", "MESSAGES", "RECORDS"},
		func(c api.Campaign) []string {
			return []string{strings.ReplaceAll(c.Name, ".", "[.]"), strconv.Itoa(c.Mailboxes), strconv.Itoa(c.Messages),
				strings.Join(c.Records, " ")}
		})
}

// settled names what is approved or rejected.
type settled struct {
	IDs      []string `arg:"" optional:"" name:"intent" help:"Ids of intents, as the list shows them, or of records: all that is held of these."`
	Campaign string   `placeholder:"NAME" help:"Instead: all that the brake holds of a campaign, as held campaigns shows it; one act."`
	Query    string   `help:"Instead: all that is held of the messages that this finds, after a look at it."`
	Yes      bool     `short:"y" help:"With --query: do not ask. Not enough for more than 100 mailboxes."`
	YesAll   int      `placeholder:"N" help:"With --query: do not ask: it is about N mailboxes at most."`
	Comment  string   `help:"Why, for the audit."`
}

// Validate demands one of the three.
func (s settled) Validate() error {
	named := 0
	for _, given := range []bool{len(s.IDs) > 0, s.Campaign != "", s.Query != ""} {
		if given {
			named++
		}
	}
	if named != 1 {
		return errors.New(`expected "<intent> ...", --campaign=NAME or --query=QUERY`)
	}
	return nil
}

type heldApproveCmd struct {
	settled
}

func (c heldApproveCmd) Run(a *app) error {
	return c.settle(a, api.ApproveHeld, "approved")
}

type heldRejectCmd struct {
	settled
}

func (c heldRejectCmd) Run(a *app) error {
	return c.settle(a, api.RejectHeld, "rejected")
}

// manyHeld is how many mailboxes -y settles at most.
const manyHeld = 100

// settle carries a person's answer out; over a query, to what was shown and to nothing that came since.
func (s settled) settle(a *app, op api.Op[api.HeldOrder, api.Settlement], verb string) error {
	o := api.HeldOrder{Intents: s.IDs, Campaign: s.Campaign, Comment: s.Comment}
	if s.Query != "" {
		var err error
		if o.Intents, err = s.found(a, verb); err != nil {
			return err
		}
	}
	return a.settle(op, verb, o)
}

// found shows what is held of the messages that the query finds, and asks.
func (s settled) found(a *app, verb string) ([]string, error) {
	held, err := every(a, api.ListHeld, intentsOf{Query: s.Query}.query)
	if err != nil {
		return nil, err
	}
	if len(held) == 0 {
		return nil, &api.Error{Code: api.NotHeld, Detail: "nothing is held of what the query finds"}
	}
	ids := make([]string, 0, len(held))
	for _, in := range held {
		ids = append(ids, in.ID)
	}
	if s.Yes && len(ids) <= manyHeld && s.YesAll == 0 {
		return ids, nil
	}
	beside := &app{out: a.errOut, errOut: a.errOut}
	if err := beside.showByCampaign(api.Page[api.Intent]{Items: held}, ""); err != nil {
		return nil, err
	}
	a.warnf("%s of %s to be %s\n", plural(len(ids), "mailbox"), plural(messagesOf(held), "message"), verb)
	if len(ids) > manyHeld || s.YesAll > 0 {
		return ids, a.confirmNumber(len(ids), "mailbox", fmt.Sprintf("it is about more than %d mailboxes", manyHeld),
			confirmation{"--yes-all", s.YesAll})
	}
	if !a.confirmed() {
		return nil, errNothing
	}
	return ids, nil
}

func messagesOf(list []api.Intent) int {
	records := map[string]bool{}
	for _, in := range list {
		records[in.Record] = true
	}
	return len(records)
}

func (a *app) settle(op api.Op[api.HeldOrder, api.Settlement], verb string, o api.HeldOrder) error {
	out, err := client.Do(a.ctx, a.client, op, o)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(out)
	} else {
		a.printf("%s: %s\n", plural(len(out.Settled), "intent"), verb)
		for _, r := range out.Refused {
			a.warnf("clawback: %s\n", about(r.ID, errors.New(r.Detail)))
		}
	}
	if err == nil && len(out.Refused) > 0 {
		err = errPartly
	}
	return err
}

type previewCmd struct {
	paging
	intentsOf
	Actions bool `help:"Of the last two weeks (or --since), for each disposition: how many, of whom, samples."`
}

// Run shows what a tenant in dry-run would have had done.
func (c previewCmd) Run(a *app) error {
	if c.Actions {
		return c.showActions(a)
	}
	would, err := list(a, api.ListDryRun, c.paging, c.query)
	if err != nil {
		return err
	}
	if !a.json && len(would.Items) > 0 {
		a.printf("%s\n", dryRun(would.Items))
	}
	const none = "Nothing would have been done."
	if !c.Each && !a.json {
		return a.showByCampaign(would, none)
	}
	return show(a, would, none, []string{"WHEN", "RECORD", "FROM", "SUBJECT", "MAILBOX", "WHAT"},
		func(in api.Intent) []string {
			return []string{stamp(in.Changed), in.Record, clip(in.From, 40), clip(in.Subject, 40), clip(in.Address, 40),
				clip(sentence(in), 100)}
		})
}

// dryRun sums up what would have been done.
func dryRun(list []api.Intent) string {
	records, would := map[string]bool{}, map[string]int{}
	for _, in := range list {
		records[in.Record] = true
		what := in.Action
		if in.Code == store.CodeWouldHold {
			what = "held"
		}
		would[what]++
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(would)) {
		parts = append(parts, fmt.Sprintf("%d %s", would[what], what))
	}
	return fmt.Sprintf("%s in %s: %s", plural(len(records), "message"), plural(len(list), "mailbox"),
		strings.Join(parts, ", "))
}
