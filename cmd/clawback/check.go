package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"clawback/config"
	"clawback/config/regions"
	"clawback/intel"
	"clawback/retract/graph"
	"clawback/smtpd/certs"
)

type checkCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
	Online bool   `help:"Also ask DNS, this host's port, relay, alternate mailboxes' servers, feeds, receivers of alerts, engines, Microsoft."`

	Mailbox string `placeholder:"ADDRESS" help:"With --online: a mailbox to try the permission for mail with, such as one within the scope of RBAC for Applications."`
}

// grade is how a finding is.
type grade int

// The grades. Only bad makes the command fail.
const (
	fine grade = iota
	attention
	bad
)

// String is the word before a line.
func (g grade) String() string { return [...]string{"ok", "warning", "bad"}[g] }

// MarshalText is the word in JSON.
func (g grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the word.
func (g *grade) UnmarshalText(text []byte) error {
	for *g = fine; *g <= bad; *g++ {
		if g.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("grade %q", text)
}

// finding is one thing that check looked at.
type finding struct {
	Grade  grade  `json:"grade"`
	What   string `json:"what"`             // what was looked at
	Text   string `json:"text"`             // what was seen, or what is wrong
	Remedy string `json:"remedy,omitempty"` // what to do, where that is not in the text
}

// topic makes findings about one thing.
type topic string

func (what topic) fine(format string, args ...any) finding {
	return finding{Grade: fine, What: string(what), Text: fmt.Sprintf(format, args...)}
}

func (what topic) warn(text, remedy string) finding {
	return finding{attention, string(what), text, remedy}
}

func (what topic) bad(text, remedy string) finding { return finding{bad, string(what), text, remedy} }

// graded grades what another package has found.
func (what topic) graded(ok, warning bool, text, remedy string) finding {
	switch {
	case warning:
		return what.warn(text, remedy)
	case ok:
		return what.fine("%s", text)
	}
	return what.bad(text, remedy)
}

func (c checkCmd) Run(a *app) error {
	if c.Mailbox != "" && !c.Online {
		return usage("--mailbox is tried with --online")
	}
	cfg, err := config.Load(c.Config)
	if problems := (config.Problems{}); a.json && errors.As(err, &problems) {
		return a.showFindings(misconfigured(problems))
	}
	if err != nil {
		return err
	}
	list := []finding{topic("configuration").fine("%s is valid: %s, %s", c.Config,
		plural(len(cfg.Listeners), "listener"), plural(len(cfg.Tenants), "tenant"))}
	list = append(list, checkHere(cfg)...)
	list = append(list, checkFeeds(a.ctx, cfg, false)...)
	list = append(list, checkAlerts(a.ctx, cfg, false)...)
	list = append(list, checkRDAP(a.ctx, cfg, c.Online))
	if c.Online {
		ctx, cancel := context.WithTimeout(a.ctx, 3*time.Minute)
		defer cancel()
		list = append(list, c.online(ctx, cfg)...)
	}
	return a.showFindings(list)
}

// checkHere looks at what can be seen without asking anybody.
func checkHere(cfg *config.Config) (list []finding) {
	list = append(list, checkState(cfg), checkClock())
	for _, f := range certs.Check(cfg, nil, time.Now()) {
		list = append(list, topic(f.What).graded(f.OK, false, f.Text, f.Remedy))
	}
	list = append(list, checkDoors(cfg)...)
	list = append(list, checkRules(cfg)...)
	list = append(list, checkWarningLists(cfg)...)
	for i := range cfg.Tenants {
		list = append(list, checkAddresses(cfg, &cfg.Tenants[i])...)
		list = append(list, checkCredential(&cfg.Tenants[i])...)
	}
	return list
}

// online asks everybody that the daemon will depend on.
func (c checkCmd) online(ctx context.Context, cfg *config.Config) (list []finding) {
	for _, f := range regions.Check(ctx, cfg, net.DefaultResolver) {
		list = append(list, topic(f.What).graded(f.OK, f.Warning, f.Text, f.Remedy))
	}
	list = append(list, checkPort(ctx, cfg.Hostname, "25", nil))
	list = append(list, checkNetworks(ctx, cfg.Networks, nil))
	list = append(list, checkFeeds(ctx, cfg, true)...)
	list = append(list, checkAlerts(ctx, cfg, true)...)
	list = append(list, checkEngines(ctx, cfg.Engines)...)
	for i := range cfg.Tenants {
		list = append(list, checkAlternate(ctx, cfg, &cfg.Tenants[i])...)
		list = append(list, checkGraph(ctx, &cfg.Tenants[i], c.Mailbox)...)
	}
	return list
}

// misconfigured are a configuration's problems for a script; a person gets them as compilers print theirs.
func misconfigured(problems config.Problems) (list []finding) {
	for _, p := range problems {
		hint := p.Hint
		p.Hint = ""
		list = append(list, topic("configuration").bad(p.String(), hint))
	}
	return list
}

// checkEngines asks the engines beside the scorer about a harmless message.
func checkEngines(ctx context.Context, c config.Engines) (list []finding) {
	const what = topic("engines")
	for _, why := range intel.AskEngines(ctx, c) {
		list = append(list, what.bad(why, "mail is judged without it: start it, or take its line out of [engines]"))
	}
	if len(list) == 0 && c.Rspamd+c.SpamAssassin+c.ClamAV != "" {
		list = append(list, what.fine("all that are configured answer"))
	}
	return list
}

// checkRules looks at the rules of one's own.
func checkRules(cfg *config.Config) []finding {
	const what = topic("own rules")
	set, err := intel.LoadRules(cfg.Score)
	switch {
	case err != nil:
		var list []finding
		for line := range strings.Lines(err.Error()) { // all at once, each with file, line and column
			list = append(list, what.bad(strings.TrimSpace(line),
				"mend it: the daemon does not start, and no reload is taken"))
		}
		return list
	case set == nil:
		return nil
	}
	return []finding{what.fine("%s in %s", plural(len(set.Rules()), "rule"), cfg.Score.RulesDir)}
}

func (a *app) showFindings(list []finding) error {
	wrong, doubtful := 0, 0
	for _, f := range list {
		switch f.Grade {
		case bad:
			wrong++
		case attention:
			doubtful++
		}
		if a.json {
			if err := json.NewEncoder(a.out).Encode(f); err != nil {
				return err
			}
			continue
		}
		a.printf("%-8s%s: %s\n", f.Grade, f.What, f.Text)
		if f.Remedy != "" {
			a.printf("        -> %s\n", f.Remedy)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%s to mend", plural(wrong, "problem"))
	}
	if doubtful > 0 && !a.json {
		a.warnf("nothing is wrong; %s\n", plural(doubtful, "warning"))
	}
	return nil
}

const mendGraph = "mend [tenant.graph], or the files that it names"

// checkGraph asks Microsoft Graph for what clawback needs of it.
func checkGraph(ctx context.Context, t *config.Tenant, mailbox string) (list []finding) {
	what := topic("tenant " + t.Name + ", Microsoft Graph")
	if t.Graph.ClientID == unregistered {
		return nil // what there is to say has been said
	}
	client, err := graph.New(*t, graph.Options{Probe: mailbox})
	if err != nil {
		return []finding{what.bad(err.Error(), mendGraph)}
	}
	for _, f := range client.Check(ctx) {
		list = append(list, what.graded(f.OK, f.Warning, f.Text, f.Remedy))
	}
	return list
}
