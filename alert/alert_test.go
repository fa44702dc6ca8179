package alert

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/config"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// bench is a Dispatcher over a store in memory, with a clock of its own.
type bench struct {
	*Dispatcher
	t     *testing.T
	store *store.Store
	cfg   *config.Config
	told  teller

	mu  sync.Mutex
	now time.Time
}

type teller struct {
	mu   sync.Mutex
	said []string
}

func (s *teller) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *teller) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

func (s *teller) RouteFails(route string, _ time.Time, why string) {
	s.printf("%s fails: %s", route, why)
}
func (s *teller) RouteDelivers(route string) {}
func (s *teller) RouteDrops(route string)    { s.printf("%s drops", route) }
func (s *teller) Clean(text string) string {
	return strings.ReplaceAll(text, "j-secret@gw.example", "[a journal address]")
}
func (s *teller) Critical(kind string) bool { return kind == "mail.deferred" }

const contoso, fabrikam = "6f1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c11", "7f1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c22"

// newBench begins on a day of its own, and follows from now on.
func newBench(t *testing.T, routes ...config.Alert) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	var err error
	b.store, err = store.New(&memory.Engine{}, store.Options{Now: b.clock})
	must(t, err)
	t.Cleanup(func() { must(t, b.store.Close()) })
	b.cfg = &config.Config{Hostname: "gw.example", StateDir: t.TempDir(), Alerts: routes,
		Tenants: []config.Tenant{{Name: "contoso", ID: contoso}, {Name: "fabrikam", ID: fabrikam}}}
	b.open()
	b.follow()
	return b
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	b.Dispatcher, err = Open(b.cfg, Options{StateDir: b.cfg.StateDir, Store: b.store, Teller: &b.told,
		Log: slog.New(slog.DiscardHandler), Now: b.clock, Version: "test"})
	must(b.t, err)
	b.t.Cleanup(func() { b.Dispatcher.Close() })
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// follow makes events of all that changed.
func (b *bench) follow() {
	b.t.Helper()
	for more := true; more; {
		var err error
		more, err = b.Dispatcher.follow(b.t.Context(), targetsOf(b.cfg))
		must(b.t, err)
	}
}

// worker is the worker of a route, with a sender of the test's, or its own.
func (b *bench) worker(name string, s sender) *worker {
	b.t.Helper()
	_, a, err := b.route(name)
	must(b.t, err)
	if s == nil {
		s = b.senderOf(b.cfg, a)
	}
	w := newWorker(a, s, b.outbox, b.o)
	w.jitter = func() float64 { return 0.5 }
	return w
}

// raise makes a notice stand, and waits a minute.
func (b *bench) raise(kind, tenant, text string) {
	b.t.Helper()
	_, _, err := b.store.Raise(b.t.Context(), store.Notice{Kind: kind, Tenant: tenant, Text: text, Do: "mend it"})
	must(b.t, err)
	b.follow()
	b.wait(time.Minute)
}

