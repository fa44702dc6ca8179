package journal

import (
	"fmt"
	"io"
	"slices"
)

// Kind says what a message that was sent to a journal address is.
type Kind string

// The kinds of message that arrive at a journal address.
const (
	KindReport     Kind = "report"       // a journal report, with the marker
	KindValidation Kind = "validation"   // the test mail of Validate-OutboundConnector
	KindNDR        Kind = "ndr"          // a non-delivery report that carries a journal report
	KindResent     Kind = "resent"       // a report recognised by structure only: Send Again, forwarded as attachment
	KindNotReport  Kind = "not_a_report" // none of these
)

// RecipientType is the field of the envelope part that named a recipient.
type RecipientType string

// The recipient fields of MS-XJRNL 2.1. Internet inbound mail has only Recipient.
const (
	To        RecipientType = "to"
	Cc        RecipientType = "cc"
	Bcc       RecipientType = "bcc"
	Unlabeled RecipientType = "recipient"
)

// Recipient is one line of the envelope part. Addresses stand as in the report, without angle brackets.
type Recipient struct {
	Address       string        `json:"address"`
	Type          RecipientType `json:"type"`
	ExpandedFrom  string        `json:"expanded_from,omitempty"`
	ForwardedFrom string        `json:"forwarded_from,omitempty"`
}

// Section is a run of octets of the parsed message.
type Section struct {
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`
}

// Original is one attached message: the journaled one, or its decrypted copy.
type Original struct {
	Section   Section // where it lies in the parsed message, as encoded there
	Encoding  string  // how it is encoded there: see Location
	MessageID string  // with angle brackets, as it stands in the header
	Size      int64   // octets after decoding
	SHA256    [32]byte
	Decrypted bool // a clear copy of the protected original that stands beside it (IRM, OME)
}

// Outer is what the report's own header says; evidence for attribution, and forgeable.
type Outer struct {
	MessageID       string // of the report: <guid@journal.report.generator>
	ParentMessageID string // X-MS-Exchange-Parent-Message-Id
	From            string // header From, address only (a copy of the original's author)
	Sender          string // header Sender, address only (MicrosoftExchange329e...@tenant)
	OriginatorOrg   string // X-OriginatorOrg
	TenantID        string // GUID of X-LD-Processed or X-MS-Exchange-CrossTenant-Id, lower case, or ""
	Marker          bool   // X-MS-Journal-Report stands in the header
	Submitted       string `json:",omitempty"` // field by which a mailbox, or a server outside, sent it; else ""
}

// Inner is what Exchange stamped into the original's header; trusted only after the report was attributed.
type Inner struct {
	OrganizationID   string // X-MS-Exchange-Organization-Id, else X-EOPTenantAttributedMessage; GUID lower case
	NetworkMessageID string // X-MS-Exchange-Organization-Network-Message-Id where it stands exactly once, lower case
	Directionality   string // Incoming or Originating
	AuthAs           string // Anonymous or Internal; Anonymous where several differ, or may be hidden
	// InDoubt: a sender may have written the network message id that stands there, or hidden the one of Exchange.
	InDoubt bool `json:",omitempty"`

	networkFields int // how many lines of the header may be that of the network message id
}

// Report is a parsed journal report.
type Report struct {
	Kind       Kind
	Sender     string // P1 sender of the original
	OnBehalfOf string
	Subject    string
	MessageID  string // of the journaled original
	// Further Message-IDs under which a mailbox may have it: the envelope part names another one.
	AlternateIDs     []string
	NetworkMessageID string // of the journaled original, "" when it does not stand exactly once
	Label            string
	Mailbox          string
	SentUTC          string // opaque: its format is not documented
	ReceivedUTC      string
	Recipients       []Recipient
	Originals        []Original // the journaled message first, its decrypted copy after it
	FirstHand        bool       // has the marker and the shape that Exchange gives; not yet attributed to a tenant
	Problems         []string   // what was odd, in words, in the order found
	Outer            Outer
	Inner            Inner
	// Where the report lies that an NDR or a forward carries, or whatever an NDR returns; nil when there is none.
	Carried *Location
}

// Embedded answers the octets of what is carried, decoded, as they were when it was bounced or forwarded; src is
// what was parsed. It is not ok when the message carries none.
func (r *Report) Embedded(src io.ReaderAt) (io.Reader, bool) {
	if r.Carried == nil {
		return nil, false
	}
	return r.Carried.Open(src), true
}

// problem notes what was odd, the same thing once.
func (r *Report) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(r.Problems) < maxProblems && !slices.Contains(r.Problems, text) {
		r.Problems = append(r.Problems, text)
	}
}
