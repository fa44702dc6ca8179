package daemon

import (
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/retract"
	"clawback/store"
	"clawback/store/memory"
	"clawback/systemd"
)

// boardOf is a board over a store in memory, with a clock, and what it logs.
type boardOf struct {
	*board
	t      *testing.T
	engine *memory.Engine
	db     *store.Store
	clock  time.Time
	log    strings.Builder
}

func newBoardOf(t *testing.T) *boardOf {
	f := &boardOf{t: t, engine: &memory.Engine{}, clock: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	f.start()
	t.Cleanup(func() { f.db.Close() })
	return f
}

func (f *boardOf) start() {
	f.t.Helper()
	now := func() time.Time { return f.clock }
	var err error
	if f.db, err = store.New(f.engine, store.Options{Now: now}); err != nil {
		f.t.Fatal(err)
	}
	if f.board, err = boardAt(f.t.Context(), f.db, slog.New(slog.NewTextHandler(&f.log, nil)), now); err != nil {
		f.t.Fatal(err)
	}
}

// restart ends the process and starts the next one.
func (f *boardOf) restart() {
	f.t.Helper()
	f.save(f.t.Context())
	if err := f.db.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.engine = f.engine.Reopen()
	f.start()
}

func (f *boardOf) shows(want ...string) {
	f.t.Helper()
	list, err := f.list(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var got []string
	for _, n := range list {
		got = append(got, fmt.Sprintf("%s %s %s since %s", n.Kind, n.Tenant, n.Text, n.Since.Format("15:04")))
		if n.Do == "" {
			f.t.Errorf("of %s nobody says what to do", n.Kind)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("what a person is told (-want +got):\n%s", diff)
	}
}

func (f *boardOf) logged(event string, want int) {
	f.t.Helper()
	if n := strings.Count(f.log.String(), "event="+event+" "); n != want {
		f.t.Errorf("%s is logged %d times, want %d:\n%s", event, n, want, f.log.String())
	}
}

// A trouble that goes on is one notice with its beginning, and one line in the log; when it was not met for long it is
// over.
func TestBoard_oneTroubleIsOneNotice(t *testing.T) {
	f := newBoardOf(t)
	for range 120 {
		f.raise(store.Notice{Kind: "engine.away", Subject: "av", Text: "away"})
		f.clock = f.clock.Add(time.Minute)
	}
	f.raise(store.Notice{Kind: "engine.away", Subject: "other", Text: "away"})
	f.shows("engine.away  away since 09:00", "engine.away  away since 11:00")
	f.logged("alert.engine.away", 2)
	f.clock = f.clock.Add(2 * time.Hour)
	f.shows()
	f.raise(store.Notice{Kind: "engine.away", Subject: "av", Text: "away"})
	f.shows("engine.away  away since 13:00")
	f.logged("alert.engine.away", 3)
}

// What follows from the state stands for as long as the state shows it, whatever the restarts, and with its numbers of
// now.
func TestBoard_stateIsSettled(t *testing.T) {
	f := newBoardOf(t)
	quarantine := func(n int) store.Notice {
		return store.Notice{Kind: "quarantine", Text: fmt.Sprint(n, " in quarantine")}
	}
	held := store.Notice{Kind: "retractions.held", Tenant: "t1", Text: "1 waits"}
	f.settle(f.beginLook(), []store.Notice{quarantine(1), held})
	f.shows("quarantine  1 in quarantine since 09:00", "retractions.held t1 1 waits since 09:00")
	f.clock = f.clock.Add(time.Second)
	f.settle(f.beginLook(), []store.Notice{quarantine(2), held})
	f.shows("quarantine  2 in quarantine since 09:00", "retractions.held t1 1 waits since 09:00")
	f.clock = f.clock.Add(time.Hour)
	f.restart()
	f.settle(f.beginLook(), []store.Notice{quarantine(2)})
	f.shows("quarantine  2 in quarantine since 09:00")
	f.logged("alert.quarantine", 1)
	f.settle(f.beginLook(), nil)
	f.shows()
	f.restart()
	f.shows()
}

// Two looks at the state overlap: the one that began first says nothing of what the other has shown, whichever ends
// first, and clears nothing that was raised while it looked.
func TestBoard_anOlderLookClearsNothing(t *testing.T) {
	f := newBoardOf(t)
	full := store.Notice{Kind: "mail.deferred", Text: "no space"}
	brake := store.Notice{Kind: "retract.brake", Tenant: "t1", Text: "held"}
	older, younger := f.beginLook(), f.beginLook()
	f.settle(younger, []store.Notice{full})
	f.settle(older, nil)
	f.shows("mail.deferred  no space since 09:00")
	f.raise(brake)
	f.clearAll(younger, brake.Kind, brake.Tenant)
	f.shows("mail.deferred  no space since 09:00", "retract.brake t1 held since 09:00")
	between := f.beginLook()
	f.raise(brake) // again within the minute in which it is not written again
	f.clearAll(between, brake.Kind, brake.Tenant)
	f.shows("mail.deferred  no space since 09:00", "retract.brake t1 held since 09:00")
	last := f.beginLook()
	f.settle(last, nil)
	f.clearAll(last, brake.Kind, brake.Tenant)
	f.shows()
}

// A trouble that the engine has told of before a restart ends by itself unless it is met again: it may have ended
// meanwhile.
func TestBoard_troubleFromBeforeTheStart(t *testing.T) {
	f := newBoardOf(t)
	d := &daemon{board: f.board, log: f.board.log}
	for _, tenant := range []string{"t1", "t2", "t3"} {
		d.alertRetract(retract.Alert{Kind: "auth", Tenant: tenant, Text: "refused"})
	}
	d.alert("config.refused", "refused")
	f.restart()
	d.board = f.board
	f.shows("retract.auth t1 refused since 09:00", "retract.auth t2 refused since 09:00",
		"retract.auth t3 refused since 09:00")
	d.alertRetract(retract.Alert{Kind: "auth", Tenant: "t1", Text: "refused"})
	d.alertRetract(retract.Alert{Kind: "resumed", Tenant: "t3", Text: "goes on"})
	f.shows("retract.auth t1 refused since 09:00", "retract.auth t2 refused since 09:00")
	f.clock = f.clock.Add(grace)
	f.shows("retract.auth t1 refused since 09:00")
	f.clock = f.clock.AddDate(0, 1, 0)
	f.shows("retract.auth t1 refused since 09:00")
	f.logged("alert.retract.resumed", 1)
}

// Subjects come from outside: beyond a bound the notices of a kind are one.
func TestBoard_isBounded(t *testing.T) {
	f := newBoardOf(t)
	for n := range 2 * maxKnown {
		f.raise(store.Notice{Kind: "spool.damaged", Subject: fmt.Sprint(n), Text: "x"})
	}
	if len(f.known) > maxKnown+1 {
		t.Errorf("%d notices are held", len(f.known))
	}
	f.clock = f.clock.Add(8 * day)
	f.raise(store.Notice{Kind: "engine.away", Subject: "av", Text: "away"})
	if len(f.known) != 1 {
		t.Errorf("%d notices are held when all others are over", len(f.known))
	}
}

// What anybody can bring about is no alert.
func TestBoard_postmastersQuotaIsNoAlert(t *testing.T) {
	f := newBoardOf(t)
	f.raise(store.Notice{Kind: "quota.postmaster", Text: "x"}, "quota", "y")
	f.logged("quota.reached", 1)
	if strings.Contains(f.log.String(), "alert.") || !strings.Contains(f.log.String(), "level=WARN") {
		t.Errorf("logged is:\n%s", f.log.String())
	}
	f.shows("quota.postmaster  x since 09:00")
}

// unwritable is a store that refuses writes.
type unwritable struct{ noticeStore }

var errDisk = errors.New("no space left on device")

func (unwritable) Raise(context.Context, store.Notice) (store.Notice, bool, error) {
	return store.Notice{}, false, errDisk
}
func (unwritable) Clear(context.Context, string, string, string) (bool, error) { return false, errDisk }

// On a full disk a person is told all the same; when there is room again it is durable.
func TestBoard_tellsWhatCannotBeWritten(t *testing.T) {
	f := newBoardOf(t)
	f.settle(f.beginLook(), []store.Notice{{Kind: "quarantine", Text: "1 in quarantine"}})
	f.shows("quarantine  1 in quarantine since 09:00")
	good := f.board.store
	f.board.store = unwritable{good}
	f.settle(f.beginLook(), []store.Notice{{Kind: "mail.deferred", Text: "no space"}})
	f.shows("mail.deferred  no space since 09:00")
	f.board.store = good
	f.shows("mail.deferred  no space since 09:00")
	if list, err := f.db.Notices(t.Context(), ""); err != nil || len(list) != 1 || list[0].Kind != "mail.deferred" {
		t.Errorf("durable are %+v, %v", list, err)
	}
}

// Alarms come from everywhere at once, and the board is written meanwhile: the last state is what is durable.
func TestBoard_concurrently(t *testing.T) {
	f := newBoardOf(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.run(ctx) }()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for range 50 {
				f.raise(store.Notice{Kind: "engine.away", Subject: fmt.Sprint(n), Text: "x"})
				f.clear("engine.away", "", fmt.Sprint(n))
			}
			if n%2 == 0 {
				f.raise(store.Notice{Kind: "engine.away", Subject: fmt.Sprint(n), Text: "x"})
			}
		})
	}
	group.Wait()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	list, err := f.db.Notices(t.Context(), "")
	if err != nil || len(list) != 4 {
		t.Errorf("durable are %+v, %v; want those of 0, 2, 4, 6", list, err)
	}
}

