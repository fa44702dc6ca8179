package queue

import (
	"time"

	"clawback/spool"
)

// Purpose says what the recipient address of an envelope is for.
type Purpose string

// The purposes of an address that the listener takes mail for.
const (
	ForJournal    Purpose = "journal"    // journal reports of one tenant
	ForRecovery   Purpose = "recovery"   // NDRs that carry a report, Send Again, forwards
	ForSubmission Purpose = "submission" // what users report
	ForPostmaster Purpose = "postmaster" // RFC 5321, section 4.5.1
)

// Envelope is all that the listener knows of a message besides its octets.
type Envelope struct {
	Session  string    `json:"session"` // id of the SMTP session in the log
	Tenant   string    `json:"tenant"`  // Entra tenant GUID; "" for the postmaster
	Purpose  Purpose   `json:"purpose"`
	Region   string    `json:"region,omitempty"`
	MailFrom string    `json:"mail_from"`          // reverse-path without brackets, "" for the null sender
	Rcpts    []string  `json:"rcpts"`              // forward-paths without brackets
	Received time.Time `json:"received"`           // when its body began to arrive, UTC
	Remote   string    `json:"remote"`             // peer's address and port
	Hello    string    `json:"hello"`              // name in EHLO
	Network  string    `json:"network"`            // name of the network set the peer belongs to, "" when to none
	Exchange bool      `json:"exchange,omitempty"` // the peer is Exchange Online, whatever the network set is called
	TLS      TLS       `json:"tls"`
	SMTPUTF8 bool      `json:"smtputf8,omitempty"`
	Binary   bool      `json:"binary,omitempty"` // arrived by BDAT: may hold bare LF, bare CR, NUL
}

// TLS is what the handshake showed.
type TLS struct {
	Version     string   `json:"version"` // such as "TLS 1.3"
	Cipher      string   `json:"cipher"`
	ServerName  string   `json:"server_name,omitempty"`
	ClientNames []string `json:"client_names,omitempty"` // DNS names of the client certificate, verified or not
	Verified    bool     `json:"verified,omitempty"`     // the client certificate chains to a root and bears an expected name
	Problem     string   `json:"problem,omitempty"`      // why it was not verified
}

// State is where an item stands. Items never expire.
type State string

// The states of an item. A finished item is no longer in the queue.
const (
	Ready       State = "ready"       // waits for a worker
	Working     State = "working"     // claimed
	Deferred    State = "deferred"    // due again at NotBefore
	Suspect     State = "suspect"     // the process ended while it was scored: due at NotBefore, with no other suspect in work
	Quarantined State = "quarantined" // waits for a person
)

// Item is one accepted message.
type Item struct {
	ID           string    `json:"id"` // time-ordered, unique in this queue
	Envelope     Envelope  `json:"envelope"`
	Body         spool.Ref `json:"body"`
	State        State     `json:"state"`
	Crashes      int       `json:"crashes"`                 // times that the process ended while it was scored
	CrashesAlone int       `json:"crashes_alone,omitempty"` // of these but the first, times that nothing else was being scored
	Tries        int       `json:"tries"`                   // times that it was deferred
	NotBefore    time.Time `json:"not_before,omitzero"`
	Cause        Cause     `json:"cause,omitempty"`   // why it is in quarantine, in a word
	Reason       string    `json:"reason,omitempty"`  // why it is deferred, a suspect, or quarantined
	Trusted      string    `json:"trusted,omitempty"` // who vouched that it comes from its tenant, whatever attribution says
	Changed      time.Time `json:"changed"`
}

// BounceState is where a bounce stands.
type BounceState string

// The states of a bounce.
const (
	BounceWaiting BounceState = "waiting"
	BounceStuck   BounceState = "stuck" // five days without success: listed, alerted, still retried daily
	BounceSent    BounceState = "sent"
)

// Bounce is a report on its way to the tenant's alternate mailbox. It is written in the same transaction that gives
// the item up (C5), under an identity that follows from the item, so that doing it twice changes nothing.
type Bounce struct {
	ID        string      `json:"id"`   // deterministic: from tenant, queue item and body
	Item      string      `json:"item"` // the queue item that was given up
	Envelope  Envelope    `json:"envelope"`
	Body      spool.Ref   `json:"body"`
	Reason    string      `json:"reason"` // why it could not be carried through
	State     BounceState `json:"state"`
	Tries     int         `json:"tries"`
	Created   time.Time   `json:"created"`
	NotBefore time.Time   `json:"not_before"`
	LastError string      `json:"last_error,omitempty"`
	SentTo    string      `json:"sent_to,omitempty"` // "host: reply" of the server that took it
	SentAt    time.Time   `json:"sent_at,omitzero"`
}
