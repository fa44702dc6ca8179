package retract_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/policy"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// The random test: seeded scenarios of mail, faults, verdicts that change, operators, and crashes. At the end every
// intent is final or held, what it says is true of the mailboxes, and nothing was touched that is not the record's.
// RETRACT_SEED runs one seed, RETRACT_RUNS another number of them.
func TestModel_random(t *testing.T) {
	first, runs := uint64(1), uint64(200)
	if testing.Short() {
		runs = 40
	}
	if n, err := strconv.ParseUint(os.Getenv("RETRACT_RUNS"), 10, 64); err == nil {
		runs = n
	}
	if n, err := strconv.ParseUint(os.Getenv("RETRACT_SEED"), 10, 64); err == nil {
		first, runs = n, 1
	}
	for seed := first; seed < first+runs && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) { scenario(t, seed) })
	}
}

// chaos is one scenario.
type chaos struct {
	*rig
	random   *rand.Rand
	records  []store.Record
	messages map[string][]*retracttest.Message // record and address -> its messages
	// records that a person has restored or retracted: may move more than once
	undone   map[string]bool
	rejudged map[string]bool
}

func scenario(t *testing.T, seed uint64) {
	dir := scratch(t)
	defer os.RemoveAll(dir)
	defer func() {
		if t.Failed() {
			t.Logf("again by: RETRACT_SEED=%d go test -run TestModel_random ./retract", seed)
		}
	}()
	c := &chaos{rig: newRig(t, dir, seed), random: rand.New(rand.NewPCG(seed, 1)),
		messages: map[string][]*retracttest.Message{}, undone: map[string]bool{}, rejudged: map[string]bool{}}
	defer func() { c.close() }()
	c.cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
	c.world.Nasty = 0.3 * c.random.Float64()
	c.world.Latency = time.Duration(c.random.IntN(2000)) * time.Millisecond
	c.world.NoPurge = c.random.IntN(3) == 0
	c.cfg.Graph.PurgesByMove = true
	for i := range 1 + c.random.IntN(4) {
		c.mail(i)
	}
	for range 3 + c.random.IntN(12) {
		c.run(time.Duration(c.random.ExpFloat64() * float64(20*time.Second)))
		c.event()
	}
	c.world.Set(func(w *retracttest.World) { w.Nasty = 0 })
	c.run(3 * 24 * time.Hour)
	c.check()
}

func (c *chaos) pick(list ...exchange.Folder) exchange.Folder { return list[c.random.IntN(len(list))] }

// mail delivers one message to some mailboxes, sometimes late, sometimes twice, sometimes with a good one beside it
// that has the same Message-ID, and reports it.
func (c *chaos) mail(i int) {
	m := bad()
	m.nid, m.mid = fmt.Sprintf("nid-%d", i), fmt.Sprintf("<m%d@x>", i)
	m.disposition = []verdict.Disposition{verdict.Malicious, verdict.Spoof, verdict.Spam}[c.random.IntN(3)]
	if c.random.IntN(4) == 0 {
		c.cfg.Actions[verdict.Malicious] = config.Rule{Action: config.HardDelete}
	}
	boxes := map[string]string{anna: "A", "a.alias@contoso.example": "A", bert: "B"}
	for _, a := range []string{anna, "a.alias@contoso.example", bert} {
		if c.random.IntN(3) > 0 {
			m.to = append(m.to, a)
		}
	}
	if len(m.to) == 0 {
		m.to = []string{bert}
	}
	rec := c.report(m)
	c.records = append(c.records, rec)
	delivered := map[string]bool{}
	for _, a := range m.to {
		if box := boxes[a]; !delivered[box] {
			delivered[box] = true
			copies := []int{0, 1, 1, 1, 2}[c.random.IntN(5)]
			for range copies {
				c.deliver(rec, box, m, copies == 1 && c.random.IntN(3) == 0)
			}
		}
	}
}

