package upgrade

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
	"clawback/queue"
	"clawback/store"
	"clawback/testdata"
)

var from = flag.String("from", "", "commit of the earlier program; its history must be here")

// programs are the earlier program and that of now, built once.
type programs struct{ before, now string }

var built programs

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if *from == "" {
		return m.Run() // everything skips
	}
	dir, err := os.MkdirTemp("", "clawback-upgrade-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if built, err = build(dir, *from); errors.Is(err, errNoHistory) {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

var errNoHistory = errors.New("the history of the source tree is not here (git clone it)")

// shallow reports whether the source tree was cloned without its history.
func shallow() bool {
	out, err := exec.Command("git", "rev-parse", "--is-shallow-repository").Output()
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// build builds the program of a commit, and that of now.
func build(dir, commit string) (p programs, err error) {
	if exec.Command("git", "rev-parse", "--git-dir").Run() != nil || shallow() {
		return p, errNoHistory
	}
	source := filepath.Join(dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		return p, err
	}
	p = programs{before: filepath.Join(dir, "before"), now: filepath.Join(dir, "now")}
	for _, step := range []struct {
		in   string
		args []string
	}{
		{".", []string{"sh", "-c", `git -C "$(git rev-parse --show-toplevel)" archive "$1" >"$2"`, "sh", commit, source + ".tar"}},
		{source, []string{"tar", "xf", source + ".tar"}},
		{source, []string{"go", "build", "-buildvcs=false", "-o", p.before, "./cmd/clawback"}},
		{".", []string{"go", "build", "-o", p.now, "clawback/cmd/clawback"}},
	} {
		cmd := exec.Command(step.args[0], step.args[1:]...)
		cmd.Dir = step.in
		if out, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("%v: %w\n%s", step.args, err, out)
		}
	}
	return p, nil
}

// Whether the earlier program was stopped or killed: what it had accepted is there once, what it had done is not done
// again, what waited is carried on with; and it refuses the directory afterwards.
func TestUpgrade(t *testing.T) {
	needs.Target(t, *from != "", "needs an earlier commit", "make upgrade FROM=COMMIT")
	for name, end := range map[string]func(*testing.T, *world){
		"stopped": func(t *testing.T, w *world) {
			if err := w.Stop(); err != nil {
				t.Fatalf("stop: %v\n%s", err, w.LogTail())
			}
		},
		"killed": func(_ *testing.T, w *world) { w.Kill() },
	} {
		t.Run(name, func(t *testing.T) { upgrade(t, end) })
	}
}

func upgrade(t *testing.T, end func(*testing.T, *world)) {
	w := newWorld(t)
	w.run(built.before)
	early := w.send(0, 12)
	w.mailboxesAgree(early) // retracted before the upgrade
	w.sendFile("10-unparsable.eml")
	w.sendFile("12-forged.eml")
	w.eventually("the bounce", func() bool { return len(w.Receiver.Messages()) == 1 })
	w.restore(built.before, early[0])
	late := w.send(100, 160) // some of it waits when the daemon ends, as C1 or as an intent
	end(t, w)
	t.Logf("of %d late messages %d were where they belong when it ended", len(late), w.settled(late))

	w.run(built.now)
	all := append(early, late...)
	w.check(all)
	all = append(all, w.send(200, 212)...)
	w.check(all)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	w.sound()
	w.refused()
	w.sound()
	w.run(built.now)
	w.check(all)
}

type world struct {
	*testbed.Bed
	t        *testing.T
	restored string            // Message-ID of what a person brought back
	keys     map[string]string // Message-ID -> the simulator's key
}

func newWorld(t *testing.T) *world {
	bed, err := testbed.New(testbed.Options{Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm(), Latency: 50 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for _, name := range []string{"reception", "sales", "busy"} {
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: name + "@contoso.example"})
	}
	return &world{Bed: bed, t: t, keys: map[string]string{}}
}

// run starts a program on the state directory.
func (w *world) run(program string) {
	w.t.Helper()
	w.Use(program)
	if err := w.Start(w.t.Context()); err != nil {
		w.t.Fatalf("%v\n%s", err, w.LogTail())
	}
}

// send delivers and reports messages with these numbers, by turns bad and good ones, and reads a 250 for each.
func (w *world) send(first, end int) (sent []testbed.Letter) {
	w.t.Helper()
	conn, err := w.Dial(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	for n := first; n < end; n++ {
		l, err := testbed.Write(n%3 != 2, n, "busy@contoso.example")
		if err != nil {
			w.t.Fatal(err)
		}
		if w.keys[l.MessageID], err = w.Deliver(l); err != nil {
			w.t.Fatal(err)
		}
		if err := testbed.Send(conn, testbed.Contoso, l.Report); err != nil {
			w.t.Fatal(err)
		}
		sent = append(sent, l)
	}
	return sent
}

func (w *world) sendFile(name string) {
	w.t.Helper()
	report, err := testdata.Demo.ReadFile("demo/" + name)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := w.Dial(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if err := testbed.Send(conn, testbed.Contoso, report); err != nil {
		w.t.Fatal(err)
	}
}

// restore brings a message back by the command line.
func (w *world) restore(program string, l testbed.Letter) {
	w.t.Helper()
	w.restored = l.MessageID
	w.eventually("the restore", func() bool {
		out, err := w.cli(program, "restore", l.MessageID, "--comment", "it was good")
		if err != nil {
			w.t.Logf("%v %s", err, out)
		}
		return err == nil
	})
	w.mailboxesAgree([]testbed.Letter{l})
}

func (w *world) cli(program string, args ...string) (string, error) {
	out, err := exec.CommandContext(w.t.Context(), program,
		append(args, "--socket", w.File("control.sock"))...).CombinedOutput()
	return string(out), err
}

// eventually waits long: how long decides when a failure is told, and nothing else.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s did not come\n%s", what, w.LogTail())
		}
	}
}

