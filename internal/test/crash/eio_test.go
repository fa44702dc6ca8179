package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

// injecting makes a program that is the daemon, under strace when CLAWBACK_SYNC names the sync of each thread from
// which on syncs fail with EIO.
func injecting(t *testing.T) string {
	t.Helper()
	strace := needs.Program(t, "strace")
	calls := "trace=fsync,fdatasync"
	_, err := exec.Command(strace, "-f", "-qq", "-e", calls, "true").CombinedOutput()
	needs.Ability(t, "the right to trace", err)
	program := filepath.Join(t.TempDir(), "clawback")
	script := fmt.Sprintf("#!/bin/sh\nif [ -z \"$CLAWBACK_SYNC\" ]; then exec %[1]s \"$@\"; fi\n"+
		"exec %[2]s -f -qq -o /dev/null -e %[3]s -e inject=fsync,fdatasync:error=EIO:when=$CLAWBACK_SYNC+ %[1]s \"$@\"\n", binary, strace, calls)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program
}

// Syncs of the real daemon fail, of whichever file it is: spool, queue.db or store.db. It must end by itself, since it
// cannot tell what is durable any more; started again it has everything that it gave a 250 for, once.
func TestSync_failsInTheDaemon(t *testing.T) {
	needs.Time(t, "a daemon for each sync", "make crash")
	bed, err := testbed.New(testbed.Options{Binary: injecting(t), Tenants: []testbed.Tenant{organisation},
		Sim: graphsim.Options{Seed: *seed, Rates: graphsim.Calm(), Latency: 2 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for n := range mailboxes {
		bed.Sim.AddUser(graphsim.User{Tenant: organisation.ID, UPN: mailboxName(n)})
	}
	s := &sender{t: t, bed: bed}
	random := rand.New(rand.NewPCG(*seed, 4))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Minute)
	defer cancel()
	ended := map[string]int{}
	for range max(6, *rounds/4) {
		if err := bed.Start(ctx, fmt.Sprintf("CLAWBACK_SYNC=%d", 10+random.IntN(90))); err == nil {
			s.loadUntilItEnds(ctx, 10*time.Minute)
		}
		ended[culprit(lastWords(bed))]++
	}
	t.Logf("rounds by what the daemon named when it ended: %v", ended)
	if ended["spool"]+ended["queue.db"]+ended["store.db"] == 0 {
		t.Error("no sync failed under load")
	}
	finish(ctx, t, bed, s)
}

// loadUntilItEnds sends until the daemon has ended by itself, and fails the test when it does not. strace counts the
// syncs of each thread by itself, so that a busy machine, where more threads share them, takes minutes.
func (s *sender) loadUntilItEnds(ctx context.Context, most time.Duration) {
	round, stop := context.WithTimeout(ctx, most)
	defer stop()
	go func() {
		select {
		case <-s.bed.Exited():
			stop()
		case <-round.Done():
		}
	}()
	s.load(round, 3)
	if !ended(s.bed) {
		s.t.Errorf("syncs fail and the daemon goes on\n%s", s.bed.LogTail())
		_ = syscall.Kill(-s.bed.Pid(), syscall.SIGKILL) // the daemon as well: strace alone would leave it running
		s.bed.Kill()
	}
}

// culprit is what could not be written, by the daemon's last words.
func culprit(words string) string {
	for _, of := range [][2]string{
		{`error="open `, "at its start"}, {"queue: storage failed", "queue.db"}, {"queue cannot", "queue.db"}, {"spool", "spool"}, {"store", "store.db"},
	} {
		if strings.Contains(words, of[0]) {
			return of[1]
		}
	}
	return words
}
