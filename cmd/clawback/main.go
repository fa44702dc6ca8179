// Command clawback takes bad mail back out of Microsoft 365 mailboxes after delivery.
//
// The subcommands that change or show the state of a running daemon ask it on its control socket; unwrap, score, check
// and demo work by themselves.
//
// Reads: arguments, the configuration, files that are named. Writes: standard output, files that are named; what the
// daemon has is changed by the daemon alone.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
	"clawback/internal/visible"
	"clawback/score/attach/confined"
)

// version is set by the Makefile.
var version = "devel"

const description = `Takes bad mail back out of Microsoft 365 mailboxes after delivery.

Exchange Online journals every message to clawback, which keeps it, scores it, and moves what is bad out of every
recipient's mailbox. Try "clawback demo" to see it work without any set-up.`

type cli struct {
	Serve   serveCmd   `cmd:"" group:"daemon" help:"Run the daemon."`
	Init    initCmd    `cmd:"" group:"daemon" help:"Write a configuration to begin with: a tenant in dry-run, a new journal address, a key for Entra."`
	Check   checkCmd   `cmd:"" group:"daemon" help:"Check the configuration and, with --online, all that it depends on."`
	Status  statusCmd  `cmd:"" group:"daemon" help:"Show what the daemon has done, and what waits."`
	Queue   queueCmd   `cmd:"" group:"daemon" help:"List, show, retry, export or discard accepted reports that are not finished."`
	Bounce  bounceCmd  `cmd:"" group:"daemon" help:"List, show, retry or export reports on their way to the alternate mailbox."`
	Address addressCmd `cmd:"" group:"daemon" help:"Make, list or retire journal addresses."`
	Connect connectCmd `cmd:"" group:"daemon" help:"Get an administrator's consent for a tenant's mailboxes, and prove that it works."`
	Setup   setupCmd   `cmd:"" group:"daemon" help:"Print what an administrator of a tenant does once to connect it."`
	Token   tokenCmd   `cmd:"" group:"daemon" help:"Make, list or revoke tokens of the API."`
	Console consoleCmd `cmd:"" group:"daemon" help:"Make a link that signs a person in to the console."`
	Alert   alertCmd   `cmd:"" group:"daemon" help:"List or test the routes for alerts, and what was delivered."`
	Backup  backupCmd  `cmd:"" group:"daemon" help:"Copy the whole state into one file, while the daemon works on."`

	RestoreBackup restoreBackupCmd `cmd:"" group:"daemon" help:"Put a backup back on an empty machine, before the daemon is started."`

	Store      storeCmd      `cmd:"" group:"daemon" help:"Check the store, build its index anew, or remove what a version before has left."`
	Search     searchCmd     `cmd:"" group:"mail" help:"Find messages by sender, recipient, subject, link, file, verdict, outcome or time."`
	Show       showCmd       `cmd:"" group:"mail" help:"Show one message: its verdict with reasons, and what happened in each mailbox."`
	Retract    retractCmd    `cmd:"" group:"mail" help:"Take a message out of every recipient's mailbox."`
	Restore    restoreCmd    `cmd:"" group:"mail" help:"Put a retracted message back where it was. No automatism touches it again."`
	Job        jobCmd        `cmd:"" group:"mail" help:"List, show, follow, pause, resume or cancel bulk jobs."`
	Preview    previewCmd    `cmd:"" group:"mail" help:"Show what would have been done for tenants in dry-run."`
	Held       heldCmd       `cmd:"" group:"mail" help:"List, approve or reject retractions that wait for a person."`
	Report     reportCmd     `cmd:"" group:"mail" help:"Sum up what was seen and done in a span of time."`
	Export     exportCmd     `cmd:"" group:"mail" help:"Write the journal report of a message, as it arrived, to a file."`
	Feedback   feedbackCmd   `cmd:"" group:"mail" help:"Correct verdicts: the tenant's classifier learns from it. Also list, withdraw, export, reset."`
	Submission submissionCmd `cmd:"" group:"mail" help:"List, show, accept or dismiss what users reported."`
	Submit     submitCmd     `cmd:"" group:"mail" help:"Say what messages in files are: their records are corrected, and the classifier learns."`
	Policy     policyCmd     `cmd:"" group:"mail" help:"List, add, remove, test, import or export what is allowed and blocked."`
	Intel      intelCmd      `cmd:"" group:"mail" help:"List, add, explain, approve or remove indicators of bad mail."`
	Rescan     rescanCmd     `cmd:"" group:"mail" help:"Judge delivered messages again by the rules and the knowledge of now."`
	Rules      rulesCmd      `cmd:"" group:"mail" help:"List, test or backtest rules of one's own."`
	Audit      auditCmd      `cmd:"" group:"mail" help:"Show who did what."`
	Unwrap     unwrapCmd     `cmd:"" group:"files" help:"Show what is in journal reports, from files."`
	Score      scoreCmd      `cmd:"" group:"files" help:"Score messages, journal reports, mailboxes or folders of them, without a daemon."`
	Demo       demoCmd       `cmd:"" group:"files" help:"Show the main job on a small made-up organisation."`
	Graphsim   graphsimCmd   `cmd:"" group:"files" help:"Run the simulated Microsoft Graph by itself, to test against."`
	Completion completionCmd `cmd:"" group:"files" help:"Print the script by which a shell completes command lines."`
	Manual     manualCmd     `cmd:"" group:"files" help:"Write the manual's pages."`
	Version    versionCmd    `cmd:"" group:"files" help:"Show the version."`

	Socket string `placeholder:"PATH" default:"${socket}" env:"CLAWBACK_SOCKET" help:"Control socket of the daemon (default ${socket})."`
	elsewhere
	JSON bool `name:"json" help:"Answer in JSON, one object or list, or one object a line."`
}

