// Command benchscore measures how many messages a second and core the scorer judges, and rspamd beside it, in one run,
// the two taking turns on the same messages.
//
// Its argument is the directory of the unpacked labelled mail: journal reports and labels.tsv. A sample is cut out of
// all its sources. Both judge the original messages one after the other: clawback by a call of its score package, from
// memory; rspamd, with the rules of its package and one worker, by /checkv2 over loopback. What asks the network or a
// database is switched off in rspamd, since the scorer asks neither; its worker has its Hyperscan patterns compiled
// before it is measured.
//
// The rate is messages by seconds of CPU time, user and system: of this process for clawback, garbage collection
// included, and of the child that looks into attached files, and of the worker for rspamd, its reading of the request
// included. So other work on the machine counts for neither, though it fills their caches: read the ratio. Without
// rspamd only clawback is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"clawback/score/attach/confined"
)

var (
	messages = flag.Int("messages", 600, "size of the sample")
	rounds   = flag.Int("rounds", 5, "measurements of each")
	inline   = flag.Bool("inline", false, "look into attached files within this process, to see what the child costs")
	least    = flag.Duration("least", 2*time.Second,
		"CPU time of a measurement: the sample is judged as often as that takes")
)

func main() {
	program := confined.Main()
	flag.Parse()
	log.SetFlags(0)
	if flag.NArg() != 1 {
		log.Fatal("usage: benchscore DIRECTORY")
	}
	runtime.GOMAXPROCS(1) // one core for the scorer and its garbage collection

	// So that rspamd is ended and its files go.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, flag.Arg(0), program); err != nil {
		log.Fatal("bench-score: ", err)
	}
}

func run(ctx context.Context, out io.Writer, dir string, program confined.Program) error {
	labels, err := os.ReadFile(dir + "/labels.tsv")
	if err != nil {
		return err
	}
	all, err := parseLabels(string(labels))
	if err != nil {
		return err
	}
	sample, err := load(dir, stride(all, *messages))
	if err != nil {
		return err
	}
	busy, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(out, "Speed: messages a second of CPU time; %d of %d messages; median of %d measurements of at least "+
		"%s; load of the machine before: %s\n",
		len(sample), len(all), *rounds, *least, strings.TrimSpace(string(busy)))
	claw, err := newClawback(program)
	if err != nil {
		return err
	}
	defer claw.close()
	other, err := startRspamd(ctx)
	switch {
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case err != nil:
		fmt.Fprintf(out, "  rspamd is not measured: %v\n", err)
		return compare(ctx, out, sample, claw)
	}
	defer other.close()
	return compare(ctx, out, sample, claw, other)
}
