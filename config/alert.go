package config

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Alert is a route by which people and programs elsewhere are told: where it leads, and what of.
type Alert struct {
	Name   string // label, in lower case
	Kind   string // webhook, slack, teams, email, syslog
	Format string // alert: a few words for a person; ocsf: each event as a SIEM reads it

	URL               Secret // of webhook, slack and teams: who knows it can post
	URLFile           string
	SecretFile        string
	Secrets           []Secret // of webhook: keys of the signature, the newest first
	AuthorizationFile string
	Authorization     Secret   // of webhook: the value of the header Authorization
	To                []string // of email
	Server            string   // of syslog: host:port
	Framing           string   // of syslog: octet or lf
	CAFile            string   // roots for the server's certificate; "": the system's
	CertificateFile   string   // that this client shows
	KeyFile           string
	PrivateNetworks   []netip.Prefix // addresses that are not public and may be connected to

	Events  []string      // what is told: see AlertEvents
	Tenants []string      // names or GUIDs; none: of all, and of the gateway itself
	Digest  time.Duration // how long what comes is gathered into one message; 0: not at all
	Keep    time.Duration // how long what could not be delivered waits
	MaxSize int64         // bytes of what waits
}

// The words for what a route tells. Those of dispositions and of notices have a word for all of them too.
const (
	EveryVerdict = "verdict"
	EveryAction  = "action" // what was done in a mailbox, or could not be
	EveryNotice  = "notice"
)

// NoticeGroups are the groups of notices that a route may name.
var NoticeGroups = []string{"intake", "judging", "waiting", "failed", "brake", "feed", "certificate", "journal",
	"graph", "config", "alert"}

// alertVerdicts are the dispositions that a route may name.
var alertVerdicts = []string{"malicious", "spoof", "suspicious", "spam", "bulk", "clean"}

// AlertEvents are all words for what a route tells.
func AlertEvents() []string {
	return slices.Concat([]string{EveryVerdict, EveryAction, EveryNotice}, alertVerdicts, NoticeGroups)
}

// maxAlerts bounds how many routes there are: each has a worker and a list of what waits.
const maxAlerts = 50

func readAlerts(t *table) []Alert {
	var alerts []Alert
	for _, t := range t.tables("alert") {
		a := readAlert(t)
		if a.Name != "" && slices.ContainsFunc(alerts, func(o Alert) bool { return o.Name == a.Name }) {
			t.wrong("name", fmt.Sprintf("%q is there twice", a.Name), "choose another name")
		}
		if alerts = append(alerts, a); len(alerts) == maxAlerts+1 {
			t.wrong("name", fmt.Sprintf("is the name of route %d", maxAlerts+1),
				fmt.Sprintf("a daemon has %d routes at most", maxAlerts))
		}
	}
	return alerts
}

func readAlert(t *table) Alert {
	a := Alert{
		Name:   t.need("name", `name the route, as in "soc"`, feedName),
		Kind:   t.choice("kind", "webhook", "webhook", "slack", "teams", "email", "syslog"),
		Format: t.choice("format", "alert", "alert", "ocsf"),
	}
	readAlertTarget(t, &a)
	events, digest := []string{"malicious", EveryNotice}, "1m"
	if a.Format == "ocsf" {
		events, digest = []string{EveryVerdict, EveryAction, EveryNotice}, "0s"
	}
	a.Events = t.list("events", events, alertEvent)
	a.Tenants = t.list("tenants", nil, notEmpty)
	a.Digest = t.duration("digest", digest, 0)
	a.Keep = t.duration("keep", "7d", time.Hour)
	a.MaxSize = t.size("max_size", "512MiB", 1<<20)
	checkAlert(t, &a)
	return a
}

