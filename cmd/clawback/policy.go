package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/intel"
)

type policyCmd struct {
	List   policyListCmd   `cmd:"" help:"List a tenant's policies: those of the configuration and those that were added."`
	Add    policyAddCmd    `cmd:"" help:"Add a policy. It counts for the next message."`
	Remove policyRemoveCmd `cmd:"" help:"Remove policies that were added."`
	Test   policyTestCmd   `cmd:"" help:"Show which policies messages meet, and what comes of it."`
	Import policyImportCmd `cmd:"" help:"Add policies from a CSV file: all of them, or none."`
	Export policyExportCmd `cmd:"" help:"Write the policies as CSV."`
}

// ofTenant names a tenant to the daemon.
type ofTenant struct {
	Tenant string `help:"Name or GUID of the tenant; it is only needed when there are several."`
}

// query asks for a part of what belongs to the tenant.
func (o ofTenant) query(p api.Paging) api.PolicyQuery {
	return api.PolicyQuery{Paging: p, Tenant: o.Tenant}
}

type policyListCmd struct {
	ofTenant
}

func (c policyListCmd) Run(a *app) error {
	all, err := every(a, api.ListPolicies, c.query)
	if err != nil {
		return err
	}
	return a.showPolicies(api.Page[api.Policy]{Items: all})
}

func (a *app) showPolicies(page api.Page[api.Policy]) error {
	return show(a, page, "There are no policies.", []string{"ID", "KIND", "PATTERN", "ONLY", "EXPIRES", "FROM", "NOTE"},
		func(p api.Policy) []string {
			return []string{p.ID, p.Kind, fit(p.Pattern, 60), restriction(p), expiry(p, time.Now()), origin(p),
				clip(p.Note, 60)}
		})
}

// restriction says what a policy asks for beyond its pattern.
func restriction(p api.Policy) string {
	switch {
	case p.Verify:
		return "verified"
	case p.Field != "":
		return "in " + p.Field
	}
	return "-"
}

func expiry(p api.Policy, now time.Time) string {
	switch {
	case p.Expires.IsZero():
		return "never"
	case !now.Before(p.Expires):
		return "EXPIRED"
	}
	return p.Expires.Local().Format("2006-01-02 15:04")
}

func origin(p api.Policy) string {
	if p.InFile {
		return "configuration"
	}
	return clip(p.By, 20) + " " + p.Added.Local().Format(time.DateOnly)
}

type policyAddCmd struct {
	ofTenant
	Kind    string `arg:"" help:"One of ${policykinds}."`
	Pattern string `arg:"" help:"Address, @domain, IP address, CIDR, or /regular expression/; for block_content a text or /regular expression/."`
	Field   string `enum:"any,subject,body" default:"any" help:"For block_content: where to look (any, subject, body)."`
	Verify  bool   `help:"Only where SPF, DKIM or DMARC passed for the sender's own domain."`
	Note    string `help:"Why it is there."`
	Expires string `help:"When it runs out: a date (2027-01-31), a time (2027-01-31T12:00:00Z), or from now on (30d, 12h)."`
}

func (c policyAddCmd) Run(a *app) error {
	expires, err := until(c.Expires, time.Now())
	if err != nil {
		return err
	}
	p := api.NewPolicy{Kind: c.Kind, Pattern: c.Pattern, Verify: c.Verify, Note: c.Note, Expires: expires}
	if c.Field != "any" {
		p.Field = c.Field
	}
	if err := a.addPolicies(c.Tenant, []api.NewPolicy{p}); err != nil {
		return err
	}
	if forgeable(p) {
		a.warnf("Note: anybody can write this into From. Add it again with --verify to have it count only where the " +
			"sender is proven.\n")
	}
	return nil
}

// forgeable reports whether a policy lets through what anybody may write into a header.
func forgeable(p api.NewPolicy) bool {
	return !p.Verify && (p.Kind == "trust_sender" || p.Kind == "accept_sender" || p.Kind == "simulation") &&
		strings.ContainsAny(p.Pattern, "@/") && !isNetwork(p.Pattern)
}

func isNetwork(pattern string) bool {
	_, err := netip.ParsePrefix(pattern)
	return err == nil
}

// until reads a date, a time, or how long from now.
func until(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	var s span
	if s.UnmarshalText([]byte(text)) == nil {
		return now.Add(time.Duration(s)).UTC().Truncate(time.Second), nil
	}
	when, err := intel.ParseDay(text)
	if err != nil {
		return when, usage("--expires %v, or as 30d", err)
	}
	if !now.Before(when) {
		return when, usage("--expires %s lies in the past", text)
	}
	return when, nil
}

// span is a duration that may be written in days: 14d.
type span time.Duration

// UnmarshalText reads 14d, 12h or 90m.
func (s *span) UnmarshalText(text []byte) error {
	days, ok := strings.CutSuffix(string(text), "d")
	if n, err := strconv.Atoi(days); ok && err == nil && n >= 0 && n <= 36500 {
		*s = span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no length of time: write it as 14d, 12h or 90m", text)
	}
	*s = span(d)
	return nil
}

func (a *app) addPolicies(tenant string, list []api.NewPolicy) error {
	added, err := client.Do(a.ctx, a.client, api.AddPolicies, api.PolicyOrder{Tenant: tenant, Policies: list})
	if err != nil {
		return err
	}
	if a.json || len(added) <= 20 {
		return a.showPolicies(api.Page[api.Policy]{Items: added})
	}
	a.printf("%d policies are in force from the next message on\n", len(added))
	return nil
}

type policyRemoveCmd struct {
	ofTenant
	IDs     []string `arg:"" name:"id" help:"Ids, as the list shows them."`
	Comment string   `help:"Why, for the audit."`
}

func (c policyRemoveCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		gone, err := client.Do(a.ctx, a.client, api.RemovePolicy,
			api.PolicyRemoval{ID: id, Tenant: c.Tenant, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(gone)
		}
		a.printf("removed: %s %s\n", gone.Kind, fit(gone.Pattern, 100))
		return nil
	})
}

type policyImportCmd struct {
	ofTenant
	File  string `arg:"" help:"CSV with a line of heads: kind, pattern, field, verify, note, expires. - for standard input."`
	Check bool   `help:"Only check the file."`
}

func (c policyImportCmd) Run(a *app) error {
	in, err := a.open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	list, err := intel.ReadCSV(in)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("there is no policy in it")
	}
	if c.Check {
		a.printf("%d policies, nothing is wrong with them\n", len(list))
		return nil
	}
	var added []api.NewPolicy
	for _, p := range list {
		added = append(added, api.NewPolicy{Kind: p.Kind, Pattern: p.Pattern, Field: p.Field, Verify: p.Verify,
			Note: p.Note, Expires: p.Expires})
	}
	return a.addPolicies(c.Tenant, added)
}

type policyExportCmd struct {
	ofTenant
	All  bool   `help:"Also those of the configuration, not only those that were added."`
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c policyExportCmd) Run(a *app) error {
	all, err := every(a, api.ListPolicies, c.query)
	if err != nil {
		return err
	}
	var out []intel.Policy
	for _, p := range all {
		if c.All || !p.InFile {
			out = append(out, intel.Policy{ID: p.ID, Tenant: p.Tenant, Kind: p.Kind, Pattern: p.Pattern, Field: p.Field,
				Verify: p.Verify,
				Note:   p.Note, Expires: p.Expires, By: p.By, Added: p.Added})
		}
	}
	return a.writeNew(c.File, func(w io.Writer) error { return intel.WriteCSV(w, out) })
}
