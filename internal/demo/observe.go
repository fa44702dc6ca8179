package demo

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"clawback/api"
	"clawback/api/client"
)

// observed is what the daemon and the mailboxes say of a story.
type observed struct {
	disposition string
	item        string            // state of the story's queue item, where it has not gone through
	reason      string            // of that
	outcomes    map[string]string // by address, lower case
	reasons     map[string]string
	bounced     bool // the report lies in the alternate mailbox, byte-exact
}

// observe asks the daemon about each story and shows what is new. It reports whether all is as expected.
func (s *stage) observe(ctx context.Context, screen *screen) bool {
	all := true
	for _, st := range s.script.Stories {
		if st.items == nil {
			all = false
			continue
		}
		st.seen = s.look(ctx, st)
		screen.show(st, st.seen.line())
		if len(s.wrong(st)) > 0 {
			all = false
		}
	}
	screen.draw()
	return all
}

func (s *stage) look(ctx context.Context, st *story) observed {
	o := observed{outcomes: map[string]string{}, reasons: map[string]string{}}
	for _, id := range st.items {
		if it, err := client.Do(ctx, s.Client, api.ShowItem, api.ItemRef{ID: id}); err == nil {
			o.item, o.reason = string(it.State), it.Reason
		}
	}
	if bounces, err := client.Do(ctx, s.Client, api.ListBounces,
		api.BounceQuery{Paging: api.Paging{Limit: api.MaxLimit}}); err == nil {
		for _, b := range bounces.Items {
			if slices.Contains(st.items, b.Item) {
				o.item, o.reason = "bounced", b.Reason
				o.bounced = s.arrived(st)
			}
		}
	}
	if st.messageID == "" {
		return o
	}
	if m, err := client.Do(ctx, s.Client, api.ShowMessage,
		api.MessageRef{Key: st.messageID, Tenant: st.tenant.ID}); err == nil {
		o.disposition = m.Record.Verdict.Disposition.String()
		for _, in := range m.Intents {
			o.outcomes[strings.ToLower(in.Address)] = string(in.Outcome)
			o.reasons[strings.ToLower(in.Address)] = in.Reason
		}
	}
	return o
}

// line says in few words where a story stands.
func (o observed) line() string {
	switch {
	case o.item == "bounced" && o.bounced:
		return "cannot be unwrapped: the whole report lies in the alternate mailbox"
	case o.disposition == "" && (o.item == "deferred" || o.item == "quarantined"):
		return strings.TrimSuffix(o.item+": "+o.reason, ": ")
	case o.disposition == "":
		return "accepted"
	}
	counts := map[string]int{}
	for _, outcome := range o.outcomes {
		counts[outcome]++
	}
	var parts []string
	for outcome, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, outcome))
	}
	sort.Strings(parts)
	if len(parts) == 0 {
		return o.disposition + ", left alone"
	}
	return o.disposition + ", " + strings.Join(parts, ", ")
}

// arrived reports whether the receiver has a bounce with this story's report in it, octet for octet.
func (s *stage) arrived(st *story) bool {
	for _, mail := range s.Receiver.Messages() {
		d, err := dissect(mail)
		if err == nil && len(d.originals) == 1 && string(d.originals[0]) == string(st.sent[0]) {
			return true
		}
	}
	return false
}

// outcome is what became of one address of a story.
func (o observed) outcome(address string) string {
	if outcome, planned := o.outcomes[strings.ToLower(address)]; planned {
		return outcome
	}
	if o.disposition == "" && o.item == "" {
		return ""
	}
	return left
}

// left is the outcome of a recipient for whom nothing was planned.
const left = "left"