// app is what the subcommands work with.
type app struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer // for text: nothing that is written to it steers a terminal
	raw    io.Writer // the same stream for bytes as they are
	errOut io.Writer // for text, as out
	rawErr io.Writer // the same stream for the log and for progress bars, which see to it themselves
	json   bool
	client *client.Client
	files  confined.Program // what looks into attached files

	unheed    func()        // has the next signal end the process at once; nil: nothing does
	stopTakes time.Duration // 0: stopTakes
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // nothing of what was asked for was done
	exitUsage  = 2 // the command line is wrong; nothing was done
	exitPartly = 3 // a part of what was asked for was done
)

func main() {
	files := confined.Main()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	a := &app{ctx: ctx, in: os.Stdin, out: os.Stdout, errOut: os.Stderr, files: files, unheed: stop}
	status := a.run(os.Args[1:])
	stop()
	os.Exit(status)
}

// run carries out one command line and returns the exit status.
func (a *app) run(args []string) int {
	a.raw, a.rawErr = a.out, a.errOut
	a.out, a.errOut = visible.NewWriter(a.out), visible.NewWriter(a.errOut)
	var c cli
	if len(args) == 0 {
		args = []string{"--help"}
	}
	call, status := parse(&c, args, a.out, a.errOut)
	if call == nil {
		return status
	}
	a.json, a.client = c.JSON, c.daemon()
	return a.complain(a.untilStopped(call))
}

// stopTakes is how long a command may take to end in order once it is asked to.
const stopTakes = 5 * time.Second

// untilStopped runs a command. One that does not end when it is asked to, since it computes or waits for what does not
// come, is left to the end of the process: whatever it has not done by then is not done. What runs until it is asked to
// stop ends in order, however long it takes.
func (a *app) untilStopped(call *kong.Context) error {
	switch call.Command() {
	case "serve", "demo", "graphsim":
		return call.Run(a)
	}
	ended := make(chan error, 1)
	go func() { ended <- call.Run(a) }()
	select {
	case err := <-ended:
		return err
	case <-a.ctx.Done():
	}
	if a.unheed != nil {
		a.unheed()
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(cmp.Or(a.stopTakes, stopTakes)):
		return a.ctx.Err()
	}
}

