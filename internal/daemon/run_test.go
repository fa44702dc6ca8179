package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/score/attach/confined"
	"clawback/store"
)

// files is this test, started as what looks into attached files.
var files confined.Program

func TestMain(m *testing.M) {
	files = confined.Main()
	os.Exit(m.Run())
}

// runInside runs the daemon as the program does, in this process.
func runInside(ctx context.Context, file string, log io.Writer, reload <-chan os.Signal) error {
	return runWith(ctx, nil, file, log, reload)
}

// runWith is runInside with engines, nil for files.
func runWith(ctx context.Context, e *Engines, file string, log io.Writer, reload <-chan os.Signal) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	return Run(ctx, Options{Config: cfg, Version: "test", Engines: e, Files: files,
		Log: slog.New(slog.NewTextHandler(log, nil)), Reload: reload})
}

// newBed has everything ready but the daemon.
func newBed(t *testing.T) *testbed.Bed { return newBedOf(t, runInside) }

func newBedOf(t *testing.T, run testbed.Daemon) *testbed.Bed {
	t.Helper()
	bed, err := testbed.New(testbed.Options{Daemon: run, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: "busy@contoso.example"})
	return bed
}

// onLine calls a function when the log has a text.
type onLine struct {
	text string
	do   func()
}

func (l onLine) Write(p []byte) (int, error) {
	if strings.Contains(string(p), l.text) {
		l.do()
	}
	return len(p), nil
}

