// Package demo shows the main job on a small made-up organisation, or on reports of one's own.
//
// It starts a Microsoft Graph simulator and a receiver for the alternate mailbox in this process and the real daemon as
// a process of its own (or in this one), sends journal reports by SMTP with STARTTLS and BDAT, and watches what becomes
// of them.
//
// Reads: the embedded stories, or a directory of reports; the daemon's control socket; the simulator's mailboxes.
//
// Writes: a temporary directory, removed at the end unless the demo is kept running.
//
// Invariants:
//
//	I1 what is expected was written by hand (testdata/demo/expected.toml) and never comes from what the daemon said
//	I2 mailboxes are filled by net/mail from the attached original, not by the parser that is shown
//	I3 nothing listens or connects beyond the loopback interface
//
// On failure: the table says which expectation did not hold, and the log's path is printed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/testbed"
)

// Options steer a run.
type Options struct {
	Binary  string         // the clawback program; it is run as "BINARY serve --config FILE"
	Daemon  testbed.Daemon // what is run instead, in this process, where it is set
	Reports string         // directory of reports of one's own; "": the embedded stories
	Keep    bool           // leave everything running until the context ends
	Limit   time.Duration  // after which what is not as expected counts as failed; 0: 28 s
	Out     io.Writer
	Live    bool                        // Out is a terminal: redraw one table instead of printing lines
	Colour  bool                        // Out may have colours
	Width   func() (columns, lines int) // of the terminal, now; nil: 80 columns
}

// ErrUnexpected means that the table shows something that is not as expected.
var ErrUnexpected = errors.New("not everything was as expected")

// Run shows the demo. It returns nil only when everything is as expected.
func Run(ctx context.Context, o Options) error {
	if o.Limit == 0 {
		o.Limit = 28 * time.Second
	}
	script, err := load(o.Reports)
	if err != nil {
		return err
	}
	s, err := newStage(o, script)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Start(ctx); err != nil {
		return s.failed(ctx, err)
	}
	s.introduce()
	if err := s.play(ctx); err != nil {
		return s.failed(ctx, err)
	}
	wrong := s.judge()
	s.epilogue(wrong)
	if o.Keep {
		s.keep(ctx)
	}
	if wrong > 0 {
		return ErrUnexpected
	}
	return nil
}

// failed explains an error with the daemon's log. That somebody ended the run needs no explanation.
func (s *stage) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("the demonstration was ended before it was over")
	}
	return fmt.Errorf("%w\n%s", err, s.LogTail())
}

func (s *stage) introduce() {
	s.o.printf("A Graph simulator, a receiver for the alternate mailbox and the daemon are running on 127.0.0.1.\n")
	s.o.printf("Sending %d journal reports over STARTTLS, by BDAT.\n\n", s.script.reports())
}

// epilogue says what the table came to.
func (s *stage) epilogue(wrong int) {
	if wrong > 0 {
		log := filepath.Join(os.TempDir(), "clawback-demo.log")
		if text, err := os.ReadFile(s.LogFile()); err == nil && os.WriteFile(log, text, 0o600) == nil {
			s.o.printf("\n%d rows are not as expected. The daemon's log: %s\n", wrong, log)
		}
		return
	}
	if s.script.free {
		s.o.printf("\nEvery report has an outcome. Nobody wrote down what it should be: whether it is right is for you to say.\n")
	} else {
		s.o.printf("\nEverything is as expected: the right messages were taken, and no other was touched.\n")
	}
	if !s.o.Keep {
		s.o.printf("\nNext:\n  clawback demo --keep         the same, left running: look into it with the other commands\n" +
			"  clawback demo --reports DIR  journal reports of your own (*.eml)\n" +
			"  clawback init                a configuration for a real tenant, in dry-run\n")
	}
}

func (s *stage) keep(ctx context.Context) {
	socket := s.File("control.sock")
	link, err := client.Do(ctx, s.Client, api.MakeSignInLink, api.NewSignInLink{Role: api.Administrator, Bodies: true})
	if err == nil {
		s.o.printf("\nThe console, in a browser (the link signs you in once, until %s):\n\n  %s\n",
			link.Expires.Local().Format("15:04"), link.URL)
	} else {
		s.o.printf("\nThe console: %v\n", err)
	}
	s.o.printf("\nStill running; Ctrl-C ends it. In another terminal try:\n\n"+
		"  export CLAWBACK_SOCKET=%s\n"+
		"  %[2]s status\n  %[2]s search\n  %[2]s show '%[3]s'\n  %[2]s restore '%[3]s' --comment 'false alarm'\n"+
		"  %[2]s console link\n  %[2]s queue list --state quarantined\n  %[2]s bounce list\n\nLog: %[4]s\n",
		socket, s.o.Binary, s.script.Stories[0].messageID, s.LogFile())
	<-ctx.Done()
}