// exit is what kong ends the program by, after --help.
type exit struct{}

// parse reads a command line. Where nothing is to be run it answers nil and the exit status, and has said why.
func parse(c *cli, args []string, out, errOut io.Writer) (call *kong.Context, status int) {
	defer func() {
		if p := recover(); p != nil && p != (exit{}) {
			panic(p)
		}
	}()
	if len(args) > 0 && args[0] == "--version" { // as of any program
		args = append([]string{"version"}, args[1:]...)
	}
	parser := newParser(c, out, errOut)
	call, err := parser.Parse(withNegations(args))
	if err != nil {
		call, status = nil, exitUsage
		if slices.Contains(args, "--json") { // whether it was read before the fault depends on the order
			(&app{errOut: errOut}).failJSON("", usageError{err.Error()})
			return call, status
		}
		parser.Stdout = errOut // how the command is used: a script reads standard output
		parser.FatalIfErrorf(err)
	}
	return call, status
}

func newParser(c *cli, out, errOut io.Writer) *kong.Kong {
	return kong.Must(c, kong.Name("clawback"), kong.Description(description), kong.ShortUsageOnError(),
		kong.Writers(out, errOut), kong.Exit(func(int) { panic(exit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110, NoExpandSubcommands: true}),
		kong.Vars{"socket": client.DefaultSocket, "query": queryHelp,
			"policykinds": strings.Join(config.PolicyKinds(), ", ")},
		kong.ExplicitGroups([]kong.Group{
			{Key: "daemon", Title: "The daemon:"},
			{Key: "mail", Title: "Mail:"},
			{Key: "files", Title: "Without a daemon:"},
		}))
}

// Outcomes that were already printed: only the exit status is left.
var (
	errQuiet  = errors.New("see above")
	errPartly = errors.New("a part was done: see above")
)

// exitStatus is an exit status with a meaning of its own, of which all has been said.
type exitStatus int

func (e exitStatus) Error() string { return "exit status " + strconv.Itoa(int(e)) }

// asError is the status for a command to return.
func (e exitStatus) asError() error {
	if e == exitOK {
		return nil
	}
	return e
}

// usageError is a command line that makes no sense although its flags can be read.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// usage is a usageError.
func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// complain prints an error for a person and returns the exit status.
func (a *app) complain(err error) int {
	var problems config.Problems
	var own exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return int(own)
	case errors.Is(err, errQuiet):
	case errors.Is(err, errPartly):
		return exitPartly
	case a.json:
		a.failJSON("", err)
	case errors.As(err, &problems):
		for _, p := range problems {
			a.warnf("%s\n", p.String())
		}
	case errors.Is(err, context.Canceled) && a.ctx.Err() != nil:
		a.warnf("clawback: stopped before the end\n")
	default:
		a.warnf("clawback: %s\n", err)
	}
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

// failure is an error for a program: a line of JSON on standard error.
type failure struct {
	Object string   `json:"object,omitempty"` // of several: the one that it is about
	Code   api.Code `json:"code"`
	Detail string   `json:"detail"`
	IDs    []string `json:"ids,omitempty"` // of an ambiguous key: what it means
}

// Codes of what no daemon has answered.
const (
	codeUsage  api.Code = "usage"
	codeFailed api.Code = "failed"
)

func (a *app) failJSON(object string, err error) {
	f := failure{Object: object, Code: codeFailed, Detail: err.Error()}
	var known *api.Error
	switch {
	case errors.As(err, &known):
		f.Code, f.IDs = known.Code, known.IDs
	case errors.As(err, new(usageError)):
		f.Code = codeUsage
	}
	_ = json.NewEncoder(a.errOut).Encode(f) // whoever reads it is gone
}

type versionCmd struct{}

func (versionCmd) Run(a *app) error {
	if a.json {
		return a.printJSON(map[string]string{"version": version})
	}
	a.printf("clawback %s\n", version)
	return nil
}
