package daemon

import (
	"context"
	"fmt"
	"time"

	"clawback/api"
	"clawback/internal/mailaddr"
	"clawback/store"
)

// Messages whose retraction, or restore, failed for good are told one by one, for a week. Where there are more, one
// notice of the tenant has their number: a status must stay readable, and notices are bounded over all tenants.
const (
	failedFor      = 7 * day
	mostFailed     = 100  // notices of a tenant
	mostFailedAll  = 500  // of all tenants
	failedRead     = 1000 // intents that are read for them, of each tenant
	failedOverflow = "(and others)"
)

// intentLister lists intents; *store.Store is it.
type intentLister interface {
	IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error)
}

// failures are the notices of all messages of which a retraction failed for good.
func failures(ctx context.Context, from intentLister, tenants []api.Tenant, now time.Time) ([]store.Notice, error) {
	most := max(1, min(mostFailed, mostFailedAll/max(1, len(tenants))))
	var all []store.Notice
	for _, t := range tenants {
		if t.Counts.Outcomes[store.Failed] == 0 {
			continue
		}
		list, err := from.IntentsBy(ctx, store.IntentFilter{Tenant: t.ID, Outcomes: []store.Outcome{store.Failed},
			Limit: failedRead})
		if err != nil {
			return nil, fmt.Errorf("list failed retractions: %w", err)
		}
		all = append(all, failuresOf(t.ID, list, most, now)...)
	}
	return all, nil
}

// failuresOf makes one notice of each message, the newest first, and one of those beyond the bound.
func failuresOf(tenant string, failed []store.Intent, most int, now time.Time) (list []store.Notice) {
	intents := map[string][]store.Intent{}
	var records []string
	for _, in := range failed {
		if now.Sub(in.Changed) >= failedFor {
			continue
		}
		if intents[in.Record] == nil {
			records = append(records, in.Record)
		}
		intents[in.Record] = append(intents[in.Record], in)
	}
	for _, id := range records[:min(most, len(records))] {
		list = append(list, store.Notice{Kind: "retract.gave_up", Tenant: tenant, Subject: id,
			Text: failureText(id, intents[id])})
	}
	if further := len(records) - most; further > 0 {
		text := fmt.Sprintf("%d further messages were given up, and are not listed here", further)
		if len(failed) >= failedRead {
			text = fmt.Sprintf("more than %d further messages were given up, and are not listed here", further)
		}
		list = append(list, store.Notice{Kind: "retract.gave_up", Tenant: tenant, Subject: failedOverflow, Text: text,
			Do: "clawback search outcome:failed lists them all"})
	}
	return list
}

// failureText says of one message in which mailboxes it was given up.
func failureText(id string, failed []store.Intent) string {
	first := failed[0]
	text := fmt.Sprintf("message %s in the mailbox of %s: %s", id, mailaddr.Lower(first.Address), first.Reason)
	if n := len(failed); n > 1 {
		text = fmt.Sprintf("message %s in %d mailboxes, of %s first: %s", id, n, mailaddr.Lower(first.Address),
			first.Reason)
	}
	return text
}
