package api

import (
	"time"

	"clawback/store"
)

// Notice is a trouble that a person must be told of, for as long as it stands.
type Notice struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"` // in the log it is alert.KIND
	TenantID string    `json:"tenant,omitempty"`
	Tenant   string    `json:"tenant_name,omitempty"`
	Subject  string    `json:"subject,omitempty"` // what it is about, such as an engine or a mailbox
	Text     string    `json:"text"`
	Do       string    `json:"what_to_do"`
	Severity Severity  `json:"severity"`
	Since    time.Time `json:"since"`
	Last     time.Time `json:"last_met"`       // to some minutes
	Until    time.Time `json:"until,omitzero"` // when it ends unless it is met again; zero: when it is over
}

// Severity says how soon a person must look after a trouble.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"  // within days: nothing is lost, and what is bad is taken
	Critical Severity = "critical" // now: mail is put off, or bad mail stays in mailboxes
)

// NoticeOf shows a notice, without its tenant's name and its severity.
func NoticeOf(n store.Notice) Notice {
	return Notice{ID: n.ID, Kind: n.Kind, TenantID: n.Tenant, Subject: n.Subject, Text: n.Text, Do: n.Do,
		Since: n.Since, Last: n.Last,
		Until: n.Until}
}
