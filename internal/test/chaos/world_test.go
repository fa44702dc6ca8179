package chaos

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract"
	"clawback/retract/graph"
	"clawback/retract/job"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// world is one scenario's organisation, daemon and network, inside a synctest bubble.
type world struct {
	t        *testing.T
	random   *rand.Rand
	dir      string
	rows     memory.Disk
	cfg      *config.Tenant
	wire     *wire
	sim      *graphsim.Sim
	st       *store.Store
	engine   *retract.Engine
	bulkJobs *job.Runner
	stop     func()
	begun    time.Time
	latency  time.Duration

	disk  disk
	mu    sync.Mutex        // owns originals
	bytes map[string]string // originals by SHA-256

	quiet  *neighbour
	starts []time.Time // of the process
	alerts []alert     // owned by mu

	letters  []*letter
	ordered  []order // bulk jobs
	dryRun   bool
	noPurge  bool
	braked   bool
	orders   int // of operators, in the whole scenario
	crashes  int
	restarts int // in good order
	lockouts int

	broughtBack int  // messages, by their owners
	released    int  // copies that appeared later
	late        bool // there was an aftermath

	approved map[string]bool // immutable ids of messages that a person has said to be the one, whatever proves it
	doraLeft bool            // her account was changed: what is said of her mailbox was true at some time
}

// disk decides what becomes durable. From its death on nothing does.
type disk struct {
	dead  atomic.Bool
	since atomic.Pointer[time.Time] // of its death
	died  chan struct{}             // gets a value when an armed death came true
	mu    sync.Mutex
	point string // armed: dies when this point is passed
	count int    // for the count-th time
}

var errPower = errors.New("power is off")

func (d *disk) pass(point string) error {
	d.mu.Lock()
	if d.point == point && !d.dead.Load() {
		if d.count--; d.count <= 0 {
			d.point = ""
			d.die()
			d.died <- struct{}{}
		}
	}
	d.mu.Unlock()
	if d.dead.Load() {
		return errPower
	}
	return nil
}

func (d *disk) die() {
	now := time.Now()
	if d.dead.CompareAndSwap(false, true) {
		d.since.Store(&now)
	}
}

func (d *disk) arm(point string, count int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.point, d.count = point, count
}

func (d *disk) repair() {
	d.arm("", 0)
	select {
	case <-d.died:
	default:
	}
	d.dead.Store(false)
}

const (
	base     = "https://graph.example"
	patience = 50 * time.Second // of the client, for an answer to begin
)

func newWorld(t *testing.T, seed uint64, dir string) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 0xc1a)), dir: dir, wire: newWire(), bytes: map[string]string{},
		approved: map[string]bool{}, begun: time.Now()}
	w.disk.died = make(chan struct{}, 1)
	w.noPurge = w.chance(4)
	rates := w.badDay()
	w.latency = time.Duration(w.random.IntN(1500)) * time.Millisecond
	w.sim = graphsim.New(graphsim.Options{
		Seed: seed, Rates: rates, NoPurge: w.noPurge, Latency: w.latency, TokenLife: time.Duration(5+w.random.IntN(60)) * time.Minute,
		Slack: -1,
	})
	w.sim.StartOn(w.wire, base)
	w.cfg = w.configuration()
	w.populate()
	w.quiet = w.newNeighbour()
	w.open()
	return w
}

// chance is true once in n times.
func (w *world) chance(n int) bool { return w.random.IntN(n) == 0 }

// badDay scales the rates of the simulator's faults by up to three.
func (w *world) badDay() *graphsim.Rates {
	r, by := graphsim.Nasty(), 3*w.random.Float64()
	for _, rate := range []*float64{&r.Throttled, &r.Busy, &r.ServerError, &r.HTML, &r.EmptyError, &r.Lost, &r.LostGateway, &r.Cut, &r.Revoked,
		&r.NoHeaders, &r.NoID, &r.Stuck, &r.Login} {
		*rate *= by
	}
	return r
}

func (w *world) configuration() *config.Tenant {
	malicious := config.SoftDelete
	if w.chance(4) {
		malicious = config.HardDelete
	}
	t := graphsim.DefaultTenant()
	cfg := &config.Tenant{
		Name: "contoso", ID: t.ID, Mode: "live", Domains: append(t.Domains, "board.contoso.example"), Exempt: []string{"security@contoso.example"},
		Actions: config.Actions{
			verdict.Malicious: {Action: malicious},
			verdict.Spoof:     {Action: config.Trash},
			verdict.Spam:      {Action: config.Junk, UnreadOnly: w.chance(4)},
		},
		Brake: config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1},
		Graph: config.Graph{
			Cloud: "custom", LoginURL: base, GraphURL: base, ClientID: t.ClientID, ClientSecret: config.NewSecret(t.ClientSecret),
			MailboxConcurrent: 2 + w.random.IntN(2), PurgesByMove: !w.chance(3),
		},
	}
	if w.chance(2) {
		cfg.Exempt[0] = "soc@contoso.example" // an alias of the same mailbox
	}
	if w.chance(3) {
		cfg.Groups = []config.Group{w.group()}
	}
	if w.braked = w.chance(6); w.braked {
		cfg.Brake.MailboxesPerHour, cfg.Brake.MailboxesPerMail = 2+w.random.IntN(4), 1+w.random.IntN(3)
	}
	if w.dryRun = w.chance(20); w.dryRun {
		cfg.Mode = "dry-run"
	}
	return cfg
}

