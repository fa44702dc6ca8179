package main

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/queue"
)

type statusCmd struct{}

func (statusCmd) Run(a *app) error {
	var s api.Status
	if err := a.client.Get(a.ctx, "/v1/status", &s); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	return a.showStatus(s)
}

func (a *app) showStatus(s api.Status) error {
	fmt.Fprintf(a.out, "clawback %s on %s, started %s, %s\n", s.Version, s.Hostname, ago(s.Started), plural(s.Sessions, "session"))
	a.showMemory(s.Memory)
	if s.Certificate != nil {
		fmt.Fprintf(a.out, "certificate for %s until %s\n", strings.Join(s.Certificate.Names, ", "), stamp(s.Certificate.NotAfter))
	}
	a.showRDAP(s.RDAP)
	rows := [][]string{{"", "COUNT", "OLDEST", "SIZE"}}
	for _, state := range []queue.State{queue.Ready, queue.Working, queue.Deferred, queue.Suspect, queue.Quarantined} {
		if state == queue.Suspect && s.Queue.Items[state].Count == 0 {
			continue // as nearly always
		}
		rows = append(rows, countRow("queue "+string(state), s.Queue.Items[state]))
	}
	for _, state := range []queue.BounceState{queue.BounceWaiting, queue.BounceStuck} {
		rows = append(rows, countRow("bounces "+string(state), s.Queue.Bounces[state]))
	}
	fmt.Fprintln(a.out)
	if err := a.table(rows); err != nil {
		return err
	}
	for _, t := range s.Tenants {
		a.showTenant(t)
	}
	if len(s.Problems) > 0 {
		fmt.Fprintln(a.out, "\nNeeds a person:")
	}
	for _, p := range s.Problems {
		fmt.Fprintln(a.out, "  "+p)
	}
	return nil
}

// showMemory says what messages that are arriving hold.
func (a *app) showMemory(m api.Memory) {
	if m.Max == 0 {
		return // a daemon of before
	}
	fmt.Fprintf(a.out, "arriving mail holds %s of %s of memory\n", humanize.IBytes(uint64(m.Held)), humanize.IBytes(uint64(m.Max)))
	if m.Spilled > 0 {
		fmt.Fprintf(a.out, "  %s went through a file since the start, because that was used up: see smtp.max_memory\n",
			plural(int(m.Spilled), "message"))
	}
}

func countRow(name string, c queue.Count) []string {
	oldest := ""
	if c.Count > 0 {
		oldest = ago(c.Oldest)
	}
	return []string{name, strconv.Itoa(c.Count), oldest, humanize.IBytes(uint64(max(c.Bytes, 0)))}
}

func (a *app) showTenant(t api.Tenant) {
	c := t.Counts
	fmt.Fprintf(a.out, "\ntenant %s (%s), %s\n", t.Name, t.ID, t.Mode)
	fmt.Fprintf(a.out, "  %s processed, last one %s\n", plural(c.Processed, "report"), ago(c.LastReport))
	if !c.ConnectorValidated.IsZero() {
		fmt.Fprintf(a.out, "  connector validated %s\n", ago(c.ConnectorValidated))
	}
	if line := tally(c.Dispositions); line != "" {
		fmt.Fprintln(a.out, "  messages:   ", line)
	}
	if line := tally(c.Outcomes); line != "" {
		fmt.Fprintln(a.out, "  retractions:", line)
	}
	if c.ByContent > 0 {
		fmt.Fprintf(a.out, "  by content:   %d of them without a network message id, on equal content alone: clawback search --proof content\n", c.ByContent)
	}
	if line := tally(c.Restores); line != "" {
		fmt.Fprintln(a.out, "  restores:   ", line)
	}
	if line := tally(t.Submissions); line != "" {
		fmt.Fprintln(a.out, "  submissions:", line)
	}
	if t.Stuck > 0 {
		fmt.Fprintf(a.out, "  stuck:       %s not retracted after many failures, tried again; %s\n", plural(t.Stuck, "message"), clip(t.StuckWhy, 400))
	}
	if t.Waiting > 0 {
		fmt.Fprintf(a.out, "  waiting:     %s not in the mailbox yet, looked for again from %s\n", plural(t.Waiting, "message"), stamp(t.NextLook))
	}
	if t.Paused != "" {
		fmt.Fprintln(a.out, "  paused:     ", t.Paused)
	}
}

// tally writes counts by name, such as "3 CLEAN, 1 SPAM".
func tally[K comparable](counts map[K]int) string {
	var parts []string
	for key, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, key))
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
