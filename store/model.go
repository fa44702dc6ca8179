package store

import (
	"encoding/hex"
	"slices"
	"time"

	"clawback/journal"
	"clawback/spool"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Record is one message of one tenant, whatever number of reports told of it.
type Record struct {
	ID               string `json:"id"` // "r" and 26 characters; follows from the identity below
	Tenant           string `json:"tenant"`
	NetworkMessageID string `json:"network_message_id,omitempty"`
	MessageID        string `json:"message_id"`
	// Further Message-IDs under which a mailbox may have it; at most 8.
	AlternateIDs []string `json:"alternate_ids,omitempty"`
	// Hex SHA-256 over From, Date, Subject and the parts with their names and types.
	Content      string              `json:"content,omitempty"`
	Sender       string              `json:"sender"` // envelope
	From         string              `json:"from"`   // header, address
	FromName     string              `json:"from_name,omitempty"`
	Subject      string              `json:"subject"`
	Date         time.Time           `json:"date,omitzero"`       // header Date
	Received     time.Time           `json:"received"`            // first report of it
	Direction    string              `json:"direction,omitempty"` // inbound, outbound, internal
	Recipients   []journal.Recipient `json:"recipients"`          // united over all reports
	Variants     []Variant           `json:"variants"`            // at most 32; the mildest give way
	MoreVariants int                 `json:"more,omitempty"`      // variants that were seen and not kept
	// Records not first-hand with the same Message-ID and content; at most 8.
	Related []string `json:"related,omitempty"`
	// Hex SHA-256 over all that no mailbox rewrites: From, Date, Subject but for tags, and the parts with their names
	// and types.
	Contents string `json:"contents,omitempty"`
	// Why no content proves a message of a mailbox to be this one.
	Doubts  []Doubt `json:"doubts,omitempty"`
	Carries Carries `json:"carries,omitzero"` // what it tells of messages that it forwards
	// Flagged records that it carries, kept by the store; at most 8.
	Forwards  []Forward       `json:"forwards,omitempty"`
	Verdict   verdict.Verdict `json:"verdict"` // the worst of the variants
	FirstHand bool            `json:"first_hand"`
	Region    string          `json:"region,omitempty"`
	// Why no automatism touches it again: "restored", "clean".
	Pinned   string `json:"pinned,omitempty"`
	PinnedBy string `json:"pinned_by,omitempty"`
	// Who had it taken away as bad, whatever its verdict.
	RetractedBy string    `json:"retracted_by,omitempty"`
	Rejudged    *Rejudged `json:"rejudged,omitempty"` // when its verdict was last replaced, and why
	Changed     time.Time `json:"changed"`
	Rev         uint64    `json:"rev"` // counts the writes; a write with another one is a conflict
}

// Doubt is why equal content is no proof that a message of a mailbox is the record's; as journal/identity finds it in
// any of the record's originals.
type Doubt string

// The doubts.
const (
	DoubtNetworkIDs Doubt = "network_ids" // the original bears more than one network message id
	DoubtReadings   Doubt = "readings"    // mail programs may read a part of the original in two ways
	DoubtBounded    Doubt = "bounded"     // the original was not compared to its end
	DoubtUnread     Doubt = "unread"      // the original could not be read for its identity
	DoubtReports    Doubt = "reports"     // a report called it milder than its verdict, and that form is not kept
)

// Variant is one form of the record's original: forks may be altered by disclaimers and the like.
type Variant struct {
	SHA256    string          `json:"sha256"` // hex, of the original's octets
	Report    string          `json:"report"` // key of the report that brought it
	Body      spool.Ref       `json:"body"`   // the whole report
	Kept      *spool.Ref      `json:"kept,omitempty"`
	Section   journal.Section `json:"section"` // the original within the body
	Encoding  string          `json:"encoding,omitempty"`
	Verdict   verdict.Verdict `json:"verdict"`
	FirstHand bool            `json:"first_hand"`
	At        time.Time       `json:"at"`
}

// Application is all that C2 writes for one report. Applying it twice changes nothing.
type Application struct {
	Key     string // tenant + outer Message-ID + SHA-256 of the original
	Item    string // queue item
	Tenant  string
	Network string // the record's network message id, "" when it is not to be trusted
	Record  Record // as this report alone tells it, with one variant
	History []history.Observation
	Read    []history.Entry // what the verdict read, so that judging again gives the same answer
}

// Kind says which way an intent goes.
type Kind string

// The kinds of intent.
const (
	Retract Kind = "retract"
	Restore Kind = "restore"
)

// Outcome is where an intent stands or how it ended.
type Outcome string

// The outcomes. Pending is not final; Held waits for a person.
const (
	Pending  Outcome = "pending"
	Done     Outcome = "done"      // the message lies in its target, or further out of sight
	Gone     Outcome = "gone"      // it was there and somebody else removed it
	NotFound Outcome = "not_found" // it never appeared in the mailbox
	Mismatch Outcome = "mismatch"  // a message with this Message-ID is there, and it is another one
	Failed   Outcome = "failed"    // Graph refuses for good
	Held     Outcome = "held"      // brake, protected sender, not first-hand, identity not provable, forward
	Skipped  Outcome = "skipped"   // nothing to do: external recipient, exempt, cancelled, dry-run
)

// Final reports whether nothing more will be done of itself.
func (o Outcome) Final() bool { return o != Pending && o != Held }

// Intent is one mailbox from which one record is to be taken, or to which it is to be restored.
type Intent struct {
	ID        string   `json:"id"` // follows from record, mailbox address and kind
	Record    string   `json:"record"`
	Tenant    string   `json:"tenant"`
	Address   string   `json:"address"`             // as in the report
	Mailbox   string   `json:"mailbox,omitempty"`   // object id, once resolved
	Campaigns []string `json:"campaigns,omitempty"` // that the brake counts it for, such as "sender:evil.example"
	// Groups of mailboxes that have it by any of its addresses, once resolved.
	Groups    []string  `json:"groups,omitempty"`
	Kind      Kind      `json:"kind"`
	Action    string    `json:"action"`              // config.Action, or "restore"
	Forwarded string    `json:"forwarded,omitempty"` // record that the message carries, where that is the cause
	Cause     string    `json:"cause"`               // "MALICIOUS", "operator NAME: comment", ...
	Severity  int       `json:"severity"`            // of the disposition: greater goes first
	Limit     Limits    `json:"limits,omitzero"`     // unread_only, max_age
	DryRun    bool      `json:"dry_run,omitempty"`
	Outcome   Outcome   `json:"outcome"`
	Reason    string    `json:"reason"`         // exact, for a person
	Code      Code      `json:"code,omitempty"` // of the reason, for programs
	Tries     int       `json:"tries"`
	NotBefore time.Time `json:"not_before"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	Received  time.Time `json:"received"`       // of the record; filled in by the store, and orders what is due
	Acted     time.Time `json:"acted,omitzero"` // when the brake last counted this mailbox; kept by the store

	Unknown        bool   `json:"unknown,omitempty"` // the last attempt may have worked: verify before repeating
	Message        string `json:"message,omitempty"` // immutable id in the mailbox
	OriginalFolder string `json:"original_folder,omitempty"`
	FolderName     string `json:"folder_name,omitempty"` // of the original folder, for a person
	Target         string `json:"target,omitempty"`      // folder id aimed at
	WasRead        *bool  `json:"was_read,omitempty"`
	Approved       string `json:"approved,omitempty"` // who let it pass the brake
	Rev            uint64 `json:"rev"`                // counts the writes; a write with another one is a conflict

	// What package retract has to remember between two attempts.
	// Times it was opened; a restore carries the round that it undoes.
	Round int    `json:"round,omitempty"`
	By    string `json:"by,omitempty"`  // operator who asked for it; "" for an automatism
	Job   string `json:"job,omitempty"` // bulk job that asked for it
	// What it is held for, or was: brake, protected, not_first_hand, identity, forward, restore, internal.
	Hold       string    `json:"hold,omitempty"`
	Cancelled  string    `json:"cancelled,omitempty"`  // called off while an attempt was under way: verify, then end
	Misses     int       `json:"misses,omitempty"`     // looked for and not there, since it was opened
	Looks      int       `json:"looks,omitempty"`      // looks for further copies, since it was done
	Faults     int       `json:"faults,omitempty"`     // failures in a row
	FaultSince time.Time `json:"fault_since,omitzero"` // first failure of that row
	Taken      []Taken   `json:"taken,omitempty"`      // messages of the mailbox that are proven to be the record's
}

// Asked reports whether a person stands behind the intent: one who asked for it, or who approved it.
func (in Intent) Asked() bool { return in.By != "" || in.Approved != "" }

// Passes reports whether the brake lets the intent pass without being counted: a person stands behind it, and it is for
// what was there then, not for copies that were found later.
func (in Intent) Passes() bool { return in.Asked() && in.Looks == 0 }

// Proof is what showed that a message of a mailbox is the record's.
type Proof string

// The proofs.
const (
	ByNetworkID Proof = "network_id" // both have the same network message id
	ByContent   Proof = "content"    // neither has one, and everything that is compared is equal
	ByPerson    Proof = "person"     // it could not be proven, and a person approved this very message
)

// Known reports whether it is one of the proofs, or none.
func (p Proof) Known() bool { return p == "" || p == ByNetworkID || p == ByContent || p == ByPerson }

// Code is what an attempt or an intent ended with, for programs: its sentence is the reason.
type Code string

// The codes of what the identity check found, of the brake's limits, and of a dry run; "" where there is nothing to
// tell beside the outcome.
const (
	CodeByContent     Code = "by_content"         // moved: equal content alone was the proof
	CodeByPerson      Code = "by_person"          // moved: a person approved what could not be proven
	CodeOtherRecord   Code = "other_record"       // its network message id is another record's
	CodeOtherID       Code = "other_id"           // it has another network message id
	CodeOtherContent  Code = "other_content"      // no network message id decides, and the content differs
	CodeNeverReceived Code = "never_received"     // the same content, and it was never received
	CodeOneID         Code = "one_id"             // the same content, and only one of the two has a network message id
	CodeDoubt         Code = "doubt"              // the same content, and a reason not to take that for proof
	CodePerMail       Code = "mailboxes_per_mail" // held: too many mailboxes for one message
	CodePerHour       Code = "mailboxes_per_hour" // held: too many mailboxes in an hour
	CodeShare         Code = "share_percent"      // held: too great a part of the last hour's mail
	CodeCampaign      Code = "campaign_percent"   // held: what one campaign may have of the limits for an hour
	CodeWouldHold     Code = "would_hold"         // dry-run: it would have been held
	CodeNoOriginal    Code = "no_original"        // there is no original to compare with
	// The network message id is the same, and reports of it contradict each other: the form that is in the mailbox is
	// not shown to be the bad one.
	CodeDisputed Code = "disputed"
	// The network message id is the same, and sender, date, subject or the time of its delivery are another message's.
	CodeOtherHeader Code = "other_header"
)

// The states of a message that was taken.
const (
	TakenMoved   = "moved"   // by this round of the intent
	TakenEarlier = "earlier" // by an earlier round
)

// MovedBy reports whether the intent has moved a message that this proof alone showed to be the record's.
func (in Intent) MovedBy(p Proof) bool {
	return in.Kind == Retract && slices.ContainsFunc(in.Taken, func(t Taken) bool {
		return t.Proof == p && (t.State == TakenMoved || t.State == TakenEarlier)
	})
}

// Taken is one message that an intent moves, with what is needed to put it back. Rules that copy make more than one.
type Taken struct {
	Message    string `json:"message"`               // immutable id
	Folder     string `json:"folder"`                // id of the folder where it lay
	FolderName string `json:"folder_name,omitempty"` // of that folder, for a person
	Target     string `json:"target"`                // folder aimed at: well-known name or id
	// Target of an earlier round, where it still lies if this one turns out not to have moved it.
	Was string `json:"was,omitempty"`
	// Target of a call whose answer was lost and whose effect was not seen: it may still be carried out.
	Tried string `json:"tried,omitempty"`
	Found bool   `json:"found,omitempty"` // the answer was lost, and it was found in its target
	Read  bool   `json:"read"`            // as it was found
	// When the mailbox had it: two copies of one message differ in it.
	Received time.Time `json:"received,omitzero"`
	State    string    `json:"state"`           // trying, moved, kept and others: see package retract
	Proof    Proof     `json:"proof,omitempty"` // by what it is known to be the record's; "" of an old row
	At       time.Time `json:"at"`              // of that state
	// Beside the network message id the content was compared, since reports of it contradicted each other.
	Compared bool `json:"compared,omitempty"`
}

// Limits restrict when an intent may act.
type Limits struct {
	UnreadOnly bool          `json:"unread_only,omitempty"`
	MaxAge     time.Duration `json:"max_age,omitempty"`
}

// Attempt is one try at an intent. It is written before Graph is called (C3) and completed after (C4).
type Attempt struct {
	Intent    string    `json:"intent"`
	Seq       int       `json:"seq"`
	Operation string    `json:"operation"` // find, move, permanentDelete, verify
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished,omitzero"`
	Outcome   string    `json:"outcome,omitempty"` // an Outcome, "retry" or "unknown"
	Code      Code      `json:"code,omitempty"`
	Detail    string    `json:"detail,omitempty"` // Graph's status, code, request-id
}

// Act is one entry of the audit: who did what, when, to what.
type Act struct {
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"` // "clawback" for automatisms, else the operator
	What    string    `json:"what"`
	Tenant  string    `json:"tenant,omitempty"`
	Object  string    `json:"object,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Chain   string    `json:"chain"`          // hex SHA-256 over the previous entry's chain and this entry
	Leaf    uint64    `json:"leaf,omitempty"` // its number in the log; 0: it is older than the log
}

// Original is where the variant's original lies in its report, as package journal opens it.
func (v Variant) Original() journal.Original {
	o := journal.Original{Section: v.Section, Encoding: v.Encoding}
	if sum, err := hex.DecodeString(v.SHA256); err == nil {
		copy(o.SHA256[:], sum)
	}
	return o
}
