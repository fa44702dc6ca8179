package store

import (
	"context"
	"time"

	"clawback/spool"
	"clawback/verdict"
)

// Claim is what a user says of a message.
type Claim string

// The claims.
const (
	ClaimPhish   Claim = "phish"
	ClaimJunk    Claim = "junk"
	ClaimNotJunk Claim = "not_junk"
)

// Disposition is what a trusted reporter's claim teaches. A user's word is never MALICIOUS.
func (c Claim) Disposition() verdict.Disposition {
	switch c {
	case ClaimPhish:
		return verdict.Suspicious
	case ClaimJunk:
		return verdict.Spam
	}
	return verdict.Clean
}

// SubmissionState is where a submission stands.
type SubmissionState string

// The states of a submission.
const (
	SubmissionOpen SubmissionState = "open" // waits for an administrator
	// The classifier has learnt it, an administrator may still settle it.
	SubmissionTaught    SubmissionState = "taught"
	SubmissionAccepted  SubmissionState = "accepted"  // an administrator said what the message is
	SubmissionDismissed SubmissionState = "dismissed" // an administrator made nothing of it
)

// Settled reports whether an administrator has decided.
func (s SubmissionState) Settled() bool { return s == SubmissionAccepted || s == SubmissionDismissed }

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

	Judged verdict.Disposition `json:"judged"` // the record's verdict when it was reported
	// Now, with the claim as evidence; UNSCORED: could not be told.
	Again      verdict.Disposition `json:"again"`
	NotLearned string              `json:"not_learned,omitempty"` // why a trusted reporter's word has not taught
	TaughtAt   time.Time           `json:"taught_at,omitzero"`

	State   SubmissionState     `json:"state"`
	Is      verdict.Disposition `json:"is,omitempty"` // as the administrator said
	By      string              `json:"by,omitempty"`
	Settled time.Time           `json:"settled,omitzero"`
	Comment string              `json:"comment,omitempty"`
}

// Key implements Row.
func (s Submission) Key() Key { return Key{s.Tenant, s.ID} }

// Submission reads one submission of a tenant, or ErrNotFound.
func (s *Store) Submission(ctx context.Context, tenant, id string) (Submission, error) {
	return readRow[Submission](ctx, s, tableSubmissions, Key{tenant, id})
}

// Submissions lists the submissions of a tenant, or with "" of all, in order of their ids.
func (s *Store) Submissions(ctx context.Context, tenant string) ([]Submission, error) {
	return listRows[Submission](ctx, s, tableSubmissions, tenant)
}
