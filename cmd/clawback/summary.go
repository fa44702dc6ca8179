package main

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
	"clawback/verdict"
)

const (
	maxSummed  = 10_000 // authors of a disposition that are told apart
	mostShown  = 5      // authors that are shown
	mostSample = 5      // messages that are shown, of as many authors
)

// summary is what messages were judged to be, by disposition, and what would be done with them.
type summary struct {
	actions config.Actions // nil: not known here
	kinds   map[verdict.Disposition]*summed
}

// summed is what is told of a disposition. As JSON it is an element of what `clawback score --summary --json` prints.
type summed struct {
	Disposition verdict.Disposition `json:"disposition"`
	Action      config.Action       `json:"action,omitempty"`
	Messages    int                 `json:"messages"`
	Held        int                 `json:"held"`   // of these, what waits for a person
	Shadow      int                 `json:"shadow"` // of these, what the wide rule would make MALICIOUS
	Authors     []authorCount       `json:"authors"`
	Samples     []sampled           `json:"samples"`

	authors map[string]int
}

type authorCount struct {
	Author   string `json:"author"`
	Messages int    `json:"messages"`
}

type sampled struct {
	Place   string `json:"message"` // the file, or the id of the record
	Author  string `json:"author"`
	Subject string `json:"subject"`
}

// newSummary takes the tenant whose actions count; nil: the default ones do.
func newSummary(t *config.Tenant) *summary {
	s := &summary{actions: config.DefaultActions(), kinds: map[verdict.Disposition]*summed{}}
	if t != nil && len(t.Actions) > 0 {
		s.actions = t.Actions
	}
	return s
}

func (s *summary) add(v verdict.Verdict, of sampled) {
	k := s.kinds[v.Disposition]
	if k == nil {
		k = &summed{Disposition: v.Disposition, Action: s.actions[v.Disposition].Action, authors: map[string]int{}}
		s.kinds[v.Disposition] = k
	}
	k.Messages++
	if v.Review != "" {
		k.Held++
	}
	if v.Shadow == verdict.Malicious {
		k.Shadow++
	}
	n, seen := k.authors[of.Author]
	if !seen && len(k.authors) >= maxSummed {
		return
	}
	k.authors[of.Author] = n + 1
	if !seen && len(k.Samples) < mostSample {
		k.Samples = append(k.Samples, of)
	}
}

// list gives the dispositions, worst first, each with its most frequent authors.
func (s *summary) list() []summed {
	all := []summed{}
	for _, d := range slices.Backward(slices.Sorted(maps.Keys(s.kinds))) {
		k := *s.kinds[d]
		for author, n := range k.authors {
			k.Authors = append(k.Authors, authorCount{author, n})
		}
		slices.SortFunc(k.Authors, func(a, b authorCount) int {
			return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Author, b.Author))
		})
		k.Authors = k.Authors[:min(len(k.Authors), mostShown)]
		all = append(all, k)
	}
	return all
}

// headline says how many messages a disposition has, and what comes of them.
func (k summed) headline() string {
	line := k.Disposition.String() + ": " + plural(k.Messages, "message")
	if k.Action != "" {
		line += ", action " + string(k.Action)
	}
	if k.Held > 0 {
		line += ", " + plural(k.Held, "message") + " held for a person"
	}
	if k.Shadow > 0 {
		line += ", " + plural(k.Shadow, "message") + " MALICIOUS by the wide rule"
	}
	return line
}

// showSummary prints, for each disposition, how many messages there are, what would be done with them, and whose they
// are.
func (a *app) showSummary(s *summary) error {
	list := s.list()
	if a.json {
		return a.printJSON(list)
	}
	for _, k := range list {
		if err := a.printf("%s\n", k.headline()); err != nil {
			return err
		}
		for _, from := range k.Authors {
			a.printf("  %6d from %s\n", from.Messages, clip(cmp.Or(from.Author, "nobody"), 60))
		}
		for _, one := range k.Samples {
			a.printf("  sample %s: %q from %s\n", clip(one.Place, 60), clip(one.Subject, 60),
				clip(cmp.Or(one.Author, "nobody"), 60))
		}
	}
	return nil
}

// lookedBack is over how long a preview of actions goes where nothing else is said.
const lookedBack = timeAgo(14 * 24 * time.Hour)

// showActions sums up the messages of the last weeks, so that an administrator sees what an action would take before he
// sets it.
func (c previewCmd) showActions(a *app) error {
	q, err := parseQuery(c.Query)
	if err != nil {
		return err
	}
	search := api.Search{Query: q.String()}
	if q.Since.IsZero() {
		search.Since = cmp.Or(c.Since, lookedBack).since()
	}
	for _, d := range verdict.All() {
		if d != verdict.Clean {
			search.Dispositions = append(search.Dispositions, d)
		}
	}
	sum := &summary{kinds: map[verdict.Disposition]*summed{}}
	for cursor := ""; ; {
		page, err := client.Do(a.ctx, a.client, api.ListRecords,
			api.RecordQuery{Paging: api.Paging{Cursor: cursor, Limit: api.MaxLimit}, Search: search})
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			sum.add(r.Verdict, sampled{r.ID, r.From, r.Subject})
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(sum.kinds) == 0 && !a.json {
		return a.printf("No message but CLEAN ones.\n")
	}
	return a.showSummary(sum)
}
