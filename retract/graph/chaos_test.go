package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/journal"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// TestChaos runs seeded scenarios of the engine over the real client, the SDK and the simulator, in fake time: mail of
// several kinds of recipients, faults on a bad day, crashes, users who move mail, tokens that are revoked. At the end
// every intent is final and true to the mailboxes, and no message but the right ones was touched.
// CHAOS_SEED runs one seed, CHAOS_RUNS another number of them.
func TestChaos(t *testing.T) {
	first, runs := uint64(1), uint64(30)
	if testing.Short() {
		runs = 8
	}
	if n, err := strconv.ParseUint(os.Getenv("CHAOS_RUNS"), 10, 64); err == nil {
		runs = n
	}
	if n, err := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64); err == nil {
		first, runs = n, 1
	}
	sum := tally{}
	for seed := first; seed < first+runs && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) { chaos(t, seed, sum) })
	}
	t.Logf("%d scenarios: %v", runs, sum)
	for _, what := range []string{"call move", "call purge", "fault throttled", "fault lost", "fault cut", "fault revoked", "outcome done", "outcome skipped"} {
		if runs >= 30 && sum[what] == 0 {
			t.Errorf("no scenario had %q", what)
		}
	}
}

// tally counts what happened over all scenarios: a scenario in which nothing happens proves nothing.
type tally map[string]int

func (s tally) add(b *bed) {
	for _, c := range b.sim.Calls() {
		s["call "+string(c.Route)]++
		if c.Fault != "" {
			s["fault "+c.Fault]++
		}
	}
	for _, m := range b.mails {
		intents, _ := b.st.Intents(context.Background(), m.rec.ID) // check has read them already
		for _, in := range intents {
			s["outcome "+string(in.Outcome)]++
		}
	}
}

// bed is one scenario.
type bed struct {
	t      *testing.T
	random *rand.Rand
	dir    string
	disk   memory.Disk
	sim    *graphsim.Sim
	tenant config.Tenant
	client *Client
	st     *store.Store
	engine *retract.Engine
	stop   func()
	broken atomic.Bool // the store fails: a crash
	mails  []*chaosMail
	users  []graphsim.User
	moved  map[string]bool // keys of messages that a user moved
}

type chaosMail struct {
	rec         store.Record
	mid, nid    string
	disposition verdict.Disposition
	to          []string
	bad, good   []graphsim.Message
	restored    bool
}

func chaos(t *testing.T, seed uint64, sum tally) {
	dir, err := os.MkdirTemp(sharedMemory(), "chaos")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	defer func() {
		if t.Failed() {
			t.Logf("again by: CHAOS_SEED=%d go test -run TestChaos ./retract/graph", seed)
		}
	}()
	b := newBed(t, dir, seed)
	defer b.close()
	for i := range 1 + b.random.IntN(3) {
		b.mail(i)
	}
	for range 2 + b.random.IntN(6) {
		b.run(time.Duration(b.random.ExpFloat64() * float64(20*time.Second)))
		b.event()
	}
	b.sim.SetRates(graphsim.Calm())
	b.run(10 * 24 * time.Hour) // past every schedule but that of the MALICIOUS that were not found
	b.check()
	sum.add(b)
}

// sharedMemory is a directory in memory where there is one: the store's fsync is not what is tested here.
func sharedMemory() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return ""
}

const (
	outside  = "partner@fabrikam.example"
	onPrem   = "old@contoso.example"
	noAccess = "board@contoso.example"
	unknown  = "nobody@contoso.example"
)

func newBed(t *testing.T, dir string, seed uint64) *bed {
	b := &bed{t: t, random: rand.New(rand.NewPCG(seed, 3)), dir: dir, moved: map[string]bool{}}
	b.sim = graphsim.New(graphsim.Options{
		Seed: seed, TokenLife: 30 * time.Minute, Latency: time.Duration(b.random.IntN(1500)) * time.Millisecond, NoPurge: b.random.IntN(3) == 0,
		Slack:  -1,
		Limits: graphsim.Limits{TenantConcurrency: []int{0, 0, 2, 5}[b.random.IntN(4)]},
	})
	for _, name := range []string{"anna", "bert", "carl"} {
		b.users = append(b.users, b.sim.AddMailbox(name+"@contoso.example", name+".alias@contoso.example"))
	}
	b.users = append(b.users, b.sim.AddUser(graphsim.User{UPN: "info@contoso.example", Kind: graphsim.SharedMailbox}))
	b.sim.AddUser(graphsim.User{UPN: onPrem, Kind: graphsim.OnPremises})
	b.sim.AddUser(graphsim.User{UPN: noAccess, Kind: graphsim.Unlisted})
	d := graphsim.DefaultTenant()
	b.tenant = config.Tenant{
		Name: "contoso", ID: d.ID, Mode: "live", Domains: []string{"contoso.example"},
		Actions: config.Actions{
			verdict.Malicious: {Action: b.pick(config.SoftDelete, config.HardDelete)}, verdict.Spoof: {Action: config.Trash}, verdict.Spam: {Action: config.Junk},
		},
		Brake: config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1},
		Graph: config.Graph{
			Cloud: "custom", ClientID: d.ClientID, ClientSecret: config.NewSecret(d.ClientSecret), LoginURL: b.sim.URL(), GraphURL: b.sim.URL(),
			MailboxConcurrent: 3, PurgesByMove: true,
		},
	}
	b.open()
	return b
}

