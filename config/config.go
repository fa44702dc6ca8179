package config

import (
	"net/netip"
	"time"

	"clawback/verdict"
)

// Config is a whole, checked configuration: every default is filled in and every value is valid.
type Config struct {
	File     string // where it was read from
	Hostname string // name in the greeting, in EHLO and in Received lines
	Region   string // processing region of this daemon, "" when regions are not used
	Regions  []Region
	StateDir string // queue, store, spool, certificates

	Control    Control
	REST       REST
	Console    Console
	SignIn     SignIn
	Listeners  []Listener
	TLS        TLS
	ACME       ACME
	SMTP       SMTP
	Spool      Spool
	Quarantine Quarantine
	Networks   Networks
	Relay      *Relay // how own mail goes out where a tenant names no relay; nil: by MX
	Score      Score
	Engines    Engines
	RDAP       RDAP
	Feeds      []Feed
	Intel      Intel
	Rejudge    Rejudge
	Retract    Retract
	Alerts     []Alert
	Tenants    []Tenant
	Log        Log
}

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // auto (journald when connected to it, else text), journal, text, json
}

// Control is the socket on which the command line asks the daemon.
type Control struct {
	Socket  string
	Metrics string // host:port on which Prometheus metrics are answered; "": on the socket alone
}

// REST is the door for programs elsewhere.
type REST struct {
	Enabled        bool
	Listen         string // host:port, or "systemd:NAME" for a passed socket
	Rate           int    // requests a second by one token
	MaxConnections int
}

// Console is the door for people with a browser.
type Console struct {
	Enabled        bool
	Listen         string // host:port, or "systemd:NAME" for a passed socket
	URL            string // what people write into their browser, without a path; "": it follows from Listen
	PlainHTTP      bool   // without TLS; on loopback alone
	MaxConnections int
}

// Listener is one SMTP port.
type Listener struct {
	Address           string   // host:port, or "systemd" or "systemd:NAME" for a passed socket
	Networks          []string // names of network sets or prefixes that are trusted as the tenant's sending service
	ClientCertificate string   // ignore, request, require
	ClientNames       []string // DNS names one of which a client certificate must bear
	ClientCAFile      string   // roots for client certificates; "": the system's
}

// TLS names certificate files. They are read again when they change.
type TLS struct {
	CertificateFile string
	KeyFile         string
}

// ACME gets certificates from a public CA by itself.
type ACME struct {
	Enabled        bool
	Domains        []string
	Email          string
	DirectoryURL   string
	CAFile         string // roots for the CA's own HTTPS; "": the system's
	HTTPAddress    string // HTTP-01, "" for none
	TLSALPNAddress string // TLS-ALPN-01, "" for none
	RenewBefore    time.Duration
}

// SMTP bounds what a client can make the listener do.
type SMTP struct {
	MaxMessageSize      int64 // bytes
	MaxSessions         int   // in all
	MaxUnlistedSessions int   // in all, outside the listener's networks
	// Bytes that the bodies on their way in all sessions may hold; the rest goes through files.
	MaxMemory             int64
	MaxSessionsPerNetwork int // for each /24 or /64 outside the listener's networks; twice that for a /16 or /48
	MaxRecipients         int
	MaxCommands           int // in a session
	MaxErrors             int // in a session
	IdleTimeout           time.Duration
	DataTimeout           time.Duration // between two reads of a body
	MinRate               int64         // bytes a second, over a body; slower is cut off
	SessionAge            time.Duration
	DrainTimeout          time.Duration // how long a stop waits for open transfers
	Postmaster            string        // where mail for postmaster is sent on to; "" keeps it in quarantine
}

// Spool says where bodies lie, for how long, and when the disk counts as full.
type Spool struct {
	InlineLimit      int64 // bodies up to this size are appended to segments; larger ones get a file of their own
	MinFree          int64 // bytes that must stay free on the disk
	MinFreePercent   float64
	Retention        time.Duration // of all originals
	FlaggedRetention time.Duration // of originals of flagged mail
	MaxQueueSize     int64         // bytes of queue.db; 0 for no limit
}

// Quarantine bounds what strangers can make the daemon keep. Reports that are attributed to their tenant have no quota.
type Quarantine struct {
	PostmasterSize       int64         // of one message for postmaster, in bytes
	PostmasterBytes      int64         // of those that wait, and of those that came in a day, for each network
	PostmasterMessages   int           //
	PostmasterRetention  time.Duration // how long one waits before it is dropped
	UnattributedBytes    int64         // of what is not attributed to its tenant, for each tenant, purpose and network
	UnattributedMessages int           //
}

// Region is a named place where mail is processed, and the hosts that stand there.
type Region struct {
	Name  string
	Hosts []string // names as they stand in MX records, lower case, without the last dot
}

// Networks says where the named set exchange-online is refreshed from, and names sets of one's own.
type Networks struct {
	URL      string // Microsoft's endpoint JSON; "" for the shipped file alone
	Interval time.Duration
	Sets     []Network
}

// Relay is a server that takes our own mail.
type Relay struct {
	Host         string
	Port         int
	TLS          string // starttls, implicit, none (loopback only)
	CAFile       string // roots for its certificate; "": the system's
	Username     string
	PasswordFile string
	Password     Secret
}

