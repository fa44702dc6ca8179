// Command benchsmtp measures clawback's listener, queue and spool against Debian's Postfix, in one run, the two taking turns.
//
// Both take mail over STARTTLS with the same certificate, keep it durably before their 250, and then throw it away:
// clawback with workers that finish every item at once, Postfix with its discard transport. Postfix is told to demand TLS
// and not to slow its intake down (in_flow_delay 0). The loader runs on the same machine, and sends a whole envelope in
// one write where PIPELINING allows it.
//
// The machine's speed drifts and its disk is shared: read the ratios. `make bench-smtp` runs it, as root, because Postfix
// needs it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"clawback/certs"
	"clawback/internal/bench/side"
	"clawback/internal/postfixtest"
	"clawback/internal/smtpload"
)

var (
	sizes    = flag.String("sizes", "5,50,500", "sizes of a message, in KB")
	sessions = flag.String("sessions", "8,64", "numbers of sessions")
	each     = flag.Duration("each", 3*time.Second, "length of one measurement")
	rounds   = flag.Int("rounds", 3, "measurements of each case")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
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
	claw, post, err := contestants(dir)
	if err != nil {
		return err
	}
	defer claw.Close()
	defer post.close()
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(out, "accepted messages a second over STARTTLS, durable before the 250; median of %d measurements of %s; load of the machine before: %s\n",
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

// workers of the pipeline that has nothing to do; the daemon's default.
const workers = 4

func contestants(dir string) (*side.Side, *postfix, error) {
	cert, err := certs.SelfSigned("bench.example", "127.0.0.1")
	if err != nil {
		return nil, nil, err
	}
	claw, err := side.Durable(filepath.Join(dir, "clawback"), cert, workers)
	if err != nil {
		return nil, nil, err
	}
	post, err := startPostfix(dir, cert)
	if err != nil {
		claw.Close()
		return nil, nil, err
	}
	return claw, post, nil
}

// verbs in the order in which they are measured.
var verbs = []smtpload.Verb{smtpload.BDAT, smtpload.DATA}
