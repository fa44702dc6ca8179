package e2e

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
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

	l := &testbed.Loader{Bed: bed}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { l.Load(ctx) })
	}
	for restart := range 4 {
		w.eventually(func() string { return l.Accepted(40 * (restart + 1)) })
		if err := w.Stop(); err != nil {
			t.Fatalf("%v\n%s", err, w.LogTail())
		}
		if err := w.Start(t.Context()); err != nil { // the senders have connected meanwhile, and wait
			t.Fatalf("%v\n%s", err, w.LogTail())
		}
	}
	w.eventually(func() string { return l.Accepted(200) })
	stop()
	group.Wait()

	t.Log(l)
	for _, err := range l.Wrong() {
		t.Error(err)
	}
	w.eventually(w.judged)
	w.haveOnce(l.IDs())
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
