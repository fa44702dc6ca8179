package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
	"clawback/queue"
)

// A daemon is stopped and started on a socket that systemd holds while senders connect all the time: none of them is
// refused, or cut off before its greeting, and each report that got a 250 is there once.
func TestRestart_underLoadRefusesNoConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}, Socket: ln.(*net.TCPListener)})
	if err != nil {
		t.Fatal(err)
	}
	defer bed.Close()
	w := &world{Bed: bed, t: t}
	w.up()

	l := &loader{bed: bed}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { l.load(ctx) })
	}
	for restart := range 4 {
		w.eventually(func() string { return l.accepted(40 * (restart + 1)) })
		if err := w.Stop(); err != nil {
			t.Fatalf("%v\n%s", err, w.LogTail())
		}
		if err := w.Start(t.Context()); err != nil { // the senders have connected meanwhile, and wait
			t.Fatalf("%v\n%s", err, w.LogTail())
		}
	}
	w.eventually(func() string { return l.accepted(200) })
	stop()
	group.Wait()

	t.Logf("%d connections, %d reports accepted, %d sessions ended by a stop", l.dialled, len(l.ids), l.ended)
	for _, err := range l.wrong {
		t.Error(err)
	}
	w.eventually(w.judged)
	w.haveOnce(l.ids)
}

// judged is "" once no report waits.
func (w *world) judged() string {
	s, err := client.Do(w.t.Context(), w.Client, api.ShowStatus, api.None{})
	items := s.Queue.Items
	if n := items[queue.Ready].Count + items[queue.Working].Count + items[queue.Suspect].Count; err != nil || n > 0 {
		return fmt.Sprintf("%d reports wait, %v", n, err)
	}
	return ""
}

// haveOnce requires one record of one report for each Message-ID.
func (w *world) haveOnce(ids []string) {
	w.t.Helper()
	for _, id := range ids {
		m, err := client.Do(w.t.Context(), w.Client, api.ShowMessage, api.MessageRef{Key: id})
		if err != nil || len(m.Record.Variants) != 1 {
			w.t.Errorf("%s: %d reports, %v", id, len(m.Record.Variants), err)
		}
	}
	s, err := client.Do(w.t.Context(), w.Client, api.ShowStatus, api.None{})
	if err != nil || s.Tenants[0].Counts.Records < len(ids) {
		w.t.Errorf("%d records of %d accepted reports, %v", s.Tenants[0].Counts.Records, len(ids), err)
	}
}

// loader sends reports over short sessions, as many connectors would.
type loader struct {
	bed *testbed.Bed

	mu      sync.Mutex
	next    int
	dialled int
	ended   int      // sessions that a stop has ended with 421, or between two reports
	ids     []string // of reports that got a 250
	wrong   []error
}

// accepted is "" once so many reports got a 250.
func (l *loader) accepted(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ids) < n {
		return fmt.Sprintf("%d reports were accepted, want %d; %v", len(l.ids), n, l.wrong)
	}
	return ""
}

func (l *loader) load(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := smtpload.Dial(ctx, l.bed.Address)
		if !l.connected(ctx, err) {
			continue
		}
		err = conn.Secure("outbound.exchange.example", l.bed.TLS())
		for range 3 {
			if err == nil {
				err = l.send(conn)
			}
		}
		if err != nil {
			l.count(func() { l.ended++ })
		}
		conn.Close()
	}
}

// connected notes a connection that was refused, or ended without a greeting. 421 is a greeting.
func (l *loader) connected(ctx context.Context, err error) bool {
	if errors.Is(err, smtpload.ErrRefused) {
		l.count(func() { l.dialled++; l.ended++ })
		return false
	}
	l.count(func() {
		l.dialled++
		if err != nil && ctx.Err() == nil {
			l.wrong = append(l.wrong, err)
		}
	})
	return err == nil
}

func (l *loader) count(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// send sends one report.
func (l *loader) send(conn *smtpload.Conn) error {
	n := 0
	l.count(func() { n = l.next; l.next++ })
	letter, err := testbed.Write(false, n, "sales@contoso.example")
	if err == nil {
		err = testbed.Send(conn, testbed.Contoso, letter.Report)
	}
	if err == nil {
		l.count(func() { l.ids = append(l.ids, letter.MessageID) })
	}
	return err
}
