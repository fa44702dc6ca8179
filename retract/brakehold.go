package retract

import (
	"context"
	"fmt"
	"strings"
	"time"

	"clawback/retract/brake"
	"clawback/retract/campaign"
	"clawback/retract/intent"
	"clawback/store"
)

// alertCampaigns is how many campaigns an alert of the brake names.
const alertCampaigns = 5

// holdByBrake leaves the intent to a person, who is told at once: one alert an hour for a tenant's limits, and one for
// each message and each campaign that passes its own.
func (s retraction) holdByBrake(ctx context.Context, stopped brake.Overrun) error {
	subject, text := "", "retractions are held for approval: "+stopped.Reason
	switch stopped.Code {
	case store.CodePerMail:
		subject = s.in.Record
		text += "; " + howToApprove(s.in.Record)
	case store.CodeCampaign:
		subject = stopped.Campaign
		text += "; " + howToApprove("--campaign "+campaign.Defang(stopped.Campaign))
	default:
		text += "; " + s.lastHour(ctx)
	}
	s.e.alert(Alert{Kind: "brake", Tenant: s.in.Tenant, Text: text}, subject)
	return s.holdAs(ctx, intent.HoldBrake, stopped.Code, stopped.Reason)
}

func howToApprove(what string) string {
	return "look at them, then: clawback held approve " + what
}

// lastHour names the campaigns for which most mailboxes were acted upon in the last hour.
func (s retraction) lastHour(ctx context.Context) string {
	list, err := s.e.o.Store.Campaigns(ctx, s.in.Tenant, s.e.now().Add(-time.Hour), alertCampaigns)
	if err != nil || len(list) == 0 {
		return "clawback held campaigns lists them" // the alert must not wait for a store that cannot be read
	}
	var parts []string
	for _, c := range list {
		parts = append(parts, fmt.Sprintf("%s %d", campaign.Defang(c.Name), c.Mailboxes))
	}
	return "mailboxes of the last hour by campaign: " + strings.Join(parts, ", ") + "; " +
		howToApprove("--campaign NAME")
}
