package main

import (
	"encoding/json"
	"fmt"
	"io"

	"clawback/api"
	"clawback/intel"
	"clawback/internal/visible"
	"clawback/score/learn"
	"clawback/verdict"
)

type feedbackCmd struct {
	Give     feedbackGiveCmd     `cmd:"" default:"withargs" help:"Say what a message is: feedback ID --is DISPOSITION."`
	List     feedbackListCmd     `cmd:"" help:"List the corrections of a tenant, and what has been learnt of them."`
	Export   feedbackExportCmd   `cmd:"" help:"Write what a tenant's corrections have taught, as JSON."`
	Withdraw feedbackWithdrawCmd `cmd:"" help:"Take corrections back, as if they had never been given."`
	Reset    feedbackResetCmd    `cmd:"" help:"Drop all corrections of a tenant, and what they taught."`
}

type feedbackGiveCmd struct {
	IDs     []string            `arg:"" name:"id" help:"Record ids, Message-IDs or network message ids."`
	Is      verdict.Disposition `required:"" placeholder:"DISPOSITION" help:"MALICIOUS, SUSPICIOUS, SPOOF, SPAM, BULK or CLEAN."`
	Comment string              `help:"Why, for the audit."`
}

func (c feedbackGiveCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		var out api.Corrected
		if err := a.client.Send(a.ctx, recordPath(id)+"/feedback", api.FeedbackOrder{Is: c.Is, Comment: c.Comment}, &out); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(out)
		}
		a.showCorrected(out)
		return nil
	})
}

func (a *app) showCorrected(c api.Corrected) {
	a.printf("%s was %s, and is %s by your word.\n", c.Record, c.Was, c.Is)
	if c.Untold != "" {
		a.printf("The classifier learns nothing of it: %s.\n", c.Untold)
	}
	if c.Pinned {
		a.printf("What was not yet taken is called off, and no automatism touches the message again. What was taken comes back by: clawback restore %s\n", c.Record)
	}
	if c.Is.Flagged() && c.Is > c.Was {
		a.printf("Nothing is taken away by this. To do that: clawback retract %s --to soft_delete\n", c.Record)
	}
	a.printf("%s\n", learning(c.Unwanted, c.Good, c.Ready))
}

// learning says how far the classifier is.
func learning(unwanted, good int, ready bool) string {
	text := fmt.Sprintf("The classifier has learnt of %d unwanted and %d good", unwanted, good)
	if ready {
		return text + " messages, and has its say."
	}
	return text + fmt.Sprintf(" messages; it is silent until it knows %d of each.", learn.MinEach)
}

type feedbackListCmd struct {
	ofTenant
}

func (c feedbackListCmd) Run(a *app) error {
	var list []intel.Lesson
	if err := a.client.Get(a.ctx, "/v1/feedback"+c.query(), &list); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.printf("There are no corrections.\n")
		return nil
	}
	rows := [][]string{{"TIME", "WHO", "RECORD", "WAS", "IS", "LEARNT", "COMMENT"}}
	for _, l := range list {
		learnt := "yes"
		if l.Untold != "" {
			learnt = "no"
		}
		rows = append(rows, []string{stamp(l.At), clip(l.By, 20), l.Record, l.Was.String(), l.Is.String(), learnt, clip(l.Comment, 60)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	var m learn.Model
	if err := a.client.Get(a.ctx, "/v1/feedback/model"+c.query(), &m); err != nil {
		return err
	}
	a.printf("\n%s\n", learning(m.Bad, m.Good, m.Ready()))
	return nil
}

type feedbackExportCmd struct {
	ofTenant
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c feedbackExportCmd) Run(a *app) error {
	var m json.RawMessage
	if err := a.client.Get(a.ctx, "/v1/feedback/model"+c.query(), &m); err != nil {
		return err
	}
	return a.writeNew(c.File, func(w io.Writer) error {
		_, err := fmt.Fprintf(visible.NewWriter(w), "%s\n", m)
		return err
	})
}

type feedbackWithdrawCmd struct {
	ofTenant
	IDs     []string `arg:"" name:"id" help:"Ids as feedback list shows them under RECORD."`
	Comment string   `help:"Why, for the audit."`
}

func (c feedbackWithdrawCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		var l intel.Lesson
		if err := a.client.Send(a.ctx, "/v1/feedback/withdraw", api.FeedbackOrder{Tenant: c.Tenant, Record: id, Comment: c.Comment}, &l); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(l)
		}
		a.printf("%s: %s's word that it is %s is withdrawn; if it was called clean it stays pinned\n", l.Record, clip(l.By, 60), l.Is)
		return nil
	})
}

type feedbackResetCmd struct {
	ofTenant
	Yes     bool   `required:"" help:"It cannot be undone."`
	Comment string `help:"Why, for the audit."`
}

func (c feedbackResetCmd) Run(a *app) error {
	var out struct {
		Dropped int `json:"dropped"`
	}
	if err := a.client.Send(a.ctx, "/v1/feedback/reset", api.FeedbackOrder{Tenant: c.Tenant, Comment: c.Comment}, &out); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(out)
	}
	a.printf("%s dropped; messages that were called clean stay pinned\n", plural(out.Dropped, "correction"))
	return nil
}
