// Command clawback takes bad mail back out of Microsoft 365 mailboxes after delivery.
//
// The subcommands that change or show the state of a running daemon ask it on its control socket; unwrap, score, check
// and demo work by themselves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"clawback/api"
	"clawback/config"
)

// version is set by the Makefile.
var version = "devel"

const description = `Takes bad mail back out of Microsoft 365 mailboxes after delivery.

Exchange Online journals every message to clawback, which keeps it, scores it, and moves what is bad out of every
recipient's mailbox. Try "clawback demo" to see it work without any set-up.`

type cli struct {
	Serve      serveCmd      `cmd:"" group:"daemon" help:"Run the daemon."`
	Check      checkCmd      `cmd:"" group:"daemon" help:"Check the configuration and, with --online, all that it depends on."`
	Status     statusCmd     `cmd:"" group:"daemon" help:"Show what the daemon has done, and what waits."`
	Queue      queueCmd      `cmd:"" group:"daemon" help:"List, show, retry, export or discard accepted reports that are not finished."`
	Bounce     bounceCmd     `cmd:"" group:"daemon" help:"List, show, retry or export reports on their way to the alternate mailbox."`
	Address    addressCmd    `cmd:"" group:"daemon" help:"Make, list or retire journal addresses."`
	Connect    connectCmd    `cmd:"" group:"daemon" help:"Get an administrator's consent for a tenant's mailboxes, and prove that it works."`
	Search     searchCmd     `cmd:"" group:"mail" help:"Find messages by sender, recipient, subject, disposition or time."`
	Show       showCmd       `cmd:"" group:"mail" help:"Show one message: its verdict with reasons, and what happened in each mailbox."`
	Retract    retractCmd    `cmd:"" group:"mail" help:"Take a message out of every recipient's mailbox."`
	Restore    restoreCmd    `cmd:"" group:"mail" help:"Put a retracted message back where it was. No automatism touches it again."`
	Job        jobCmd        `cmd:"" group:"mail" help:"List, show, follow or cancel bulk retractions and restores."`
	Preview    previewCmd    `cmd:"" group:"mail" help:"Show what would have been done for tenants in dry-run."`
	Held       heldCmd       `cmd:"" group:"mail" help:"List, approve or reject retractions that wait for a person."`
	Export     exportCmd     `cmd:"" group:"mail" help:"Write the journal report of a message, as it arrived, to a file."`
	Feedback   feedbackCmd   `cmd:"" group:"mail" help:"Correct verdicts: the tenant's classifier learns from it. Also list, withdraw, export, reset."`
	Submission submissionCmd `cmd:"" group:"mail" help:"List, show, accept or dismiss what users reported."`
	Submit     submitCmd     `cmd:"" group:"mail" help:"Say what messages in files are: their records are corrected, and the classifier learns."`
	Policy     policyCmd     `cmd:"" group:"mail" help:"List, add, remove, test, import or export what is allowed and blocked."`
	Rules      rulesCmd      `cmd:"" group:"mail" help:"List, test or backtest rules of one's own."`
	Audit      auditCmd      `cmd:"" group:"mail" help:"Show who did what."`
	Unwrap     unwrapCmd     `cmd:"" group:"files" help:"Show what is in journal reports, from files."`
	Score      scoreCmd      `cmd:"" group:"files" help:"Score messages, journal reports, mailboxes or folders of them, without a daemon."`
	Demo       demoCmd       `cmd:"" group:"files" help:"Show the main job on a small made-up organisation."`
	Graphsim   graphsimCmd   `cmd:"" group:"files" help:"Run the simulated Microsoft Graph by itself, to test against."`
	Version    versionCmd    `cmd:"" group:"files" help:"Show the version."`

	Socket string `placeholder:"PATH" default:"${socket}" env:"CLAWBACK_SOCKET" help:"Control socket of the daemon (default ${socket})."`
	JSON   bool   `name:"json" help:"Answer in JSON, one object or list, or one object a line."`
}

// app is what the subcommands work with.
type app struct {
	ctx    context.Context
	out    io.Writer
	errOut io.Writer
	json   bool
	client *api.Client
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var c cli
	parser := kong.Must(&c, kong.Name("clawback"), kong.Description(description), kong.ShortUsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110, NoExpandSubcommands: true}),
		kong.Vars{"socket": api.DefaultSocket, "query": queryHelp, "policykinds": strings.Join(config.PolicyKinds(), ", ")},
		kong.ExplicitGroups([]kong.Group{
			{Key: "daemon", Title: "The daemon:"}, {Key: "mail", Title: "Mail:"}, {Key: "files", Title: "Without a daemon:"},
		}))
	if len(os.Args) < 2 {
		os.Args = append(os.Args, "--help")
	}
	call, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	a := &app{ctx, os.Stdout, os.Stderr, c.JSON, api.NewClient(c.Socket)}
	if err := call.Run(a); err != nil {
		stop()
		os.Exit(complain(err))
	}
}

// errQuiet is an outcome that was already told: only the exit status is left to say.
var errQuiet = errors.New("see above")

// complain prints an error for a person and gives the exit status.
func complain(err error) int {
	var problems config.Problems
	switch {
	case errors.Is(err, errQuiet):
	case errors.As(err, &problems):
		fmt.Fprintln(os.Stderr, problems.Error())
	default:
		fmt.Fprintln(os.Stderr, "clawback:", err)
	}
	return 1
}

type versionCmd struct{}

func (versionCmd) Run(a *app) error {
	if a.json {
		return a.printJSON(map[string]string{"version": version})
	}
	fmt.Fprintln(a.out, "clawback", version)
	return nil
}
