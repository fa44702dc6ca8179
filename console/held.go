package console

import (
	"encoding/base64"
	"strings"

	"clawback/api"
)

// heldPage is what waits for a person.
type heldPage struct {
	Campaigns []heldCampaign
	Cut       bool
	List      api.Page[api.Intent]
	Next      string
	MayDecide bool
	Names     map[string]string // of tenants
}

// heldCampaign is what the brake holds of messages that have something in common.
type heldCampaign struct {
	api.Campaign
	Key string // its name so that a form gives it back as it is
}

func showHeld(v *visit) (view, error) {
	page := heldPage{MayDecide: v.who.MaySomewhere(api.ApproveHeld), Names: tenantNames(v)}
	campaigns, err := do(v, api.ListCampaigns, api.IntentQuery{Paging: api.Paging{Limit: pageLength}})
	if err != nil {
		return view{}, err
	}
	page.Cut = campaigns.Cut != ""
	for _, c := range campaigns.Items {
		page.Campaigns = append(page.Campaigns, heldCampaign{c, base64.RawURLEncoding.EncodeToString([]byte(c.Name))})
	}
	if page.List, err = do(v, api.ListHeld, api.IntentQuery{Paging: paging(v)}); err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "held", Title: "Held", Place: "/held", Data: page}, nil
}

func tenantNames(v *visit) map[string]string {
	names := map[string]string{}
	for _, t := range v.status.Tenants {
		names[t.ID] = t.Name
	}
	return names
}

// heldResult is what came of an answer to what is held.
type heldResult struct {
	api.Settlement
	Approved bool
}

// settleHeld approves or rejects a campaign, or the intents that were chosen.
func settleHeld(v *visit) (view, error) {
	f := v.PostForm
	o := api.HeldOrder{Intents: f["intent"], Tenant: f.Get("tenant"), Comment: f.Get("comment")}
	answer, key, of := strings.Cut(f.Get("answer"), ":")
	if of {
		name, err := base64.RawURLEncoding.DecodeString(key)
		if err != nil {
			return view{}, invalid("the campaign is none: look at the list again")
		}
		o.Campaign, o.Intents = string(name), nil
	} else if len(o.Intents) == 0 {
		return view{}, invalid("choose at least one mailbox")
	}
	var done api.Settlement
	var err error
	switch answer {
	case "approve":
		done, err = do(v, api.ApproveHeld, o)
	case "reject":
		done, err = do(v, api.RejectHeld, o)
	default:
		err = invalid("approve or dismiss")
	}
	if err != nil {
		return view{}, err
	}
	return view{Page: "heldresult", Title: "Held", Place: "/held", Data: heldResult{done, answer == "approve"}}, nil
}
