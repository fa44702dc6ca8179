package api

import (
	"cmp"
	"context"
	"errors"

	"clawback/config"
	"clawback/retract"
	"clawback/store"
)

// The operations on what waits for a person, and on what a tenant in dry-run would have had done.
var (
	ListHeld = define(Operation{Name: "held.list", Route: "GET /v1/held", Role: Viewer,
		Does: "list the retractions that wait for a person"}, (*Service).listHeld)
	ListCampaigns = define(Operation{Name: "held.campaigns", Route: "GET /v1/held/campaigns", Role: Viewer,
		Does: "list what waits for a person by campaign"}, (*Service).listCampaigns)
	ShowHeld = define(Operation{Name: "held.show", Route: "GET /v1/held/{key}", Role: Viewer,
		Does: "show what is held of a message, or one mailbox of it"}, (*Service).showHeld)
	ApproveHeld = define(Operation{Name: approveName, Route: "POST /v1/held/approve", Role: Approver,
		Does: "have what is held taken"}, (*Service).approveHeld)
	RejectHeld = define(Operation{Name: "held.reject", Route: "POST /v1/held/reject", Role: Approver,
		Does: "leave what is held where it is"}, (*Service).rejectHeld)
	ListDryRun = define(Operation{Name: "dry_run.list", Route: "GET /v1/dry-run", Role: Viewer,
		Does: "list what would have been taken of a tenant in dry-run"}, (*Service).listDryRun)
)

// IntentQuery selects intents of one list.
type IntentQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
	Query  string `json:"query,omitempty"` // of the messages, in the language of searches; "": all
}

// Campaign is what the brake holds of messages that have a sender, link or file in common.
type Campaign struct {
	Tenant    string   `json:"tenant"`
	Name      string   `json:"name"` // such as "sender:evil.example"
	Mailboxes int      `json:"mailboxes"`
	Messages  int      `json:"messages"`
	Records   []string `json:"records"` // some of these, to be looked at
}

// HeldRef names what is held.
type HeldRef struct {
	Key string `path:"key" json:"-"` // the id of an intent, or a key of a record
}

// HeldOrder approves or rejects what is held: by intents, by records for all that is held of these, or by a campaign.
type HeldOrder struct {
	Intents  []string `json:"intents,omitempty"`  // ids of intents or of records
	Campaign string   `json:"campaign,omitempty"` // instead: all that the brake holds of it, in one act
	Tenant   string   `json:"tenant,omitempty"`   // of the campaign
	Comment  string   `json:"comment,omitempty"`
}

// Settlement is what came of an answer to what is held.
type Settlement struct {
	Settled []string  `json:"settled"` // ids of intents
	Refused []Refusal `json:"refused,omitempty"`
}

// Refusal is why one of several was not done.
type Refusal struct {
	ID     string `json:"id"`
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
}

// actionOf reads an action that takes a message away.
func actionOf(name string) (config.Action, error) {
	action := config.Action(name)
	if !known(action, config.Junk, config.Trash, config.SoftDelete, config.HardDelete) {
		return "", problem(InvalidRequest, "action %q: use junk, trash, soft_delete or hard_delete", name)
	}
	return action, nil
}

func (s *Service) listHeld(ctx context.Context, a access, q IntentQuery) (Page[Intent], error) {
	return s.intents(ctx, a, q, store.IntentFilter{Outcomes: []store.Outcome{store.Held}})
}

func (s *Service) listDryRun(ctx context.Context, a access, q IntentQuery) (Page[Intent], error) {
	return s.intents(ctx, a, q, store.IntentFilter{Outcomes: []store.Outcome{store.Skipped}, DryRun: true})
}

// intents lists a part of what a filter selects, what is of the newest record first.
func (s *Service) intents(ctx context.Context, a access, q IntentQuery,
	f store.IntentFilter) (page Page[Intent], err error) {
	if q.Query != "" {
		page, err = s.intentsFound(ctx, a, q, f)
	} else {
		page, err = s.intentsPaged(ctx, a, q, f)
	}
	if err == nil {
		err = s.nameMessages(ctx, page.Items)
	}
	return page, err
}

// intentsPaged lists a part of what a filter selects.
func (s *Service) intentsPaged(ctx context.Context, a access, q IntentQuery,
	f store.IntentFilter) (page Page[Intent], err error) {
	limit, err := q.limit()
	if err != nil {
		return page, err
	}
	f.Limit = limit + 1
	if f.After, err = q.after(); err != nil {
		return page, err
	}
	if f.Tenant, err = s.scope(a, q.Tenant); err != nil {
		return page, err
	}
	rows, err := s.o.Store.IntentsBy(ctx, f)
	if f.After != "" && CodeOf(err) == NotFound {
		return page, problem(InvalidRequest, "the cursor's row is not there any more: begin anew without it")
	}
	return searched(read(rows, limit, func(in store.Intent) string { return in.ID }, intentOf), err)
}

// intentsFound lists a part of what a filter selects of the messages that a query finds.
func (s *Service) intentsFound(ctx context.Context, a access, q IntentQuery,
	f store.IntentFilter) (page Page[Intent], err error) {
	records, err := s.filter(a, Search{Tenant: q.Tenant, Query: q.Query + " outcome:" + string(f.Outcomes[0])})
	if err != nil {
		return page, err
	}
	records.Limit = maxCount
	found, err := s.o.Store.Records(ctx, records)
	bounded := errors.Is(err, store.ErrBound)
	if err != nil && !bounded {
		return page, err
	}
	var all []store.Intent
	for _, rec := range found {
		rows, err := s.o.Store.Intents(ctx, rec.ID)
		if err != nil {
			return page, err
		}
		for _, in := range rows {
			if in.Outcome == f.Outcomes[0] && (in.DryRun || !f.DryRun) {
				all = append(all, in)
			}
		}
	}
	page, err = part(all, q.Paging, func(in store.Intent) string { return in.ID }, intentOf)
	if err == nil && bounded && page.Cut == "" {
		page.Cut = CutBySearch
	}
	return page, err
}

