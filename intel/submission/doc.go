// Package submission keeps what users report as bad or good, and what an administrator makes of it.
//
// A report comes as mail: the message is attached to it, or named in its subject. It is held against the tenant's
// records, judged again with the claim as evidence, and listed. A word of a user moves no mail and changes no verdict.
//
// Reads: the user's mail, the records, the corrections.
//
// Writes: submissions, as rows of the store; corrections, through package intel, in the same transaction.
//
// Invariants:
//
//	I1 the same reporter's same claim about the same message is one submission, however often it comes
//	I2 only an administrator's word settles a submission; a trusted reporter's teaches the classifier, and no more
//	I3 a reporter whom Exchange does not vouch for has no effect: what he says is shown, apart from the others
//	I4 no reporter teaches more than maxTaught messages a day, all together no more than maxCampaign of one campaign,
//	   none against an administrator's word, and none where others contradict
//	I5 a tenant has at most maxKept submissions, and at most maxUnproven of reporters who are not believed
//
// On failure: an error, and the mail is tried again.
//
// Standards: RFC 5322; Microsoft's message submission format (the subject of what its report button sends):
// https://learn.microsoft.com/defender-office-365/submissions-user-reported-messages-custom-mailbox
// (message submission format)
package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"clawback/store"
)

// Claim is what a user says of a message.
type Claim = store.Claim

// The claims.
const (
	Phish   = store.ClaimPhish
	Junk    = store.ClaimJunk
	NotJunk = store.ClaimNotJunk
)

// State is where a submission stands.
type State = store.SubmissionState

// The states.
const (
	Open      = store.SubmissionOpen
	Taught    = store.SubmissionTaught
	Accepted  = store.SubmissionAccepted
	Dismissed = store.SubmissionDismissed
)

// Submission is one message that one user reported.
type Submission store.Submission

// Edit is submissions to write and to remove.
type Edit = store.Edit[store.Submission]

// bad reports whether the claim is that the message is unwanted.
func (s Submission) bad() bool { return s.Claim != NotJunk }

// proven reports whether the submission may have an effect.
func (s Submission) proven() bool { return s.Unproven == "" }

// identify gives the id. message is the record's id, or a digest of what was reported.
func (s *Submission) identify(message string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%t", s.Tenant, s.Reporter, message, s.Claim, s.proven()))
	s.ID = "s" + hex.EncodeToString(sum[:13])
}
