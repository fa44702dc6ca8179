package main

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"clawback/config"
)

// unregistered stands for client_id until the application is registered: a GUID that no application has.
const unregistered = "00000000-0000-0000-0000-000000000000"

type initCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"File to write. One that is there already is left alone."`

	Hostname         string   `placeholder:"NAME" help:"This host, as MX records and the certificate name it."`
	TenantID         string   `name:"tenant-id" placeholder:"GUID" help:"The tenant, as the Entra admin center shows it under Overview."`
	Domain           []string `placeholder:"DOMAIN,..." help:"The organisation's accepted domains."`
	AlternateMailbox string   `placeholder:"ADDRESS" help:"Where reports go that cannot be carried through: the mailbox that JournalingReportNdrTo names, not in Exchange Online."`
	Email            string   `placeholder:"ADDRESS" help:"Where the certificate authority writes to when something is wrong."`

	Name            string   `placeholder:"LABEL" help:"What the tenant is called here; the beginning of its first domain without it."`
	OriginatorOrg   []string `placeholder:"DOMAIN,..." help:"The tenant's default domain, often the onmicrosoft.com one, beside the accepted ones."`
	ClientID        string   `name:"client-id" placeholder:"GUID" help:"The registered application, where there is one already."`
	CertificateFile string   `placeholder:"FILE" help:"A certificate of your own for SMTP, instead of one from Let's Encrypt."`
	KeyFile         string   `placeholder:"FILE" help:"Its private key."`
}

//go:embed init.toml.tmpl
var initSource string

var initTemplate = template.Must(template.New("init").Funcs(template.FuncMap{"toml": tomlText,
	"tomls": tomlTexts}).Parse(initSource))

// tomlText is a text as TOML has it. What Go escapes otherwise than TOML does not pass the configuration's checks.
func tomlText(s string) string { return fmt.Sprintf("%q", s) }

func tomlTexts(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = tomlText(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// question is one thing that must be known.
type question struct {
	flag, text, hint string
	key              string // of the configuration, whose check the answer must pass
	get              func(*initCmd) string
	set              func(*initCmd, string)
}

// questions are few: all else has a default.
func questions() []question {
	return []question{
		{"--hostname", "This host's name, as the connector and its certificate will have it", "journal.example.com",
			"hostname",
			func(c *initCmd) string { return c.Hostname }, func(c *initCmd, s string) { c.Hostname = s }},
		{"--tenant-id", "The tenant's id, from the Entra admin center, Overview", "a GUID", "tenant.id",
			func(c *initCmd) string { return c.TenantID }, func(c *initCmd, s string) { c.TenantID = s }},
		{"--domain", "The organisation's accepted domains", "contoso.com, contoso.onmicrosoft.com", "tenant.domains",
			func(c *initCmd) string { return strings.Join(c.Domain, ", ") },
			func(c *initCmd, s string) { c.Domain = commaList(s) }},
		{"--alternate-mailbox", "A mailbox outside Exchange Online for reports that cannot be carried through",
			"journal-ndr@archive.example.net", "tenant.alternate_mailbox",
			func(c *initCmd) string { return c.AlternateMailbox },
			func(c *initCmd, s string) { c.AlternateMailbox = s }},
		{"--email", "An address to which the certificate authority may write", "postmaster@example.com", "acme.email",
			func(c *initCmd) string { return c.Email }, func(c *initCmd, s string) { c.Email = s }},
	}
}

func commaList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// made is what init has done, as --json tells it.
type made struct {
	Config      string `json:"config"`
	Tenant      string `json:"tenant"`
	Address     string `json:"address"`     // the journal address
	Certificate string `json:"certificate"` // to add to the application's registration
	ACME        bool   `json:"acme"`
	Unfinished  bool   `json:"unfinished,omitempty"` // client_id is a placeholder
	Unreadable  bool   `json:"owner_root,omitempty"` // there is no group clawback, which may read the file
}

func (c initCmd) Run(a *app) error {
	if _, err := os.Lstat(c.Config); err == nil {
		return fmt.Errorf("%s is there already, and is left as it is: move it away first, or name another by --config",
			c.Config)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	address, err := journalAddress()
	if err != nil {
		return err
	}
	if isTerminal(a.in) {
		err = c.ask(a, address)
	} else if missing := c.missing(); len(missing) > 0 {
		err = usage("not a terminal: say %s", strings.Join(missing, ", "))
	}
	if err != nil {
		return err
	}
	text, problems := c.compose(address)
	if len(problems) > 0 {
		return usageError{problemsByFlag(problems)}
	}
	m, err := c.write(text)
	if err != nil {
		return err
	}
	m.Address = address + "@" + c.Hostname
	return a.showMade(m)
}

// wanted are the questions that the flags leave open.
func (c *initCmd) wanted() (open []question) {
	for _, q := range questions() {
		if q.get(c) == "" && !(q.key == "acme.email" && c.CertificateFile != "") {
			open = append(open, q)
		}
	}
	return open
}

func (c *initCmd) missing() (flags []string) {
	for _, q := range c.wanted() {
		flags = append(flags, q.flag)
	}
	return flags
}

// ask puts the open questions to a person, each until its answer passes the configuration's own check.
func (c *initCmd) ask(a *app, address string) error {
	lines := a.lines()
	for _, q := range c.wanted() {
		for {
			a.warnf("%s (%s): ", q.text, q.hint)
			line, err := lines()
			if err != nil {
				return fmt.Errorf("no answer for %s: %w", q.flag, err)
			}
			q.set(c, strings.TrimSpace(line))
			why := c.wrong(q, address)
			if why == "" {
				break
			}
			a.warnf("  %s\n", why)
		}
	}
	return nil
}

// wrong says what is wrong with the answer to a question, "" when nothing is.
func (c *initCmd) wrong(q question, address string) string {
	if q.get(c) == "" {
		return "an answer is needed; Ctrl-C ends this, and nothing is written"
	}
	_, problems := c.compose(address)
	for _, p := range problems {
		if p.Key == q.key {
			return strings.TrimSuffix(p.Text+"; "+p.Hint, "; ")
		}
	}
	return ""
}

// lines answers a function that reads the next line of standard input, until the context ends.
func (a *app) lines() func() (string, error) {
	next := make(chan string)
	failed := make(chan error, 1)
	go func() { // ends with the process where nobody writes
		in := bufio.NewScanner(a.in)
		for in.Scan() {
			select {
			case next <- in.Text():
			case <-a.ctx.Done():
				return
			}
		}
		failed <- cmp.Or(in.Err(), io.EOF)
	}()
	return func() (string, error) {
		select {
		case line := <-next:
			return line, nil
		case err := <-failed:
			return "", err
		case <-a.ctx.Done():
			return "", a.ctx.Err()
		}
	}
}

// label is the tenant's name: what was said, or the beginning of its first domain.
func (c *initCmd) label() string {
	if c.Name != "" || len(c.Domain) == 0 {
		return c.Name
	}
	name, _, _ := strings.Cut(c.Domain[0], ".")
	return name
}

// compose is the configuration, and what is wrong with it but that the key's file is not there yet.
func (c *initCmd) compose(address string) (text []byte, problems config.Problems) {
	v := *c
	v.Name = c.label()
	v.ClientID = cmp.Or(c.ClientID, unregistered)
	v.OriginatorOrg = append(slices.Clone(c.Domain), c.OriginatorOrg...)
	for _, file := range []*string{&v.CertificateFile, &v.KeyFile} {
		if abs, err := filepath.Abs(*file); err == nil && *file != "" {
			*file = abs
		}
	}
	var out bytes.Buffer
	err := initTemplate.Execute(&out, struct {
		initCmd
		Address, KeyName, Registered string
		Day                          string
	}{v, address + "@" + c.Hostname, graphKey, v.ClientID, time.Now().Format(time.DateOnly)})
	if err != nil {
		return nil, config.Problems{{File: c.Config, Text: err.Error()}}
	}
	_, err = config.Parse(c.Config, out.Bytes())
	if all, is := errors.AsType[config.Problems](err); is {
		for _, p := range all {
			if p.Key != "tenant.graph.certificate_file" {
				problems = append(problems, p)
			}
		}
	}
	return out.Bytes(), problems
}

// problemsByFlag says what is wrong by the flags that say it.
func problemsByFlag(problems config.Problems) string {
	flags := map[string]string{"tenant.name": "--name", "tenant.originator_org": "--originator-org",
		"tenant.graph.client_id": "--client-id",
		"tls.certificate_file":   "--certificate-file", "tls.key_file": "--key-file"}
	for _, q := range questions() {
		flags[q.key] = q.flag
	}
	var lines []string
	for _, p := range problems {
		line := cmp.Or(flags[p.Key], p.Key) + " " + strings.TrimSuffix(p.Text+"; "+p.Hint, "; ")
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