// waiting are the texts of what waits for a route.
func (b *bench) waiting(name string) (list []string) {
	b.t.Helper()
	must(b.t, b.outbox.edit(name, func(bucket *bbolt.Bucket, _ *routeState) error {
		return eachFrom(bucket, 0, func(_ uint64, row []byte) (bool, error) {
			var e Event
			err := json.Unmarshal(row, &e)
			list = append(list, string(e.Type)+": "+e.Text)
			return true, err
		})
	}))
	return list
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// taker is a sender that notes what it is given, and answers what it is told to.
type taker struct {
	parcels []parcel
	err     error
}

func (s *taker) send(_ context.Context, p parcel) (string, error) {
	s.parcels = append(s.parcels, p)
	return "200 OK", s.err
}

// texts are those of all events that were sent.
func (s *taker) texts() (list []string) {
	for _, p := range s.parcels {
		for _, e := range p.Events {
			list = append(list, e.Text)
		}
	}
	return list
}

// soc is a route that tells everything, at once.
func soc(more ...func(*config.Alert)) config.Alert {
	a := config.Alert{Name: "soc", Kind: "webhook", Format: "alert", Events: []string{"verdict", "action", "notice"},
		Keep: 7 * 24 * time.Hour, MaxSize: 1 << 20,
		PrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, change := range more {
		change(&a)
	}
	return a
}

// receiver is a server of HTTPS, and the route that leads to it.
func receiver(t *testing.T, h http.HandlerFunc) (*httptest.Server, config.Alert) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	return s, soc(func(a *config.Alert) {
		a.URL, a.CAFile = config.NewSecret(s.URL+"/hook/secret-path"), caOf(t, s.Certificate())
	})
}

func caOf(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	return file
}

func TestFollow_tellsEachRouteWhatItNames(t *testing.T) {
	named := func(name string, events, tenants []string) config.Alert {
		return soc(func(a *config.Alert) { a.Name, a.Events, a.Tenants = name, events, tenants })
	}
	b := newBench(t, named("all", []string{"notice"}, nil), named("feeds", []string{"feed"}, nil),
		named("contoso", []string{"notice"}, []string{"contoso"}), named("bad", []string{"malicious"}, nil))
	b.raise("feed.away", "", "a list is away")
	b.raise("retract.gave_up", contoso, "a message of contoso's")
	b.raise("retract.gave_up", fabrikam, "a message of fabrikam's")
	for name, want := range map[string][]string{
		"all":     {"notice: a list is away", "notice: a message of contoso's", "notice: a message of fabrikam's"},
		"feeds":   {"notice: a list is away"},
		"contoso": {"notice: a message of contoso's"},
		"bad":     nil,
	} {
		if got := b.waiting(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What nobody elsewhere may know is in no event.
func TestFollow_keepsJournalAddressesIn(t *testing.T) {
	b := newBench(t, soc())
	b.raise("address.vanished", contoso, "mail for j-secret@gw.example is put off")
	if got := b.waiting("soc"); !slices.Equal(got, []string{"notice: mail for [a journal address] is put off"}) {
		t.Errorf("%q", got)
	}
}

// What stood and is over is told, although its row is gone; a number that changes is not told again within the hour.
func TestFollow_noticeBeginsAndEnds(t *testing.T) {
	b := newBench(t, soc(), soc(func(a *config.Alert) { a.Name, a.Format = "siem", "ocsf" }))
	b.raise("retractions.held", "", "1 is held")
	b.raise("retractions.held", "", "2 are held")
	b.wait(2 * time.Hour)
	b.raise("retractions.held", "", "3 are held")
	_, err := b.store.Clear(t.Context(), "retractions.held", "", "")
	must(t, err)
	b.follow()
	b.raise("retractions.held", "", "1 is held")
	want := []string{"notice: 1 is held", "notice: 3 are held", "cleared: 3 are held", "notice: 1 is held"}
	if got := b.waiting("soc"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	want = []string{"notice: 1 is held", "notice: 2 are held", "notice: 3 are held", "cleared: 3 are held",
		"notice: 1 is held"}
	if got := b.waiting("siem"); !slices.Equal(got, want) {
		t.Errorf("stream: %q, want %q", got, want)
	}
}

// Changes from before the first route are not told; nothing follows where there is no route.
func TestFollow_beginsWhereTheRoutesDo(t *testing.T) {
	b := newBench(t)
	b.raise("feed.away", "", "before")
	b.cfg.Alerts = []config.Alert{soc()}
	must(t, b.outbox.forget())
	b.follow()
	b.raise("feed.refused", "", "after")
	if got := b.waiting("soc"); !slices.Equal(got, []string{"notice: after"}) {
		t.Errorf("%q", got)
	}
}

// The file is lost: the follower goes on from its cursor in the store.
func TestFollow_outboxLost(t *testing.T) {
	b := newBench(t, soc())
	b.raise("feed.away", "", "one")
	b.wait(time.Hour)
	b.raise("feed.refused", "", "two") // moves the cursor in the store
	_, _, err := b.store.Raise(t.Context(), store.Notice{Kind: "certificate", Text: "three"})
	must(t, err)
	must(t, b.Dispatcher.Close())
	must(t, os.Remove(filepath.Join(b.cfg.StateDir, File)))
	b.open()
	b.follow()
	if got := b.waiting("soc"); !slices.Equal(got, []string{"notice: three"}) {
		t.Errorf("%q", got)
	}
}

func TestWorker_deliversInOrderOverFailures(t *testing.T) {
	b := newBench(t, soc())
	s := &taker{err: fmt.Errorf("away")}
	w := b.worker("soc", s)
	b.raise("feed.away", "", "one")
	if wait := w.step(t.Context()); wait != 5*time.Second {
		t.Errorf("waits %s after the first failure", wait)
	}
	b.raise("feed.refused", "", "two")
	for range 40 { // a day
		b.wait(w.step(t.Context()))
	}
	s.err = nil
	if away := b.clock().Sub(s.parcels[0].At); away < 15*time.Hour {
		t.Fatalf("it was away for %s only", away)
	}
	for range 3 {
		b.wait(w.step(t.Context()))
	}
	last := s.parcels[len(s.parcels)-2:]
	if last[0].ID != s.parcels[0].ID || last[0].Events[0].Text != "one" || last[1].Events[0].Text != "two" {
		t.Errorf("the last messages are %+v", last)
	}
	if got := b.waiting("soc"); got != nil {
		t.Errorf("%q wait still", got)
	}
	if said := b.told.all(); !slices.Contains(said, "soc fails: away") {
		t.Errorf("a person was told %q", said)
	}
	list, err := b.Deliveries("soc")
	must(t, err)
	if len(list) != len(s.parcels) || !list[0].OK || list[len(list)-1].Answer != "away" {
		t.Errorf("%d deliveries for %d attempts, the last %+v", len(list), len(s.parcels), list[0])
	}
}

// The process ends between the receiver's answer and its being noted: the same message goes out again.
func TestWorker_killedAfterDelivery(t *testing.T) {
	b := newBench(t, soc())
	b.raise("feed.away", "", "one")
	s := &taker{}
	w := b.worker("soc", s)
	m, events, _, err := b.outbox.next(w.route, b.clock())
	must(t, err)
	_, err = s.send(t.Context(), parcel{ID: m.ID, Events: events})
	must(t, err)
	must(t, b.Dispatcher.Close())
	b.open()
	b.raise("feed.refused", "", "two")
	w = b.worker("soc", s)
	for range 3 {
		b.wait(w.step(t.Context()))
	}
	if got := s.texts(); !slices.Equal(got, []string{"one", "one", "two"}) {
		t.Errorf("sent %q", got)
	}
	if s.parcels[0].ID != s.parcels[1].ID || s.parcels[1].ID == s.parcels[2].ID {
		t.Errorf("ids %s, %s, %s", s.parcels[0].ID, s.parcels[1].ID, s.parcels[2].ID)
	}
}

func TestWorker_digestGathers(t *testing.T) {
	b := newBench(t, soc(func(a *config.Alert) { a.Digest = 5 * time.Minute }))
	s := &taker{}
	w := b.worker("soc", s)
	b.raise("feed.away", "", "one")
	b.raise("feed.refused", "", "two")
	wait := w.step(t.Context())
	if wait != 3*time.Minute || len(s.parcels) != 0 {
		t.Fatalf("waits %s with %d sent", wait, len(s.parcels))
	}
	b.wait(wait)
	b.raise("certificate", "", "three")
	w.step(t.Context())
	if len(s.parcels) != 1 || len(s.parcels[0].Events) != 3 {
		t.Errorf("sent %q in %d messages", s.texts(), len(s.parcels))
	}
}

// What the receiver refuses of a message that has many events is sent apart, and what it refuses for a day is dropped,
// told, and does not hold up the rest.
func TestWorker_refusedBody(t *testing.T) {
	b := newBench(t, soc())
	for i := range 4 {
		b.raise(fmt.Sprintf("feed.%d", i), "", fmt.Sprintf("text %d", i))
	}
	s := &refuses{word: "text 2"}
	w := b.worker("soc", s)
	for range 80 {
		b.wait(max(w.step(t.Context()), time.Second))
	}
	var got []string
	for _, e := range s.took {
		got = append(got, e.Text)
	}
	if len(got) != 4 || got[0] != "text 0" || got[1] != "text 1" || got[3] != "text 3" || s.took[2].Type != OfCut {
		t.Errorf("took %q", got)
	}
	if said := b.told.all(); !slices.Contains(said, "soc drops") {
		t.Errorf("a person was told %q", said)
	}
}

type refuses struct {
	word string
	took []Event
}

func (s *refuses) send(_ context.Context, p parcel) (string, error) {
	for _, e := range p.Events {
		if e.Text == s.word {
			return "", &refusal{text: "400", body: true}
		}
	}
	s.took = append(s.took, p.Events...)
	return "200", nil
}

// More waits than may: the oldest go, the receiver reads of it where they were, and a person is told.
func TestCut_bySizeAndByAge(t *testing.T) {
	for name, change := range map[string]func(*config.Alert){
		"size": func(a *config.Alert) { a.MaxSize = 20_000 },
		"age":  func(a *config.Alert) { a.Keep = 30 * time.Minute },
	} {
		b := newBench(t, soc(change))
		s := &taker{err: fmt.Errorf("away")}
		w := b.worker("soc", s)
		for i := range 100 {
			b.raise(fmt.Sprintf("feed.%d", i), "", fmt.Sprintf("text %d", i))
			w.step(t.Context())
		}
		s.err, s.parcels = nil, nil
		for range 200 {
			b.wait(max(w.step(t.Context()), time.Second))
		}
		var lost, kept int
		for _, p := range s.parcels {
			for _, e := range p.Events {
				if e.Type == OfCut {
					lost += e.Lost.Events
				} else {
					kept++
				}
			}
		}
		if first := s.parcels[0].Events[0]; first.Type != OfCut || lost == 0 || lost+kept != 100 {
			t.Errorf("%s: %d lost and %d kept, the first is %+v", name, lost, kept, first)
		}
		if got := s.texts(); got[len(got)-1] != "text 99" {
			t.Errorf("%s: the last is %q", name, got[len(got)-1])
		}
		if said := b.told.all(); !slices.Contains(said, "soc drops") {
			t.Errorf("%s: a person was told %q", name, said)
		}
		status, err := b.Status()
		must(t, err)
		if status[0].Dropped != lost || status[0].Waiting != 0 || status[0].Bytes != 0 {
			t.Errorf("%s: %+v after %d lost", name, status[0], lost)
		}
	}
}

func TestBackOff_schedule(t *testing.T) {
	for _, c := range []struct {
		failures int
		asked    time.Duration
		want     time.Duration
	}{
		{1, 0, 5 * time.Second}, {2, 0, 15 * time.Second}, {3, 0, time.Minute}, {6, 0, 30 * time.Minute},
		{100, 0, 30 * time.Minute}, {1, time.Minute, time.Minute}, {1, 48 * time.Hour, time.Hour},
		{6, time.Second, 30 * time.Minute},
	} {
		if got := backOff(c.failures, c.asked, 0.5); got != c.want {
			t.Errorf("after %d failures, asked for %s: %s, want %s", c.failures, c.asked, got, c.want)
		}
	}
	if low, high := backOff(3, 0, 0), backOff(3, 0, 1); low != 48*time.Second || high != 72*time.Second {
		t.Errorf("jitter from %s to %s", low, high)
	}
}

// A record's verdict and what is done in its mailboxes are told.
func TestFollow_verdictsAndActions(t *testing.T) {
	b := newBench(t, soc(), soc(func(a *config.Alert) { a.Name, a.Events = "bad", []string{"malicious"} }))
	rec := badRecord(b.clock())
	_, _, err := b.store.Apply(t.Context(), store.Application{Key: "k", Item: "i", Tenant: contoso, Network: "n",
		Record: rec}, planOne)
	must(t, err)
	b.follow()
	s := &taker{}
	b.worker("soc", s).step(t.Context())
	if len(s.parcels) != 1 || len(s.parcels[0].Events) != 2 {
		t.Fatalf("sent %+v", s.parcels)
	}
	e, action := s.parcels[0].Events[0], s.parcels[0].Events[1]
	if e.Type != OfVerdict || e.Message.Disposition != verdict.Malicious || e.TenantName != "contoso" ||
		e.Message.Subject != rec.Subject {
		t.Errorf("verdict: %+v", e)
	}
	if action.Type != OfAction || action.Action.Outcome != store.Held ||
		action.Action.Mailbox != "ada@contoso.example" {
		t.Errorf("action: %+v", action)
	}
	if got := b.waiting("bad"); len(got) != 1 {
		t.Errorf("the route for MALICIOUS has %q", got)
	}
}

// Two changes of a row that are read when both have happened are one event.
func TestFollow_lateReadsTellOnce(t *testing.T) {
	b := newBench(t, soc())
	rec, _, err := b.store.Apply(t.Context(), store.Application{Key: "k", Item: "i", Tenant: contoso, Network: "n",
		Record: badRecord(b.clock())}, planOne)
	must(t, err)
	in, err := b.store.Intent(t.Context(), "i"+rec.ID[1:])
	must(t, err)
	in, attempt, err := b.store.Begin(t.Context(), in, store.Attempt{Operation: "move"})
	must(t, err)
	in.Outcome, in.Reason, attempt.Outcome = store.Done, "moved", "done"
	_, err = b.store.Complete(t.Context(), in, attempt)
	must(t, err)
	b.follow()
	s := &taker{}
	b.worker("soc", s).step(t.Context())
	if len(s.parcels) != 1 || len(s.parcels[0].Events) != 2 {
		t.Errorf("sent %+v", s.parcels)
	}
}

// planOne holds the message in the mailbox of its first recipient.
func planOne(rec store.Record, _ []store.Intent) []store.Intent {
	return []store.Intent{{ID: "i" + rec.ID[1:], Record: rec.ID, Tenant: rec.Tenant,
		Address: "Ada@contoso.example", Kind: store.Retract,
		Action: "trash", Cause: "MALICIOUS", Outcome: store.Held, Reason: "too many at once"}}
}
