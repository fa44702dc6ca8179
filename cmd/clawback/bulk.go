package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"clawback/api"
	"clawback/config"
	"clawback/retract/job"
	"clawback/store"
	"clawback/verdict"
)

// choice says which messages a command is about: ids, or a search.
type choice struct {
	IDs         []string      `arg:"" optional:"" name:"id" help:"Record ids, Message-IDs or network message ids; or use the search flags."`
	Query       string        `help:"${query}"`
	Sender      string        `help:"Search: envelope sender or header From contains this."`
	Recipient   string        `help:"Search: a recipient's address contains this."`
	Subject     string        `help:"Search: the subject contains this."`
	Disposition string        `help:"Search: MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	Proof       string        `enum:",network_id,content,person" default:"" help:"Search: of which a message was moved by this proof."`
	Since       time.Duration `help:"Search: not older than this, such as 48h."`
	Tenant      string        `help:"Search: GUID of one tenant."`
	IDsFrom     string        `name:"ids-from" type:"path" placeholder:"FILE" help:"A bulk job over the ids in this file, one a line; - is standard input."`
	Yes         bool          `short:"y" help:"Do not ask after the preview of a bulk job."`
	Detach      bool          `help:"Do not wait for a bulk job to end."`
}

func (c choice) searching() bool {
	return c.Query != "" || c.Sender != "" || c.Recipient != "" || c.Subject != "" || c.Disposition != "" || c.Proof != "" || c.Since != 0
}

// bulk reports whether a job is made of it.
func (c choice) bulk() bool { return c.searching() || c.IDsFrom != "" }

// check refuses what is neither or both.
func (c choice) check() error {
	if c.bulk() == (len(c.IDs) > 0) || c.searching() && c.IDsFrom != "" {
		return errors.New("name ids, or a file of them with --ids-from, or search with --query, --sender, --recipient, --subject, --disposition, --proof or --since; not both")
	}
	if c.Query != "" && (c.Sender+c.Recipient+c.Subject+c.Disposition+c.Proof+c.Tenant != "" || c.Since != 0) {
		return errors.New("search with --query or with the other flags, not with both")
	}
	return nil
}

func (c choice) filter() (*store.RecordFilter, error) {
	if c.Query != "" {
		return parseQuery(c.Query, time.Now())
	}
	f := &store.RecordFilter{Tenant: c.Tenant, Sender: c.Sender, Recipient: c.Recipient, Subject: c.Subject, Proof: store.Proof(c.Proof)}
	if c.Since != 0 {
		f.Since = time.Now().Add(-c.Since).UTC()
	}
	if c.Disposition != "" {
		d, err := verdict.Parse(c.Disposition)
		if err != nil {
			return nil, err
		}
		f.Dispositions = []verdict.Disposition{d}
	}
	return f, nil
}

// bulk previews a job over a search, asks, starts it, and waits for its end.
func (a *app) bulk(c choice, spec job.Spec) error {
	var err error
	if c.IDsFrom != "" {
		spec.Records, err = a.idsFrom(c.IDsFrom)
	} else {
		spec.Filter, err = c.filter()
	}
	if err != nil {
		return err
	}
	var p job.Preview
	if err := a.client.Send(a.ctx, "/v1/jobs/preview", spec, &p); err != nil {
		return err
	}
	if p.Records == 0 {
		return errors.New("no message fits")
	}
	a.showPreview(p)
	if !c.Yes && !a.confirmed() {
		return errors.New("nothing was done")
	}
	var started store.Job
	if err := a.client.Send(a.ctx, "/v1/jobs", spec, &started); err != nil {
		return err
	}
	a.warnf("job %s started\n", started.ID)
	if c.Detach {
		return a.showJob(started.ID)
	}
	return a.follow(started.ID)
}

// idsFrom reads a file of ids, one a line. Empty lines, and what follows a blank, are left out: the output of search fits.
func (a *app) idsFrom(file string) ([]string, error) {
	in, err := a.open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("read ids: %w", err)
	}
	var ids []string
	for line := range strings.Lines(string(raw)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "ID" {
			ids = append(ids, words[0])
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s holds no ids", file)
	}
	return ids, nil
}

func (a *app) showPreview(p job.Preview) {
	a.warnf("%s, %s: %s\n", plural(p.Records, "message"), plural(p.Mailboxes, "mailbox"), tally(p.Outcomes))
	if p.Unknown > 0 {
		a.warnf("%d of the ids are no message here, or of a tenant that is not configured\n", p.Unknown)
	}
	if p.Unchanged > 0 {
		a.warnf("%d stand already as asked for\n", p.Unchanged)
	}
	for _, s := range p.Samples {
		a.warnf("  %s  %s  %-10s %-40s %s\n", s.Record, stamp(s.Received), s.Disposition, clip(s.Sender, 40), plural(s.Mailboxes, "recipient"))
	}
	if p.Bounded {
		a.warnf("the search was cut off at its bound: there may be more\n")
	}
}

func (a *app) confirmed() bool {
	if !isTerminal(a.in) {
		a.warnf("not a terminal: use --yes to go on without being asked\n")
		return false
	}
	a.warnf("Go on? [y/N] ")
	line, err := a.answer()
	return err == nil && strings.EqualFold(strings.TrimSpace(line), "y")
}

// follow shows a job's progress until it ends. Ctrl-C leaves the job running.
func (a *app) follow(id string) error {
	var j api.Job
	if err := a.client.Get(a.ctx, "/v1/jobs/"+url.PathEscape(id), &j); err != nil {
		return err
	}
	var bar *mpb.Bar
	if isTerminal(a.errOut) {
		progress := mpb.New(mpb.WithOutput(a.rawErr), mpb.WithWidth(40))
		bar = progress.AddBar(int64(max(j.Found, 1)), mpb.PrependDecorators(decor.Name(id+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.AverageSpeed(0, "%.0f/s"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
		defer progress.Wait()
		defer bar.Abort(false)
	}
	for !j.State.Final() && !onlyAbsent(j) {
		select {
		case <-a.ctx.Done():
			a.warnf("job %s goes on: clawback job show %s\n", id, id)
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		if err := a.client.Get(a.ctx, "/v1/jobs/"+url.PathEscape(id), &j); err != nil {
			return err
		}
		if bar != nil {
			bar.SetTotal(int64(max(j.Counters.Mailboxes, 1)), false)
			bar.SetCurrent(int64(j.Counters.Mailboxes - j.Counters.Outcomes[store.Pending]))
		}
	}
	if onlyAbsent(j) {
		a.warnf("job %s goes on by itself: what is left is not in its mailbox yet, and looked for again later\n", id)
	}
	return a.showJob(id)
}

// onlyAbsent reports whether all that a job waits for are messages that are not in their mailboxes yet.
func onlyAbsent(j api.Job) bool {
	c := j.Counters
	return j.State == store.JobProcessing && c.Waiting == 0 && c.Absent > 0 && c.Absent == c.Outcomes[store.Pending]
}

func (a *app) showJob(id string) error {
	var j api.Job
	if err := a.client.Get(a.ctx, "/v1/jobs/"+url.PathEscape(id), &j); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(j)
	}
	rows := [][]string{
		{"job", j.ID}, {"state", string(j.State)}, {"error", clip(j.Error, 300)}, {"asked by", clip(j.Who, 40)}, {"comment", clip(j.Comment, 200)},
		{"action", jobAction(j.Job)}, {"messages", fmt.Sprintf("%d: %d waiting, %d ordered, %d refused", j.Counters.Records, j.Counters.Waiting, j.Counters.Ordered, j.Counters.Refused)},
		{"mailboxes", fmt.Sprintf("%d: %s", j.Counters.Mailboxes, tally(j.Counters.Outcomes))},
		{"not there yet", strconv.Itoa(j.Counters.Absent)}, {"created", stamp(j.Created)},
	}
	return a.table(rows)
}

func jobAction(s store.Job) string {
	if s.Restore {
		return "restore"
	}
	return s.Action
}

type jobCmd struct {
	List   jobListCmd   `cmd:"" help:"List bulk jobs."`
	Show   jobShowCmd   `cmd:"" help:"Show one, with its counters."`
	Follow jobFollowCmd `cmd:"" help:"Show a job's progress until it ends."`
	Cancel jobCancelCmd `cmd:"" help:"End a job: what waits is called off, what is done stays done."`
}

type jobListCmd struct{}

func (jobListCmd) Run(a *app) error {
	var list []api.Job
	if err := a.client.Get(a.ctx, "/v1/jobs", &list); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list)
	}
	rows := [][]string{{"ID", "STATE", "ACTION", "MESSAGES", "MAILBOXES", "CREATED", "BY", "COMMENT"}}
	for _, j := range list {
		rows = append(rows, []string{j.ID, string(j.State), jobAction(j.Job), strconv.Itoa(j.Counters.Records), tally(j.Counters.Outcomes),
			ago(j.Created), clip(j.Who, 20), clip(j.Comment, 40)})
	}
	return a.table(rows)
}

type jobShowCmd struct {
	ID string `arg:"" help:"Id of the job."`
}

func (c jobShowCmd) Run(a *app) error { return a.showJob(c.ID) }

type jobFollowCmd struct {
	ID string `arg:"" help:"Id of the job."`
}

func (c jobFollowCmd) Run(a *app) error { return a.follow(c.ID) }

type jobCancelCmd struct {
	ID      string `arg:"" help:"Id of the job."`
	Comment string `help:"Why, for the audit."`
}

func (c jobCancelCmd) Run(a *app) error {
	if err := a.client.Post(a.ctx, "/v1/jobs/"+url.PathEscape(c.ID)+"/cancel", api.Order{Comment: c.Comment}, nil); err != nil {
		return err
	}
	return a.showJob(c.ID)
}

type previewCmd struct {
	Limit int `default:"1000" help:"At most so many."`
}

// Run shows what a tenant in dry-run would have had done.
func (c previewCmd) Run(a *app) error {
	var list []store.Intent
	if err := a.client.Get(a.ctx, "/v1/rehearsed?limit="+strconv.Itoa(c.Limit), &list); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.printf("Nothing would have been done.\n")
		return nil
	}
	a.printf("%s\n", rehearsed(list))
	rows := [][]string{{"WHEN", "RECORD", "MAILBOX", "WHAT"}}
	for _, in := range list {
		rows = append(rows, []string{stamp(in.Changed), in.Record, clip(in.Address, 40), clip(strings.TrimPrefix(in.Reason, "dry-run: "), 100)})
	}
	return a.table(rows)
}

// rehearsed sums up what would have been done.
func rehearsed(list []store.Intent) string {
	records, would := map[string]bool{}, map[string]int{}
	for _, in := range list {
		records[in.Record] = true
		what := in.Action
		if in.Code == store.CodeWouldHold {
			what = "held"
		}
		would[what]++
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(would)) {
		parts = append(parts, fmt.Sprintf("%d %s", would[what], what))
	}
	return fmt.Sprintf("%s in %s: %s", plural(len(records), "message"), plural(len(list), "mailbox"), strings.Join(parts, ", "))
}

// retractJob is a job to retract.
func retractJob(to, comment string) job.Spec {
	return job.Spec{Action: config.Action(to), Comment: comment}
}
