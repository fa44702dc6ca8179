package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"clawback/verdict"
)

// ExchangeOnline is the name of the network set that is kept up to date by itself.
const ExchangeOnline = "exchange-online"

// Defaults that more than one place must know.
const (
	letsEncrypt    = "https://acme-v02.api.letsencrypt.org/directory"
	exchangeClient = "mail.protection.outlook.com"
	endpointURL    = "https://endpoints.office.com/endpoints/worldwide"
)

// readConfig reads the whole file.
func readConfig(t *table) *Config {
	c := &Config{File: t.r.file}
	c.Hostname = t.need("hostname", "name this host as MX records and the connector do, as in journal.example.com",
		fullName)
	c.Region = t.word("region", "", label)
	c.StateDir = t.r.fullPath(t.text("state_dir", "/var/lib/clawback"))
	c.Regions = readRegions(t)
	c.Control = readControl(t.table("control"))
	c.REST = readREST(t.table("rest"))
	c.Console = readConsole(t.table("console"))
	c.Networks = readNetworks(t.table("networks"))
	c.Listeners = readListeners(t, c.Networks)
	c.TLS = readTLS(t.table("tls"))
	c.ACME = readACME(t.table("acme"), c.Hostname)
	c.SMTP = readSMTP(t.table("smtp"))
	c.Spool = readSpool(t.table("spool"))
	c.Quarantine = readQuarantine(t.table("quarantine"), c.Spool)
	c.Relay = readRelay(t.table("relay"))
	c.Score = readScore(t.table("score"))
	c.Engines = readEngines(t.table("engines"))
	c.RDAP = readRDAP(t.table("rdap"))
	c.Intel = readIntel(t.table("intel"))
	c.Feeds = readFeeds(t)
	c.Rejudge = readRejudge(t.table("rejudge"))
	c.Retract = readRetract(t.table("retract"))
	c.Alerts = readAlerts(t)
	c.Log = readLog(t.table("log"))
	c.Tenants = readTenants(t)
	c.SignIn = readSignIn(t.table("sign_in"), c.Tenants, c.Console)
	return c
}

func readControl(t *table) Control {
	socket := t.text("socket", "/run/clawback/control.sock")
	if !filepath.IsAbs(socket) {
		t.wrong("socket", fmt.Sprintf("%q is not a full path", socket), "write it as in /run/clawback/control.sock")
	}
	if len(socket) > 107 { // unix(7): sun_path is 108 bytes
		t.wrong("socket", fmt.Sprintf("is %d bytes long", len(socket)), "a unix socket's path has at most 107")
	}
	return Control{Socket: socket, Metrics: t.word("metrics", "", metricsAddress)}
}

func readREST(t *table) REST {
	r := REST{
		Enabled:        t.flag("enabled", t.present()),
		Listen:         t.word("listen", "127.0.0.1:8443", listenAddress),
		Rate:           t.number("rate", 100, 1),
		MaxConnections: t.number("max_connections", 256, 4),
	}
	if r.Enabled && r.Listen == "" {
		t.wrong("listen", "is empty", "write 127.0.0.1:8443, or leave the table out")
	}
	return r
}

func readConsole(t *table) Console {
	c := Console{
		Enabled:        t.flag("enabled", t.present()),
		Listen:         t.word("listen", "127.0.0.1:8444", listenAddress),
		URL:            strings.TrimRight(t.word("url", "", browserURL), "/"),
		PlainHTTP:      t.flag("plain_http", false),
		MaxConnections: t.number("max_connections", 256, 4),
	}
	if c.Enabled && c.Listen == "" {
		t.wrong("listen", "is empty", "write 127.0.0.1:8444, or leave the table out")
	}
	if c.PlainHTTP && !onLoopback(c.Listen) {
		t.wrong("plain_http", fmt.Sprintf("is true, and %q is not of this machine alone", c.Listen),
			"listen on 127.0.0.1, or leave plain_http out: sessions must not cross a network unencrypted")
	}
	return c
}

// onLoopback reports whether a listener is reached from this machine alone.
func onLoopback(listen string) bool {
	addr, err := netip.ParseAddrPort(listen)
	return err == nil && addr.Addr().IsLoopback()
}

func readRegions(t *table) []Region {
	var regions []Region
	for _, t := range t.tables("region_hosts") {
		r := Region{
			Name:  t.need("name", `name the place, as in "eu"`, label),
			Hosts: t.list("hosts", nil, fullName),
		}
		if len(r.Hosts) == 0 {
			t.wrong("hosts", "is empty", "name the hosts of this region as they stand in MX records")
		}
		if slices.ContainsFunc(regions, func(o Region) bool { return o.Name == r.Name }) {
			t.wrong("name", fmt.Sprintf("%q is there twice", r.Name), "put all hosts of a region in one table")
		}
		regions = append(regions, r)
	}
	return regions
}