// readAlertTarget reads where a route leads, and what it proves itself by.
func readAlertTarget(t *table, a *Alert) {
	if written := t.word("url", "", httpsURL); written != "" {
		a.URL = NewSecret(written)
	}
	var filed Secret
	if a.URLFile, filed = t.secret("url_file"); filed.Reveal() != "" {
		if _, err := httpsURL(filed.Reveal()); err != nil {
			t.wrong("url_file", "does not hold an https URL", "write the URL alone on its first line")
		}
		a.URL = filed
	}
	var keys Secret
	a.SecretFile, keys = t.secret("secret_file")
	a.Secrets = readSigningKeys(t, keys)
	a.AuthorizationFile, a.Authorization = t.secret("authorization_file")
	if strings.ContainsFunc(a.Authorization.Reveal(), func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		t.wrong("authorization_file", "does not hold the value of a header",
			`write it on its first line, as in "Bearer" or "Splunk" and the token`)
	}
	a.To = t.list("to", nil, address)
	a.Server = t.word("server", "", server)
	a.Framing = t.choice("framing", "octet", "octet", "lf")
	a.CAFile = t.file("ca_file")
	a.CertificateFile, a.KeyFile = t.file("certificate_file"), t.privateFile("key_file")
	if t.has("private_networks") {
		a.PrivateNetworks = t.prefixes("private_networks")
	}
}

// readSigningKeys reads one key a line, the newest first: those that receivers have before a change go on to be used.
func readSigningKeys(t *table, keys Secret) (list []Secret) {
	for line := range strings.FieldsSeq(keys.Reveal()) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "whsec_"))
		if err != nil || len(key) < 24 || len(key) > 64 || !strings.HasPrefix(line, "whsec_") {
			t.wrong("secret_file", "holds a key that is none of Standard Webhooks",
				"write whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32)")
			return nil
		}
		list = append(list, NewSecret(string(key)))
	}
	return list
}

// alertEvent passes a word for what a route tells.
func alertEvent(s string) (string, error) {
	if known := AlertEvents(); !slices.Contains(known, s) {
		return "", bad(s, "is nothing that a route can tell", didYouMean(s, known))
	}
	return s, nil
}

// checkAlert wants of a route what its kind needs, and nothing that it does not use.
func checkAlert(t *table, a *Alert) {
	byHTTP := a.Kind == "webhook" || a.Kind == "slack" || a.Kind == "teams"
	switch {
	case byHTTP && t.has("url") && t.has("url_file"):
		t.wrong("url_file", "and url are both there", "keep one of them")
	case byHTTP && !t.has("url") && !t.has("url_file"):
		t.wrong("url_file", "is missing", "name a file with the https URL to post to, or write it as url")
	case a.Kind == "email" && len(a.To) == 0 && !t.has("to"):
		t.wrong("to", "is missing", `list who is written to, as in ["soc@example.com"]`)
	case a.Kind == "syslog" && a.Server == "" && !t.has("server"):
		t.wrong("server", "is missing", `name the receiver, as in "siem.example.com:6514"`)
	case a.Format == "ocsf" && a.Kind != "webhook" && a.Kind != "syslog":
		t.wrong("format", `is "ocsf", which people cannot read`, `use kind = "webhook" or "syslog" for it`)
	case (a.CertificateFile == "") != (a.KeyFile == ""):
		t.wrong("key_file", "and certificate_file must stand together", "write both, or neither")
	}
	for key, kinds := range map[string][]string{
		"url": {"webhook", "slack", "teams"}, "url_file": {"webhook", "slack", "teams"}, "secret_file": {"webhook"},
		"authorization_file": {"webhook"}, "to": {"email"}, "server": {"syslog"}, "framing": {"syslog"},
		"certificate_file": {"webhook", "syslog"}, "key_file": {"webhook", "syslog"},
		"ca_file": {"webhook", "slack", "teams", "syslog"}, "private_networks": {"webhook", "slack", "teams", "syslog"},
	} {
		if t.has(key) && !slices.Contains(kinds, a.Kind) {
			t.wrong(key, fmt.Sprintf("is of no use for kind %q", a.Kind), "remove the line")
		}
	}
	if len(a.Events) == 0 {
		t.wrong("events", "is empty", "name what the route tells, or remove the line")
	}
}

// checkAlerts wants each route's tenants to be configured.
func checkAlerts(c *Config, r *reader) {
	for i, a := range c.Alerts {
		for j, name := range a.Tenants {
			if _, err := c.FindTenant(name); err != nil {
				r.report(fmt.Sprintf("alert[%d].tenants[%d]", i, j), fmt.Sprintf("%q is no tenant", name),
					"write the name or the GUID of a [[tenant]]")
			}
		}
	}
}
