package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/score"
	"clawback/score/rules"
	"clawback/verdict"
)

type rulesCmd struct {
	List     rulesListCmd     `cmd:"" help:"List the rules of one's own that the daemon uses."`
	Test     rulesTestCmd     `cmd:"" help:"Show which rules messages meet, without a daemon."`
	Backtest rulesBacktestCmd `cmd:"" help:"Show what each rule would have done to the mail that is kept, before it may act."`
}

type rulesListCmd struct{}

func (rulesListCmd) Run(a *app) error {
	all, err := every(a, api.ListRules, func(p api.Paging) api.Paging { return p })
	if err != nil {
		return err
	}
	return show(a, api.Page[api.Rule]{Items: all},
		"No rules of one's own are in force: see score.rules_dir in the configuration.",
		[]string{"RULE", "MODE", "WHERE", "WHEN"}, func(r api.Rule) []string {
			return []string{r.ID, r.Mode, fmt.Sprintf("%s:%d", r.File, r.Line),
				fit(strings.Join(strings.Fields(r.When), " "), 80)}
		})
}

type rulesTestCmd struct {
	judgedBy
	Rules string   `type:"existingdir" placeholder:"DIR" help:"Folder of rules (*.toml); without it that of the configuration."`
	Files []string `arg:"" name:"file" help:"Messages, journal reports, mailboxes (mbox), folders of those, or - for standard input."`
}

// ruleTest is one line of rules test --json.
type ruleTest struct {
	File        string              `json:"file"`
	Disposition verdict.Disposition `json:"disposition"`
	Rules       []verdict.Reason    `json:"rules"` // that the message meets
	Failed      []string            `json:"failed,omitempty"`
}

func (c rulesTestCmd) Run(a *app) error {
	y, err := c.yardstick(a)
	if err != nil {
		return err
	}
	defer y.close()
	if c.Rules != "" {
		set, err := rules.Load(c.Rules)
		if err != nil {
			return err
		}
		if err := y.use(score.Options{TrustMicrosoft: c.Trust, Rules: set}); err != nil {
			return err
		}
	} else if c.Config == "" {
		return usage("name a folder of rules with --rules, or a configuration with --config")
	}
	failed := false
	err = score.Files(a.ctx, y.scorer, walk(c.Files), a.filesOptions(y, 0), func(r score.FileResult) error {
		if r.Error != "" {
			failed = true
			a.warnf("clawback: %s: %s\n", fit(r.File, 300), r.Error)
			return nil
		}
		return a.showRuleTest(ruleTest{r.File, r.Disposition, ofRules(r.Reasons), failedRules(r.Degraded)})
	})
	if err == nil && failed {
		err = errQuiet
	}
	return err
}

func ofRules(all []verdict.Reason) []verdict.Reason {
	list := []verdict.Reason{}
	for _, r := range all {
		if r.Family == "rule" {
			list = append(list, r)
		}
	}
	return list
}

func failedRules(degraded []string) []string {
	return slices.DeleteFunc(slices.Clone(degraded), func(s string) bool { return !strings.HasPrefix(s, "run rule ") })
}

func (a *app) showRuleTest(t ruleTest) error {
	if a.json {
		return a.printJSON(t)
	}
	a.printf("%s: %s, meets %s\n", fit(t.File, 300), t.Disposition, plural(len(t.Rules), "rule"))
	for _, r := range t.Rules {
		a.printf("  %+6.1f  %-28s %s\n", r.Weight, strings.TrimPrefix(r.ID, "rule."), clip(r.Text, 200))
	}
	for _, f := range t.Failed {
		a.printf("  failed  %s\n", clip(f, 300))
	}
	return nil
}

type rulesBacktestCmd struct {
	Since  span     `default:"14d" help:"Not older than this (default 14d)."`
	Rules  string   `type:"existingdir" placeholder:"DIR" help:"Try the rules of this folder instead of those in force."`
	Rule   []string `help:"Only the rule with this id; may be given several times."`
	Tenant string   `help:"Name or GUID of a tenant; without it the mail of all."`
	Limit  int      `default:"20000" help:"At most so many messages, the newest."`
}

func (c rulesBacktestCmd) Run(a *app) error {
	order := api.Backtest{Tenant: c.Tenant, Since: time.Now().Add(-time.Duration(c.Since)).UTC(), Limit: c.Limit,
		Rules: c.Rule}
	if c.Rules != "" {
		files, err := readRules(c.Rules)
		if err != nil {
			return err
		}
		order.Files = files
	}
	out, err := client.Do(a.ctx, a.client, api.BacktestRules, order)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(out)
	}
	a.showBacktest(out)
	return nil
}

// readRules reads a folder's files, after checking them here: the problems then name the files as the operator does.
func readRules(dir string) (map[string]string, error) {
	if _, err := rules.Load(dir); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no *.toml in %s", dir)
	}
	return files, nil
}

func (a *app) showBacktest(b api.BacktestResult) {
	a.printf("%s since %s were judged again, each with one rule acting at a time.\n", plural(b.Messages, "message"),
		stamp(b.Since))
	if b.Unreadable > 0 {
		a.printf("The originals of %s are not kept any more.\n", plural(b.Unreadable, "message"))
	}
	if b.Cut != "" {
		a.printf("There are older ones: raise --limit to see them too.\n")
	}
	for _, e := range b.Rules {
		a.showEffect(e)
	}
}

func (a *app) showEffect(e api.RuleEffect) {
	a.printf("\n%s (%s, %s:%d): matches %s", e.ID, e.Mode, e.File, e.Line, plural(e.Matched, "message"))
	if len(e.By) > 0 {
		a.printf(": %s", counted(e.By))
	}
	a.printf("\n")
	switch {
	case len(e.Changed) > 0:
		a.printf("  would change %s\n", counted(e.Changed))
	case e.Matched > 0:
		a.printf("  would change no disposition\n")
	}
	if e.Failed > 0 {
		a.printf("  could not be run to its end on %s\n", plural(e.Failed, "message"))
	}
	for _, s := range e.Samples {
		would := s.Is.String()
		if s.Would != s.Is {
			would += " to " + s.Would.String()
		}
		a.printf("  %s  %s  %-24s %-30s %s\n", s.Record, stamp(s.Received), would, clip(s.From, 30),
			clip(s.Subject, 60))
	}
}

// counted writes counts, the greatest first.
func counted(counts map[string]int) string {
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%d %s", counts[k], k)
	}
	return strings.Join(keys, ", ")
}
