package crash

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

var (
	rounds = flag.Int("rounds", 5, "how often the daemon is killed at a random moment")
	seed   = flag.Uint64("seed", 1, "of the random moments")
)

// binary is the daemon with failpoints, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if testing.Short() {
		return m.Run() // everything skips
	}
	dir, err := os.MkdirTemp("", "clawback-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "clawback")
	build := exec.Command("go", "build", "-tags", "failpoint", "-o", binary, "clawback/cmd/clawback")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the daemon: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func newBed(t testing.TB) *testbed.Bed {
	t.Helper()
	needs.Time(t, "a daemon for each kill", "make crash")
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{organisation},
		Sim:    graphsim.Options{Seed: *seed, Rates: graphsim.Calm(), Latency: 2 * time.Millisecond},
		Config: "",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for n := range mailboxes {
		bed.Sim.AddUser(graphsim.User{Tenant: organisation.ID, UPN: mailboxName(n)})
	}
	return bed
}

// points are the failpoints: every commit point, before it and after it.
var points = []string{
	"c1.before-log", "c1.logged", "c1.after-log", "c1.before-rows", "c1.after-rows",
	"c2.before-apply", "c2.before", "c2.after-commit",
	"c3.before", "c3.after-commit", "c4.before", "c4.after-commit",
	"c5.before", "c5.after-commit", "c5.after-send",
}

// Every commit point x {the step fails or its answer is lost, SIGKILL there}: nothing is lost, nothing is done twice.
func TestCrash_everyCommitPoint(t *testing.T) {
	for _, point := range points {
		for _, action := range []string{"error", "kill"} {
			t.Run(point+"/"+action, func(t *testing.T) { crashAt(t, point+"="+action+"@3", action) })
		}
	}
}

// crashAt loads a daemon until a failpoint is met.
func crashAt(t *testing.T, failpoints, action string) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT="+failpoints); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	wait := 3 * time.Second // for a step that failed, after which most go on
	if action == "kill" {
		wait = 5 * time.Minute // until it ends
	}
	hit, stop := context.WithTimeout(ctx, wait)
	go func() {
		select {
		case <-bed.Exited():
		case <-hit.Done():
		}
		stop()
	}()
	s.load(hit, 4)
	died := false
	select {
	case <-bed.Exited():
		died = true
	default:
		bed.Kill()
	}
	if action == "kill" && !died {
		t.Fatalf("the failpoint was not reached")
	}
	finish(ctx, t, bed, s)
}

// The daemon is killed with accepted reports in its log alone, and again at the start that brings them over, once that
// is done: they come out of the log, and only once.
func TestCrash_whileTheLogIsReplayed(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=c1.before-rows=kill@20"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	round, stop := context.WithTimeout(ctx, 5*time.Minute) // until it ends
	go func() {
		<-bed.Exited()
		stop()
	}()
	s.load(round, 8)
	stop()
	bed.Kill()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=c1.after-rows=kill"); err == nil {
		t.Fatal("the daemon started: nothing was brought over from the log")
	}
	finish(ctx, t, bed, s)
}

// finish lets the daemon run undisturbed and judges.
func finish(ctx context.Context, t *testing.T, bed *testbed.Bed, s *sender) {
	t.Helper()
	if err := bed.Start(ctx); err != nil {
		t.Fatalf("start again: %v\n%s", err, bed.LogTail())
	}
	s.flush(ctx)
	settle(ctx, t, bed, s)
}

// settle waits until a daemon that runs has done everything, and judges.
func settle(ctx context.Context, t *testing.T, bed *testbed.Bed, s *sender) {
	t.Helper()
	if err := idle(ctx, bed, len(s.all)); err != nil {
		t.Errorf("not idle in the end: %v", err)
	}
	for _, wrong := range verdict(ctx, t, bed, s.all) {
		t.Error(wrong)
	}
	for _, wrong := range searched(ctx, bed, s.all) {
		t.Error(wrong)
	}
	if err := bed.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	afterwards(t, bed, s.all)
	t.Logf("%d letters, %d sent more than once", len(s.all), repeated(s.all))
	if t.Failed() {
		t.Logf("the daemon's log ends:\n%s", bed.LogTail())
	}
}

func repeated(letters []*letter) (n int) {
	for _, l := range letters {
		if l.sent > 1 {
			n++
		}
	}
	return n
}

// SIGKILL at random moments under mixed load, many times over one state directory.
func TestCrash_randomKills(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	random := rand.New(rand.NewPCG(*seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Minute)
	defer cancel()
	for range *rounds {
		if err := bed.Start(ctx); err != nil {
			t.Fatalf("%v\n%s", err, bed.LogTail())
		}
		s.loadAndKill(ctx, 1+random.IntN(4), time.Duration(20+random.IntN(380))*time.Millisecond)
	}
	finish(ctx, t, bed, s)
}

// The judge can see a loss: with the 250 given before the commit, a kill loses reports, and the verdict must say so.
func TestCrash_wrongOrderIsSeen(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=c1.answer-early=error,c1.before-log=kill@20"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	round, stop := context.WithTimeout(ctx, 5*time.Minute) // until it ends
	go func() {
		<-bed.Exited()
		stop()
	}()
	s.load(round, 4)
	stop()
	bed.Kill()
	if err := bed.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.flush(ctx)
	idle(ctx, bed, len(s.all))
	if wrong := verdict(ctx, t, bed, s.all); len(wrong) == 0 {
		t.Error("reports were acknowledged before they were durable and the daemon was killed, and the judge saw nothing wrong")
	} else {
		t.Logf("seen, as it must be: %s", wrong[0])
	}
}