// group is a group of mailboxes with actions of its own, which has its mailboxes by one of their addresses.
func (w *world) group() config.Group {
	g := config.Group{Name: "board", Actions: config.Actions{}}
	g.Mailboxes = [][]string{{"a.nna@contoso.example"}, {"bert@contoso.example"}, {"anna@contoso.example", "@board.contoso.example"}}[w.random.IntN(3)]
	for _, d := range []verdict.Disposition{verdict.Malicious, verdict.Spoof, verdict.Spam, verdict.Suspicious, verdict.Clean} {
		g.Actions[d] = config.Rule{Action: config.None}
		if d > verdict.Clean {
			g.Actions[d] = config.Rule{Action: []config.Action{config.None, config.Junk, config.Trash, config.SoftDelete}[w.random.IntN(4)]}
		}
	}
	return g
}

// rule is what is to be done with a verdict's message in a mailbox.
func (w *world) rule(upn string, d verdict.Disposition) config.Rule {
	for _, g := range w.cfg.Groups {
		for _, p := range people {
			if p.upn == upn && (slices.Contains(g.Mailboxes, p.address) ||
				slices.ContainsFunc(p.aliases, func(a string) bool { return slices.Contains(g.Mailboxes, a) }) ||
				p.domain(g)) {
				return g.Actions[d]
			}
		}
	}
	return w.cfg.Actions[d]
}

// domain reports whether a group of mailboxes has a person by the domain of one of the addresses.
func (p person) domain(g config.Group) bool {
	return slices.ContainsFunc(p.aliases, func(a string) bool {
		return slices.ContainsFunc(g.Mailboxes, func(m string) bool { return m[0] == '@' && strings.HasSuffix(a, m) })
	})
}

// open starts the process on what the disk holds.
func (w *world) open() {
	w.t.Helper()
	st, err := store.New(w.rows.Engine(w.dir), store.Options{Fail: w.disk.pass})
	if err != nil {
		w.t.Fatal(err)
	}
	w.st = st
	w.starts = append(w.starts, time.Now())
	clients := map[string]retract.Tenant{w.cfg.ID: w.tenant(w.cfg), w.quiet.cfg.ID: w.tenant(w.quiet.cfg)}
	w.engine = retract.New(retract.Options{
		Store:     st,
		Tenants:   func(id string) (retract.Tenant, bool) { t, ok := clients[id]; return t, ok },
		TenantIDs: func() []string { return []string{w.cfg.ID, w.quiet.cfg.ID} },
		Originals: w.original,
		Alert:     w.alert,
	})
	w.bulkJobs = job.New(job.Options{Store: st, Engine: w.engine})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.engine.Run(ctx) })
	running.Go(func() { w.bulkJobs.Run(ctx) })
	w.stop = func() { cancel(); running.Wait() }
}

func (w *world) tenant(cfg *config.Tenant) retract.Tenant {
	w.t.Helper()
	client, err := graph.New(*cfg, graph.Options{Base: &http.Transport{
		DialTLSContext: w.wire.dial, ResponseHeaderTimeout: patience, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 16,
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return retract.Tenant{Config: cfg, Mailboxes: client}
}

// alert is one that was given.
type alert struct {
	retract.Alert
	at time.Time
}

func (w *world) alert(a retract.Alert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alerts = append(w.alerts, alert{a, time.Now()})
}

func (w *world) original(v store.Variant) (io.ReadCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o, ok := w.bytes[v.SHA256]; ok {
		return io.NopCloser(strings.NewReader(o)), nil
	}
	return nil, os.ErrNotExist
}

// halt ends the process: in good order when disk and network live.
func (w *world) halt() {
	w.stop()
	w.st.Close()
}

// close ends everything, so that the bubble can end.
func (w *world) close() {
	w.halt()
	w.wire.cut()
	w.sim.Close()
	synctest.Wait()
}

// restart stops the process in good order and starts it again.
func (w *world) restart() {
	w.restarts++
	w.halt()
	w.wire.cut() // the old process's connections end with it
	w.wire.mend()
	w.open()
}

// crash ends the process as a power cut or SIGKILL does: the disk may die before the network or after it, so that calls
// are lost before they were made, or were answered and the answer was not written.
func (w *world) crash() {
	w.crashes++
	pause := func() { time.Sleep(time.Duration(w.random.IntN(2000)) * time.Millisecond) }
	cut := time.Now()
	switch w.random.IntN(3) {
	case 0:
		w.disk.die()
		w.wire.cut()
	case 1:
		w.disk.die()
		pause()
		w.wire.cut()
	default:
		w.wire.cut()
		pause()
		w.disk.die()
	}
	w.halt()
	if died := *w.disk.since.Load(); died.Before(cut) {
		cut = died
	}
	time.Sleep(5 * time.Second) // until the simulator has noticed that the old process is gone: it counts calls at once
	w.sim.Unheard(cut)          // what it said in that very instant too
	w.disk.repair()
	w.wire.mend()
	w.open()
}

// run lets time pass. An armed death comes true on the way.
func (w *world) run(d time.Duration) {
	w.engine.Wake()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.disk.died:
		w.crash()
	case <-timer.C:
	}
}