func (c *chaos) deliver(rec store.Record, box string, m mail, late bool) {
	d := retracttest.Message{MessageID: m.mid, NetworkIDs: []string{m.nid}, Read: c.random.IntN(2) == 0, NoHeaders: c.random.IntN(3) == 0}
	d.Folder = string(c.pick(exchange.Inbox, exchange.Inbox, "Projects", exchange.JunkEmail, exchange.Deleted,
		exchange.Deletions))
	if late {
		d.Hidden = time.Now().Add(time.Duration(c.random.ExpFloat64() * float64(time.Minute)))
	}
	key := rec.ID + box
	c.messages[key] = append(c.messages[key], c.world.Deliver(box, d))
	if c.random.IntN(3) == 0 {
		good := d
		good.NetworkIDs, good.Good, good.Folder = []string{"good-" + m.nid}, true, string(exchange.Inbox)
		c.world.Deliver(box, good)
	}
}

// event is one thing that happens to the daemon.
func (c *chaos) event() {
	rec := c.records[c.random.IntN(len(c.records))]
	ctx := context.Background()
	switch c.random.IntN(10) {
	case 0, 1, 2:
		c.crash()
	case 3:
		c.rejudged[rec.ID] = true
		c.rejudge(rec.ID, []verdict.Disposition{verdict.Clean, verdict.Malicious, verdict.Spam, verdict.Suspicious}[c.random.IntN(4)])
	case 4:
		c.undone[rec.ID] = true
		_, _ = c.e.Restore(ctx, "ada", rec.ID, "")
	case 5:
		c.undone[rec.ID] = true
		_, _ = c.e.Retract(ctx, "ada", rec.ID, []config.Action{config.Junk, config.Trash, config.SoftDelete}[c.random.IntN(3)], "")
	case 6:
		held, _ := c.st.IntentsBy(context.Background(), store.IntentFilter{Outcomes: []store.Outcome{store.Held}})
		for _, in := range held {
			c.undone[in.Record] = true
			_ = c.e.Approve(ctx, "ada", []string{in.ID}, "")
		}
	case 7:
		c.halt() // a stop in good order
	}
}

// crash loses everything that is not durable: calls under way act or not, and nothing is written any more.
func (c *chaos) crash() {
	c.sabotage(func(string) error { return errInjected })
	c.world.Crash()
	time.Sleep(time.Duration(c.random.IntN(3000)) * time.Millisecond)
	c.kill()
	c.world.Restart()
}

// check holds the mailboxes against what the store says of them.
func (c *chaos) check() {
	c.t.Helper()
	for _, v := range c.world.Violations() {
		c.t.Errorf("violation: %s", v)
	}
	boxes := map[string]string{anna: "A", "a.alias@contoso.example": "A", bert: "B"}
	for _, rec := range c.records {
		have, err := c.st.Intents(context.Background(), rec.ID)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, in := range have {
			if in.Outcome == store.Pending || in.Unknown {
				c.t.Errorf("%s of %s is %s, in doubt %v: %s", in.Kind, in.Address, in.Outcome, in.Unknown, in.Reason)
			}
		}
		for _, in := range have {
			if in.Kind == store.Retract {
				c.truth(in, have, c.messages[rec.ID+boxes[in.Address]])
			}
		}
	}
}

// truth checks one retraction.
func (c *chaos) truth(in store.Intent, have []store.Intent, messages []*retracttest.Message) {
	c.t.Helper()
	back := store.Intent{}
	for _, other := range have {
		if other.Kind == store.Restore && other.Address == in.Address {
			back = other
		}
	}
	target, _ := policy.Target(config.Action(in.Action))
	if strings.Contains(in.Reason, "called off") && len(messages) > 1 {
		return // between two copies: one is away, and the other stays
	}
	for _, m := range messages {
		got := c.world.Peek(m)
		at := exchange.RankOf(exchange.Folder(got.Folder))
		if in.Outcome == store.Done && back.Outcome != store.Done && at < exchange.RankOf(target) {
			c.t.Errorf("done (%s), and the message of %s lies in %s after %v;\n%+v\nrestore %+v", in.Reason, in.Address,
				got.Folder, got.Moves, in, back)
			attempts, _ := c.st.Attempts(context.Background(), in.ID)
			c.t.Logf("%+v", attempts)
		}
		if !c.undone[in.Record] && !c.rejudged[in.Record] && len(got.Moves) > 1 {
			c.t.Errorf("the message of %s was moved %v", in.Address, got.Moves)
		}
	}
	if in.Outcome == store.NotFound && len(messages) > 0 {
		c.t.Errorf("not found, and the message is in the mailbox of %s", in.Address)
	}
}
