package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/journal"
	"clawback/retract"
	"clawback/retract/graph"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

// rig is an engine over a store on disk, and a simulator with n mailboxes.
type rig struct {
	n      int
	dir    string
	cfg    *config.Tenant
	sim    *graphsim.Sim
	st     *store.Store
	engine *retract.Engine
	stop   func()
	sent   int // letters
}

// result is one measurement.
type result struct {
	mailboxes, retractions int
	took                   time.Duration
	calls                  []graphsim.Call
	violations             []string
}

// throughput measures letters to n mailboxes each, after one that has filled the caches.
func throughput(n int) (result, error) {
	r, err := newRig(n)
	if err != nil {
		return result{}, err
	}
	defer r.close()
	if _, err := r.letters(1); err != nil {
		return result{}, fmt.Errorf("warm up: %w", err)
	}
	r.sim.ForgetCalls()
	want := *least
	if n == 1 {
		want /= 5
	}
	count := max(1, want/n)
	took, err := r.letters(count)
	return result{n, count * n, took, r.sim.Calls(), r.sim.Violations()}, err
}

func newRig(n int) (*rig, error) {
	dir, err := os.MkdirTemp("", "clawback-benchgraph-")
	if err != nil {
		return nil, err
	}
	r := &rig{n: n, dir: dir, stop: func() {}}
	if err := r.open(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rig) open() (err error) {
	ca := filepath.Join(r.dir, "graph-ca.crt")
	r.sim = graphsim.New(graphsim.Options{Rates: graphsim.Calm(), Latency: *latency, CAFile: ca})
	if err := r.sim.Start(); err != nil {
		return err
	}
	for i := range r.n {
		r.sim.AddMailbox(mailbox(i))
	}
	t := graphsim.DefaultTenant()
	r.cfg = &config.Tenant{
		Name: "contoso", ID: t.ID, Mode: "live", Domains: t.Domains,
		Actions: config.Actions{verdict.Malicious: {Action: config.SoftDelete}},
		Brake:   config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1},
		Graph: config.Graph{
			Cloud: "custom", LoginURL: r.sim.URL(), GraphURL: r.sim.URL(), CAFile: ca,
			ClientID: t.ClientID, ClientSecret: config.NewSecret(t.ClientSecret), MailboxConcurrent: 3,
		},
	}
	if r.st, err = pebble.Open(r.dir, store.Options{}); err != nil {
		return err
	}
	client, err := graph.New(*r.cfg, graph.Options{})
	if err != nil {
		return err
	}
	r.start(client)
	return nil
}

func (r *rig) start(client *graph.Client) {
	r.engine = retract.New(retract.Options{
		Store: r.st,
		Tenants: func(id string) (retract.Tenant, bool) {
			return retract.Tenant{Config: r.cfg, Mailboxes: client}, id == r.cfg.ID
		},
		TenantIDs: func() []string { return []string{r.cfg.ID} },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.engine.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
}

func (r *rig) close() {
	r.stop()
	if r.st != nil {
		r.st.Close()
	}
	if r.sim != nil {
		r.sim.Close()
	}
	os.RemoveAll(r.dir)
}

func mailbox(n int) string { return fmt.Sprintf("user%d@contoso.example", n) }

// letters delivers so many letters to every mailbox, reports them, and waits until all are taken.
func (r *rig) letters(count int) (time.Duration, error) {
	var all []store.Application
	for range count {
		a, err := r.letter()
		if err != nil {
			return 0, err
		}
		all = append(all, a)
	}
	begun := time.Now()
	for _, a := range all {
		a.Record.Received = time.Now()
		if _, _, err := r.st.Apply(context.Background(), a, policy.Plan(r.cfg, time.Now())); err != nil {
			return 0, err
		}
		r.engine.Wake()
	}
	return r.wait(begun, r.sent*r.n)
}

var errStuck = errors.New("it does not go on")

// wait waits until so many retractions are done.
func (r *rig) wait(begun time.Time, want int) (time.Duration, error) {
	const patience = 10 * time.Minute
	for time.Since(begun) < patience {
		c, err := r.st.Counts(context.Background(), r.cfg.ID)
		if err != nil {
			return 0, err
		}
		if c.Outcomes[store.Done] == want {
			return time.Since(begun), nil
		}
		if others := want - c.Outcomes[store.Done] - c.Outcomes[store.Pending]; others > 0 && len(c.Outcomes) > 2 {
			return 0, fmt.Errorf("not all are done: %v", c.Outcomes)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, errStuck
}

// letter delivers one letter to every mailbox and makes its report.
func (r *rig) letter() (store.Application, error) {
	r.sent++
	nid := fmt.Sprintf("%08x-0000-4000-8000-000000000000", r.sent)
	mid := fmt.Sprintf("<bench-%d@sender.example>", r.sent)
	original := "Message-ID: " + mid + "\r\nFrom: eve@sender.example\r\nTo: all@contoso.example\r\nSubject: " +
		"Invoice\r\n\r\nPay here.\r\n"
	sum := sha256.Sum256([]byte(original))
	sha := hex.EncodeToString(sum[:])
	v := verdict.Verdict{Disposition: verdict.Malicious, Score: 90}
	rec := store.Record{
		MessageID: mid, Sender: "eve@sender.example", From: "eve@sender.example", Subject: "Invoice",
		Direction: "inbound",
		FirstHand: true, Verdict: v, Content: sha,
		Variants: []store.Variant{{SHA256: sha, Verdict: v, FirstHand: true}},
	}
	for i := range r.n {
		_, err := r.sim.Deliver(graphsim.Delivery{Mailbox: mailbox(i), MIME: []byte(original), NetworkMessageID: nid})
		if err != nil {
			return store.Application{}, err
		}
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: mailbox(i), Type: journal.Unlabeled})
	}
	return store.Application{Key: nid, Tenant: r.cfg.ID, Network: nid, Record: rec}, nil
}

// String is one line.
func (r result) String() string {
	routes := map[graphsim.Route]int{}
	throttled := 0
	for _, c := range r.calls {
		routes[c.Route]++
		if c.Status == 429 {
			throttled++
		}
	}
	text := fmt.Sprintf("%6d mailboxes: %6d retractions in %7.2f s: %7.1f a second; %.2f requests each (%s); %d "+
		"answers of 429",
		r.mailboxes, r.retractions, r.took.Seconds(), float64(r.retractions)/r.took.Seconds(),
		float64(len(r.calls))/float64(r.retractions), spell(routes), throttled)
	if len(r.violations) > 0 {
		text += "; VIOLATIONS: " + strings.Join(r.violations, "; ")
	}
	return text
}

func spell(routes map[graphsim.Route]int) string {
	var list []string
	for route, n := range routes {
		list = append(list, fmt.Sprintf("%d %s", n, route))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