// Each alert of the code is a kind that is known, with what to do, and each kind is explained in docs/operations.md and
// in journald's catalog.
func TestKinds_areKnownAndExplained(t *testing.T) {
	root := filepath.Join("..", "..")
	doc, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, k := range kinds {
		if !strings.Contains(string(doc), "`alert."+kind+"`") && k.event == "" {
			t.Errorf("alert.%s is not in docs/operations.md", kind)
		}
		row := regexp.MustCompile("(?m)^\\| `alert\\." + kind + "` \\| ([^|]*) \\|").FindStringSubmatch(string(doc))
		if critical := len(row) > 0 && strings.HasSuffix(row[1], "; critical"); critical != k.now {
			t.Errorf("alert.%s is critical in docs/operations.md: %t, in the code: %t", kind, critical, k.now)
		}
		if event := stdcmp.Or(k.event, "alert."+kind); systemd.MessageID(event) == "" {
			t.Errorf("%s has no entry in journald's catalog", event)
		}
		if k.do == "" || k.state && k.lasts > 0 {
			t.Errorf("%s: %+v", kind, k)
		}
	}
	raised := 0
	for dir, patterns := range map[string][]string{
		"internal/daemon": {`alert\("([a-z_.]+)"`, `Kind: "([a-z_.]+\.[a-z_.]+)"`}, "pipeline": {`[aA]lert\("([a-z_.]+)"`},
		"bounce": {`Alert\("([a-z_.]+)"`}, "retract": {`Alert\{Kind: "([a-z_]+)"`}, "retract/limit": {`Alert\("([a-z_]+)"`},
		"score/attach/confined": {`[aA]lert\("([a-z_.]+)"`},
	} {
		for _, pattern := range patterns {
			for _, kind := range matches(t, filepath.Join(root, dir), pattern) {
				if strings.HasPrefix(dir, "retract") {
					kind = "retract." + kind
				}
				raised++
				if _, known := kinds[kind]; !known && kind != "retract.resumed" {
					t.Errorf("%s raises %s, which is no kind that is known", dir, kind)
				}
			}
		}
	}
	if raised < 20 {
		t.Errorf("only %d places that raise something were found: the test looks for the wrong thing", raised)
	}
}

func matches(t *testing.T, dir, pattern string) (found []string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
			found = append(found, m[1])
		}
	}
	return found
}
