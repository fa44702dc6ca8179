package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"clawback/config"
	"clawback/queue"
	"clawback/retract"
	"clawback/store"
	"clawback/verdict"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/status", handler(func(r *http.Request) (any, error) { return s.o.Status(r.Context()) }))
	mux.Handle("GET /v1/queue", handler(s.listQueue))
	mux.Handle("GET /v1/queue/groups", handler(s.listGroups))
	mux.Handle("POST /v1/queue/discard/preview", handler(s.previewDiscard))
	mux.Handle("POST /v1/queue/discard", handler(s.discardSelected))
	mux.Handle("GET /v1/queue/{id}", handler(func(r *http.Request) (any, error) { return s.o.Queue.Get(r.Context(), r.PathValue("id")) }))
	mux.Handle("GET /v1/queue/{id}/report", handler(s.exportItem))
	mux.Handle("POST /v1/queue/{id}/retry", handler(s.retryItem))
	mux.Handle("POST /v1/queue/{id}/discard", handler(s.discardItem))
	mux.Handle("GET /v1/bounces", handler(s.listBounces))
	mux.Handle("GET /v1/bounces/{id}", handler(func(r *http.Request) (any, error) { return s.o.Queue.Bounce(r.Context(), r.PathValue("id")) }))
	mux.Handle("GET /v1/bounces/{id}/report", handler(s.exportBounce))
	mux.Handle("POST /v1/bounces/{id}/retry", handler(s.retryBounce))
	mux.Handle("GET /v1/records", handler(s.listRecords))
	mux.Handle("GET /v1/records/{key}", handler(s.showRecord))
	mux.Handle("GET /v1/records/{key}/report", handler(s.exportRecord))
	mux.Handle("POST /v1/records/{key}/retract", handler(s.retract))
	mux.Handle("POST /v1/records/{key}/restore", handler(s.restore))
	mux.Handle("GET /v1/held", handler(s.listHeld))
	mux.Handle("GET /v1/held/campaigns", handler(func(r *http.Request) (any, error) {
		return s.o.Engine.HeldCampaigns(r.Context(), r.URL.Query().Get("tenant"))
	}))
	mux.Handle("POST /v1/held/approve", handler(s.approve))
	mux.Handle("POST /v1/held/reject", handler(s.reject))
	mux.Handle("GET /metrics", Metrics(s.o.Status))
	s.jobRoutes(mux)
	mux.Handle("GET /v1/addresses", handler(func(*http.Request) (any, error) { return s.o.Addresses.List(), nil }))
	mux.Handle("POST /v1/addresses/retire", handler(s.retireAddress))
	mux.Handle("GET /v1/audit", handler(s.listAudit))
	s.scoringRoutes(mux)
	return mux
}

const defaultLimit = 100

// limit reads ?limit=, from 1 to 10,000.
func limit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		return 0, errRequest{fmt.Sprintf("limit %q: use a number from 1 to 10000", text)}
	}
	return n, nil
}

func (s *Server) listQueue(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	return s.o.Queue.List(r.Context(), queue.Filter{State: queue.State(q.Get("state")), Tenant: q.Get("tenant"), Limit: n})
}

func (s *Server) retryItem(r *http.Request) (any, error) {
	id := r.PathValue("id")
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	what := "queue.retry"
	if o.Trust {
		what, err = "queue.trust", s.o.Queue.Trust(r.Context(), id, who(r))
	} else {
		err = s.o.Queue.Retry(r.Context(), id)
	}
	if err != nil {
		return nil, err
	}
	if err := s.note(r, what, id, o.Comment); err != nil {
		return nil, err
	}
	return s.o.Queue.Get(r.Context(), id)
}

func (s *Server) exportItem(r *http.Request) (any, error) {
	it, err := s.o.Queue.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.o.Report(it.Body)
}

