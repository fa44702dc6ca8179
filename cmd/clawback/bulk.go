package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
	"clawback/verdict"
)

// choice says which messages a command is about: ids, or a search.
type choice struct {
	IDs         []string `arg:"" optional:"" name:"id" help:"Record ids, Message-IDs or network message ids; or use the search flags."`
	Query       string   `help:"${query}"`
	Sender      string   `help:"Search: envelope sender or header From contains this."`
	Recipient   string   `help:"Search: a recipient's address contains this."`
	Subject     string   `help:"Search: the subject contains this."`
	Disposition string   `help:"Search: MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	Proof       string   `enum:",network_id,content,person" default:"" help:"Search: of which a message was moved by this proof."`
	Since       timeAgo  `help:"Search: not older than this, such as 2d or 12h."`
	Tenant      string   `help:"Search: name or GUID of one tenant."`
	IDsFrom     string   `name:"ids-from" type:"path" placeholder:"FILE" help:"A bulk job over the ids in this file, one a line; - is standard input."`
	Yes         bool     `short:"y" help:"Do not ask after the preview of a small bulk job."`
	Detach      bool     `help:"Do not wait for a bulk job to end."`
}

func (c choice) searching() bool {
	return c.Query != "" || c.Sender != "" || c.Recipient != "" || c.Subject != "" || c.Disposition != "" ||
		c.Proof != "" || c.Since != 0
}

// bulk reports whether a job is made of it.
func (c choice) bulk() bool { return c.searching() || c.IDsFrom != "" }

// check refuses what is neither or both.
func (c choice) check() error {
	if c.bulk() == (len(c.IDs) > 0) || c.searching() && c.IDsFrom != "" {
		return usage("name ids, or a file of them with --ids-from, or search with --query, --sender, --recipient, " +
			"--subject, --disposition, --proof or --since; not both")
	}
	if c.Query != "" && (c.Sender+c.Recipient+c.Subject+c.Disposition+c.Proof+c.Tenant != "" || c.Since != 0) {
		return usage("search with --query or with the other flags, not with both")
	}
	return nil
}

func (c choice) search() (*api.Search, error) {
	if c.Query != "" {
		q, err := parseQuery(c.Query)
		if err != nil {
			return nil, err
		}
		if q.Empty() {
			return nil, usage("query %q looks for nothing in particular: name a sender, recipient, subject, "+
				"disposition or time", c.Query)
		}
		return &api.Search{Query: q.String()}, nil
	}
	f := &api.Search{Tenant: c.Tenant, Sender: c.Sender, Recipient: c.Recipient, Subject: c.Subject,
		Proof: store.Proof(c.Proof)}
	f.Since = c.Since.since()
	if c.Disposition != "" {
		d, err := verdict.Parse(c.Disposition)
		if err != nil {
			return nil, usage("--disposition: %v", err)
		}
		f.Dispositions = []verdict.Disposition{d}
	}
	return f, nil
}

// bulk previews a job over a search, asks, starts it, and waits for its end. number is that of the messages, where the
// command line knows it.
func (a *app) bulk(c choice, o api.JobOrder, number confirmation) error {
	var err error
	if c.IDsFrom != "" {
		o.Tenant = c.Tenant
		o.Records, err = a.idsFrom(c.IDsFrom)
	} else {
		o.Search, err = c.search()
	}
	if err != nil {
		return err
	}
	p, err := client.Do(a.ctx, a.client, api.PreviewJob, o)
	if err != nil {
		return err
	}
	if p.Records == 0 {
		a.showCut(p.Cut, "", 0)
		return &api.Error{Code: api.NotFound, Detail: "no message fits"}
	}
	a.showPreview(p)
	if err := a.confirmJob(c.Yes, p, number); err != nil {
		return err
	}
	o.AsOf, o.Confirmed = p.AsOf, p.Records
	job, err := client.Do(a.ctx, a.client, api.StartJob, o)
	if err != nil {
		return err
	}
	a.warnf("job %s started\n", job.ID)
	if c.Detach {
		return a.showJob(job.ID)
	}
	return a.follow(job.ID)
}

// mostIDs bounds the ids of a job, as a request has them, in bytes: the request has little besides.
const mostIDs = 16<<20 - 64<<10

// idsFrom reads a file of ids, one a line. Empty lines, and what follows a blank, are left out: the output of search
// fits.
func (a *app) idsFrom(file string) ([]string, error) {
	in, err := a.open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var ids []string
	size := 0
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] == "ID" {
			continue
		}
		if size += len(words[0]) + len(`"",`); size > mostIDs {
			return nil, fmt.Errorf("%s holds more than %s of ids, which is more than one job may begin with: nothing "+
				"was done; split it", file, humanize.IBytes(mostIDs))
		}
		ids = append(ids, words[0])
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read ids of %s: %w", file, err)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s holds no ids", file)
	}
	return ids, nil
}

func (a *app) showPreview(p api.JobPreview) {
	counts := fmt.Sprintf("%s, %s: ", plural(p.Records, "message"), plural(p.Mailboxes, "mailbox")) + tally(p.Outcomes)
	a.warnf("%s\n", strings.TrimSuffix(counts, ": "))
	if p.Unknown > 0 {
		a.warnf("%d of the ids are no message here, or of a tenant that is not configured\n", p.Unknown)
	}
	if p.Unchanged > 0 {
		a.warnf("%s already as asked for\n", isAre(p.Unchanged, "mailbox"))
	}
	if len(p.Dispositions) > 0 {
		a.warnf("by verdict: %s\n", tally(p.Dispositions))
	}
	if n := p.Dispositions[verdict.Clean.String()]; n > 0 {
		a.warnf("%s CLEAN: is that good mail meant too?\n", isAre(n, "message"))
		a.showSamples(p.Clean)
		if len(p.Samples) > 0 {
			a.warnf("the others:\n")
		}
	}
	a.showSamples(p.Samples)
	a.showCut(p.Cut, "", p.Records)
}

func (a *app) showSamples(list []api.JobSample) {
	for _, s := range list {
		a.warnf("  %s  %s  %-10s %-40s %s  %s\n", s.Record, stamp(s.Received), s.Disposition, clip(s.Sender, 40),
			plural(s.Mailboxes, "recipient"), clip(s.Subject, 60))
	}
}

func isAre(n int, one string) string {
	if n == 1 {
		return "1 " + one + " is"
	}
	return plural(n, one) + " are"
}

// errNothing is the outcome of a No.
var errNothing = errors.New("nothing was done")

// confirmation is the number of things that a command line is for, and the flag by which it is given.
type confirmation struct {
	flag   string
	number int // 0: not given
}

// confirmJob asks whether a job is to start. A large one, and one that cannot be undone, wants the number of messages,
// from a person or by a flag: -y alone does not start it.
func (a *app) confirmJob(yes bool, p api.JobPreview, given confirmation) error {
	if p.Confirm == "" && given.number == 0 {
		if yes || a.confirmed() {
			return nil
		}
		return errNothing
	}
	return a.confirmNumber(p.Records, "message", cmp.Or(p.Confirm, "a number is given"), given)
}

// confirmNumber wants a number of things, from a person or by a flag: one that is smaller is a No.
func (a *app) confirmNumber(n int, what, why string, given confirmation) error {
	switch {
	case given.number >= n:
		return nil
	case given.number > 0:
		return fmt.Errorf("%s %d, and it is about %s: nothing was done", given.flag, given.number, plural(n, what))
	case !isTerminal(a.in):
		a.warnf("%s: look at it, then use %s %d to go on without being asked; -y is not enough\n", why, given.flag, n)
		return errNothing
	}
	a.warnf("%s. Type the number of %s to go on: ", why, strings.TrimPrefix(plural(2, what), "2 "))
	line, err := a.readLine()
	if typed, wrong := strconv.Atoi(strings.TrimSpace(line)); err != nil || wrong != nil || typed != n {
		return errNothing
	}
	return nil
}

func (a *app) confirmed() bool {
	if !isTerminal(a.in) {
		a.warnf("not a terminal: use --yes to go on without being asked\n")
		return false
	}
	a.warnf("Go on? [y/N] ")
	line, err := a.readLine()
	return err == nil && strings.EqualFold(strings.TrimSpace(line), "y")
}

// follow shows a job's progress until it ends. Ctrl-C leaves the job running.
func (a *app) follow(id string) error {
	j, err := client.Do(a.ctx, a.client, api.ShowJob, api.ItemRef{ID: id})
	if err != nil {
		return err
	}
	var bar *mpb.Bar
	if isTerminal(a.errOut) {
		progress := mpb.New(mpb.WithOutput(a.rawErr), mpb.WithWidth(40))
		_, total := mailboxesDone(j)
		bar = progress.AddBar(total,
			mpb.PrependDecorators(decor.Name(id+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.AverageSpeed(0, "%.0f/s"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
		defer progress.Wait()
		defer bar.Abort(false)
	}
	for {
		if bar != nil {
			done, total := mailboxesDone(j)
			bar.SetTotal(total, false)
			bar.SetCurrent(done)
		}
		if j.State.Final() || onlyAbsent(j) {
			break
		}
		select {
		case <-a.ctx.Done():
			a.warnf("job %s goes on: clawback job show %s\n", id, id)
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		if j, err = client.Do(a.ctx, a.client, api.ShowJob, api.ItemRef{ID: id}); err != nil {
			return err
		}
	}
	if onlyAbsent(j) {
		a.warnf("job %s goes on by itself: what is left is not in its mailbox yet, and looked for again later\n", id)
	}
	if err := a.showJob(id); err != nil {
		return err
	}
	return ended(j)
}

// mailboxesDone is how many mailboxes a job has dealt with, and of how many as far as is known. One message may have a
// thousand; until they are counted each message stands for one, so that the bar does not fill and empty again.
func mailboxesDone(j api.Job) (done, total int64) {
	c := j.Counters
	return int64(c.Mailboxes - c.Outcomes[store.Pending]), int64(max(c.Mailboxes, j.Found, 1))
}

// ended is how the program ends after a job: what was refused, failed or is held was not done.
func ended(j api.Job) error {
	left := j.Counters.Refused
	for _, o := range []store.Outcome{store.Failed, store.Mismatch, store.Held} {
		left += j.Counters.Outcomes[o]
	}
	switch {
	case j.State == store.JobFailed || j.State == store.JobCancelled && j.Counters.Ordered == 0:
		return errQuiet
	case j.State == store.JobCancelled || left > 0:
		return errPartly
	}
	return nil
}

// onlyAbsent reports whether all that a job waits for are messages that are not in their mailboxes yet.
func onlyAbsent(j api.Job) bool {
	c := j.Counters
	return j.State == store.JobProcessing && c.Waiting == 0 && c.Absent > 0 && c.Absent == c.Outcomes[store.Pending]
}

func (a *app) showJob(id string) error {
	j, err := client.Do(a.ctx, a.client, api.ShowJob, api.ItemRef{ID: id})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(j)
	}
	rows := [][]string{
		{"job", j.ID}, {"state", string(j.State)}, {"error", clip(j.Error, 300)}, {"asked by", clip(j.Who, 40)},
		{"comment", clip(j.Comment, 200)},
		{"action", j.Action}, {"messages", fmt.Sprintf("%d: %d waiting, %d planned, %d refused", j.Counters.Records,
			j.Counters.Waiting, j.Counters.Ordered, j.Counters.Refused)},
		{"mailboxes", strings.TrimSuffix(fmt.Sprint(j.Counters.Mailboxes, ": ", tally(j.Counters.Outcomes)), ": ")},
		{"not there yet", strconv.Itoa(j.Counters.Absent)}, {"created", stamp(j.Created)},
	}
	return a.table(rows)
}

type jobCmd struct {
	List   jobListCmd   `cmd:"" help:"List bulk jobs."`
	Show   jobShowCmd   `cmd:"" help:"Show one, with its counters."`
	Follow jobFollowCmd `cmd:"" help:"Show a job's progress until it ends."`
	Pause  jobPauseCmd  `cmd:"" help:"Begin nothing more of a job until it is resumed."`
	Resume jobResumeCmd `cmd:"" help:"Let a paused job go on."`
	Cancel jobCancelCmd `cmd:"" help:"End a job: what waits is called off, what is done stays done."`
}

type jobListCmd struct {
	paging
}

func (c jobListCmd) Run(a *app) error {
	jobs, err := list(a, api.ListJobs, c.paging, func(p api.Paging) api.JobQuery { return api.JobQuery{Paging: p} })
	if err != nil {
		return err
	}
	return show(a, jobs, "There are no bulk jobs.",
		[]string{"ID", "STATE", "ACTION", "MESSAGES", "MAILBOXES", "CREATED", "BY", "COMMENT"},
		func(j api.Job) []string {
			return []string{j.ID, string(j.State), j.Action, strconv.Itoa(j.Counters.Records),
				tally(j.Counters.Outcomes),
				ago(j.Created), clip(j.Who, 20), clip(j.Comment, 40)}
		})
}

// ofJob names a job.
type ofJob struct {
	ID string `arg:"" help:"Id of the job."`
}

type jobShowCmd struct{ ofJob }

func (c jobShowCmd) Run(a *app) error { return a.showJob(c.ID) }

type jobFollowCmd struct{ ofJob }

func (c jobFollowCmd) Run(a *app) error { return a.follow(c.ID) }

// jobChange is an order about a job.
type jobChange struct {
	ofJob
	Comment string `help:"Why, for the audit."`
}

func (c jobChange) change(a *app, op api.Op[api.ItemOrder, api.Job], done string) error {
	return change(a, op, api.ItemOrder{ID: c.ID, Comment: c.Comment},
		fmt.Sprintf("Job %s %s: clawback job show %s", c.ID, done, c.ID))
}

// change carries out an order about a job or a rescan, and prints what came of it: done, or as JSON what it is now.
func change[T any](a *app, op api.Op[api.ItemOrder, T], o api.ItemOrder, done string) error {
	now, err := client.Do(a.ctx, a.client, op, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(now)
	}
	a.printf("%s\n", done)
	return nil
}

type jobPauseCmd struct{ jobChange }

func (c jobPauseCmd) Run(a *app) error {
	return c.change(a, api.PauseJob, "is paused, and nothing more of it is begun until clawback job resume")
}

type jobResumeCmd struct{ jobChange }

func (c jobResumeCmd) Run(a *app) error { return c.change(a, api.ResumeJob, "goes on") }

type jobCancelCmd struct{ jobChange }

func (c jobCancelCmd) Run(a *app) error {
	return c.change(a, api.CancelJob, "is cancelled. What waits is being called off, what is done stays done")
}
