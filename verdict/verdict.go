// Package verdict holds the words for what was found out about a message: disposition, reason, indicator.
//
// It is a leaf: the scorer makes a Verdict, and the store, the retraction policy and the command line read it, so that
// none of them has to link the scorer.
//
// Reads, Writes: nothing; it is pure.
//
// Standards: the dispositions are named as Cloudflare Email Security names them.
package verdict

import (
	"fmt"
	"strings"

	"clawback/internal/mailaddr"
)

// Disposition is the one class a message is put in. The order is that of severity: of two verdicts the greater rules.
type Disposition uint8

// The dispositions, mildest first. Unscored is not a judgement: the scorer has not answered yet.
const (
	Unscored Disposition = iota
	Clean
	Bulk
	Spam
	Suspicious
	Spoof
	Malicious
)

var names = [...]string{"UNSCORED", "CLEAN", "BULK", "SPAM", "SUSPICIOUS", "SPOOF", "MALICIOUS"}

// String is the disposition's name in capitals, as in logs, JSON and the command line.
func (d Disposition) String() string {
	if int(d) >= len(names) {
		return fmt.Sprintf("Disposition(%d)", uint8(d))
	}
	return names[d]
}

// Flagged reports whether the message is unwanted: SPAM or worse. BULK is mail that somebody subscribed to.
func (d Disposition) Flagged() bool { return d >= Spam }

// MarshalText writes the name.
func (d Disposition) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a name, in any case.
func (d *Disposition) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Parse reads a disposition's name, in any case.
func Parse(s string) (Disposition, error) {
	for i, name := range names {
		if mailaddr.Equal(s, name) {
			return Disposition(i), nil
		}
	}
	return Unscored, fmt.Errorf("unknown disposition %q: use one of %s", s, strings.Join(names[1:], ", "))
}

// All lists the dispositions a message can be given, worst first, without Unscored.
func All() []Disposition {
	return []Disposition{Malicious, Spoof, Suspicious, Spam, Bulk, Clean}
}

// Reason is one thing that was seen and what it counted for.
type Reason struct {
	ID string `json:"id"` // stable name of the signal, such as "link.text_href_mismatch"
	// Auth, link, attachment, impersonation, words, structure, history, policy, engine, ...
	Family string  `json:"family"`
	Weight float64 `json:"weight"`          // points it added; negative speaks for the message
	Text   string  `json:"text"`            // a sentence for a person, with the evidence, defanged
	Where  string  `json:"where,omitempty"` // where in the mail it stands, such as "header From" or "part 2, text/html"
}

// Indicator is a value in the message by which other messages of the same campaign, or a feed, may be matched.
type Indicator struct {
	Kind  string `json:"kind"` // url, domain, ip, sha256, email, phone, file (a name)
	Value string `json:"value"`
}

// Review says why a person must decide on a message whose evidence would make it MALICIOUS. The retraction policy reads
// it.
type Review string

// The reasons for a review.
const (
	ReviewConversation Review = "conversation" // it answers in a conversation that people of the organisation began
	// It is of a service that sends sealed mail for others, and signs as itself.
	ReviewEnvelope Review = "envelope"
	ReviewSender   Review = "sender" // its author is of long standing, and authenticated as ever
	// ReviewImpostor: its author poses as somebody whom the organisation knows, and asks for something.
	ReviewImpostor Review = "impostor"
	// It speaks of payments in a conversation, and did not come as its author's mail always did.
	ReviewPayment Review = "payment"
	// ReviewPhone: somebody unknown speaks of what is to be called about.
	ReviewPhone Review = "phone"
	// ReviewDemand: it wants what only somebody known may want, or has a code to sign in or to pay by.
	ReviewDemand Review = "demand"
)

// The reasons for a review of what only an indicator makes MALICIOUS: what it carries speaks of bad mail, and may be
// good.
const (
	ReviewOwn       Review = "own_people" // it is mail of one's own people
	ReviewQuotation Review = "quotation"  // its author is known, and quotes what is listed
	ReviewDigest    Review = "digest"     // it has so many addresses that it may be a list of bad ones
)

// ByIndicator reports whether it is a review of what an indicator alone speaks against.
func (r Review) ByIndicator() bool {
	return r == ReviewOwn || r == ReviewQuotation || r == ReviewDigest
}

// Verdict is the scorer's whole answer for one original.
type Verdict struct {
	Disposition Disposition `json:"disposition"`
	Score       float64     `json:"score"` // 0 to 100; how sure the disposition is
	Threat      float64     `json:"threat"`
	Spoof       float64     `json:"spoof"`
	Spam        float64     `json:"spam"`
	Bulk        float64     `json:"bulk"`
	// SUSPICIOUS and SPOOF only: it may be MALICIOUS, and a person must decide; "" otherwise.
	Review Review `json:"review,omitempty"`
	// What a rule that is not switched on would have made of it; Unscored where that is the same.
	Shadow     Disposition `json:"shadow,omitzero"`
	Reasons    []Reason    `json:"reasons"` // by weight, greatest first
	Indicators []Indicator `json:"indicators,omitempty"`
	// Of an author whom the organisation knows: which of Indicators he only quotes, by their numbers. They are
	// addresses and hosts of the web.
	Quoted    []int    `json:"quoted,omitempty"`
	Rules     string   `json:"rules"`              // version of the rules that gave it
	Knowledge string   `json:"knowledge"`          // version of the lists and policies that gave it
	Degraded  []string `json:"degraded,omitempty"` // what could not be asked, such as "clamd: connection refused"
	// What it was before an indicator made it worse; nil: none did.
	Before *Before `json:"before,omitempty"`
}

// Before is a verdict as the scorer gave it, without what indicators made of it.
type Before struct {
	Disposition Disposition `json:"disposition"`
	Score       float64     `json:"score"`
	Review      Review      `json:"review,omitempty"`
}