// exportRecord streams the first report that told of a record; ?variant=N another one's.
func (s *Server) exportRecord(r *http.Request) (any, error) {
	rec, err := s.one(r)
	if err != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("variant"))
	if n < 0 || n >= len(rec.Variants) {
		return nil, errRequest{fmt.Sprintf("variant %d: the record has %d, counted from 0", n, len(rec.Variants))}
	}
	v := rec.Variants[n]
	if v.Kept != nil {
		return s.o.Report(*v.Kept)
	}
	return s.o.Report(v.Body)
}

func (s *Server) listBounces(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	return s.o.Queue.Bounces(r.Context(), queue.BounceFilter{State: queue.BounceState(q.Get("state")), Tenant: q.Get("tenant"), Limit: n})
}

func (s *Server) exportBounce(r *http.Request) (any, error) {
	b, err := s.o.Queue.Bounce(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.o.Report(b.Body)
}

func (s *Server) retryBounce(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if err := s.o.Queue.RetryBounce(r.Context(), id); err != nil {
		return nil, err
	}
	if err := s.note(r, "bounce.retry", id, ""); err != nil {
		return nil, err
	}
	s.o.Wake()
	return s.o.Queue.Bounce(r.Context(), id)
}

func (s *Server) listRecords(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	f := store.RecordFilter{
		Tenant: q.Get("tenant"), Sender: q.Get("sender"), Recipient: q.Get("recipient"), Subject: q.Get("subject"), Limit: n,
		Proof: store.Proof(q.Get("proof")),
	}
	if !f.Proof.Known() {
		return nil, errRequest{fmt.Sprintf("proof %q: use one of network_id, content, person", f.Proof)}
	}
	if text := q.Get("disposition"); text != "" {
		d, err := verdict.Parse(text)
		if err != nil {
			return nil, errRequest{err.Error()}
		}
		f.Dispositions = []verdict.Disposition{d}
	}
	if f.Since, err = moment(q.Get("since")); err != nil {
		return nil, err
	}
	if f.Until, err = moment(q.Get("until")); err != nil {
		return nil, err
	}
	recs, err := s.o.Store.Records(r.Context(), f)
	for i := range recs {
		recs[i] = listed(recs[i])
	}
	return recs, err
}

// moment reads an RFC 3339 time; "" is the zero time.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, errRequest{fmt.Sprintf("time %q: write it as 2026-01-31T15:04:05Z", text)}
	}
	return t, nil
}

// one finds the single record that a key means.
func (s *Server) one(r *http.Request) (store.Record, error) {
	key := r.PathValue("key")
	found, err := s.o.Store.Lookup(r.Context(), r.URL.Query().Get("tenant"), key)
	if err != nil {
		return store.Record{}, err
	}
	if len(found) > 1 {
		ids := ""
		for _, rec := range found {
			ids += " " + rec.ID
		}
		return store.Record{}, errRequest{fmt.Sprintf("%q means %d records: name one of%s", key, len(found), ids)}
	}
	if len(found) == 0 {
		return store.Record{}, fmt.Errorf("record %q: %w", key, store.ErrNotFound)
	}
	return found[0], nil
}

func (s *Server) showRecord(r *http.Request) (any, error) {
	rec, err := s.one(r)
	if err != nil {
		return nil, err
	}
	return s.message(r.Context(), rec)
}

func (s *Server) message(ctx context.Context, rec store.Record) (Message, error) {
	m := Message{Record: listed(rec), Intents: []Intent{}}
	if s.o.Apart != nil {
		m.Apart = s.o.Apart(rec.Tenant)
	}
	if s.o.Scoring.Lessons != nil {
		l, given, err := s.o.Scoring.Lessons.Lesson(ctx, rec.Tenant, rec.ID)
		if err != nil {
			return m, err
		}
		if given {
			m.Feedback = &l
		}
	}
	var err error
	if m.Reported, err = s.reportedOf(ctx, rec); err != nil {
		return m, err
	}
	intents, err := s.o.Store.Intents(ctx, rec.ID)
	if err != nil {
		return m, err
	}
	for _, in := range intents {
		attempts, err := s.o.Store.Attempts(ctx, in.ID)
		if err != nil {
			return m, err
		}
		m.Intents = append(m.Intents, Intent{in, list(attempts)})
	}
	return m, nil
}

