package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/internal/test/smtpload"
)

const (
	largeSize     = 100 << 20
	largeSessions = 8
	largePiece    = 64 << 10
)

// flood is a process of its own that sends large messages, as other machines would. It competes for the processor with
// the listener as any process does, and not inside of one Go scheduler.
type flood struct {
	cmd *exec.Cmd
	in  io.Closer
	out strings.Builder
}

// startFlood begins to send, at so many octets a second over all sessions; 0 is as fast as they go.
func startFlood(address string, rate int64) (*flood, error) {
	f := &flood{cmd: exec.Command("/proc/self/exe", "-flood", address, "-flood-rate", strconv.FormatInt(rate, 10))}
	f.cmd.Stderr, f.cmd.Stdout = os.Stderr, &f.out
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // for the priority of all its threads
	in, err := f.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	f.in = in
	return f, f.cmd.Start()
}

// stop ends the process and gives how many MB a second it sent.
func (f *flood) stop() (rate float64, err error) {
	f.in.Close() // what it waits for
	if err := f.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("flood: %w", err)
	}
	_, err = fmt.Sscan(f.out.String(), &rate)
	return rate, err
}

// runFlood is that process: it sends until its standard input ends. It takes what the listener leaves of the processor,
// as nearly as one machine can stand for two.
func runFlood(address string, rate int64) error {
	if err := syscall.Setpriority(syscall.PRIO_PGRP, 0, 19); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var sent atomic.Int64
	errs := make([]error, largeSessions)
	var group sync.WaitGroup
	began := time.Now()
	for n := range errs {
		group.Go(func() { errs[n] = floodSession(ctx, address, rate/largeSessions, &sent) })
	}
	group.Wait()
	fmt.Printf("%.0f\n", float64(sent.Load())/1e6/time.Since(began).Seconds())
	return errors.Join(errs...)
}

func floodSession(ctx context.Context, address string, rate int64, sent *atomic.Int64) error {
	conn, err := smtpload.DialTLS(ctx, address, "large.example", &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	piece := smtpload.Filler(largePiece)(0, 0).Body
	began, mine := time.Now(), int64(0)
	for ctx.Err() == nil {
		for _, line := range []string{"MAIL FROM:<>", "RCPT TO:<" + side.Recipient + ">"} {
			if err := conn.Expect(250, line); err != nil {
				return err
			}
		}
		if err := conn.Send(fmt.Appendf(nil, "BDAT %d LAST\r\n", largeSize)); err != nil {
			return err
		}
		for range largeSize / largePiece {
			if rate > 0 {
				time.Sleep(time.Until(began.Add(time.Duration(float64(mine) / float64(rate) * 1e9))))
			}
			if ctx.Err() != nil {
				return nil // in the middle of a message
			}
			if err := conn.Send(piece); err != nil {
				return err
			}
			mine += largePiece
			sent.Add(largePiece)
		}
		if r, err := conn.Reply(); err != nil || r.Code != 250 {
			return fmt.Errorf("large message: %s, %w", r, err)
		}
	}
	return nil
}
