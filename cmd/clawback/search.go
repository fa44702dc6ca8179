package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/visible"
	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// queryHelp is how a search is written.
const queryHelp = `Search in one line, all words must fit: from:evil.example to:finance@ subject:"invoice due" ` +
	`link:HOST-OR-URL hash:SHA256 file:*.iso ip:ADDRESS id:ID disposition:malicious outcome:done reason:SIGNAL ` +
	`proof:content is:pinned since:2d until:2026-11-01 tenant:NAME; -name:value for what must not fit, quotes around ` +
	`blanks, * for any text; words without a name are looked for in the subject.`

type searchCmd struct {
	Query       []string `arg:"" optional:"" help:"${query}"`
	Tenant      string   `help:"Name or GUID of one tenant."`
	Sender      string   `help:"Envelope sender or header From contains this; from: is faster."`
	Recipient   string   `help:"A recipient's address contains this; to: is faster."`
	Subject     string   `help:"The subject contains this; subject: is faster."`
	Disposition string   `help:"MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	Since       timeAgo  `default:"30d" help:"Not older than this (default 30 days), unless the query says since when."`
	Proof       string   `enum:",network_id,content,person" default:"" help:"Of which a message was moved by this proof: network_id, content or person."`
	Count       bool     `help:"Say how many fit, and list none."`
	CSV         bool     `name:"csv" help:"Answer in CSV."`
	paging
}

// timeAgo is how long ago, such as 2d or 12h.
type timeAgo time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *timeAgo) UnmarshalText(text []byte) error {
	parsed, err := query.Duration(string(text))
	*d = timeAgo(parsed)
	return err
}

// since is the time so long ago; zero for no age.
func (d timeAgo) since() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(d)).UTC().Truncate(time.Second)
}

func (c searchCmd) Run(a *app) error {
	search, err := c.search()
	if err != nil {
		return err
	}
	if c.Count {
		return a.count(search)
	}
	if c.CSV && a.json {
		return usage("--csv and --json: choose one")
	}
	found, err := list(a, api.ListRecords, c.paging,
		func(p api.Paging) api.RecordQuery { return api.RecordQuery{Paging: p, Search: search} })
	if err != nil {
		return err
	}
	if c.CSV {
		return a.recordsCSV(found)
	}
	return show(a, found, "No message fits.",
		[]string{"ID", "RECEIVED", "DISPOSITION", "FROM", "RECIPIENTS", "SUBJECT"},
		func(r api.Record) []string {
			return []string{r.ID, stamp(r.Received), r.Verdict.Disposition.String(), clip(r.From, 40),
				strconv.Itoa(len(r.Recipients)),
				clip(r.Subject, 60)}
		})
}

func (c searchCmd) search() (api.Search, error) {
	search := api.Search{Tenant: c.Tenant, Sender: c.Sender, Recipient: c.Recipient, Subject: c.Subject,
		Proof: store.Proof(c.Proof)}
	q, err := parseQuery(queryText(c.Query))
	if err != nil {
		return search, err
	}
	if search.Query = q.String(); q.Since.IsZero() {
		search.Since = c.Since.since()
	}
	if c.Disposition != "" {
		d, err := verdict.Parse(c.Disposition)
		if err != nil {
			return search, usage("--disposition: %v", err)
		}
		search.Dispositions = []verdict.Disposition{d}
	}
	return search, nil
}

// parseQuery reads a search of one line. What is wrong with it is marked below the word.
func parseQuery(text string) (query.Query, error) {
	q, err := query.Parse(text, time.Now())
	bad := new(query.Error)
	switch {
	case err == nil:
		return q, nil
	case errors.As(err, &bad) && bad.Point() != "":
		return q, usage("%v\n%s", err, bad.Point())
	}
	return q, usage("%v", err)
}

// queryText is the query that arguments make. A shell has taken the quotes away: an argument with blanks in it is one
// word, unless it is a query of several words itself.
func queryText(args []string) string {
	var words []string
	for _, arg := range args {
		fields := strings.Fields(arg)
		several := len(fields) > 1 && slices.ContainsFunc(fields[1:], isTerm)
		if len(fields) < 2 || several || strings.Contains(arg, `"`) {
			words = append(words, arg)
			continue
		}
		name, value, named := strings.Cut(arg, ":")
		if !named || strings.ContainsAny(name, " \t") {
			words = append(words, strconv.Quote(arg))
			continue
		}
		words = append(words, name+`:"`+value+`"`)
	}
	return strings.Join(words, " ")
}