// order reads a POST's body.
func order(r *http.Request) (Order, error) {
	return body[Order](r)
}

func (s *Server) retract(r *http.Request) (any, error) {
	rec, err := s.one(r)
	if err != nil {
		return nil, err
	}
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	switch action := config.Action(o.Action); action {
	case config.Junk, config.Trash, config.SoftDelete, config.HardDelete:
		return s.o.Engine.Retract(r.Context(), who(r), rec.ID, action, o.Comment)
	}
	return nil, errRequest{fmt.Sprintf("action %q: use junk, trash, soft_delete or hard_delete", o.Action)}
}

func (s *Server) restore(r *http.Request) (any, error) {
	rec, err := s.one(r)
	if err != nil {
		return nil, err
	}
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	return s.o.Engine.Restore(r.Context(), who(r), rec.ID, o.Comment)
}

func (s *Server) listHeld(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	return s.o.Store.IntentsBy(r.Context(), store.IntentFilter{Tenant: r.URL.Query().Get("tenant"), Outcomes: []store.Outcome{store.Held}, Limit: n})
}

// settleCampaign approves or rejects what the brake holds of a campaign.
func (s *Server) settleCampaign(r *http.Request, o Order, approve bool) (any, error) {
	if len(o.Intents) > 0 {
		return nil, errRequest{"name intents or a campaign, not both"}
	}
	return s.o.Engine.SettleCampaign(r.Context(), retract.CampaignAnswer{
		Who: who(r), Tenant: o.Tenant, Campaign: o.Campaign, Comment: o.Comment, Approve: approve})
}

func (s *Server) approve(r *http.Request) (any, error) {
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	if o.Campaign != "" {
		return s.settleCampaign(r, o, true)
	}
	if o.Intents, err = s.heldOf(r.Context(), o.Intents); err != nil {
		return nil, err
	}
	return o.Intents, s.o.Engine.Approve(r.Context(), who(r), o.Intents, o.Comment)
}

func (s *Server) reject(r *http.Request) (any, error) {
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	if o.Campaign != "" {
		return s.settleCampaign(r, o, false)
	}
	if o.Intents, err = s.heldOf(r.Context(), o.Intents); err != nil {
		return nil, err
	}
	return o.Intents, s.o.Engine.Reject(r.Context(), who(r), o.Intents, o.Comment)
}

// heldOf puts the held intents of a record in its place: the brake holds a mailing in hundreds of mailboxes at once.
func (s *Server) heldOf(ctx context.Context, keys []string) (intents []string, _ error) {
	for _, key := range keys {
		found, err := s.o.Store.Lookup(ctx, "", key)
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			intents = append(intents, key)
			continue
		}
		list, err := s.o.Store.Intents(ctx, found[0].ID)
		if err != nil {
			return nil, err
		}
		before := len(intents)
		for _, in := range list {
			if in.Outcome == store.Held {
				intents = append(intents, in.ID)
			}
		}
		if len(intents) == before {
			return nil, errRequest{"nothing of record " + found[0].ID + " is held"}
		}
	}
	return intents, nil
}

func (s *Server) retireAddress(r *http.Request) (any, error) {
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	if err := s.o.Addresses.Retire(r.Context(), o.Address); err != nil {
		return nil, err
	}
	return o.Address, s.note(r, "address.retire", o.Address, o.Comment)
}

func (s *Server) listAudit(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	return s.o.Store.Audit(r.Context(), store.AuditFilter{Tenant: r.URL.Query().Get("tenant"), Limit: n})
}

func (s *Server) note(r *http.Request, what, object, comment string) error {
	return s.o.Store.Note(r.Context(), store.Act{At: time.Now().UTC(), Who: who(r), What: what, Object: object, Comment: comment})
}