// mailboxesAgree waits until each message is where its verdict, or a person, wants it.
func (w *world) mailboxesAgree(letters []testbed.Letter) {
	w.t.Helper()
	for _, l := range letters {
		w.eventually(l.MessageID, func() bool { folder, _ := w.where(l); return folder == w.wanted(l) })
	}
}

// settled is how many messages are where they belong.
func (w *world) settled(letters []testbed.Letter) (n int) {
	for _, l := range letters {
		if folder, _ := w.where(l); folder == w.wanted(l) {
			n++
		}
	}
	return n
}

func (w *world) wanted(l testbed.Letter) string {
	if l.Bad && l.MessageID != w.restored {
		return "recoverableitemsdeletions"
	}
	return "inbox"
}

// where gives the folder a message is in, and how often it was changed.
func (w *world) where(l testbed.Letter) (folder string, changes int) {
	for _, m := range w.Sim.Messages(l.Mailbox) {
		if m.Key == w.keys[l.MessageID] {
			return m.Folder, len(m.Changes)
		}
	}
	return "", 0
}

// check requires that the daemon, once it is idle, has each report once, as it was sent, and each message where it
// belongs, moved no more than once.
func (w *world) check(letters []testbed.Letter) {
	w.t.Helper()
	w.eventually("rest", w.idle)
	bad := 0
	for _, l := range letters {
		w.checkRecord(l)
		folder, changes := w.where(l)
		want := 0
		if l.Bad {
			bad, want = bad+1, 1
		}
		if l.MessageID == w.restored {
			want = 2
		}
		if folder != w.wanted(l) || changes != want {
			w.t.Errorf("%s is in %s after %d changes, want %s after %d", l.MessageID, folder, changes, w.wanted(l),
				want)
		}
	}
	if n := len(w.Receiver.Messages()); n != 1 {
		w.t.Errorf("%d bounces of one report that cannot be unwrapped", n)
	}
	for _, v := range w.Sim.Violations() {
		w.t.Errorf("Graph: %s", v)
	}
	w.checkCounts(len(letters), bad)
	if out, err := w.cli(built.now, "audit", "--limit", "1000"); err != nil || strings.Count(out, "it was good") != 1 {
		w.t.Errorf("the audit has the restore %d times (%v)\n%s", strings.Count(out, "it was good"), err, out)
	}
}

