package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"clawback/intel/feed"
	"clawback/store"
)

// Feeds are the lists of indicators that others publish. *feed.Scheduler is one.
type Feeds interface {
	Status() []feed.Status
	Update(ctx context.Context, name string, accept bool) ([]feed.Result, error)
}

// The operations on feeds.
var (
	ListFeeds = define(Operation{Name: "feed.list", Route: "GET /v1/feeds", Role: Viewer, Machine: true,
		Does: "list the feeds of indicators, and how each of them is"}, (*Service).listFeeds)
	ShowFeed = define(Operation{Name: "feed.show", Route: "GET /v1/feeds/{feed}", Role: Viewer, Machine: true,
		Does: "show a feed of indicators"}, (*Service).showFeed)
	UpdateFeeds = define(Operation{Name: updateFeedsName, Route: "POST /v1/feeds/update", Role: Approver,
		Machine: true,
		Does:    "fetch feeds now"}, (*Service).updateFeeds)
	ApproveFeed = define(Operation{Name: "feed.approve", Route: "POST /v1/feeds/{feed}/approve",
		Role: Approver, Machine: true,
		Does: "let the waiting indicators of a feed act"}, (*Service).approveFeed)
)

// Feed is how a list of indicators stands.
type Feed struct {
	Name     string         `json:"name"`
	Source   string         `json:"source"` // the server's name, or the file
	Format   string         `json:"format"`
	Fetched  time.Time      `json:"fetched,omitzero" etag:"-"` // when the list was last had, or said to be unchanged
	Checked  time.Time      `json:"checked,omitzero" etag:"-"` // when it was last looked at, with or without success
	Due      time.Time      `json:"due,omitzero" etag:"-"`
	Listed   int            `json:"listed"`            // entries of the list as it was last
	Living   int            `json:"living"`            // entries that match: those, and what left and lives on
	ByKind   map[string]int `json:"by_kind,omitempty"` // of the living
	Skipped  map[string]int `json:"skipped,omitempty"` // left out when the list was last read, by why
	Code     string         `json:"code,omitempty"`    // why the last look brought nothing
	Problem  string         `json:"problem,omitempty"`
	Failures int            `json:"failures,omitempty"` // in a row
}

// FeedRef names a feed.
type FeedRef struct {
	Feed string `path:"feed" json:"-"`
}

// FeedOrder asks for a look at lists now.
type FeedOrder struct {
	Feed   string `json:"feed,omitempty"`   // "": all
	Accept bool   `json:"accept,omitempty"` // its length is right, however it differs from before
}

// FeedResult is what a look at a list brought.
type FeedResult struct {
	Feed      string `json:"feed"`
	Unchanged bool   `json:"unchanged,omitempty"` // the publisher says so
	Added     int    `json:"added"`
	Withdrawn int    `json:"withdrawn"`
	Expired   int    `json:"expired"`
	Living    int    `json:"living"`
	Code      string `json:"code,omitempty"` // why the list was not taken; "": it was
	Problem   string `json:"problem,omitempty"`
}

// FeedApproval lets what waits of a feed's indicators act.
type FeedApproval struct {
	Feed    string `path:"feed" json:"-"`
	Comment string `json:"comment,omitempty"`
}

// FeedApproved is how many indicators of a feed were let act.
type FeedApproved struct {
	Feed       string `json:"feed"`
	Indicators int    `json:"indicators"`
}

func (s *Service) approveFeed(ctx context.Context, a access, o FeedApproval) (FeedApproved, error) {
	n, err := s.o.Indicators.ApproveFeed(ctx, a.Name, o.Feed, o.Comment)
	return FeedApproved{o.Feed, n}, err
}

func (s *Service) listFeeds(_ context.Context, _ access, q Paging) (Page[Feed], error) {
	return part(s.o.Feeds.Status(), q, func(f feed.Status) string { return f.Name }, feedOf)
}

func (s *Service) showFeed(_ context.Context, _ access, r FeedRef) (Feed, error) {
	for _, f := range s.o.Feeds.Status() {
		if f.Name == r.Feed {
			return feedOf(f), nil
		}
	}
	return Feed{}, missing("feed", r.Feed)
}

func feedOf(f feed.Status) Feed {
	shown := Feed{Name: f.Name, Source: f.Source, Format: f.Format, Fetched: f.Fetched, Checked: f.Checked, Due: f.Due,
		Listed: f.Counts.Listed, Living: f.Counts.Living, ByKind: f.Counts.ByKind,
		Code: string(f.Code), Problem: f.Problem, Failures: f.Failures}
	for why, n := range f.Counts.Skipped {
		if shown.Skipped == nil {
			shown.Skipped = map[string]int{}
		}
		shown.Skipped[string(why)] = n
	}
	return shown
}

// updateFeeds looks at lists now, and answers when they were read, which may take minutes.
func (s *Service) updateFeeds(ctx context.Context, a access, o FeedOrder) (Page[FeedResult], error) {
	known := func(f feed.Status) bool { return f.Name == o.Feed }
	if o.Feed != "" && !slices.ContainsFunc(s.o.Feeds.Status(), known) {
		return Page[FeedResult]{}, missing("feed", o.Feed)
	}
	results, err := s.lookAtFeeds(ctx, a, o)
	if err != nil {
		return Page[FeedResult]{}, err
	}
	page := Page[FeedResult]{Items: []FeedResult{}}
	for _, r := range results {
		page.Items = append(page.Items, FeedResult{
			Feed: r.Feed, Unchanged: r.Unchanged, Added: r.Added, Withdrawn: r.Withdrawn, Expired: r.Expired,
			Living: r.Counts.Living, Code: string(r.Code), Problem: r.Problem,
		})
	}
	return page, nil
}

// lookAtFeeds looks at lists. Who asked for it, and whether he accepts their length, stands in the audit before: what
// is read becomes knowledge by which messages are taken. Who does not wait for the answer calls nothing off.
func (s *Service) lookAtFeeds(ctx context.Context, a access, o FeedOrder) (results []feed.Result, err error) {
	act := store.Act{Who: a.Name, What: a.op.Name, Object: o.Feed, Comment: "read now"}
	if o.Accept {
		act.Comment = "read now, and its length is accepted"
	}
	var looked error
	err = s.orderBy(ctx, act, func(context.Context) error {
		results, looked = s.o.Feeds.Update(ctx, o.Feed, o.Accept)
		return nil
	})
	return results, cmp.Or(err, looked)
}
