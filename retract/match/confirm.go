package match

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/rfc822"
	"clawback/store"
)

// latestReport is how long after a message a first report of it can come: Exchange Online gives up after two days, a
// server of one's own after five at the most that is usual.
const latestReport = 5 * 24 * time.Hour

// confirm holds a message that has the record's network message id against what else is known of the two. Exchange
// gives an id to one message, but who has a message knows its id, and who knows a journal address as well can make up a
// report that names the id and shows something bad. Such a message is uncertain.
func (m *Matcher) confirm(ctx context.Context, c exchange.Candidate) (Finding, error) {
	if why := m.otherHeader(c); why != "" {
		return Finding{Is: Uncertain, Code: store.CodeOtherHeader,
			Reason: "not provable: the network message id is the same, but " + why}, nil
	}
	same := Finding{Is: Same, Proof: store.ByNetworkID}
	if !m.Rec.Disputed() {
		return same, nil
	}
	have, err := m.message(ctx, c.ID)
	if err != nil {
		return Finding{}, err
	}
	m.load()
	if why := (comparison{have: have, rec: m.Rec, kept: m.kept, unread: m.keptErr}).dispute(); why != "" {
		return Finding{Is: Uncertain, Code: store.CodeDisputed, Reason: "not provable: the network message id is the " +
			"same, but reports of the message contradict each other, and " + why}, nil
	}
	same.Compared = true
	return same, nil
}

// otherHeader says in what the list shows another message than the record's; "" where it does not. What Exchange or a
// rule of the organisation may rewrite is compared loosely, and what is not known not at all.
func (m *Matcher) otherHeader(c exchange.Candidate) string {
	rec := m.Rec
	at, err := mail.ParseDate(c.Date)
	switch {
	case c.From != "" && rec.From != "" && !hasAuthor(c.From, rec.From):
		return "its author is another one"
	case err == nil && !rec.Date.IsZero() && !at.Equal(rec.Date):
		return "its date is another one"
	case otherSubject(c.Subject, rec.Subject):
		return "its subject is another one"
	case !c.Received.IsZero() && rec.Received.Sub(c.Received) > latestReport:
		return fmt.Sprintf("it was delivered %s, and the first report of it came %s, later than reports come",
			c.Received.UTC().Format(time.RFC3339), rec.Received.UTC().Format(time.RFC3339))
	}
	return ""
}

// hasAuthor reports whether a From field names an author: as an address of it, or as it stands there.
func hasAuthor(field, author string) bool {
	return strings.Contains(mailaddr.Lower(field), mailaddr.Lower(author)) ||
		slices.ContainsFunc(rfc822.ParseAddresses(field), func(a rfc822.Address) bool {
			return mailaddr.Equal(a.Address, author)
		})
}

// otherSubject reports whether neither of two subjects contains the other. Rules put words before and after a subject,
// long ones are cut, and what is not ASCII may be decoded in two ways.
func otherSubject(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	return ascii(a) && ascii(b) && !strings.Contains(a, b) && !strings.Contains(b, a)
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// dispute says why a message with the record's network message id is not shown to be a form of it that got the record's
// verdict; "" where it is.
func (c comparison) dispute() string {
	if c.unread != nil {
		return "the stored originals cannot be read: " + c.unread.Error()
	}
	for _, d := range append(doubts(c.have.Doubts), c.rec.Doubts...) {
		return "the message " + doubtful[d]
	}
	bad, read := false, 0
	for _, o := range c.kept {
		if !o.variant.FirstHand {
			continue
		}
		read++
		switch is := o.variant.Verdict.Disposition; {
		case len(c.have.Differences(o.Message)) > 0:
		case is != c.rec.Verdict.Disposition:
			return "the one in the mailbox has the content of a form that is " + is.String()
		default:
			bad = true
		}
	}
	switch {
	case !bad:
		return "the one in the mailbox does not have the content of the form that is " +
			c.rec.Verdict.Disposition.String()
	case read < c.firstHand():
		return "not all of the forms that they tell of can be read"
	}
	return ""
}

// firstHand is how many forms of the record's message first-hand reports tell of.
func (c comparison) firstHand() (n int) {
	for _, v := range c.rec.Variants {
		if v.FirstHand {
			n++
		}
	}
	return n
}
