package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
	"clawback/verdict"
)

type intelCmd struct {
	List    intelListCmd    `cmd:"" help:"List indicators: values that bad mail is known by."`
	Add     intelAddCmd     `cmd:"" help:"Add one: stored mail that carries it is judged anew at once, within a brake."`
	Explain intelExplainCmd `cmd:"" help:"Say what an indicator would do to the stored mail, and change nothing."`
	Import  intelImportCmd  `cmd:"" help:"Add those of a file: MISP, STIX 2.1, CSV or text."`
	Approve intelApproveCmd `cmd:"" help:"Let an indicator act that would hit too much mail to act by itself."`
	Feeds   intelFeedsCmd   `cmd:"" help:"List the feeds: lists of indicators that others publish, and how each stands."`
	Update  intelUpdateCmd  `cmd:"" help:"Read feeds now. What of them a message carries becomes an indicator."`
	Remove  intelRemoveCmd  `cmd:"" help:"Withdraw an indicator: what rested on it is judged anew."`
}

// ofTenants names a tenant where an indicator is not of every one.
type ofTenants struct {
	Tenant string `help:"Name or GUID of the tenant that it is for; without it, it is for every tenant."`
}

type intelListCmd struct {
	ofTenants
	paging
}

func (c intelListCmd) Run(a *app) error {
	found, err := list(a, api.ListIndicators, c.paging, func(p api.Paging) api.IndicatorQuery {
		return api.IndicatorQuery{Paging: p, Tenant: c.Tenant}
	})
	if err != nil {
		return err
	}
	return show(a, found, "There are no indicators.", []string{"ID", "KIND", "VALUE", "DISPOSITION", "STATE", "HITS",
		"TENANT", "BY", "ADDED", "NOTE"},
		func(i api.Indicator) []string {
			return []string{i.ID, i.Kind, clip(defang(i.Value), 60), i.Disposition.String(), string(i.State),
				strconv.Itoa(i.Hits), i.Tenant,
				clip(i.By, 20), ago(i.Added), clip(i.Note+i.Why, 60)}
		})
}

// defang writes an indicator so that nobody follows it.
func defang(value string) string {
	value = strings.ReplaceAll(strings.ReplaceAll(value, "[.]", "."), ".", "[.]")
	if rest, ok := strings.CutPrefix(value, "http"); ok {
		return "hxxp" + rest
	}
	return value
}

type intelAddCmd struct {
	Value string `arg:"" help:"URL, host, IP address, SHA-256 or mailbox; hxxp and [.] are read."`
	ofTenants
	Kind        string  `enum:",url,domain,ip,sha256,email" default:"" help:"Its kind, where it is not plain."`
	Disposition string  `help:"What its mail is (default: of page or file MALICIOUS, else SUSPICIOUS)."`
	For         timeAgo `placeholder:"AGE" help:"Its lifetime, such as 30d; verdicts stay."`
	Note        string  `aliases:"comment" help:"Why, for those who see the verdict."`
}

func (c intelAddCmd) Run(a *app) error {
	o := api.NewIndicator{Tenant: c.Tenant, Kind: c.Kind, Value: c.Value, Note: c.Note}
	if c.For != 0 {
		o.Until = time.Now().Add(time.Duration(c.For)).UTC().Truncate(time.Second)
	}
	if c.Disposition != "" {
		d, err := verdict.Parse(c.Disposition)
		if err != nil {
			return usage("--disposition: %v", err)
		}
		o.Disposition = d
	}
	i, err := client.Do(a.ctx, a.client, api.AddIndicator, o)
	if err != nil {
		return err
	}
	return a.settled(i)
}