// nameMessages puts sender and subject beside each intent of a list, so that a person knows what it is about.
func (s *Service) nameMessages(ctx context.Context, list []Intent) error {
	known := map[string]store.Record{}
	for i := range list {
		in := &list[i]
		rec, have := known[in.Record]
		if !have {
			rows, err := s.o.Store.Lookup(ctx, in.Tenant, in.Record)
			if err != nil && CodeOf(err) != NotFound {
				return err
			}
			if len(rows) == 1 {
				rec = rows[0]
			}
			known[in.Record] = rec
		}
		in.From, in.Subject = rec.From, rec.Subject
	}
	return nil
}

func (s *Service) listCampaigns(ctx context.Context, a access, q IntentQuery) (page Page[Campaign], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Engine.HeldCampaigns(ctx, tenant)
	if err != nil {
		return page, err
	}
	return part(rows, q.Paging, func(c retract.HeldCampaign) string { return c.Tenant + " " + c.Name },
		func(c retract.HeldCampaign) Campaign {
			return Campaign(c)
		})
}

func (s *Service) approveHeld(ctx context.Context, a access, o HeldOrder) (Settlement, error) {
	return s.settle(ctx, a, o, s.o.Engine.Approve)
}

func (s *Service) rejectHeld(ctx context.Context, a access, o HeldOrder) (Settlement, error) {
	return s.settle(ctx, a, o, s.o.Engine.Reject)
}

// settle carries an answer out, intent by intent, so that what is wrong with one stops none of the others. Where
// nothing at all was done, it is an error.
func (s *Service) settle(ctx context.Context, a access, o HeldOrder,
	answer func(context.Context, string, []string, string) error) (Settlement, error) {
	if (len(o.Intents) > 0) == (o.Campaign != "") {
		return Settlement{}, problem(InvalidRequest, "name intents, or a campaign; not both")
	}
	if o.Campaign != "" {
		return s.settleCampaign(ctx, a, o)
	}
	if o.Tenant != "" {
		return Settlement{}, problem(InvalidRequest, "a tenant is named for a campaign only: an intent has its own")
	}
	out := Settlement{Settled: []string{}}
	var first error
	refuse := func(id string, err error) {
		known := classify(err)
		out.Refused = append(out.Refused, Refusal{id, known.Code, known.Detail})
		first = errors.Join(first, err)
	}
	for _, key := range o.Intents {
		ids, err := s.heldOf(ctx, a, key)
		if err != nil {
			refuse(key, err)
			continue
		}
		for _, id := range ids {
			if err := answer(ctx, a.Name, []string{id}, o.Comment); err != nil {
				refuse(id, err)
				continue
			}
			out.Settled = append(out.Settled, id)
		}
	}
	if len(out.Settled) == 0 {
		return Settlement{}, first
	}
	return out, nil
}

func (s *Service) settleCampaign(ctx context.Context, a access, o HeldOrder) (Settlement, error) {
	tenant, err := s.scope(a, o.Tenant)
	if err != nil {
		return Settlement{}, err
	}
	settled, err := s.o.Engine.SettleCampaign(ctx, retract.CampaignDecision{
		Who: a.Name, Tenant: tenant, Campaign: o.Campaign, Comment: o.Comment, Approve: a.op.Name == approveName})
	if err != nil && len(settled) > 0 {
		known := classify(err)
		return Settlement{settled, []Refusal{{o.Campaign, known.Code, known.Detail}}}, nil
	}
	return Settlement{Settled: settled}, err
}

// showHeld shows the intents that an answer to this key would be about.
func (s *Service) showHeld(ctx context.Context, a access, r HeldRef) ([]Intent, error) {
	ids, err := s.heldOf(ctx, a, r.Key)
	shown := []Intent{}
	for _, id := range ids {
		in, err := s.o.Store.Intent(ctx, id)
		if err != nil {
			return nil, err
		}
		if in.Outcome == store.Held {
			shown = append(shown, intentOf(in))
		}
	}
	if err == nil && len(shown) == 0 {
		err = problem(NotHeld, "nothing of %s is held", r.Key)
	}
	return shown, cmp.Or(err, s.nameMessages(ctx, shown))
}

// heldOf are the held intents that a key means: the intent of that id, or all that is held of a record.
func (s *Service) heldOf(ctx context.Context, a access, key string) ([]string, error) {
	in, err := s.o.Store.Intent(ctx, key)
	switch {
	case err == nil && a.in(in.Tenant) >= Viewer:
		return []string{in.ID}, a.check(in.Tenant, "intent", key)
	case err != nil && CodeOf(err) != NotFound:
		return nil, err
	}
	rec, err := s.recordOf(ctx, a, "", key)
	if err != nil {
		return nil, err
	}
	rows, err := s.o.Store.Intents(ctx, rec.ID)
	var ids []string
	for _, in := range rows {
		if in.Outcome == store.Held {
			ids = append(ids, in.ID)
		}
	}
	if err == nil && len(ids) == 0 {
		err = problem(NotHeld, "nothing of message %s is held", rec.ID)
	}
	return ids, err
}

// approveName is the operation that says Yes to what is held.
const approveName = "held.approve"
