package main

import (
	"encoding/json"
	"fmt"
	"io"

	"clawback/api"
	"clawback/api/client"
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
		out, err := client.Do(a.ctx, a.client, api.GiveCorrection,
			api.CorrectionOrder{Key: id, Is: c.Is, Comment: c.Comment})
		if err != nil {
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
	if c.NotLearned != "" {
		a.printf("The classifier learns nothing of it: %s.\n", c.NotLearned)
	}
	if c.Pinned {
		a.printf("What was not yet taken is called off, and no automatism touches the message again. What was taken "+
			"comes back by: clawback restore %s\n", c.Record)
	}
	if c.Is.Flagged() && c.Is > c.Was {
		a.printf("Nothing is taken away by this. To do that: clawback retract %s --to soft_delete\n", c.Record)
	}
	a.printf("%s\n", learning(c.Learned))
}

// learning says how far the classifier is.
func learning(l api.Learned) string {
	text := fmt.Sprintf("The classifier has learnt of %d unwanted and %d good", l.Unwanted, l.Good)
	if l.Ready {
		return text + " messages, and has its say."
	}
	return text + fmt.Sprintf(" messages; it is silent until it knows %d of each.", learn.MinEach)
}

type feedbackListCmd struct {
	ofTenant
	paging
}

func (c feedbackListCmd) Run(a *app) error {
	corrections, err := list(a, api.ListCorrections, c.paging, c.query)
	if err != nil {
		return err
	}
	err = show(a, corrections, "There are no corrections.",
		[]string{"TIME", "WHO", "RECORD", "WAS", "IS", "LEARNED", "COMMENT"},
		func(l api.Correction) []string {
			learned := "yes"
			if l.NotLearned != "" {
				learned = "no"
			}
			return []string{stamp(l.At), clip(l.By, 20), l.Record, l.Was.String(), l.Is.String(), learned,
				clip(l.Comment, 60)}
		})
	if err != nil || a.json || len(corrections.Items) == 0 {
		return err
	}
	m, err := client.Do(a.ctx, a.client, api.ShowModel, api.TenantRef{Tenant: c.Tenant})
	if err != nil {
		return err
	}
	a.printf("\n%s\n", learning(m.Learned))
	return nil
}

type feedbackExportCmd struct {
	ofTenant
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c feedbackExportCmd) Run(a *app) error {
	m, err := client.Do(a.ctx, a.client, api.ShowModel, api.TenantRef{Tenant: c.Tenant})
	if err != nil {
		return err
	}
	return a.writeNew(c.File, func(w io.Writer) error { return json.NewEncoder(visible.NewWriter(w)).Encode(m) })
}

type feedbackWithdrawCmd struct {
	ofTenant
	IDs     []string `arg:"" name:"id" help:"Ids as feedback list shows them under RECORD."`
	Comment string   `help:"Why, for the audit."`
}

func (c feedbackWithdrawCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		l, err := client.Do(a.ctx, a.client, api.WithdrawCorrection,
			api.CorrectionWithdrawal{Tenant: c.Tenant, Record: id, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(l)
		}
		a.printf("%s: %s's word that it is %s is withdrawn; if it was called clean it stays pinned\n", l.Record,
			clip(l.By, 60), l.Is)
		return nil
	})
}

type feedbackResetCmd struct {
	ofTenant
	Yes     bool   `required:"" help:"It cannot be undone."`
	Comment string `help:"Why, for the audit."`
}

func (c feedbackResetCmd) Run(a *app) error {
	out, err := client.Do(a.ctx, a.client, api.ResetCorrections,
		api.CorrectionReset{Tenant: c.Tenant, Comment: c.Comment})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(out)
	}
	a.printf("%s dropped; messages that were called clean stay pinned\n", plural(out.Dropped, "correction"))
	return nil
}