// settled waits until an indicator has acted, and says what became of it.
func (a *app) settled(i api.Indicator) error {
	for i.State == store.IndicatorApplying {
		select {
		case <-a.ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
		page, err := every(a, api.ListIndicators,
			func(p api.Paging) api.IndicatorQuery { return api.IndicatorQuery{Paging: p, Tenant: i.Tenant} })
		if err != nil {
			return err
		}
		for _, one := range page {
			if one.ID == i.ID && one.Tenant == i.Tenant {
				i = one
			}
		}
	}
	if a.json {
		return a.printJSON(i)
	}
	switch i.State {
	case store.IndicatorWaiting:
		a.printf("%s waits: it %s\n", i.ID, i.Why)
		a.printf("See clawback intel explain VALUE; then intel approve %s, or intel remove %s\n", i.ID, i.ID)
		return errPartly
	default:
		a.printf("%s is %s: %s %s makes %s; %s judged anew\n", i.ID, string(i.State), i.Kind, defang(i.Value),
			i.Disposition, plural(i.Hits, "message"))
	}
	return nil
}

type intelExplainCmd struct {
	Value string `arg:"" help:"As for add."`
	ofTenants
	Kind string `enum:",url,domain,ip,sha256,email" default:"" help:"As for add."`
}

func (c intelExplainCmd) Run(a *app) error {
	m, err := client.Do(a.ctx, a.client, api.ExplainIndicator, api.NewIndicator{Tenant: c.Tenant, Kind: c.Kind,
		Value: c.Value})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(m)
	}
	i := m.Indicator
	state := "not kept"
	if i.State != "" {
		state = fmt.Sprintf("%s, by %s %s: %s", i.State, i.By, ago(i.Added), i.Note)
	}
	more := ""
	if m.Cut != "" {
		more = " at least"
	}
	return a.facts([][]string{{"indicator", i.ID}, {"kind", i.Kind}, {"value", defang(i.Value)}, {"makes",
		i.Disposition.String()}, {"state", state},
		{"waits", i.Why}, {"carried by", plural(m.Messages, "message") + more}, {"would change", plural(m.Changes,
			"verdict") + more},
		{"such as", strings.Join(m.Samples, " ")}})
}

// indicatorOrder is a person's word on an indicator.
type indicatorOrder struct {
	ID string `arg:"" help:"Id of the indicator, or its value."`
	ofTenants
	Comment string `help:"Why, for the audit."`
}

func (c indicatorOrder) send(a *app, op api.Op[api.IndicatorOrder, api.Indicator]) (api.Indicator, error) {
	id := c.ID
	if !indicatorID.MatchString(id) {
		m, err := client.Do(a.ctx, a.client, api.ExplainIndicator, api.NewIndicator{Tenant: c.Tenant, Value: c.ID})
		if err != nil {
			return api.Indicator{}, err
		}
		if m.Indicator.State == "" {
			return api.Indicator{}, fmt.Errorf("there is no indicator of %s: see clawback intel list", defang(c.ID))
		}
		id = m.Indicator.ID
	}
	return client.Do(a.ctx, a.client, op, api.IndicatorOrder{ID: id, Tenant: c.Tenant, Comment: c.Comment})
}

// indicatorID is how the ids of indicators are written.
var indicatorID = regexp.MustCompile(`^k[0-9a-f]{12}$`)

type intelApproveCmd struct {
	ID string `arg:"" optional:"" help:"Id of the indicator, or its value."`
	ofTenants
	Feed    string `help:"Instead of one: all that wait of this feed."`
	Comment string `help:"Why, for the audit."`
}

func (c intelApproveCmd) Run(a *app) error {
	if (c.ID == "") == (c.Feed == "") {
		return usage("name an indicator, or --feed")
	}
	if c.Feed != "" {
		done, err := client.Do(a.ctx, a.client, api.ApproveFeed, api.FeedApproval{Feed: c.Feed, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(done)
		}
		a.printf("%s of feed %s may act: stored mail is being judged anew\n", plural(done.Indicators, "indicator"),
			done.Feed)
		return nil
	}
	i, err := indicatorOrder{c.ID, c.ofTenants, c.Comment}.send(a, api.ApproveIndicator)
	if err != nil {
		return err
	}
	return a.settled(i)
}

type intelRemoveCmd struct{ indicatorOrder }

func (c intelRemoveCmd) Run(a *app) error {
	i, err := c.send(a, api.RemoveIndicator)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(i)
	}
	a.printf("%s is withdrawn: what rested on it is being judged anew\n", i.ID)
	return nil
}