// isTerm reports whether a word has a name of the language before a colon.
func isTerm(word string) bool {
	name, _, named := strings.Cut(strings.TrimLeft(word, "-!"), ":")
	return named && query.Named(name)
}

// negated is a word of a query that looks like a flag.
var negated = regexp.MustCompile(`^-[a-z0-9_]+:.`)

// withNegations writes the words of queries that begin with - so that they are not taken for flags.
func withNegations(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if out[i] = arg; negated.MatchString(arg) {
			out[i] = "!" + arg[1:]
		}
	}
	return out
}

// count prints how many messages a search finds.
func (a *app) count(search api.Search) error {
	n, err := client.Do(a.ctx, a.client, api.CountRecords, search)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(n)
	}
	a.printf("%d\n", n.Count)
	if n.Cut != "" {
		a.warnf("The count ended at its bound: there are at least so many. Narrow the time, or what is searched for.\n")
	}
	return nil
}

// recordsCSV writes records as CSV.
func (a *app) recordsCSV(page api.Page[api.Record]) error {
	rows := [][]string{{"id", "tenant", "received", "disposition", "score", "sender", "from", "from_name", "recipients",
		"subject", "message_id",
		"network_message_id", "pinned"}}
	for _, r := range page.Items {
		var to []string
		for _, one := range r.Recipients {
			to = append(to, one.Address)
		}
		rows = append(rows, []string{r.ID, r.Tenant, r.Received.UTC().Format(time.RFC3339),
			r.Verdict.Disposition.String(),
			fmt.Sprint(r.Verdict.Score), r.Sender, r.From, r.FromName, strings.Join(to, " "), r.Subject, r.MessageID,
			r.NetworkMessageID, r.Pinned})
	}
	for _, row := range rows {
		if err := visible.Row(a.out, row); err != nil {
			return err
		}
	}
	a.showCut(page.Cut, page.Next, len(page.Items))
	return nil
}

type reindexCmd struct {
	Status bool `help:"Only say how the index stands."`
	Detach bool `help:"Do not wait for its end."`
}

// Run has the index built anew, and shows how far it is.
func (c reindexCmd) Run(a *app) error {
	op := api.Reindex
	if c.Status {
		op = api.ShowIndex
	}
	s, err := client.Do(a.ctx, a.client, op, api.None{})
	if err != nil {
		return err
	}
	for asked := time.Now(); !c.Status && !c.Detach && (s.Building != nil || s.Built.Before(asked)); {
		if s.Building != nil && !a.json {
			a.warnf("%d of about %d messages\n", s.Building.Done, s.Building.Total)
		}
		select {
		case <-a.ctx.Done():
			a.warnf("it goes on: clawback store reindex --status\n")
			return nil
		case <-time.After(500 * time.Millisecond):
		}
		if s, err = client.Do(a.ctx, a.client, api.ShowIndex, api.None{}); err != nil {
			return err
		}
	}
	return a.showIndex(s)
}

func (a *app) showIndex(s api.IndexStatus) error {
	if a.json {
		return a.printJSON(s)
	}
	rows := [][]string{{"built", stamp(s.Built)}, {"days", strconv.Itoa(s.Days)}, {"files", strconv.Itoa(s.Segments)},
		{"bytes", strconv.FormatInt(s.Bytes, 10)}, {"behind", plural(int(s.Behind), "change")}}
	if b := s.Building; b != nil {
		rows = append(rows, []string{"building", fmt.Sprintf("%d of about %d messages; %s", b.Done, b.Total, b.Why)})
	}
	return a.facts(rows)
}