func (b *bed) pick(actions ...config.Action) config.Action {
	return actions[b.random.IntN(len(actions))]
}

// open is what a new process does.
func (b *bed) open() {
	b.t.Helper()
	var err error
	b.client, err = New(b.tenant, Options{Base: b.sim.RoundTripper()})
	if err != nil {
		b.t.Fatal(err)
	}
	b.st, err = store.New(b.disk.Engine(b.dir), store.Options{Fail: func(string) error {
		if b.broken.Load() {
			return errors.New("crashed")
		}
		return nil
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.engine = retract.New(retract.Options{
		Store: b.st,
		Tenants: func(string) (retract.Tenant, bool) {
			return retract.Tenant{Config: &b.tenant, Mailboxes: b.client}, true
		},
		TenantIDs: func() []string { return []string{b.tenant.ID} },
		Originals: func(store.Variant) (io.ReadCloser, error) { return nil, os.ErrNotExist },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.engine.Run(ctx) }()
	b.stop = func() { cancel(); <-done }
}

func (b *bed) close() {
	b.stop()
	b.st.Close()
}

// crash loses what is not durable: from some moment on nothing is written any more, while calls still act.
func (b *bed) crash() {
	b.broken.Store(true)
	time.Sleep(time.Duration(b.random.IntN(3000)) * time.Millisecond)
	b.close()
	b.broken.Store(false)
	b.open()
}

func (b *bed) run(d time.Duration) {
	b.engine.Wake()
	time.Sleep(d)
	synctest.Wait()
}

// mail is one message: delivered to some mailboxes, late or more than once, with a good one of the same Message-ID
// beside it; and reported.
func (b *bed) mail(i int) {
	m := &chaosMail{
		mid: fmt.Sprintf("<bad'%d+x@mail.example.com>", i), nid: fmt.Sprintf("%08d-1111-4222-8333-444444444444", i),
		disposition: []verdict.Disposition{verdict.Malicious, verdict.Spoof, verdict.Spam}[b.random.IntN(3)],
	}
	for _, u := range b.users {
		if b.random.IntN(3) == 0 {
			continue
		}
		addresses := append([]string{u.UPN}, u.Aliases...)
		m.to = append(m.to, addresses[b.random.IntN(len(addresses))])
		copies := []int{0, 1, 1, 1, 2}[b.random.IntN(5)]
		// a second copy that comes after the first was dealt with is not looked for
		late := copies == 1 && b.random.IntN(3) == 0
		for range copies {
			m.bad = append(m.bad, b.deliver(u, chaosCopy{m.mid, m.nid, late}))
		}
		if b.random.IntN(3) == 0 {
			m.good = append(m.good, b.deliver(u, chaosCopy{m.mid, fmt.Sprintf("%08d-9999-4222-8333-444444444444", b.random.IntN(1e6)), false}))
		}
	}
	for _, address := range []string{outside, onPrem, noAccess, unknown} {
		if b.random.IntN(4) == 0 {
			m.to = append(m.to, address)
		}
	}
	if len(m.to) == 0 {
		m.to = []string{unknown}
	}
	b.mails = append(b.mails, m)
	b.report(m, i)
}

// chaosCopy is one message in one mailbox.
type chaosCopy struct {
	mid, nid string
	late     bool
}

func (b *bed) deliver(u graphsim.User, c chaosCopy) graphsim.Message {
	b.t.Helper()
	folders := []string{"inbox", "inbox", "Projects", "junkemail", "deleteditems", "sentitems"}
	d := graphsim.Delivery{
		Mailbox: u.UPN, NetworkMessageID: c.nid, Folder: folders[b.random.IntN(len(folders))], Read: b.random.IntN(2) == 0,
		MIME: []byte("From: eve@example.com\r\nMessage-ID: " + c.mid + "\r\nSubject: Invoice\r\n\r\nPay here.\r\n"),
	}
	if c.late {
		d.Visible = time.Now().Add(time.Duration(b.random.ExpFloat64() * float64(time.Minute)))
	}
	got, err := b.sim.Deliver(d)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *bed) report(m *chaosMail, i int) {
	b.t.Helper()
	sum := sha256.Sum256([]byte(m.mid))
	v := verdict.Verdict{Disposition: m.disposition, Score: 90}
	rec := store.Record{
		MessageID: m.mid, Sender: "eve@example.com", From: "eve@example.com", Received: time.Now(), FirstHand: true, Direction: "inbound",
		Verdict: v, Content: hex.EncodeToString(sum[:]),
		Variants: []store.Variant{{SHA256: hex.EncodeToString(sum[:]), Verdict: v, FirstHand: true, At: time.Now()}},
	}
	for _, to := range m.to {
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: to, Type: journal.Unlabeled})
	}
	var err error
	m.rec, _, err = b.st.Apply(context.Background(), store.Application{
		Key: fmt.Sprintf("report-%d", i), Tenant: b.tenant.ID, Network: m.nid, Record: rec,
	}, policy.Plan(&b.tenant, time.Now()))
	if err != nil {
		b.t.Fatal(err)
	}
}

// event is one thing that happens meanwhile.
func (b *bed) event() {
	m := b.mails[b.random.IntN(len(b.mails))]
	switch b.random.IntN(8) {
	case 0, 1:
		b.crash()
	case 2: // a stop in good order
		b.close()
		b.open()
	case 3:
		b.sim.RevokeTokens()
	case 4:
		if len(m.bad) > 0 {
			victim := m.bad[b.random.IntN(len(m.bad))]
			b.moved[victim.Key] = true
			b.sim.UserMoves(victim.Mailbox, victim.Key, []string{"archive", "deleteditems", ""}[b.random.IntN(3)])
		}
	case 5:
		if _, err := b.engine.Restore(context.Background(), "ada", m.rec.ID, ""); err == nil {
			m.restored = true
		}
	}
}

// check holds what the store says against the mailboxes.
func (b *bed) check() {
	b.t.Helper()
	for _, v := range b.sim.Violations() {
		b.t.Errorf("violation: %s", v)
	}
	wrong := map[string]bool{}
	for _, m := range b.mails {
		for _, good := range m.good {
			wrong[good.Key] = true
		}
		intents, err := b.st.Intents(b.t.Context(), m.rec.ID)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, in := range intents {
			b.truth(m, in)
		}
	}
	for _, m := range b.sim.Changed() {
		if wrong[m.Key] {
			b.t.Errorf("a good message of %s was touched: %v", m.Mailbox, m.Changes)
		}
	}
}

// truth checks one intent.
func (b *bed) truth(m *chaosMail, in store.Intent) {
	b.t.Helper()
	if in.Outcome == store.Pending || in.Unknown {
		b.t.Errorf("%s of %s is %s, in doubt %t: %s", in.Kind, in.Address, in.Outcome, in.Unknown, in.Reason)
	}
	want := map[string]store.Outcome{outside: store.Skipped, onPrem: store.Failed, noAccess: store.Failed}
	if w, ok := want[in.Address]; ok && in.Kind == store.Retract && in.Outcome != w && !m.restored {
		b.t.Errorf("%s is %s (%s), want %s", in.Address, in.Outcome, in.Reason, w)
	}
	if in.Kind != store.Retract || m.restored {
		return
	}
	target, _ := policy.Target(config.Action(in.Action))
	for _, bad := range m.bad {
		if b.owner(in.Address) != bad.Mailbox || bad.Folder == "sentitems" || b.moved[bad.Key] {
			continue
		}
		now := b.now(bad)
		at := exchange.RankOf(exchange.Folder(now.Folder))
		if in.Outcome != store.Done || at < exchange.RankOf(target) {
			b.t.Errorf("%s is %s (%s), and the message lies in %s", in.Address, in.Outcome, in.Reason, now.Folder)
		}
		if len(now.Changes) > 1 {
			b.t.Errorf("the message of %s was moved %v", in.Address, now.Changes)
		}
	}
}

// owner is the mailbox of an address.
func (b *bed) owner(address string) string {
	for _, u := range b.users {
		if address == u.UPN || slices.Contains(u.Aliases, address) {
			return u.UPN
		}
	}
	return ""
}

func (b *bed) now(m graphsim.Message) graphsim.Message {
	for _, got := range b.sim.Messages(m.Mailbox) {
		if got.Key == m.Key {
			return got
		}
	}
	return graphsim.Message{}
}
