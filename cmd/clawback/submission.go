package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
	"clawback/verdict"
)

type submissionCmd struct {
	List    submissionListCmd    `cmd:"" help:"List what users reported: what waits for a person first."`
	Show    submissionShowCmd    `cmd:"" help:"Show one, and what is known of the message."`
	Accept  submissionAcceptCmd  `cmd:"" help:"Say what the reported message is. All that is reported of it is settled, and the classifier learns."`
	Dismiss submissionDismissCmd `cmd:"" help:"Make nothing of it."`
	Export  submissionExportCmd  `cmd:"" help:"Write the user's mail, as it arrived, to a file."`
}

type submissionListCmd struct {
	ofTenant
	paging
	All   bool    `help:"Those that are settled too."`
	Since timeAgo `help:"Reported not longer ago than this, such as 2d or 12h."`
}

func (c submissionListCmd) Run(a *app) error {
	reported, err := list(a, api.ListSubmissions, c.paging, func(p api.Paging) api.SubmissionQuery {
		return api.SubmissionQuery{Paging: p, Tenant: c.Tenant, Open: !c.All, Since: c.Since.since()}
	})
	if err != nil {
		return err
	}
	return show(a, reported, "Nothing that users reported waits.",
		[]string{"ID", "TIME", "REPORTER", "CLAIM", "STATE", "IS", "WITH CLAIM", "RECORD", "SUBJECT"},
		func(s api.Submission) []string {
			return []string{s.ID, stamp(s.At), clip(cmp.Or(s.Reporter, "?"), 40), claimed(s), standing(s),
				known(s.Record, s.Judged), known(s.Record, s.Again), cmp.Or(s.Record, "none"), clip(s.Subject, 50)}
		})
}

// claimed is the claim, and how many others say the same or the contrary.
func claimed(s api.Submission) string {
	text := string(s.Claim)
	if s.Same > 0 {
		text += fmt.Sprintf(" +%d", s.Same)
	}
	if s.Contrary > 0 {
		text += fmt.Sprintf(" (%d contradict)", s.Contrary)
	}
	return text
}

func standing(s api.Submission) string {
	if s.Unproven != "" && !s.State.Settled() {
		return "unproven"
	}
	return string(s.State)
}

// known is a disposition, where it is known.
func known(record string, d verdict.Disposition) string {
	if record == "" || d == verdict.Unscored {
		return "-"
	}
	return d.String()
}

type submissionShowCmd struct {
	ID string `arg:"" help:"Id of a submission, or its beginning."`
}

func (c submissionShowCmd) Run(a *app) error {
	s, err := client.Do(a.ctx, a.client, api.ShowSubmission, api.ItemRef{ID: c.ID})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	return a.showSubmission(s)
}