func readNetworks(t *table) Networks {
	n := Networks{
		URL:      t.word("url", endpointURL, httpsURL),
		Interval: t.duration("interval", "24h", time.Minute),
	}
	for _, t := range t.tables("set") {
		set := Network{
			Name:           t.need("name", `name the set, as in "office"`, label),
			Prefixes:       t.prefixes("prefixes"),
			ExchangeOnline: t.flag("exchange_online", false),
		}
		if set.Name == ExchangeOnline || slices.ContainsFunc(n.Sets,
			func(o Network) bool { return o.Name == set.Name }) {
			t.wrong("name", fmt.Sprintf("%q is taken", set.Name), "choose another name")
		}
		n.Sets = append(n.Sets, set)
	}
	return n
}

// prefixes reads a list of CIDRs that must not be empty.
func (t *table) prefixes(key string) []netip.Prefix {
	var found []netip.Prefix
	words := t.list(key, nil, func(s string) (string, error) {
		p, err := prefix(s)
		return p.String(), err
	})
	for _, w := range words {
		found = append(found, netip.MustParsePrefix(w))
	}
	if len(found) == 0 && !t.has(key) {
		t.wrong(key, "is missing", `write it as in ["192.0.2.0/24"]`)
	}
	return found
}

func readListeners(t *table, n Networks) []Listener {
	tables := t.tables("listener")
	if len(tables) == 0 && !t.has("listener") {
		tables = []*table{{r: t.r, path: "listener"}} // none stands there: one with the defaults
	}
	var listeners []Listener
	for _, t := range tables {
		l := readListener(t, n)
		shareable := l.Address == "" || strings.HasSuffix(l.Address, ":0") || l.Address == "systemd"
		if !shareable && slices.ContainsFunc(listeners, func(o Listener) bool { return o.Address == l.Address }) {
			t.wrong("address", fmt.Sprintf("%q is there twice", l.Address), "give each listener an address of its own")
		}
		listeners = append(listeners, l)
	}
	return listeners
}

func readListener(t *table, n Networks) Listener {
	return Listener{
		Address:           t.word("address", ":25", listenAddress),
		Networks:          t.list("networks", []string{ExchangeOnline}, n.known),
		ClientCertificate: t.choice("client_certificate", "request", "ignore", "request", "require"),
		ClientNames:       t.list("client_names", []string{exchangeClient}, fullName),
		ClientCAFile:      t.file("client_ca_file"),
	}
}

// known passes the name of a network set, or a CIDR.
func (n Networks) known(s string) (string, error) {
	names := []string{ExchangeOnline}
	for _, set := range n.Sets {
		names = append(names, set.Name)
	}
	if slices.Contains(names, s) {
		return s, nil
	}
	if !strings.ContainsAny(s, "./:") {
		return "", bad(s, "is not a known network set", didYouMean(s, names))
	}
	p, err := prefix(s)
	return p.String(), err
}

func readTLS(t *table) TLS {
	c := TLS{CertificateFile: t.file("certificate_file"), KeyFile: t.privateFile("key_file")}
	if t.present() && !t.has("certificate_file") {
		t.wrong("certificate_file", "is missing", "name the PEM file with the certificate and its chain")
	}
	if t.present() && !t.has("key_file") {
		t.wrong("key_file", "is missing", "name the PEM file with the private key")
	}
	return c
}

func readACME(t *table, hostname string) ACME {
	a := ACME{
		Enabled:        t.flag("enabled", t.present()),
		Domains:        t.list("domains", nil, fullName),
		Email:          t.word("email", "", address),
		DirectoryURL:   t.word("directory_url", letsEncrypt, httpsURL),
		CAFile:         t.file("ca_file"),
		HTTPAddress:    t.word("http_address", ":80", listenAddress),
		TLSALPNAddress: t.word("tls_alpn_address", "", listenAddress),
		RenewBefore:    t.duration("renew_before", "30d", time.Minute),
	}
	if len(a.Domains) == 0 && hostname != "" {
		a.Domains = []string{hostname}
	}
	if a.Enabled && t.values["http_address"] == "" &&
		!(t.has("tls_alpn_address") && t.values["tls_alpn_address"] != "") {
		t.wrong("http_address", "is empty, and so is tls_alpn_address",
			`the CA must reach one of them: write http_address = ":80"`)
	}
	return a
}

// unlistedShare is the part of all sessions that networks outside the listener's have together.
const unlistedShare = 8

func readSMTP(t *table) SMTP {
	sessions := t.number("max_sessions", 1000, 1)
	unlisted := t.number("max_unlisted_sessions", max(1, sessions/unlistedShare), 1)
	return SMTP{
		MaxMessageSize:        t.size("max_message_size", "400MiB", 64<<10),
		MaxSessions:           sessions,
		MaxUnlistedSessions:   unlisted,
		MaxMemory:             readMaxMemory(t, sessions, unlisted),
		MaxSessionsPerNetwork: t.number("max_sessions_per_network", 20, 1),
		MaxRecipients:         t.number("max_recipients", 100, 1),
		MaxCommands:           t.number("max_commands", 50000, 10),
		MaxErrors:             t.number("max_errors", 10, 1),
		IdleTimeout:           t.duration("idle_timeout", "5m", time.Second),
		DataTimeout:           t.duration("data_timeout", "1m", time.Second),
		MinRate:               t.size("min_rate", "500B", 0),
		SessionAge:            t.duration("session_age", "2h", time.Minute),
		DrainTimeout:          t.duration("drain_timeout", "1m", time.Second),
		Postmaster:            t.word("postmaster", "", address),
	}
}

