package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"clawback/config"
	"clawback/intel"
	"clawback/internal/visible"
	"clawback/score"
	"clawback/score/attach/confined"
)

type scoreCmd struct {
	judgedBy
	Files   []string `arg:"" name:"file" help:"Messages, journal reports, mailboxes (mbox), folders of those, or - for standard input."`
	Workers int      `help:"Messages judged at once (default: as many as there are cores)."`
	Summary bool     `help:"For each disposition: how many, what the tenant's actions would do, of whom, samples."`
}

// judgedBy says by what files are judged, without a daemon.
type judgedBy struct {
	Config string `short:"c" type:"path" help:"Judge as this configuration does: a tenant's domains, people and policies, and its own rules; and by the policies added to its daemon and what that has learnt, where it runs. Sender history and engines take no part."`
	Tenant string `help:"Name of the tenant; it is only needed when the configuration has several."`
	Trust  bool   `name:"trust-microsoft" default:"true" negatable:"" help:"Take Exchange's own SCL, BCL and CAT as evidence (default yes; with --config as it says)."`
}

// yardstick is a scorer like the daemon's, with what is known of the tenant.
func (c judgedBy) yardstick(a *app) (*yardstick, error) {
	files, err := confined.Open(confined.Options{Program: a.files, Processes: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, err
	}
	y := &yardstick{files: files}
	if err := c.calibrate(a, y); err != nil {
		y.close()
		return nil, err
	}
	return y, nil
}

// calibrate makes the scorer, and finds out what is known of the tenant.
func (c judgedBy) calibrate(a *app, y *yardstick) error {
	if c.Config == "" {
		if c.Tenant != "" {
			return fmt.Errorf("tenant %q: name its configuration with --config", c.Tenant)
		}
		return y.use(score.Options{TrustMicrosoft: c.Trust})
	}
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	t, err := cfg.FindTenant(c.Tenant)
	if err != nil {
		return err
	}
	o := intel.ScoreOptions(cfg)
	if o.Rules, err = intel.LoadRules(cfg.Score); err != nil {
		return err
	}
	y.addKnown(a, cfg, *t)
	return y.use(o)
}

// inForce is the tenant without the policies that have run out: a file does not say when it came.
func inForce(t *config.Tenant, now time.Time) *config.Tenant {
	out := *t
	out.Policies = nil
	for _, p := range t.Policies {
		if p.Expires.IsZero() || now.Before(p.Expires) {
			out.Policies = append(out.Policies, p)
		}
	}
	return &out
}

func (c scoreCmd) Run(a *app) error {
	y, err := c.yardstick(a)
	if err != nil {
		return err
	}
	defer y.close()
	files := walk(c.Files)
	bar := a.newProgress(len(files))
	defer bar.done()
	failed := false
	sum := newSummary(y.tenant)
	err = score.Files(a.ctx, y.scorer, files, a.filesOptions(y, c.Workers), func(r score.FileResult) error {
		bar.at(r.File)
		failed = failed || r.Error != ""
		if c.Summary && r.Error == "" {
			sum.add(r.Verdict, sampled{r.File, r.Author, r.Subject})
			return nil
		}
		return a.showResult(r)
	})
	bar.done()
	if err == nil && c.Summary {
		err = a.showSummary(sum)
	}
	if err == nil && failed {
		err = errQuiet
	}
	return err
}

// showResult prints the verdict on one message, or why there is none.
func (a *app) showResult(r score.FileResult) error {
	if a.json {
		return a.printJSON(r)
	}
	if r.Error != "" {
		a.warnf("clawback: %s: %s\n", fit(r.File, 300), r.Error)
		return nil
	}
	err := a.printf("%s: %s\n", fit(r.File, 300), headline(r.Verdict))
	a.showVerdict(r.Verdict)
	return err
}

// walk lists the files of folders in the order of their names. What is no folder stands as it is.
func walk(paths []string) []string {
	var files []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			files = append(files, path)
			continue
		}
		filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				files = append(files, name)
			}
			return nil // what cannot be read is left out, as ls does
		})
	}
	return files
}

// progress is a bar on the standard error of a terminal, over files; nil where there is none.
type progress struct {
	app  *app
	out  io.Writer // what the app wrote to before
	all  *mpb.Progress
	bar  *mpb.Bar
	last string
}

// newProgress shows a bar when there is a terminal to show it on and more than one file.
func (a *app) newProgress(files int) *progress {
	if files < 2 || !isTerminal(a.errOut) {
		return nil
	}
	p := &progress{app: a, out: a.out, all: mpb.New(mpb.WithOutput(a.rawErr), mpb.WithWidth(40))}
	p.bar = p.all.AddBar(int64(files),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d files")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(", "), decor.AverageETA(decor.ET_STYLE_GO),
			decor.Name(" left")))
	if isTerminal(a.out) {
		a.out = visible.NewWriter(p.all) // lines go above the bar
	}
	return p
}

// at moves on when a result is the first one of a file. The messages of a mailbox are named FILE#N.
func (p *progress) at(file string) {
	if p == nil {
		return
	}
	if i := strings.LastIndexByte(file, '#'); i > 0 {
		file = file[:i]
	}
	if file != p.last {
		p.last = file
		p.bar.Increment()
	}
}

func (p *progress) done() {
	if p == nil || p.all == nil {
		return
	}
	p.bar.SetTotal(-1, true)
	p.all.Wait()
	p.app.out, p.all = p.out, nil
}
