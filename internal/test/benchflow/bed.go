package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/storetest"
)

// noisy is a tenant whose mail keeps nobody else's waiting.
var noisy = testbed.Tenant{
	Name: "fabrikam", ID: "5e2d3c4b-6f70-4182-93a4-b5c6d7e8f901",
	Domains: []string{"fabrikam.example"}, OriginatorOrg: []string{"fabrikam.onmicrosoft.com"},
}

// newBed prepares a daemon, with what it finds at its start: reports of a tenant's that wait, and records in its store.
func newBed(ctx context.Context, waiting int, of testbed.Tenant) (*testbed.Bed, error) {
	return newBedWith(ctx, waiting, of, "")
}

// newBedWith is newBed with more lines of configuration.
func newBedWith(ctx context.Context, waiting int, of testbed.Tenant, lines string) (*testbed.Bed, error) {
	bed, err := testbed.New(testbed.Options{Binary: *binary, Tenants: []testbed.Tenant{testbed.Contoso, noisy},
		Sim: graphsim.Options{Rates: graphsim.Calm(), Latency: *latency}, Config: lines})
	if err != nil {
		return nil, err
	}
	for i := range owners {
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: mailbox(i)})
	}
	if err := errors.Join(fillStore(ctx, bed), fillQueue(bed, waiting, of, clean)); err != nil {
		bed.Close()
		return nil, err
	}
	return bed, nil
}

// fillQueue accepts reports in this process, as the daemon would have before it was stopped.
func fillQueue(bed *testbed.Bed, waiting int, of testbed.Tenant, letter writer) (err error) {
	if waiting == 0 {
		return nil
	}
	state := bed.File("state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	sp, err := spool.Open(filepath.Join(state, "spool"), spool.Options{})
	if err != nil {
		return err
	}
	q, err := bolt.Open(state, sp, bolt.Options{})
	if err != nil {
		return errors.Join(err, sp.Close())
	}
	defer func() { err = errors.Join(err, q.Close(), sp.Close()) }()
	return parallel(waiting, func(n int) error {
		l, err := letter(n)
		if err != nil {
			return err
		}
		return accept(q, l, of)
	})
}

// writer writes the n-th letter of a backlog.
type writer func(n int) (testbed.Letter, error)

func clean(n int) (testbed.Letter, error) { return report(false, n, mailbox(n)) }

func accept(q *bolt.Queue, l testbed.Letter, of testbed.Tenant) error {
	text := writtenFor(of, l.Report)
	remote := net.JoinHostPort("127.0.0.1", "2525")
	d, err := q.Begin(context.Background(), queue.Envelope{
		Session: "bench", Tenant: of.ID, Purpose: queue.ForJournal, MailFrom: testbed.Alternate,
		Rcpts: []string{of.Journal()}, Received: time.Now().UTC(), Remote: remote, Network: "listener",
	}, int64(len(text)))
	if err != nil {
		return err
	}
	if _, err := d.Write(text); err != nil {
		d.Abort()
		return err
	}
	_, err = d.Commit(context.Background())
	return err
}

// fillStore applies reports of other mail, from the days before.
func fillStore(ctx context.Context, bed *testbed.Bed) error {
	return applyReports(ctx, bed, *records, storetest.Realistic)
}

// applyReports has the store of a daemon that does not run take n reports.
func applyReports(ctx context.Context, bed *testbed.Bed, n int, nth func(n int) store.Application) (err error) {
	state := bed.File("state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	s, err := pebble.Open(state, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return parallel(n, func(i int) error {
		_, _, err := s.Apply(ctx, nth(i), nil)
		return err
	})
}

// parallel calls fn for each number below n, many at once.
func parallel(n int, fn func(int) error) error {
	const at = 256
	failed := make(chan error, at)
	for first := range at {
		go func() {
			for i := first; i < n; i += at {
				if err := fn(i); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range at {
		err = errors.Join(err, <-failed)
	}
	return err
}

// idleQueue waits until nothing waits and nothing is worked on any more, and answers when that was.
func idleQueue(ctx context.Context, bed *testbed.Bed, atLeast int) (time.Time, error) {
	for {
		status, err := client.Do(ctx, bed.Client, api.ShowStatus, api.None{})
		if err != nil {
			return time.Time{}, fmt.Errorf("%w\n%s", err, bed.LogTail())
		}
		left := status.Queue.Items[queue.Ready].Count + status.Queue.Items[queue.Working].Count
		if left == 0 && processed(status) >= atLeast {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%d items are left: %w\n%s", left, ctx.Err(), bed.LogTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func processed(status api.Status) (n int) {
	for _, t := range status.Tenants {
		n += t.Counts.Processed
	}
	return n
}

// writeFiles writes the reports as files.
func writeFiles(dir string, n int) error {
	return parallel(n, func(i int) error {
		l, err := report(false, i, mailbox(i))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".eml"), l.Report, 0o600)
	})
}

// kept is how many bytes of tables the store of a daemon that was stopped has, once what stood in its log alone is in
// tables too. The log itself has some MiB, however many messages there are.
func kept(bed *testbed.Bed) (int64, error) {
	s, err := pebble.OpenExisting(bed.File("state"), store.Options{})
	if err != nil {
		return 0, err
	}
	if err := s.Close(); err != nil {
		return 0, err
	}
	tables, err := filepath.Glob(bed.File("state/store/*.sst"))
	sum := int64(0)
	for _, name := range tables {
		if info, err := os.Stat(name); err == nil {
			sum += info.Size()
		}
	}
	return sum, err
}
