package chaos

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/store"
)

var (
	seeds = flag.Uint64("seeds", 60, "how many scenarios are run; a sixth of it with -short")
	first = flag.Uint64("first", 1, "seed of the first one")
	tell  = flag.Bool("tell", false, "print the calls to Graph and the intents of each scenario that fails")
)

// The scenarios, a few at a time. All failing seeds are named, each with the command that runs it again.
func TestScenarios(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = max(1, n/6)
	}
	sum := newSummary()
	var next atomic.Uint64
	t.Cleanup(func() { t.Logf("\n%s", sum) })
	for lane := range 3 {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for i := next.Add(1) - 1; i < n; i = next.Add(1) - 1 {
				play(t, *first+i, sum)
			}
		})
	}
}

// play runs one scenario. Its bubble is a test that does not fail: it would end the lane.
func play(t *testing.T, seed uint64, sum *summary) {
	dir := scratch(t)
	defer os.RemoveAll(dir)
	var j *judge
	var story string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, dir)
		defer w.close()
		w.story()
		j = w.judge()
		sum.add(j)
		if len(j.wrongs) > 0 && *tell {
			story = j.explain()
		}
	})
	if len(j.wrongs) > 0 {
		t.Errorf("seed %d:\n  %s\n  again by, for workers do not always run in the same order: go test ./internal/test/chaos -run TestScenarios -count=40 -args -seeds=1 -first=%d -tell\n%s",
			seed, strings.Join(j.wrongs, "\n  "), seed, story)
	}
}

// scratch is a directory in memory where there is one: fsync is not what is tested here.
func scratch(t *testing.T) string {
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "clawback-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(dir)
}

// story is what happens: letters and events, then a calm in which everything must come to its end.
func (w *world) story() {
	for range 1 + w.random.IntN(4) {
		w.write()
	}
	for range 3 + w.random.IntN(12) {
		w.run(time.Duration(w.random.ExpFloat64() * float64(20*time.Second)))
		w.event()
	}
	w.run(time.Minute)
	w.quiet.unlock()
	w.disk.arm("", 0)
	w.sim.SetRates(graphsim.Calm())
	const longest = 3 * 24 * time.Hour // before this, every schedule is over
	for begun := time.Now(); time.Since(begun) < longest; {
		w.run(2 * time.Hour)
		open, err := w.st.IntentsBy(w.t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Pending}})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(open) == 0 && len(w.jobs(false)) == 0 {
			break
		}
	}
	if w.chance(3) {
		w.aftermath()
	}
	synctest.Wait()
}

// explain gives what is needed to understand a failure.
func (j *judge) explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "latency %v; the process began at %v; alerts %v\n", j.w.latency, j.w.starts, j.w.alerts)
	for _, p := range j.w.quiet.posts {
		// of one that is not there nothing is told
		in, _ := j.w.st.Intent(context.Background(), store.IntentID(p.record, p.to, store.Retract))
		fmt.Fprintf(&b, "quiet tenant: %+v: %+v\n", *p, in)
		for _, a := range j.attempts(in) {
			fmt.Fprintf(&b, "   %+v\n", a)
		}
	}
	for _, c := range j.w.sim.Calls() {
		fmt.Fprintf(&b, "%s %s\n", c.Time.Format("15:04:05.000"), c)
	}
	for _, l := range j.w.letters {
		rec, _ := j.w.st.Record(context.Background(), l.record) // of one that is not there nothing is told
		fmt.Fprintf(&b, "letter %d: %s, record %s (now %s), to %v\n", l.n, l.verdict, l.record, rec.Verdict.Disposition,
			l.to)
		for _, c := range l.copies {
			fmt.Fprintf(&b, "   %+v: now %+v\n", *c, j.messages[c.key])
		}
		for _, in := range j.intents(l) {
			fmt.Fprintf(&b, "   %+v\n", in)
			for _, a := range j.attempts(in) {
				fmt.Fprintf(&b, "      %+v\n", a)
			}
		}
	}
	return b.String()
}
