package match

import (
	"fmt"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/journal/identity"
	"clawback/store"
)

// comparison is one message of a mailbox beside a record's originals, where network message ids do not decide.
type comparison struct {
	have   identity.Message
	ids    []string // the message's network message ids
	rec    store.Record
	kept   []original
	unread error // why there is no original to compare with
}

// result is the table of what content can show:
//
//	record has an id  message has an id  everything equal  then
//	no                no                 yes               the same, by content; uncertain where there is a doubt
//	no                no                 no                different; uncertain where sender and date agree
//	one of them has one, or several      yes               uncertain: held for a person at most
//	one of them has one, or several      no                different
func (c comparison) result() Finding {
	oneSided := c.recordHasID() || len(c.ids) > 0
	if c.unread != nil {
		return c.withoutOriginal(oneSided)
	}
	best, differences := c.nearest()
	if len(differences) > 0 {
		return c.unequal(oneSided, differences)
	}
	if best.trace(c.have) == neverReceived {
		return Finding{Is: Different, Code: store.CodeNeverReceived,
			Reason: "the message in the mailbox has the same content, " +
				"and was never received: it lacks the Received fields of the journaled one, as the copy does that a " +
				"sender keeps"}
	}
	if oneSided {
		return Finding{Is: Uncertain, Code: store.CodeOneID,
			Reason: "not provable: the content is the same, but " + c.whoHasID()}
	}
	if doubt := c.doubt(best); doubt != "" {
		return Finding{Is: Uncertain, Code: store.CodeDoubt,
			Reason: "not provable: neither has a network message id, and though the content is the same, " + doubt}
	}
	return Finding{Is: Same, Proof: store.ByContent}
}

// recordHasID reports whether the record's message bore a network message id, be it one that is not trusted.
func (c comparison) recordHasID() bool {
	return c.rec.NetworkMessageID != "" || slices.Contains(c.rec.Doubts, store.DoubtNetworkIDs) ||
		slices.ContainsFunc(c.kept, func(o original) bool { return len(o.NetworkMessageIDs) > 0 })
}

// withoutOriginal is the finding where there is nothing to compare with: different where an id speaks, else uncertain.
func (c comparison) withoutOriginal(oneSided bool) Finding {
	reason := "not provable: no network message id to compare, and the stored original cannot be read: " +
		c.unread.Error()
	if oneSided {
		return Finding{Is: Different, Code: store.CodeNoOriginal, Reason: reason}
	}
	return Finding{Is: Uncertain, Code: store.CodeNoOriginal, Reason: reason}
}

// nearest is the original that differs least from the message, and in what. Of several that do not differ it is the one
// that the record's verdict is about, if one is.
func (c comparison) nearest() (best original, least []identity.Difference) {
	for i, o := range c.kept {
		d := c.have.Differences(o.Message)
		if i == 0 || len(d) < len(least) || len(d) == len(least) && c.better(o, best) {
			best, least = o, d
		}
	}
	return best, least
}

func (c comparison) better(a, b original) bool {
	return c.judged(a) && !c.judged(b) || c.judged(a) == c.judged(b) && a.trace(c.have) < b.trace(c.have)
}

// judged reports whether the record's verdict is the one that this form of it got.
func (c comparison) judged(o original) bool {
	return o.variant.Verdict.Disposition == c.rec.Verdict.Disposition && o.variant.FirstHand == c.rec.FirstHand
}

// unequal is the finding where the content differs: uncertain only where no id speaks, and sender and date agree.
func (c comparison) unequal(oneSided bool, d []identity.Difference) Finding {
	reason := "no network message id to compare, and the message in the mailbox does not have the stored original's " +
		"content (other " + inWords(d) + ")"
	if oneSided || slices.Contains(d, identity.Sender) || slices.Contains(d, identity.Date) {
		return Finding{Is: Different, Code: store.CodeOtherContent, Reason: reason}
	}
	return Finding{Is: Uncertain, Code: store.CodeOtherContent, Reason: "not provable: " + reason}
}

func inWords(d []identity.Difference) string {
	words := make([]string, len(d))
	for i := range d {
		words[i] = string(d[i])
	}
	return strings.Join(words, ", ")
}

// whoHasID says which of the two has a network message id.
func (c comparison) whoHasID() string {
	switch {
	case len(c.ids) > 1:
		return fmt.Sprintf("the message in the mailbox has %d network message ids, of which none can be trusted",
			len(c.ids))
	case len(c.ids) == 0:
		return "only the journaled message has a network message id"
	case c.rec.NetworkMessageID == "" && c.recordHasID():
		return "the journaled message has no network message id that can be trusted"
	}
	return "only the message in the mailbox has a network message id"
}

// doubt says why equal content is no proof; "" when it is.
func (c comparison) doubt(o original) string {
	for _, d := range slices.Concat(c.rec.Doubts, doubts(o.Doubts), doubts(c.have.Doubts)) {
		return "the message " + doubtful[d]
	}
	switch {
	case !mailaddr.Equal(strings.TrimSpace(c.have.MessageID), strings.TrimSpace(o.MessageID)):
		return "its Message-ID is not that of the original's own header"
	case o.trace(c.have) != sameTrace:
		return "its Received fields do not show that it came as the journaled one did: it may have been sent twice"
	case !c.judged(o):
		return fmt.Sprintf("the verdict is that of another form of the message: this one is %s",
			o.variant.Verdict.Disposition)
	}
	return ""
}

func doubts(list []identity.Doubt) []store.Doubt {
	var out []store.Doubt
	for _, d := range list {
		out = append(out, store.Doubt(d))
	}
	return out
}

// doubtful says each doubt in words.
var doubtful = map[store.Doubt]string{
	store.DoubtNetworkIDs: "bears several network message ids",
	store.DoubtReadings:   "can be read in two ways",
	store.DoubtBounded:    "is larger or more deeply built than is compared",
	store.DoubtUnread:     "could not be read when it was judged",
	store.DoubtReports:    "has a milder form, of which a report told and which is not kept",
}

// trace is how a message came, compared with how an original did.
type trace int

const (
	sameTrace     trace = iota // its header has each Received field of the original
	otherTrace                 // it has others, or the original has none to compare
	neverReceived              // it has none, and the original has
)

// trace compares how a message came with how this original did.
func (o original) trace(have identity.Message) trace {
	switch {
	case len(o.Trace) == 0:
		return otherTrace
	case have.HasTraceOf(o.Message):
		return sameTrace
	case len(have.Trace) == 0:
		return neverReceived
	}
	return otherTrace
}
