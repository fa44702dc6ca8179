package console

import (
	"cmp"
	"slices"
	"strings"

	"clawback/api"
	"clawback/store"
	"clawback/verdict"
)

// messagePage is all that is known about one message.
type messagePage struct {
	api.Message
	Policies, Against, For, Also []verdict.Reason
	Links                        []string
	MoreLinks                    int
	Auth                         []verdict.Reason
	Mailboxes                    []mailbox
	Untouched                    []api.Recipient // for whom nothing was planned
	MayRetract, MayRestore       bool
	MayCorrect, MayRead          bool
	Corrections                  []verdict.Disposition
	CanRestore                   bool
}

// mailbox is one recipient's mailbox, and what happened in it.
type mailbox struct {
	api.Intent
	Exposed string
}

const maxLinksShown = 50

func showMessage(v *visit) (view, error) {
	q := v.URL.Query()
	m, err := do(v, api.ShowMessage, api.MessageRef{Key: v.PathValue("key"), Tenant: q.Get("tenant")})
	if err != nil {
		return view{}, err
	}
	tenant := m.Record.Tenant
	page := messagePage{Message: m, Corrections: verdict.All(),
		MayRetract: v.who.May(api.RetractMessage, tenant), MayRestore: v.who.May(api.RestoreMessage, tenant),
		MayCorrect: v.who.May(api.GiveCorrection, tenant), MayRead: v.who.May(api.ShowText, tenant)}
	page.sortReasons()
	page.listLinks()
	planned := map[string]bool{}
	for _, in := range m.Intents {
		planned[in.Address] = true
		page.Mailboxes = append(page.Mailboxes, mailbox{in, exposedText(in.Exposure)})
		page.CanRestore = page.CanRestore || in.Kind == store.Retract && in.Outcome == store.Done
	}
	for _, r := range m.Record.Recipients {
		if !planned[r.Address] {
			page.Untouched = append(page.Untouched, r)
		}
	}
	return view{Page: "message", Title: "Message", Place: "/messages", Data: page}, nil
}

// sortReasons puts the reasons of a verdict where a person looks for them.
func (p *messagePage) sortReasons() {
	for _, r := range p.Record.Verdict.Reasons { // by weight already
		switch {
		case r.Family == "policy":
			p.Policies = append(p.Policies, r)
		case r.Weight > 0:
			p.Against = append(p.Against, r)
		case r.Weight < 0:
			p.For = append(p.For, r)
		default:
			p.Also = append(p.Also, r)
		}
		if r.Family == "auth" {
			p.Auth = append(p.Auth, r)
		}
	}
}

// listLinks lists the addresses of the web that the message has, written so that nobody follows them.
func (p *messagePage) listLinks() {
	for _, i := range p.Record.Verdict.Indicators {
		if i.Kind == "url" {
			p.Links = append(p.Links, defang(i.Value))
		}
	}
	slices.Sort(p.Links)
	p.Links = slices.Compact(p.Links)
	if n := len(p.Links) - maxLinksShown; n > 0 {
		p.MoreLinks, p.Links = n, p.Links[:maxLinksShown]
	}
}

// exposedText says for how long a message lay where its recipient could open it.
func exposedText(e *api.Exposure) string {
	if e == nil {
		return ""
	}
	parts := []string{exposures[e.State]}
	if e.FromDelivery != nil {
		parts = append(parts, seconds(*e.FromDelivery)+" after delivery")
	}
	if e.FromReport != nil {
		parts = append(parts, seconds(*e.FromReport)+" after its report")
	}
	if e.Read != nil {
		parts = append(parts, map[bool]string{true: "had been read", false: "unread"}[*e.Read])
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// textPage is a message as a reader sees it.
type textPage struct {
	api.Text
	Key  string
	Back string
}

func showText(v *visit) (view, error) {
	key := v.PathValue("key")
	t, err := do(v, api.ShowText, api.MessageRef{Key: key, Tenant: v.URL.Query().Get("tenant")})
	if err != nil {
		return view{}, err
	}
	return view{Page: "text", Title: "Text of a message", Place: "/messages",
		Data: textPage{t, key, "/messages/" + cmp.Or(t.Record, key)}}, nil
}
