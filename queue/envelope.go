package queue

import (
	"time"
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

// Envelope is all that the listener knows of a message besides its bytes.
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
	// The client certificate chains to a root and bears an expected name.
	Verified bool   `json:"verified,omitempty"`
	Problem  string `json:"problem,omitempty"` // why it was not verified
}