// Score steers the scorer for all tenants.
type Score struct {
	TrustMicrosoftVerdict bool   // take SCL, BCL and CAT as weighted evidence
	RulesDir              string // rules/*.toml of one's own, "" for none
	Workers               int

	// Switches: what one thing alone makes of a message. Unscored leaves it off.
	NewDomain      verdict.Disposition // the author's domain never wrote to the tenant before
	Blank          verdict.Disposition // neither subject nor text
	ACHFreeMail    verdict.Disposition // payments or bank details, from a free mailbox
	HTMLAttachment verdict.Disposition // a page as an attached file

	// The age of the author's domain when the message came, up to which it alone makes that of a message. 0 leaves it
	// off. Only with RDAP.
	DomainAgeMalicious  time.Duration
	DomainAgeSuspicious time.Duration
}

// RDAP says whether and how registries are asked when a domain was registered.
type RDAP struct {
	Enabled         bool
	URL             string // IANA's list of the registries' servers
	Interval        time.Duration
	Server          string         // one server for all domains, instead of the registries'; "": by the list
	PrivateNetworks []netip.Prefix // addresses that are not public and may be connected to
	CAFile          string         // roots for the servers' certificates; "": the system's
}

// Engines beside the scorer; an empty address means that the engine is not asked.
type Engines struct {
	Rspamd       string // URL
	SpamAssassin string // host:port of spamd
	ClamAV       string // host:port or path of clamd's socket
	DNSLists     []string
	Timeout      time.Duration
}

// Tenant is one organisation whose mail is journaled here.
type Tenant struct {
	Name             string // label; may change
	ID               string // Entra tenant GUID, lower case: the identity
	Mode             string // dry-run or live
	MaliciousRule    string // wide, narrow, or "": wide in dry-run, narrow in live
	Domains          []string
	OriginatorOrg    []string // expected X-OriginatorOrg, lower case
	Addresses        []Address
	RecoveryAddress  string
	Submissions      []Submission
	AlternateMailbox string
	Relay            *Relay // nil: Config.Relay, or by MX
	Exempt           []string
	Protected        []string // senders whose mail is never taken back without approval
	Rejudge          bool     // delivered messages are judged again by the schedule
	TwoPersons       bool     // nobody approves what is held of an act of his own
	VIPs             []VIP
	Partners         []string // domains
	SubjectTags      []string // what the organisation's own rules put before subjects, beside [EXTERNAL] and the like
	Policies         []Policy
	Graph            Graph
	Actions          Actions
	Groups           []Group
	Brake            Brake
}

// Address is one journal address of a tenant.
type Address struct {
	Address string
	Regions []string // that may process it, in order; empty: any
}

// Submission is a way by which the organisation's users report mail. It has an address, mailboxes, or both.
type Submission struct {
	Address   string   // of this daemon, to which reports are sent on
	Mailboxes []string // of the organisation, to which users report: what is journaled of mail to them is a report
	// What is said of what is sent there: phish, junk, not_junk, or subject: as the report button's subject says.
	Claim   string
	Trusted []string // reporters whose word teaches the classifier without an administrator's
}

// VIP is an entry of the impersonation registry.
type VIP struct {
	Name      string
	Addresses []string
}

// Policy is an allow or block entry of the scorer.
type Policy struct {
	// trust_sender, exempt_recipient, accept_sender, block_sender, block_content, trusted_domain, simulation, person.
	Kind    string
	Pattern string // address, @domain, IP, CIDR, or /regular expression/; for person as Person reads it
	Field   string // for block_content: subject, body or any
	Verify  bool   // sender verification: only where SPF, DKIM or DMARC passed with alignment
	Note    string
	Expires time.Time
}

// Graph says how a tenant's mailboxes are reached.
type Graph struct {
	Cloud             string // global, gcc-high, dod, china, custom
	ClientID          string
	ClientSecretFile  string
	ClientSecret      Secret
	ClientSecretEnds  time.Time // as the administrator wrote it down: only Entra knows; zero: not said
	CertificateFile   string    // PEM with certificate and key, or PKCS #12
	ManagedIdentity   bool
	FederatedToken    string // file with the token of a workload identity
	LoginURL          string // custom only
	GraphURL          string // custom only
	CAFile            string // custom only
	PurgesByMove      bool   // hard_delete by a move to recoverableitemspurges where the cloud lacks permanentDelete
	MailboxConcurrent int    // requests at once for one mailbox
}

// Action is what is done with a message in a mailbox.
type Action string

// The actions, mildest first.
const (
	None       Action = "none"
	Junk       Action = "junk"
	Trash      Action = "trash"
	SoftDelete Action = "soft_delete"
	HardDelete Action = "hard_delete"
)

// Rule is the action for one disposition.
type Rule struct {
	Action     Action
	UnreadOnly bool
	MaxAge     time.Duration // of the message since delivery; 0: any
}

// Actions maps each disposition to its rule; a disposition that is not in the map means none. A loaded configuration
// has them all: defaults filled in for a tenant, and the tenant's own for a group that says nothing else.
type Actions map[verdict.Disposition]Rule

// Group is a named set of mailboxes with actions of its own.
type Group struct {
	Name      string
	Mailboxes []string // addresses, or @domain
	Actions   Actions
}

// Brake holds mass retractions for a person. A limit that is Off is none.
type Brake struct {
	MailboxesPerHour int
	MailboxesPerMail int
	SharePercent     float64 // of the last hour's mail
	CampaignPercent  float64 // of what an hour allows, for one campaign: the rest is for others
	ShareFrom        int     // mailboxes an hour below which the share does not count
}

// Network is a named set of prefixes.
type Network struct {
	Name           string
	Prefixes       []netip.Prefix
	ExchangeOnline bool // Exchange Online sends from it: its reports must bear X-OriginatorOrg
}
