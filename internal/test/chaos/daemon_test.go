package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
	"clawback/queue"
	"clawback/retract/exchange"
	"clawback/store"
)

var kills = flag.Uint64("kills", 0, "how many scenarios are run with the real daemon, which is killed in each: half a minute of real time each")

// The same with the daemon's process, in real time: SIGKILL at random moments under Graph's bad day, users who move
// mail, and an operator who has it put back.
func TestDaemon_killedAtRandom(t *testing.T) {
	needs.Target(t, *kills > 0, "takes half a minute of real time for each scenario", "make chaos, or -args -kills=N,")
	binary := filepath.Join(t.TempDir(), "clawback")
	if out, err := exec.Command("go", "build", "-o", binary, "clawback/cmd/clawback").CombinedOutput(); err != nil {
		t.Fatalf("build the daemon: %v\n%s", err, out)
	}
	seeds := make(chan uint64, *kills)
	for n := range *kills {
		seeds <- *first + n
	}
	close(seeds)
	sum := newSummary()
	t.Cleanup(func() { t.Logf("\n%s", sum) })
	for lane := range 4 {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for seed := range seeds {
				playDaemon(t, seed, binary, sum)
			}
		})
	}
}

// drama is one scenario with the real daemon.
type drama struct {
	t      *testing.T
	counts map[string]int // intents, by kind and outcome
	bed    *testbed.Bed
	random *rand.Rand
	posts  []*post
	killed int
}

// post is a letter that was sent.
type post struct {
	testbed.Letter
	key       string
	delivered bool // its report was answered with 250
	moved     bool // by its owner
	restored  bool // by an operator's word, at least tried
}

