// Command benchflow measures the whole way of a message as a user has it: the real daemon, reports over SMTP, from the
// 250 to the verdict that is committed (C2) and to the move, beside the bare scorer on the same files and the same
// processors.
//
// The loader and the Graph simulator share the machine with the daemon. Read the ratios: the machine's speed drifts.
// `make bench-flow` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

var (
	binary   = flag.String("binary", "bin/clawback", "the daemon, and the scorer beside it")
	messages = flag.Int("messages", 20_000, "clean reports of each measurement")
	size     = flag.Int("size", 6_000, "bytes of a report, about")
	sessions = flag.Int("sessions", 16, "SMTP sessions at once")
	bad      = flag.Int("bad", 40, "MALICIOUS reports that are timed, idle and behind a backlog")
	records  = flag.Int("records", 0, "records in the store beforehand")
	backlog  = flag.Int("backlog", 100_000, "clean reports that wait when the MALICIOUS ones come")
	mass     = flag.Int("mass", 5_000, "mailboxes of one MALICIOUS message, and MALICIOUS messages that wait")
	latency  = flag.Duration("latency", 50*time.Millisecond, "of every answer of the Graph simulator")
	only     = flag.String("only", "", "of drain, whole, idle, behind, tenants, wide, many, again, beside: run these, "+
		"separated by commas; all: \"\"")
	table = flag.Bool("table", false,
		"run all of it, then drain with 100,000 and a million records, the latter with a backlog of 100,000")
	within = flag.Duration("within", 40*time.Minute, "end after this, with what is measured by then")
)

// measurement is one of the command's, which adds lines to the report.
type measurement struct {
	name string
	run  func(ctx context.Context, out io.Writer) error
}

func main() {
	flag.Parse()
	log.SetFlags(0)
	if err := run(os.Stdout); err != nil {
		log.Fatal("benchflow: ", err)
	}
}

func run(out io.Writer) error {
	path, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	*binary = path
	ctx, cancel := context.WithTimeout(context.Background(), *within)
	defer cancel()
	fmt.Fprintf(out, "%d processors, %s; load %s; reports of about %d bytes; %d records beforehand\n\n",
		runtime.NumCPU(), runtime.Version(), load(), *size, *records)
	defer table1.print(out) // of what was measured by then
	failed := measure(ctx, out, *only)
	if *table {
		for _, size := range []struct{ records, messages int }{{100_000, *messages}, {1_000_000, *backlog}} {
			*records, *messages = size.records, size.messages
			fmt.Fprintf(out, "\n%d records beforehand\n", *records)
			failed = errors.Join(failed, measure(ctx, out, "drain"))
		}
	}
	fmt.Fprintf(out, "\nload at the end %s\n", load())
	return failed
}

// load is the machine's, over 1, 5 and 15 minutes: without it the figures say little.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// measure runs what only names, all where it is "".
func measure(ctx context.Context, out io.Writer, only string) (failed error) {
	for _, m := range []measurement{{"drain", drain}, {"whole", whole}, {"idle", idle}, {"behind", behind},
		{"tenants", tenants}, {"wide", wide}, {"many", many}, {"again", again}, {"beside", beside}} {
		if only != "" && !strings.Contains(","+only+",", ","+m.name+",") {
			continue
		}
		if err := m.run(ctx, out); err != nil {
			fmt.Fprintf(out, "%s: %v\n", m.name, err) // the others are measured all the same
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}
