package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"clawback/journal"
	"clawback/score"
	"clawback/verdict"
)

type scoreCmd struct {
	Files []string `arg:"" name:"file" help:"Messages or journal reports (message/rfc822)."`
	Trust bool     `name:"trust-microsoft" default:"true" negatable:"" help:"Take Exchange's own SCL, BCL and CAT as evidence (default yes)."`
}

// scored is one line of score --json.
type scored struct {
	File string `json:"file"`
	verdict.Verdict
}

func (c scoreCmd) Run(a *app) error {
	s, err := score.New(score.Options{TrustMicrosoft: c.Trust})
	if err != nil {
		return err
	}
	return a.each(c.Files, func(name string) error {
		v, err := scoreFile(a.ctx, s, name)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(scored{name, v})
		}
		a.showVerdict(name, v)
		return nil
	})
}

func (a *app) showVerdict(name string, v verdict.Verdict) {
	fmt.Fprintf(a.out, "%s: %s (score %.0f)\n", name, v.Disposition, v.Score)
	for _, r := range v.Reasons {
		fmt.Fprintf(a.out, "  %+6.1f  %-28s %s\n", r.Weight, r.ID, clip(r.Text, 200))
	}
}

// scoreFile judges a file: the original within it when it is a journal report, else the message itself.
func scoreFile(ctx context.Context, s *score.Scorer, name string) (verdict.Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return verdict.Verdict{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return verdict.Verdict{}, err
	}
	report, err := journal.Parse(f, info.Size())
	if err != nil {
		return verdict.Verdict{}, err
	}
	m := score.Message{Original: f, Size: info.Size(), Received: time.Now()}
	if len(report.Originals) > 0 {
		o := clearCopy(report)
		if o.Encoding != "" {
			return verdict.Verdict{}, fmt.Errorf("the original in it is %s-encoded: score it after \"clawback unwrap\"", o.Encoding)
		}
		m.Original, m.Size = io.NewSectionReader(f, o.Section.Offset, o.Section.Size), o.Section.Size
		m.Sender, m.FirstHand = report.Sender, report.FirstHand
		for _, r := range report.Recipients {
			m.Recipients = append(m.Recipients, r.Address)
		}
	}
	result, err := s.Score(ctx, m)
	return result.Verdict, err
}

func clearCopy(r *journal.Report) journal.Original {
	for _, o := range r.Originals {
		if o.Decrypted {
			return o
		}
	}
	return r.Originals[0]
}