// A daemon that is told to stop while it starts has not failed, however far it has come; what else keeps it from
// starting is told all the same.
func TestRun_stoppedWhileItStarts(t *testing.T) {
	for _, at := range []string{"", "event=smtp.listening"} {
		bed := newBed(t)
		ctx, stop := context.WithCancel(t.Context())
		if at == "" {
			stop()
		}
		var log strings.Builder
		err := runInside(ctx, bed.File("clawback.toml"),
			io.MultiWriter(&log, onLine{at, stop}, onLine{"event=daemon.ready", stop}), nil)
		stop()
		early := at == "" && strings.Contains(log.String(), "event=daemon.ready")
		if err != nil || early || strings.Count(log.String(), "event=daemon.stopping") != 1 {
			t.Errorf("stopped at %q: %v\n%s", at, err, log.String())
		}
	}
	bed := newBed(t)
	if err := os.WriteFile(bed.File("state"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := runInside(ctx, bed.File("clawback.toml"), io.Discard, nil); err == nil {
		t.Error("nobody is told that state_dir is a file")
	}
}

func start(t *testing.T) *testbed.Bed {
	t.Helper()
	bed := newBed(t)
	if err := bed.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	return bed
}

// deliver puts a bad message into a mailbox and its report into the daemon.
func deliver(t *testing.T, bed *testbed.Bed, n int) testbed.Letter {
	t.Helper()
	l, err := testbed.Write(true, n, "busy@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bed.Deliver(l); err != nil {
		t.Fatal(err)
	}
	send(t, bed, l)
	return l
}

func send(t *testing.T, bed *testbed.Bed, l testbed.Letter) {
	t.Helper()
	conn, err := bed.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := testbed.Send(conn, testbed.Contoso, l.Report); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until check gives "".
func eventually(t *testing.T, bed *testbed.Bed, check func() string) {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s\n%s", problem, bed.LogTail())
		}
	}
}

func outcomeIs(t *testing.T, bed *testbed.Bed, l testbed.Letter, want store.Outcome) {
	t.Helper()
	eventually(t, bed, func() string {
		m, err := client.Do(t.Context(), bed.Client, api.ShowMessage, api.MessageRef{Key: l.MessageID})
		if err != nil {
			return err.Error()
		}
		if len(m.Intents) != 1 || m.Intents[0].Outcome != want {
			return "the intents are not " + string(want)
		}
		return ""
	})
}

// A daemon in this process carries a report from SMTP to the mailbox, stops, and starts again on what it left: nothing
// is held open by the first, and nothing is done twice by the second.
func TestRun_startsStopsAndStartsAgain(t *testing.T) {
	bed := start(t)
	l := deliver(t, bed, 1)
	outcomeIs(t, bed, l, store.Done)
	if err := bed.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := bed.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	outcomeIs(t, bed, l, store.Done)
	second := deliver(t, bed, 2)
	outcomeIs(t, bed, second, store.Done)
	s, err := client.Do(t.Context(), bed.Client, api.ShowStatus, api.None{})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.Tenants[0].Counts; c.Processed != 2 || c.Outcomes[store.Done] != 2 || s.Version != "test" {
		t.Errorf("status %+v", s)
	}
}

// What the start cannot open is named, and everything that was open already is closed: the next start succeeds.
func TestRun_aFailedStartLeavesNothingOpen(t *testing.T) {
	bed := newBed(t)
	if err := bed.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := bed.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, want string }{
		{"state/store/MANIFEST-*", "; bring it back from a backup"},
		{"state/queue.db", "invalid database; move it away"},
	} {
		names, err := filepath.Glob(bed.File(c.file))
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		name := names[len(names)-1]
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write := func(data []byte) {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		head := min(8192, len(whole)/2) // of queue.db both heads
		write(append(make([]byte, head), whole[head:]...))
		if err := bed.Start(t.Context()); err == nil || !strings.Contains(bed.Exit().Error(), c.want) {
			t.Errorf("%s without its heads: %v", c.file, bed.Exit())
		}
		write(whole)
		if err := bed.Start(t.Context()); err != nil {
			t.Fatalf("%s whole again: %v\n%s", c.file, err, bed.LogTail())
		}
		if err := bed.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// A listener whose address is taken ends the start with its name.
func TestRun_namesAListenerThatCannotBeOpened(t *testing.T) {
	bed := start(t)
	cfg, err := config.Load(bed.File("clawback.toml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.StateDir, cfg.Control.Socket = t.TempDir(), bed.File("second.sock")
	err = Run(t.Context(), Options{Config: cfg, Files: files, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "listener "+bed.Address) {
		t.Errorf("%v", err)
	}
}

func wholeLog(t *testing.T, bed *testbed.Bed) string {
	t.Helper()
	text, err := os.ReadFile(bed.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A configuration that is wrong, or that removes a tenant with open work, is refused whole and the old one stays in
// force; a good one is put in force, and what needs a restart is named.
func TestReload_putsAllOfAConfigurationInForceOrNothing(t *testing.T) {
	bed := start(t)
	good, err := os.ReadFile(bed.File("clawback.toml"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := testbed.Write(true, 1, "busy@contoso.example") // it is in no mailbox yet: its retraction waits
	if err != nil {
		t.Fatal(err)
	}
	send(t, bed, l)
	outcomeIs(t, bed, l, store.Pending)
	reload := func(text, want string) {
		t.Helper()
		before := len(wholeLog(t, bed))
		if err := os.WriteFile(bed.File("clawback.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		bed.Reload()
		eventually(t, bed, func() string {
			if strings.Contains(wholeLog(t, bed)[before:], want) {
				return ""
			}
			return "the log does not say: " + want
		})
	}
	mode := func() string {
		s, err := client.Do(t.Context(), bed.Client, api.ShowStatus, api.None{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Tenants[0].Mode
	}
	told := func(kind string) string {
		s, err := client.Do(t.Context(), bed.Client, api.ShowStatus, api.None{})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range s.Notices {
			if n.Kind == kind {
				return n.Text
			}
		}
		return ""
	}
	old, _, _ := strings.Cut(string(good), "\n[[tenant]]")
	reload(strings.Replace(string(good), `mode = "live"`, `mode = "lively"`, 1), "alert.config.refused")
	eventually(t, bed, func() string {
		got := told("config.refused")
		if !strings.Contains(got, ": tenant.mode; what was read at 20") || strings.Contains(got, "lively") {
			return "of a refused configuration a person is told " + got
		}
		return ""
	})
	reload(strings.Replace(string(good), testbed.Contoso.ID, "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f9", 1),
		"has open work")
	reload(old, "config.refused")
	if got := mode(); got != "live" {
		t.Errorf("after refused configurations the mode is %s", got)
	}
	text := strings.Replace(string(good), `mode = "live"`, `mode = "dry-run"`, 1)
	reload(strings.Replace(text, "[control]", "[smtp]\nmax_sessions = 7\n\n[control]", 1), "key=smtp")
	acts, err := client.Do(t.Context(), bed.Client, api.ListAudit, api.AuditQuery{Tenant: testbed.Contoso.Name})
	if err != nil || len(acts.Items) == 0 || acts.Items[0].Object != "tenant["+testbed.Contoso.Name+"].mode" ||
		acts.Items[0].Comment != "live -> dry-run" || acts.Items[0].What != "config.change" {
		t.Errorf("the tenant's audit has %+v, %v", acts.Items, err)
	}
	if acts, err = client.Do(t.Context(), bed.Client, api.ListAudit, api.AuditQuery{}); err != nil || len(acts.Items) < 4 {
		t.Fatal(acts, err)
	}
	var what []string
	for _, act := range acts.Items {
		what = append(what, act.What+" "+filepath.Base(act.Object))
	}
	const want = "config.change tenant[contoso].mode, config.change smtp.max_sessions, config.reload clawback.toml"
	if got := strings.Join(what, ", "); !strings.HasPrefix(got, want) || strings.Count(got, "config.refuse") < 2 ||
		!strings.HasSuffix(got, "daemon.start clawback.toml") {
		t.Errorf("the audit has %s", got)
	}
	if got := mode(); got != "dry-run" {
		t.Errorf("after a good configuration the mode is %s", got)
	}
	tells := func(want string) {
		t.Helper()
		eventually(t, bed, func() string {
			if got := told("config.refused") + told("config.restart"); got != want {
				return fmt.Sprintf("a person is told %q, want %q", got, want)
			}
			return ""
		})
	}
	tells("what was changed takes effect at the next start only: smtp")
	reload(string(good), "config.reloaded")
	tells("")
}