// readMaxMemory reads the cap on bodies in memory. Under it every session has room for the beginning of a body: 16 KiB,
// in the last quarter of the cap, of which unlisted peers have an eighth.
func readMaxMemory(t *table, sessions, unlisted int) int64 {
	const beginning = 4 * (16 << 10)
	least := (max(sessions, unlistedShare*min(unlisted, sessions))*beginning + 1<<20 - 1) >> 20
	size := t.size("max_memory", fmt.Sprintf("%dMiB", max(128, least)), 0)
	if size < int64(least)<<20 {
		t.wrong("max_memory", "is too small for so many sessions", fmt.Sprintf(
			"write %dMiB or more, or lower max_sessions and max_unlisted_sessions", least))
	}
	return size
}

func readSpool(t *table) Spool {
	s := Spool{
		InlineLimit:      t.size("inline_limit", "512KiB", 0),
		MinFree:          t.size("min_free", "1GiB", 0),
		MinFreePercent:   t.percent("min_free_percent", 5),
		Retention:        t.duration("retention", "14d", time.Hour),
		FlaggedRetention: t.duration("flagged_retention", "90d", time.Hour),
		MaxQueueSize:     t.size("max_queue_size", "0", 0),
	}
	if s.InlineLimit > 64<<20 {
		t.wrong("inline_limit", "is over 64 MiB",
			"each session holds this much in memory; 512KiB is measured to be good")
	}
	if s.FlaggedRetention < s.Retention {
		t.wrong("flagged_retention", "is shorter than retention", "flagged mail is kept at least as long as all mail")
	}
	return s
}

// readQuarantine reads the quotas. What is dropped with the spool's retention must not wait for longer.
func readQuarantine(t *table, s Spool) Quarantine {
	q := Quarantine{
		PostmasterSize:       t.size("postmaster_max_size", "1MiB", 64<<10), // RFC 5321, section 4.5.3.1.7
		PostmasterBytes:      t.size("postmaster_max_bytes", "64MiB", 64<<10),
		PostmasterMessages:   t.number("postmaster_max_messages", 1000, 1),
		PostmasterRetention:  t.duration("postmaster_retention", "14d", time.Hour),
		UnattributedBytes:    t.size("unattributed_max_bytes", "2GiB", 64<<10),
		UnattributedMessages: t.number("unattributed_max_messages", 20000, 1),
	}
	q.PostmasterRetention = min(q.PostmasterRetention, s.Retention)
	return q
}

func readScore(t *table) Score {
	s := Score{
		TrustMicrosoftVerdict: t.flag("trust_microsoft_verdict", true),
		RulesDir:              t.dir("rules_dir"),
		Workers:               t.number("workers", 0, 0),
		NewDomain:             readSwitch(t, "new_domain"),
		Blank:                 readSwitch(t, "blank"),
		ACHFreeMail:           readSwitch(t, "ach_free_mail"),
		HTMLAttachment:        readSwitch(t, "html_attachment"),
		DomainAgeMalicious:    readAge(t, "domain_age_malicious", "off"),
		DomainAgeSuspicious:   readAge(t, "domain_age_suspicious", "30d"),
	}
	if s.DomainAgeSuspicious > 0 && s.DomainAgeSuspicious < s.DomainAgeMalicious {
		t.wrong("domain_age_suspicious", "is shorter than domain_age_malicious", `use a longer time, or "off"`)
	}
	if s.Workers == 0 {
		s.Workers = runtime.NumCPU()
	}
	return s
}

// readSwitch reads what one thing alone makes of a message.
func readSwitch(t *table, key string) verdict.Disposition {
	switch t.choice(key, "off", "off", "suspicious", "malicious") {
	case "suspicious":
		return verdict.Suspicious
	case "malicious":
		return verdict.Malicious
	}
	return verdict.Unscored
}

func readEngines(t *table) Engines {
	return Engines{
		Rspamd:       t.word("rspamd", "", webURL),
		SpamAssassin: t.word("spamassassin", "", server),
		ClamAV:       t.word("clamav", "", serverOrSocket),
		DNSLists:     t.list("dns_lists", nil, fullName),
		Timeout:      t.duration("timeout", "10s", 100*time.Millisecond),
	}
}

func readLog(t *table) Log {
	return Log{
		Level:  t.choice("level", "info", "debug", "info", "warn", "error"),
		Format: t.choice("format", "auto", "auto", "journal", "text", "json"),
	}
}
