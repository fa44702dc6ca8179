package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
	"clawback/queue"
)

type statusCmd struct {
	Watch bool `xor:"how" help:"Show it again every two seconds, until Ctrl-C."`
	Check bool `xor:"how" help:"One line for a monitor and a Nagios exit status: 0 well, 1 warning, 2 critical, 3 unknown."`
}

// watchEvery is how often --watch asks.
const watchEvery = 2 * time.Second

func (c statusCmd) Run(a *app) error {
	switch {
	case c.Check:
		return a.checkStatus()
	case c.Watch:
		return a.watchStatus(watchEvery)
	}
	return a.status()
}

func (a *app) status() error {
	s, err := client.Do(a.ctx, a.client, api.ShowStatus, api.None{})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	return a.showStatus(s)
}

// watchStatus shows the status again and again. A daemon that does not answer, as while it restarts, is shown too.
func (a *app) watchStatus(every time.Duration) error {
	for {
		screen := isTerminal(a.out) && !a.json
		if screen {
			a.clearScreen()
		}
		if !a.json {
			a.printf("%s\n", stamp(time.Now()))
		}
		if err := a.status(); err != nil && a.ctx.Err() == nil {
			if code := api.CodeOf(err); code != api.Unreachable && code != api.Unavailable {
				return err
			}
			a.complain(err)
		}
		select {
		case <-a.ctx.Done():
			return nil
		case <-time.After(every):
		}
		if !screen && !a.json {
			a.printf("\n")
		}
	}
}

// Exit statuses of a Nagios plugin.
const (
	monitorOK exitStatus = iota
	monitorWarning
	monitorCritical
	monitorUnknown
)

var monitorWords = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// checked is what status --check answers in JSON.
type checked struct {
	State   string       `json:"state"` // OK, WARNING, CRITICAL, UNKNOWN
	Text    string       `json:"text"`
	Notices []api.Notice `json:"notices"`
}

// checkStatus says for a monitor whether something needs a person.
func (a *app) checkStatus() error {
	ctx, cancel := context.WithTimeout(a.ctx, 30*time.Second) // a monitor gives up itself, and shows less
	defer cancel()
	s, err := client.Do(ctx, a.client, api.ShowStatus, api.None{})
	state, text := monitored(s, err)
	if a.json {
		err = a.printJSON(checked{monitorWords[state], text, append([]api.Notice{}, s.Notices...)})
	} else {
		a.printf("CLAWBACK %s - %s\n", monitorWords[state], strings.ReplaceAll(text, "|", "/"))
		for _, n := range s.Notices {
			a.printf("%s: %s\n  %s\n", n.Severity, strings.ReplaceAll(troubleOf(n), "|", "/"), n.Do)
		}
	}
	if err != nil && a.json {
		return err
	}
	return state.asError()
}

// monitored is the state and its line. A daemon that does not answer takes no mail.
func monitored(s api.Status, err error) (exitStatus, string) {
	switch {
	case api.CodeOf(err) == api.Unreachable, err != nil && errors.Is(err, context.DeadlineExceeded):
		return monitorCritical, err.Error()
	case err != nil:
		return monitorUnknown, err.Error()
	case len(s.Notices) == 0:
		return monitorOK, fmt.Sprintf("nothing needs a person; %s waiting",
			plural(s.Queue.Items[queue.Ready].Count+s.Queue.Items[queue.Working].Count, "report"))
	}
	state, first := monitorWarning, s.Notices[0]
	for _, n := range s.Notices {
		if n.Severity == api.Critical && state == monitorWarning {
			state, first = monitorCritical, n
		}
	}
	text := troubleOf(first)
	if more := len(s.Notices) - 1; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return state, text
}

func (a *app) showStatus(s api.Status) error {
	a.printf("clawback %s on %s, started %s, %s\n", s.Version, s.Hostname, ago(s.Started),
		plural(s.Sessions, "session"))
	a.showMemory(s)
	if d := s.Disk; d.Total > 0 {
		a.printf("disk: %s has %s of %s free; below %s new mail is put off\n", d.Path,
			humanize.IBytes(uint64(max(d.Free, 0))), humanize.IBytes(uint64(d.Total)),
			humanize.IBytes(uint64(d.MinFree)))
	}
	if s.Certificate != nil {
		a.printf("certificate for %s until %s\n", strings.Join(s.Certificate.Names, ", "),
			stamp(s.Certificate.NotAfter))
		if c := s.Certificate; !c.Retried.IsZero() {
			a.printf("  its renewal fails since %s, and is tried again: %s\n", stamp(c.Retried), c.Problem)
		}
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

// showNotices lists what needs a person, what is urgent first: whose it is, what is the matter and since when, what to
// do.
func (a *app) showNotices(list []api.Notice) {
	if len(list) > 0 {
		a.printf("\nNeeds a person:\n")
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y api.Notice) int { return urgency(x) - urgency(y) })
	for _, n := range list {
		a.printf("  %s\n    %s\n", troubleOf(n), n.Do)
	}
}

func urgency(n api.Notice) int {
	if n.Severity == api.Critical {
		return 0
	}
	return 1
}

// troubleOf is a trouble in one line, with its age.
func troubleOf(n api.Notice) string {
	text := n.Text
	if n.TenantID != "" {
		text = cmp.Or(n.Tenant, n.TenantID) + ": " + text
	}
	kind := n.Kind
	if n.Severity == api.Critical {
		kind += ", " + string(n.Severity)
	}
	return fmt.Sprintf("%s (%s, for %s, since %s)", text, kind, lasting(n.Since, time.Now()), stamp(n.Since))
}

// lasting is how long something has been so.
func lasting(since, now time.Time) string {
	text := strings.TrimSpace(humanize.RelTime(since, now, "", ""))
	if text == "now" {
		return "a moment"
	}
	return text
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
	if t.Late > 0 {
		a.printf("  late:        %s due since %s and not begun\n", plural(t.Late, "retraction"), stamp(t.LateSince))
	}
	a.showRejudge(t.Rejudge)
	if t.Paused != "" {
		a.printf("  paused:      %s\n", t.Paused)
	}
	if !t.CredentialEnds.IsZero() {
		a.printf("  credential for Graph until %s\n", stamp(t.CredentialEnds))
	}
}

// showRejudge says what new rules and knowledge have made of delivered messages; nothing where there were none.
func (a *app) showRejudge(r *api.Rejudge) {
	if r == nil {
		return
	}
	read := 0
	for _, stage := range r.Stages {
		read += stage.Read
	}
	if read > 0 || r.Waiting != "" {
		a.printf("  judged again: %s; verdicts changed by the rules of now: %d\n", plural(read, "original"), r.Changed)
	}
	if r.Waiting != "" {
		a.printf("    waits for a person: %s\n", clip(r.Waiting, 200))
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
