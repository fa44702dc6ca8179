package main

import (
	"cmp"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
	"clawback/queue"
)

type statusCmd struct{}

func (statusCmd) Run(a *app) error {
	s, err := client.Do(a.ctx, a.client, api.ShowStatus, api.None{})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	return a.showStatus(s)
}

func (a *app) showStatus(s api.Status) error {
	a.printf("clawback %s on %s, started %s, %s\n", s.Version, s.Hostname, ago(s.Started),
		plural(s.Sessions, "session"))
	a.showMemory(s)
	if s.Certificate != nil {
		a.printf("certificate for %s until %s\n", strings.Join(s.Certificate.Names, ", "),
			stamp(s.Certificate.NotAfter))
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
	a.printf("\n")
	if err := a.table(rows); err != nil {
		return err
	}
	for _, t := range s.Tenants {
		a.showTenant(t)
	}
	a.showNotices(s.Notices)
	return nil
}

// showNotices lists what needs a person: whose it is, what is the matter and since when, what to do.
func (a *app) showNotices(list []api.Notice) {
	if len(list) > 0 {
		a.printf("\nNeeds a person:\n")
	}
	for _, n := range list {
		text := n.Text
		if n.TenantID != "" {
			text = cmp.Or(n.Tenant, n.TenantID) + ": " + text
		}
		a.printf("  %s (%s, since %s)\n    %s\n", text, n.Kind, stamp(n.Since), n.Do)
	}
}

// showMemory says what the daemon has in memory, and what of it messages that are arriving hold.
func (a *app) showMemory(s api.Status) {
	m, p := s.Memory, s.Process
	if m.Max == 0 {
		return // a daemon of before
	}
	a.printf("memory: %s, of which heap %s and the store's cache %s; pages of files %s\n",
		humanize.IBytes(uint64(p.Own)),
		humanize.IBytes(uint64(p.Heap)), humanize.IBytes(uint64(p.Cache)), humanize.IBytes(uint64(p.Mapped)))
	a.printf("arriving mail holds %s of %s of memory\n", humanize.IBytes(uint64(m.Held)),
		humanize.IBytes(uint64(m.Max)))
	if m.Spilled > 0 {
		a.printf("  %s went through a file since the start, because that was used up: see smtp.max_memory\n",
			plural(int(m.Spilled), "message"))
	}
}

func countRow(name string, c api.Count) []string {
	oldest := ""
	if c.Count > 0 {
		oldest = ago(c.Oldest)
	}
	return []string{name, strconv.Itoa(c.Count), oldest, humanize.IBytes(uint64(max(c.Bytes, 0)))}
}

func (a *app) showTenant(t api.Tenant) {
	c := t.Counts
	a.printf("\ntenant %s (%s), %s\n", t.Name, t.ID, t.Mode)
	a.printf("  %s processed, last one %s\n", plural(c.Processed, "report"), ago(c.LastReport))
	if !c.ConnectorValidated.IsZero() {
		a.printf("  connector validated %s\n", ago(c.ConnectorValidated))
	}
	if line := tally(c.Dispositions); line != "" {
		a.printf("  messages:    %s\n", line)
	}
	if line := tally(c.Outcomes); line != "" {
		a.printf("  retractions: %s\n", line)
	}
	if c.ByContent > 0 {
		a.printf("  by content:   %d of them without a network message id, on equal content alone: clawback search "+
			"--proof content\n", c.ByContent)
	}
	if line := tally(c.Restores); line != "" {
		a.printf("  restores:    %s\n", line)
	}
	if line := tally(t.Submissions); line != "" {
		a.printf("  submissions: %s\n", line)
	}
	if t.Stuck > 0 {
		a.printf("  stuck:       %s not retracted after many failures, tried again; %s\n", plural(t.Stuck, "message"),
			clip(t.StuckWhy, 400))
	}
	if t.Waiting > 0 {
		a.printf("  waiting:     %s not in the mailbox yet, looked for again from %s\n", plural(t.Waiting, "message"),
			stamp(t.NextLook))
	}
	if t.Paused != "" {
		a.printf("  paused:      %s\n", t.Paused)
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