func (a *app) showSubmission(s api.Submission) error {
	rows := [][]string{
		{"submission", s.ID}, {"reporter", clip(s.Reporter, 200)}, {"claim", claimed(s)}, {"sent to", s.Via},
		{"time", stamp(s.At)},
		{"state", standing(s)}, {"from", clip(s.From, 200)}, {"subject", clip(s.Subject, 200)},
		{"message-id", fit(s.MessageID, 200)},
		{"record", strings.TrimSpace(cmp.Or(s.Record, "none is known") + " " + s.Matched)},
	}
	if s.Record != "" {
		rows = append(rows, []string{"was", s.Judged.String()}, []string{"with the claim", known(s.Record, s.Again)},
			[]string{"recipient", map[bool]string{true: "the reporter received it",
				false: "the reporter is not among its recipients"}[s.Recipient]})
	}
	for _, why := range [][]string{{"no effect", s.Unproven}, {"not learned", s.NotLearned},
		{"comment", clip(s.Comment, 200)}} {
		if why[1] != "" {
			rows = append(rows, why)
		}
	}
	if s.State == store.SubmissionAccepted {
		rows = append(rows, []string{"settled", fmt.Sprintf("%s, by %s on %s", s.Is, clip(s.By, 60), stamp(s.Settled))})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if s.Record != "" {
		a.printf("\nThe message: clawback show %s\n", s.Record)
	}
	return nil
}

// showReported says what users say of a message.
func (a *app) showReported(list []api.Submission) {
	if len(list) == 0 {
		return
	}
	a.printf("\nReported by users:\n")
	for _, s := range list {
		a.printf("  %s  %s as %s, %s  (%s)\n", stamp(s.At), clip(cmp.Or(s.Reporter, "?"), 60), s.Claim, standing(s),
			s.ID)
	}
}

type submissionAcceptCmd struct {
	IDs     []string            `arg:"" name:"id" help:"Ids of submissions."`
	Is      verdict.Disposition `required:"" placeholder:"DISPOSITION" help:"MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	To      string              `enum:",junk,trash,soft_delete,hard_delete" default:"" placeholder:"ACTION" help:"Also take the message out of every recipient's mailbox, as retract does: junk, trash, soft_delete or hard_delete."`
	Comment string              `help:"Why, for the audit."`
}

func (c submissionAcceptCmd) Run(a *app) error {
	if c.To != "" && !c.Is.Flagged() {
		return usage("a message that is %s is not taken away: leave --to out", c.Is)
	}
	return a.each(c.IDs, func(id string) error {
		out, err := client.Do(a.ctx, a.client, api.AcceptSubmission,
			api.SubmissionOrder{ID: id, Is: c.Is, Comment: c.Comment})
		if err != nil {
			return err
		}
		switch {
		case a.json && c.To == "":
			return a.printJSON(out)
		case !a.json:
			a.showSettled(out, c.To)
		}
		if c.To == "" {
			return nil
		}
		if out.Submission.Record == "" {
			return fmt.Errorf("nothing can be taken away: no record of the message is known")
		}
		return a.act(api.RetractMessage, api.MessageOrder{Key: out.Submission.Record, Action: c.To, Comment: c.Comment})
	})
}

func (a *app) showSettled(s api.Settled, to string) {
	if s.Submission.Record == "" {
		a.printf("%s is settled: the message is %s. No record of it is known, so that nothing else is done.\n",
			s.Submission.ID, s.Corrected.Is)
		a.printf("%s\n", learning(s.Corrected.Learned))
		return
	}
	if to != "" {
		s.Corrected.Was = s.Corrected.Is // what is done about it follows
	}
	a.showCorrected(s.Corrected)
}

type submissionDismissCmd struct {
	IDs     []string `arg:"" name:"id" help:"Ids of submissions."`
	Comment string   `help:"Why, for the audit."`
}

func (c submissionDismissCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		s, err := client.Do(a.ctx, a.client, api.DismissSubmission, api.SubmissionOrder{ID: id, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(s)
		}
		a.printf("%s is dismissed\n", s.ID)
		return nil
	})
}

type submissionExportCmd struct {
	ID   string `arg:"" help:"Id of a submission."`
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c submissionExportCmd) Run(a *app) error {
	return export(a, api.ExportSubmission, api.ItemRef{ID: c.ID}, c.File)
}

type submitCmd struct {
	ofTenant
	Files   []string            `arg:"" name:"file" help:"Messages or journal reports."`
	Is      verdict.Disposition `required:"" placeholder:"DISPOSITION" help:"MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	Comment string              `help:"Why, for the audit."`
}

func (c submitCmd) Run(a *app) error {
	return a.each(c.Files, func(name string) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		out, err := client.Do(a.ctx, a.client, api.SubmitFile,
			api.Upload{Tenant: c.Tenant, Is: c.Is, Comment: c.Comment, Body: f})
		if err != nil {
			return err
		}
		switch {
		case a.json:
			return a.printJSON(out)
		case !out.Known:
			a.printf("No record of the message is known: %s is learnt as %s, and nothing else is done.\n%s\n",
				out.Record, out.Is,
				learning(out.Learned))
		default:
			a.showCorrected(out)
		}
		return nil
	})
}
