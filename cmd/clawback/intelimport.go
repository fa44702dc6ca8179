package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/intel/feed"
	"clawback/store"
	"clawback/verdict"
)

// maxImport bounds the file that is imported; what is sent of it must fit into one request.
const maxImport = 8 << 20

type intelImportCmd struct {
	File string `arg:"" help:"MISP event, STIX 2.1 bundle, CSV with a header, or text; - is standard input."`
	ofTenants
	Format      string  `enum:",text,csv,misp,stix" default:"" help:"Its format, where it is not plain."`
	Kind        string  `enum:",url,domain,ip,sha256,email" default:"" help:"The kind of entries that do not say it."`
	Column      string  `help:"The column of a CSV with the values (default: value, indicator, ioc or url)."`
	Disposition string  `help:"What their mail is (default: of page or file MALICIOUS, else SUSPICIOUS)."`
	For         timeAgo `placeholder:"AGE" help:"Their lifetime, such as 30d, unless theirs ends earlier."`
	Note        string  `help:"Why, for those who see the verdict; of entries without a note of their own."`
	DryRun      bool    `help:"Add none, and say what they would do to the stored mail."`
}

func (c intelImportCmd) Run(a *app) error {
	order, passed, err := c.read(a)
	if err != nil {
		return err
	}
	result := api.ImportResult{DryRun: c.DryRun, Added: []string{}, Refused: []api.RefusedIndicator{}}
	if len(order.Indicators) > 0 {
		if result, err = client.Do(a.ctx, a.client, api.ImportIndicators, order); err != nil {
			return err
		}
	}
	for _, p := range passed {
		result.Refused = append(result.Refused, api.RefusedIndicator{Value: p.Value, Why: p.Why})
	}
	if !c.DryRun {
		if err := a.acted(&result); err != nil {
			return err
		}
	}
	return a.showImport(result)
}

// read reads the file into what is asked for, and what of it cannot be.
func (c intelImportCmd) read(a *app) (order api.IndicatorImport, passed []feed.Passed, err error) {
	order = api.IndicatorImport{Tenant: c.Tenant, Note: c.Note, DryRun: c.DryRun}
	if c.For != 0 {
		order.Until = time.Now().Add(time.Duration(c.For)).UTC().Truncate(time.Second)
	}
	if c.Disposition != "" {
		if order.Disposition, err = verdict.Parse(c.Disposition); err != nil {
			return order, nil, usage("--disposition: %v", err)
		}
	}
	data, err := a.readWhole(c.File, maxImport)
	if err != nil {
		return order, nil, err
	}
	entries, passed, err := feed.ReadFile(c.File, data, feed.FileOptions{Format: c.Format, Kind: c.Kind,
		Column: c.Column})
	name := c.File
	if name == "-" {
		name = "standard input"
	}
	var refusal *feed.Refusal
	if errors.As(err, &refusal) && refusal.Code == feed.Columns {
		return order, nil, fmt.Errorf("%s %w; name the one with the values by --column", name, err)
	}
	if err != nil {
		return order, nil, fmt.Errorf("%s %w", name, err)
	}
	if len(entries) > api.MaxImport {
		return order, nil, fmt.Errorf("%s has %d entries, and at most %d can be kept: make it a [[feed]], "+
			"whose entries are kept beside them", c.File, len(entries), api.MaxImport)
	}
	for _, e := range entries {
		order.Indicators = append(order.Indicators, api.ImportedIndicator{Kind: e.Kind, Value: e.Value, Note: e.Detail,
			Until: e.Until})
	}
	return order, passed, nil
}

// acted waits until what was imported has acted, and counts what it did.
func (a *app) acted(result *api.ImportResult) error {
	added := slices.Sorted(slices.Values(result.Added))
	for applying := len(added) > 0; applying; {
		page, err := every(a, api.ListIndicators,
			func(p api.Paging) api.IndicatorQuery { return api.IndicatorQuery{Paging: p, Tenant: result.Tenant} })
		if err != nil {
			return err
		}
		applying, result.Changes, result.Waiting = false, 0, 0
		for _, i := range page {
			if _, is := slices.BinarySearch(added, i.ID); !is || i.Tenant != result.Tenant {
				continue
			}
			applying = applying || i.State == store.IndicatorApplying
			result.Changes += i.Hits
			if i.State == store.IndicatorWaiting {
				result.Waiting++
			}
		}
		if !applying {
			return nil
		}
		select {
		case <-a.ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil
}

// showImport prints what became of a file. Some that were refused, or wait, are not what was asked for.
func (a *app) showImport(r api.ImportResult) error {
	var partly error
	if len(r.Refused) > 0 || r.Waiting > 0 {
		partly = errPartly
	}
	if a.json {
		return errors.Join(a.printJSON(r), partly)
	}
	for _, one := range r.Refused {
		value := defang(fit(one.Value, 80))
		if value == "" {
			value = "an entry"
		}
		a.printf("%s: %s\n", value, one.Why)
	}
	if r.DryRun {
		a.printf("would add %s, %d known, %d refused; %s would be judged anew, %s would wait for a person\n",
			plural(len(r.Added), "indicator"), r.Known, len(r.Refused), plural(r.Changes, "message"),
			plural(r.Waiting, "indicator"))
		return partly
	}
	a.printf("%s added, %d known, %d refused; %s judged anew, %s for a person\n", plural(len(r.Added), "indicator"),
		r.Known, len(r.Refused), plural(r.Changes, "message"), waits(r.Waiting))
	if r.Waiting > 0 {
		a.printf("See clawback intel list and intel explain VALUE; then intel approve, or intel remove\n")
	}
	return partly
}

func waits(n int) string {
	if n == 1 {
		return "1 indicator waits"
	}
	return fmt.Sprintf("%d indicators wait", n)
}

// readWhole reads a file, or standard input for "-", of at most so many bytes.
func (a *app) readWhole(name string, most int64) ([]byte, error) {
	in, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than %d MiB", name, most>>20)
	}
	return data, nil
}