func (w *world) status() (api.Status, error) {
	return client.Do(w.t.Context(), w.Client, api.ShowStatus, api.None{})
}

// idle reports whether nothing waits.
func (w *world) idle() bool {
	s, err := w.status()
	q := s.Queue
	return err == nil && q.Items[queue.Ready].Count+q.Items[queue.Working].Count+q.Items[queue.Deferred].Count+
		q.Items[queue.Suspect].Count+q.Bounces[queue.BounceWaiting].Count+
		s.Tenants[0].Counts.Outcomes[store.Pending] == 0
}

func (w *world) checkCounts(records, bad int) {
	w.t.Helper()
	s, err := w.status()
	if err != nil {
		w.t.Fatal(err)
	}
	c := s.Tenants[0].Counts
	if c.Processed != records || c.Records != records {
		w.t.Errorf("%d processed, %d records, want %d: %+v", c.Processed, c.Records, records, c)
	}
	if n := s.Queue.Items[queue.Quarantined].Count; n != 1 {
		w.t.Errorf("%d items are in quarantine, want the forged one", n)
	}
	if done := c.Outcomes[store.Done]; done != bad && done != bad+1 { // a restore may count too
		w.t.Errorf("%d intents are done, of %d bad messages: %+v", done, bad, c.Outcomes)
	}
}

// checkRecord requires one record with the bytes of the report, and what was done about it.
func (w *world) checkRecord(l testbed.Letter) {
	w.t.Helper()
	m, err := client.Do(w.t.Context(), w.Client, api.ShowMessage, api.MessageRef{Key: l.MessageID})
	if err != nil {
		w.t.Errorf("%s: %v", l.MessageID, err)
		return
	}
	var report bytes.Buffer
	err = client.Export(w.t.Context(), w.Client, api.ExportMessage, api.MessageRef{Key: l.MessageID}, &report)
	if err != nil || !bytes.Equal(report.Bytes(), l.Report) {
		w.t.Errorf("%s: %d bytes are kept of %d that were sent, or others (%v)", l.MessageID, report.Len(),
			len(l.Report), err)
	}
	if len(m.Record.Variants) != 1 {
		w.t.Errorf("%s: %d variants", l.MessageID, len(m.Record.Variants))
	}
	retractions := 0
	for _, in := range m.Intents {
		if in.Kind == store.Retract {
			retractions++
		}
		if in.Outcome != store.Done {
			w.t.Errorf("%s: %s is %s: %s", l.MessageID, in.Kind, in.Outcome, in.Reason)
		}
	}
	if want := map[bool]int{true: 1}[l.Bad]; retractions != want {
		w.t.Errorf("%s: %d retractions, want %d", l.MessageID, retractions, want)
	}
}

// sound requires that the rows of the store fit together. No daemon runs.
func (w *world) sound() {
	w.t.Helper()
	out, err := w.cli(built.now, "store", "check", "--config", w.File("clawback.toml"))
	if err != nil || !strings.Contains(out, "sound") {
		w.t.Errorf("store check: %v\n%s", err, out)
	}
}

// refused requires that the earlier program does not start on what the later one has written, and says why.
func (w *world) refused() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 4*time.Minute)
	defer cancel()
	said := &untilReady{stop: cancel}
	cmd := exec.CommandContext(ctx, built.before, "serve", "--config", w.File("clawback.toml"))
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); ctx.Err() != nil || err == nil {
		w.t.Fatalf("the earlier program went on with the later one's state: %v\n%s", err, said)
	}
	if !strings.Contains(said.String(), "newer") {
		w.t.Errorf("it does not say that the state is a newer program's\n%s", said)
	}
	w.t.Logf("the earlier program says: %s", last(said.String()))
}

// untilReady keeps what a daemon says, and stops it when it has begun its work.
type untilReady struct {
	bytes.Buffer
	stop func()
}

func (u *untilReady) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("daemon.ready")) {
		u.stop()
	}
	return u.Buffer.Write(p)
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
