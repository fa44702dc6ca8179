// Command benchsmtp measures clawback's listener, queue and spool against Debian's Postfix, in one run, the two taking
// turns.
//
// Both take mail over STARTTLS with the same certificate, keep it durably before their 250, log it to a file, and then
// throw it away: clawback with workers that finish every item at once, Postfix with its discard transport. Postfix is
// told to demand TLS and not to slow its intake down (in_flow_delay 0). Each of the two, and the loader, is a process
// of its own, all on this machine. The loader sends a whole envelope in one write, as PIPELINING allows.
//
// The machine's speed drifts and its disk is shared: read the ratios. `make bench-smtp` runs it, as root, because
// Postfix needs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"clawback/internal/test/postfixtest"
	"clawback/internal/test/smtpload"
)

var (
	sizes    = flag.String("sizes", "5,50,500", "sizes of a message, in KB")
	sessions = flag.String("sessions", "8,64", "numbers of sessions")
	each     = flag.Duration("each", 3*time.Second, "length of one measurement")
	rounds   = flag.Int("rounds", 3, "measurements of each case")
	serving  = flag.String("serve", "", "be clawback, with everything below this directory: what the bench starts by itself")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	if *serving != "" {
		if err := serve(*serving); err != nil {
			log.Fatal("clawback: ", err)
		}
		return
	}
	if err := run(os.Stdout); err != nil {
		log.Fatal("bench-smtp: ", err)
	}
}

func run(out io.Writer) error {
	if err := postfixtest.Unavailable(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(".", "bench-smtp-") // on the disk of the checkout: /tmp may be memory
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	// Postfix's own user reads below it.
	if err := errors.Join(os.Chmod(dir, 0o755), writeCertificate(dir)); err != nil {
		return err
	}
	claw, err := startClawback(dir)
	if err != nil {
		return err
	}
	defer claw.close()
	post, err := startPostfix(dir)
	if err != nil {
		return err
	}
	defer post.close()
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(out, "accepted messages a second over STARTTLS, durable before the 250; median of %d measurements of "+
		"%s; load of the machine before: %s\n",
		*rounds, *each, strings.TrimSpace(string(load)))
	for _, kb := range numbers(*sizes) {
		for _, n := range numbers(*sessions) {
			b := bench{out: out, claw: claw, post: post, size: kb * 1000, sessions: n}
			if err := b.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

func numbers(list string) (all []int) {
	for _, s := range strings.Split(list, ",") {
		if n, err := strconv.Atoi(s); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// verbs in the order in which they are measured.
var verbs = []smtpload.Verb{smtpload.BDAT, smtpload.DATA}
