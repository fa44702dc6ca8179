// Package submission keeps what users report as bad or good, and what an administrator makes of it.
//
// A report comes as mail: the message is attached to it, or named in its subject. It is held against the tenant's records,
// judged again with the claim as evidence, and listed. A word of a user moves no mail and changes no verdict.
//
// Reads: the user's mail, the records, the corrections.
//
// Writes: submissions, as values of the store; corrections, through package intel, in the same transaction.
//
// Invariants:
//
//	I1 the same reporter's same claim about the same message is one submission, however often it comes
//	I2 only an administrator's word settles a submission; a trusted reporter's teaches the classifier, and no more
//	I3 a reporter whom Exchange does not vouch for has no effect: what he says is shown, apart from the others
//	I4 no reporter teaches more than MaxTaught messages a day, all together no more than MaxCampaign of one campaign, none against an
//	   administrator's word, and none where others contradict
//	I5 a tenant has at most maxKept submissions, and at most maxUnproven of reporters who are not believed
//
// On failure: an error, and the mail is tried again.
//
// Standards: RFC 5322; Microsoft's message submission format (the subject of what its report button sends):
// https://learn.microsoft.com/defender-office-365/submissions-user-reported-messages-custom-mailbox#message-submission-format
package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"clawback/spool"
	"clawback/verdict"
)

// Claim is what a user says of a message.
type Claim string

// The claims.
const (
	Phish   Claim = "phish"
	Junk    Claim = "junk"
	NotJunk Claim = "not_junk"
)

// Disposition is what a trusted reporter's claim teaches. A user's word is never MALICIOUS.
func (c Claim) Disposition() verdict.Disposition {
	switch c {
	case Phish:
		return verdict.Suspicious
	case Junk:
		return verdict.Spam
	}
	return verdict.Clean
}

// State is where a submission stands.
type State string

// The states.
const (
	Open      State = "open"      // waits for an administrator
	Taught    State = "taught"    // a trusted reporter's: the classifier has learnt it, an administrator may still settle it
	Accepted  State = "accepted"  // an administrator said what the message is
	Dismissed State = "dismissed" // an administrator made nothing of it
)

// Settled reports whether an administrator has decided.
func (s State) Settled() bool { return s == Accepted || s == Dismissed }

// Submission is one message that one user reported.
type Submission struct {
	ID       string    `json:"id"` // "s" and 26 characters; follows from reporter, message and claim
	Tenant   string    `json:"tenant"`
	Claim    Claim     `json:"claim"`
	Reporter string    `json:"reporter"`
	Unproven string    `json:"unproven,omitempty"` // why the reporter is not believed to be who he says
	Via      string    `json:"via"`                // address or mailbox that it came to
	At       time.Time `json:"at"`

	Record    string `json:"record,omitempty"`  // "" when no record is known
	Matched   string `json:"matched,omitempty"` // what showed that: network message id, decoded parts
	Recipient bool   `json:"recipient"`         // the reporter is among the record's recipients
	From      string `json:"from,omitempty"`    // of the message, as the report has it
	Subject   string `json:"subject,omitempty"`
	MessageID string `json:"message_id,omitempty"`

	Body      spool.Ref `json:"body"`                // the report, as it was accepted
	Journaled bool      `json:"journaled,omitempty"` // it is a journal report of the user's mail
	Attached  int       `json:"attached"`            // which attached message, from 0; -1: none, the subject names it

	Judged   verdict.Disposition `json:"judged"`             // the record's verdict when it was reported
	Again    verdict.Disposition `json:"again"`              // what it is now with the claim as evidence; UNSCORED when that could not be told
	Untaught string              `json:"untaught,omitempty"` // why a trusted reporter's word has not taught

	TaughtAt time.Time `json:"taught_at,omitzero"`

	State   State               `json:"state"`
	Is      verdict.Disposition `json:"is,omitempty"` // as the administrator said
	By      string              `json:"by,omitempty"`
	Settled time.Time           `json:"settled,omitzero"`
	Comment string              `json:"comment,omitempty"`
}

// prefix begins the store's keys of submissions: submission/TENANT/ID.
const prefix = "submission/"

func (s Submission) key() string { return prefix + s.Tenant + "/" + s.ID }

// bad reports whether the claim is that the message is unwanted.
func (s Submission) bad() bool { return s.Claim != NotJunk }

// believed reports whether the submission may have an effect.
func (s Submission) believed() bool { return s.Unproven == "" }

// identify gives the id. message is the record's id, or a digest of what was reported.
func (s *Submission) identify(message string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%t", s.Tenant, s.Reporter, message, s.Claim, s.believed()))
	s.ID = "s" + hex.EncodeToString(sum[:13])
}
