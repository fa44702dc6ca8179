package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"clawback/retract/campaign"
	"clawback/retract/intent"
	"clawback/store"
)

// HeldCampaign is what the brake holds of one campaign.
type HeldCampaign struct {
	Tenant    string   `json:"tenant"`
	Name      string   `json:"name"` // such as "sender:evil.example"
	Mailboxes int      `json:"mailboxes"`
	Messages  int      `json:"messages"`
	Records   []string `json:"records"` // some of these, to be looked at
}

const (
	heldMax       = 50_000 // held intents that are looked through for campaigns
	campaignAct   = 5000   // intents that one act settles
	sampleRecords = 3      // of a campaign
)

// HeldCampaigns lists the campaigns of what the brake holds, of a tenant or with "" of all, those with most mailboxes
// first. One intent counts for each of its campaigns.
func (p *Orders) HeldCampaigns(ctx context.Context, tenant string) ([]HeldCampaign, error) {
	held, err := p.heldByBrake(ctx, tenant)
	if err != nil {
		return nil, err
	}
	type key struct{ tenant, name string }
	found := map[key]*HeldCampaign{}
	records := map[key]map[string]bool{}
	for _, in := range held {
		for _, name := range in.Campaigns {
			k := key{in.Tenant, name}
			if found[k] == nil {
				found[k], records[k] = &HeldCampaign{Tenant: in.Tenant, Name: name}, map[string]bool{}
			}
			c := found[k]
			c.Mailboxes++
			if !records[k][in.Record] && len(c.Records) < sampleRecords {
				c.Records = append(c.Records, in.Record)
			}
			records[k][in.Record] = true
			c.Messages = len(records[k])
		}
	}
	list := make([]HeldCampaign, 0, len(found))
	for _, c := range found {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b HeldCampaign) int {
		return cmp.Or(b.Mailboxes-a.Mailboxes, cmp.Compare(a.Name, b.Name), cmp.Compare(a.Tenant, b.Tenant))
	})
	return list, nil
}

// heldByBrake lists what the brake holds, of a tenant or with "" of all, as much as one act looks through.
func (p *Orders) heldByBrake(ctx context.Context, tenant string) ([]store.Intent, error) {
	all, err := p.engine.o.Store.IntentsBy(ctx,
		store.IntentFilter{Tenant: tenant, Kind: store.Retract, Outcomes: []store.Outcome{store.Held}, Limit: heldMax})
	if err != nil {
		return nil, fmt.Errorf("list what is held: %w", err)
	}
	return slices.DeleteFunc(all, func(in store.Intent) bool { return in.Hold != intent.HoldBrake }), nil
}

// CampaignDecision is a person's word about all that the brake holds of a campaign.
type CampaignDecision struct {
	Who, Tenant, Campaign, Comment string // Tenant "": of every tenant
	Approve                        bool   // else it is rejected
}

// SettleCampaign approves or rejects all that the brake holds of a campaign: one act of each tenant, with one entry of
// the audit that says how many. Of more than some thousand it makes one for each of these. It gives the intents.
func (p *Orders) SettleCampaign(ctx context.Context, a CampaignDecision) (settled []string, err error) {
	a.Campaign = campaign.Parse(a.Campaign)
	defer func() {
		if len(settled) > 0 {
			p.engine.Wake()
		}
	}()
	for try := 0; try < attemptsAtConflict; {
		part, err := p.heldOf(ctx, a)
		if err != nil {
			return settled, err
		}
		if len(part) == 0 {
			if len(settled) == 0 {
				return nil, fmt.Errorf("campaign %s: %w by the brake", a.Campaign, ErrNotHeld)
			}
			return settled, nil
		}
		err = p.settlePart(ctx, a, part)
		if errors.Is(err, store.ErrConflict) { // one of them was settled meanwhile: what is left is read again
			try++
			continue
		}
		if err != nil {
			return settled, err
		}
		for _, in := range part {
			settled = append(settled, in.ID)
		}
	}
	return settled, fmt.Errorf("settle campaign %s: %w", a.Campaign, store.ErrConflict)
}

// heldOf gives what is held of a campaign, of one tenant and as much as one act settles.
func (p *Orders) heldOf(ctx context.Context, a CampaignDecision) ([]store.Intent, error) {
	held, err := p.heldByBrake(ctx, a.Tenant)
	if err != nil {
		return nil, err
	}
	var part []store.Intent
	own := false
	for _, in := range held {
		if a.Approve && slices.Contains(in.Campaigns, a.Campaign) && p.approvesOwnOrder(in, a.Who) {
			own = true
			continue
		}
		if slices.Contains(in.Campaigns, a.Campaign) && (len(part) == 0 || in.Tenant == part[0].Tenant) &&
			len(part) < campaignAct {
			part = append(part, in)
		}
	}
	if own && len(part) == 0 {
		return nil, ErrOwnAct
	}
	return part, nil
}

// settlePart writes one act: all of its intents, or none.
func (p *Orders) settlePart(ctx context.Context, a CampaignDecision, part []store.Intent) error {
	what, change := "reject", p.rejected(a.Who)
	if a.Approve {
		what, change = approving, p.approvedBy(a.Who)
	}
	records := map[string]bool{}
	for i := range part {
		records[part[i].Record] = true
		change(&part[i])
	}
	comment := fmt.Sprintf("mailboxes: %d, messages: %d", len(part), len(records))
	if a.Comment != "" {
		comment += ": " + a.Comment
	}
	err := p.engine.o.Store.Update(ctx, store.Change{Intents: part,
		Act: &store.Act{At: p.engine.now(), Who: a.Who, What: what + " campaign",
			Tenant: part[0].Tenant, Object: a.Campaign, Comment: comment}})
	if err != nil {
		return fmt.Errorf("%s campaign %s: %w", what, a.Campaign, err)
	}
	return nil
}

// approvedBy lets a held intent pass what it is held for.
func (p *Orders) approvedBy(who string) func(*store.Intent) {
	return func(in *store.Intent) {
		in.Outcome, in.Approved, in.NotBefore, in.Looks = store.Pending, who, p.engine.now(), 0
		in.Reason = "approved by " + who + "; it was held: " + in.Reason
	}
}

// rejected ends a held intent. No automatism opens it again.
func (p *Orders) rejected(who string) func(*store.Intent) {
	return func(in *store.Intent) {
		in.Outcome, in.By = store.Skipped, who
		in.Reason = "rejected by " + who + "; it was held: " + in.Reason
		in.Hold = ""
	}
}
