package score

import (
	"fmt"
	"slices"

	"clawback/score/extract"
	"clawback/verdict/history"
)

// A List-Unsubscribe field (RFC 2369, section 3.2) gives a mailto URI (RFC 6068). Mail programs write to it by
// themselves, in the reader's name and in the sender's words: nothing in that message tells it from a person's.

// unsubscribeAddresses is what a message teaches of the addresses that its List-Unsubscribe fields name: of each URI
// one address outside of the organisation, since a message that goes to one of them teaches of none of its recipients.
func (x *inspection) unsubscribeAddresses() []history.Observation {
	fields := x.mail.Header.All("List-Unsubscribe") // programs take the first or the last
	if len(fields) > 2 {
		fields = []string{fields[0], fields[len(fields)-1]}
	}
	var all []history.Observation
	seen := map[string]bool{}
	for _, field := range fields {
		for _, recipients := range extract.Mailtos(field) {
			own := func(address string) bool { return x.ours(organisation(domainOf(address))) }
			recipients = slices.DeleteFunc(recipients, own)
			if len(recipients) == 0 {
				continue
			}
			if key := history.Unsubscribe(recipients[0]); !seen[key] {
				seen[key] = true
				all = append(all, history.Observation{Key: key, At: x.msg.Received})
			}
		}
	}
	return all
}

// asksPrograms reports whether a List-Unsubscribe field has named one of the recipients: the message may be a
// program's.
func (x *inspection) asksPrograms() (bool, error) {
	var keys []string
	for _, r := range x.outside() {
		keys = append(keys, history.Unsubscribe(r))
	}
	if len(keys) == 0 || x.bounce || x.writtenByMachine() {
		return false, nil
	}
	read, err := x.msg.History.Entries(x.ctx, keys)
	if err != nil {
		return false, fmt.Errorf("read the history of the recipients: %w", err)
	}
	return len(read) > 0, nil
}