func playDaemon(t *testing.T, seed uint64, binary string, sum *summary) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0xdae))
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{testbed.Contoso}, Sim: graphsim.Options{
		Seed: seed, Latency: time.Duration(random.IntN(200)) * time.Millisecond,
		Rates: &graphsim.Rates{Throttled: 0.05, Busy: 0.01, ServerError: 0.01, HTML: 0.01, EmptyError: 0.01, Lost: 0.03,
			LostGateway: 0.02, Cut: 0.01, Revoked: 0.02, NoHeaders: 0.1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer bed.Close()
	for n := range 4 {
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: owner(n)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	d := &drama{t: t, counts: map[string]int{}, bed: bed, random: random}
	d.acts(ctx)
	d.judge(ctx)
	sum.addDaemon(d)
	if t.Failed() {
		t.Errorf("seed %d; again by: go test ./internal/test/chaos -run TestDaemon -args -kills=1 -first=%d\nthe daemon's log ends:\n%s", seed, seed, bed.LogTail())
	}
}

func owner(n int) string { return fmt.Sprintf("user%d@contoso.example", n) }

// acts are lives of the daemon, each ended by SIGKILL, and a last one that is left in peace.
func (d *drama) acts(ctx context.Context) {
	for range 2 + d.random.IntN(4) {
		d.start(ctx)
		life, stop := context.WithTimeout(ctx, time.Duration(50+d.random.IntN(2500))*time.Millisecond)
		d.load(life, 1+d.random.IntN(6))
		d.meddle(life)
		<-life.Done()
		stop()
		d.bed.Kill()
		d.killed++
	}
	d.start(ctx)
	for n := range d.posts {
		d.send(ctx, d.posts[n])
	}
	time.Sleep(time.Duration(d.random.IntN(3000)) * time.Millisecond)
	d.bed.Sim.SetRates(graphsim.Calm())
	d.idle(ctx)
}

func (d *drama) start(ctx context.Context) {
	d.t.Helper()
	if err := d.bed.Start(ctx); err != nil {
		d.t.Fatalf("%v\n%s", err, d.bed.LogTail())
	}
}

// load writes and sends letters, a third of them good, until the daemon's life is over.
func (d *drama) load(ctx context.Context, letters int) {
	for range letters {
		n := len(d.posts)
		l, err := testbed.Write(n%3 != 2, n, owner(d.random.IntN(4)))
		if err != nil {
			d.t.Fatal(err)
		}
		p := &post{Letter: l}
		if p.key, err = d.bed.Deliver(l); err != nil {
			d.t.Fatal(err)
		}
		d.posts = append(d.posts, p)
		d.send(ctx, p)
	}
}

// send sends a letter's report; again and again until a 250 was read, while ctx lasts.
func (d *drama) send(ctx context.Context, p *post) {
	for ctx.Err() == nil && !p.delivered {
		conn, err := d.bed.Dial(ctx)
		if err != nil {
			continue
		}
		p.delivered = testbed.Send(conn, testbed.Contoso, p.Report) == nil
		conn.Close()
	}
}

// meddle is what owners and operators do meanwhile.
func (d *drama) meddle(ctx context.Context) {
	p := d.posts[d.random.IntN(len(d.posts))]
	switch d.random.IntN(4) {
	case 0:
		p.moved = true
		d.bed.Sim.UserMoves(p.Mailbox, p.key, []string{"inbox", "Projects", "deleteditems"}[d.random.IntN(3)])
	case 1:
		p.restored = true
		order := api.MessageOrder{Key: p.MessageID, Comment: "chaos"}
		_, _ = client.Do(ctx, d.bed.Client, api.RestoreMessage, order) // a refusal is an answer too
	}
}

// idle waits until nothing is left to do. An intent that met several faults in a row may rest for minutes: the judge
// looks at whether it has a reason to.
func (d *drama) idle(ctx context.Context) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 100*time.Second)
	defer cancel()
	var last []api.Tenant
	for ctx.Err() == nil {
		s, err := client.Do(ctx, d.bed.Client, api.ShowStatus, api.None{})
		if err == nil {
			q, c := s.Queue.Items, s.Tenants[0].Counts
			if q[queue.Ready].Count+q[queue.Working].Count+q[queue.Deferred].Count+q[queue.Suspect].Count+
				c.Outcomes[store.Pending]+c.Restores[store.Pending] == 0 {
				return
			}
			last = s.Tenants
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Logf("not idle in the end: %+v", last)
}

func (d *drama) judge(ctx context.Context) {
	d.t.Helper()
	for _, v := range d.bed.Sim.Violations() {
		d.t.Errorf("Graph: %s", v)
	}
	where := map[string]graphsim.Message{}
	for n := range 4 {
		for _, m := range d.bed.Sim.Messages(owner(n)) {
			where[m.Key] = m
		}
	}
	attempts := 0
	for _, p := range d.posts {
		attempts += d.judgeOne(ctx, p, where[p.key])
	}
	d.judgeCounts(ctx)
	changes := d.bed.Sim.Count(graphsim.RouteMove, "") + d.bed.Sim.Count(graphsim.RouteUpdate, "")
	for _, c := range d.bed.Sim.Calls() {
		if (c.Route == graphsim.RouteMove || c.Route == graphsim.RouteUpdate) && c.Status == 401 {
			changes-- // sent again with another token
		}
	}
	if changes > attempts {
		d.t.Errorf("%d calls changed something, and %d attempts are on record", changes, attempts)
	}
	bad := 0
	for _, p := range d.posts {
		if p.Bad {
			bad++
		}
	}
	d.t.Logf("%d letters, %d of them bad; %d calls, %d attempts to change something", len(d.posts), bad,
		len(d.bed.Sim.Calls()), attempts)
}

// judgeCounts holds the daemon's counters against a recount.
func (d *drama) judgeCounts(ctx context.Context) {
	d.t.Helper()
	s, err := client.Do(ctx, d.bed.Client, api.ShowStatus, api.None{})
	if err != nil {
		d.t.Error(err)
		return
	}
	c := s.Tenants[0].Counts
	for o, n := range c.Outcomes {
		if d.counts["retract "+string(o)] != n {
			d.t.Errorf("counters say %d retractions are %s, a recount %v", n, o, d.counts)
		}
	}
	for o, n := range c.Restores {
		if d.counts["restore "+string(o)] != n {
			d.t.Errorf("counters say %d restores are %s, a recount %v", n, o, d.counts)
		}
	}
	if c.Records != len(d.posts) || c.Processed != len(d.posts) {
		d.t.Errorf("counters say %d records of %d reports, want %d", c.Records, c.Processed, len(d.posts))
	}
}

// judgeOne judges one letter, and gives the number of attempts to change something.
func (d *drama) judgeOne(ctx context.Context, p *post, m graphsim.Message) (attempts int) {
	d.t.Helper()
	got, err := client.Do(ctx, d.bed.Client, api.ShowMessage, api.MessageRef{Key: p.MessageID})
	if err != nil {
		d.t.Errorf("%s: %v", p.MessageID, err)
		return 0
	}
	for _, in := range got.Intents {
		d.counts[string(in.Kind)+" "+string(in.Outcome)]++
		attempts += d.judgeIntent(p, in, in.Attempts)
		if resting(in) {
			return attempts
		}
	}
	switch {
	case !p.Bad && len(m.Changes) > 0:
		d.t.Errorf("good letter %s: %v", p.MessageID, m.Changes)
	case !p.Bad || p.restored:
	case len(m.Changes) == 0:
		d.t.Errorf("letter %s lies in %s and was not taken", p.MessageID, m.Folder)
	case !p.moved && (len(m.Changes) != 1 || exchange.RankOf(exchange.Folder(m.Folder)) < exchange.RankDeletions):
		d.t.Errorf("letter %s lies in %s after %v", p.MessageID, m.Folder, m.Changes)
	}
	return attempts
}

func (d *drama) judgeIntent(p *post, in api.Intent, list []api.Attempt) (attempts int) {
	d.t.Helper()
	if resting(in) {
		d.t.Logf("letter %s still waits, until %s: %s", p.MessageID, in.NotBefore.Format(time.TimeOnly), in.Reason)
	} else if in.Outcome == store.Pending || in.Outcome != store.Done && !p.restored && !p.moved || in.Unknown {
		d.t.Errorf("letter %s: %+v, attempts %+v", p.MessageID, in, list)
	}
	for _, a := range list {
		if a.Outcome == "" {
			d.t.Errorf("letter %s: attempt %d (%s) has no outcome; the intent is %s", p.MessageID, a.Seq, a.Operation,
				in.Outcome)
		}
		switch a.Operation {
		case "move", "restore", "mark_read":
			attempts++
		}
	}
	return attempts
}

// resting reports whether an intent waits for its schedule, with a reason.
func resting(in api.Intent) bool {
	return in.Outcome == store.Pending && in.Reason != "" && in.Faults > 0 && in.NotBefore.After(time.Now())
}
