package sighting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/intel/feed"
	"clawback/intel/indicator"
	"clawback/internal/test/configtest"
	"clawback/query"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
	"clawback/verdict"
)

// whole is a feed of a file, the desk and a store, each as the daemon runs it.
type whole struct {
	t     *testing.T
	dir   string
	store *store.Store
	desk  *indicator.Desk
	feeds *feed.Scheduler
	n     int
}

// noOriginals is a judge to whom no original is kept.
type noOriginals struct{}

func (noOriginals) Again(context.Context, store.Record, string) (verdict.Verdict, error) {
	return verdict.Verdict{}, errors.New("its original is not kept any more")
}

func newWhole(t *testing.T, lines string) *whole {
	t.Helper()
	w := &whole{t: t, dir: t.TempDir()}
	w.list("http://never.example/\n")
	cfg, err := config.Parse("clawback.toml", []byte(configtest.Minimal+fmt.Sprintf("[[feed]]\nname = \"ours\"\nfile = %q\nkind = \"url\"\ninterval = \"1m\"\n%s\n",
		filepath.Join(w.dir, "list"), lines)))
	if err != nil {
		t.Fatal(err)
	}
	if w.store, err = store.New(&memory.Engine{}, store.Options{}); err != nil {
		t.Fatal(err)
	}
	tenants := []config.Tenant{{ID: storetest.Contoso, Domains: []string{"contoso.example"}}}
	w.desk, err = indicator.New(t.Context(), indicator.Options{Store: w.store, Judge: noOriginals{}, Tenants: func() []config.Tenant { return tenants },
		Plan: func(*config.Tenant) store.Planner {
			return func(store.Record, []store.Intent) []store.Intent { return nil }
		}})
	if err != nil {
		t.Fatal(err)
	}
	watch, err := New(t.Context(), Options{Store: w.store, Desk: w.desk, File: filepath.Join(w.dir, "sightings.json")})
	if err != nil {
		t.Fatal(err)
	}
	caution, err := feed.NewCaution([]string{"contoso.example"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w.feeds, err = feed.New(cfg.Feeds, caution, feed.Options{Dir: filepath.Join(w.dir, "feeds"), Consumer: watch, Key: query.TermOf}); err != nil {
		t.Fatal(err)
	}
	watch.Follow(w.feeds)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, run := range []func(context.Context) error{w.desk.Run, watch.Run, w.feeds.Run} {
		group.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		group.Wait()
		w.store.Close()
	})
	w.after(time.Second)
	return w
}

func (w *whole) list(text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "list"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// after lets time pass.
func (w *whole) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// read has the list read now, and lets what follows happen.
func (w *whole) read(text string) {
	w.t.Helper()
	w.list(text)
	results, err := w.feeds.Update(w.t.Context(), "ours", true)
	if err != nil || results[0].Problem != "" {
		w.t.Fatalf("%+v, %v", results, err)
	}
	w.after(2 * time.Second)
}

// mail stores a message with some links.
func (w *whole) mail(links ...string) store.Record {
	w.t.Helper()
	w.n++
	a := storetest.Report(storetest.Contoso, w.n)
	a.Record.Direction, a.Record.Received = "inbound", time.Now()
	v := verdict.Verdict{Disposition: verdict.Clean, Score: 90}
	for _, link := range links {
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "url", Value: link})
	}
	a.Record.Verdict, a.Record.Variants[0].Verdict, a.Record.Variants[0].FirstHand = v, v, true
	a.Record.Variants[0].Report = a.Key
	rec, _, err := w.store.Apply(w.t.Context(), a, func(store.Record, []store.Intent) []store.Intent { return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return rec
}

func (w *whole) wants(what string, rec store.Record, want verdict.Disposition) {
	w.t.Helper()
	now, err := w.store.Record(w.t.Context(), rec.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if now.Verdict.Disposition != want {
		w.t.Errorf("%s: it is %s, want %s", what, now.Verdict.Disposition, want)
	}
	if want == verdict.Malicious && !strings.Contains(now.Verdict.Reasons[0].Text, "feed ours lists it") {
		w.t.Errorf("%s: the reason is %q", what, now.Verdict.Reasons[0].Text)
	}
}

// From a line in a feed's list to the verdicts of what was delivered and of what comes, and back when the feed
// withdraws it.
func TestWhole_fromAListToTheVerdictAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWhole(t, "")
		before, good, near := w.mail("https://evil.example/login#victim"), w.mail("http://good.example/"),
			w.mail("http://evil.example/")
		own := w.mail("https://www.contoso.example/")
		w.read("hxxps://evil[.]example/login\nhttp://never.example/\nhttps://www.contoso.example/\n")
		after, other := w.mail("https://evil.example/login"), w.mail("http://other.example/")
		w.after(2 * time.Second)
		w.wants("delivered before", before, verdict.Malicious)
		w.wants("comes later", after, verdict.Malicious)
		for what, rec := range map[string]store.Record{"good": good, "another page": near, "one's own": own, "comes later, and good": other} {
			w.wants(what, rec, verdict.Clean)
		}
		if n := len(w.desk.List("")); n != 1 {
			t.Errorf("%d indicators", n)
		}
		w.read("http://never.example/\n")
		w.wants("withdrawn", before, verdict.Clean)
		w.wants("withdrawn", after, verdict.Clean)
		again := w.mail("https://evil.example/login")
		w.after(2 * time.Second)
		w.wants("comes after the withdrawal", again, verdict.Clean)
	})
}

// The end of a lifetime changes no verdict, and no message that comes then is judged by it.
func TestWhole_theEndOfALifetimeChangesNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWhole(t, "complete = false\nlifetime = \"1h\"")
		before := w.mail("http://evil.example/login")
		w.read("http://evil.example/login\nhttp://never.example/\n")
		w.read("http://never.example/\n")
		during := w.mail("http://evil.example/login")
		w.after(2 * time.Second)
		w.wants("left the list and lives on", during, verdict.Malicious)
		w.after(2 * time.Hour)
		after := w.mail("http://evil.example/login")
		w.after(2 * time.Second)
		w.wants("its time is over", before, verdict.Malicious)
		w.wants("its time is over", during, verdict.Malicious)
		w.wants("comes then", after, verdict.Clean)
	})
}

// What a person removed stays removed, whatever comes.
func TestWhole_aPersonsRemovalStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWhole(t, "")
		before := w.mail("http://evil.example/login")
		w.read("http://evil.example/login\n")
		w.wants("listed", before, verdict.Malicious)
		if _, err := w.desk.Remove(t.Context(), "ann", "", w.desk.List("")[0].ID, "it is ours"); err != nil {
			t.Fatal(err)
		}
		w.after(2 * time.Second)
		after := w.mail("http://evil.example/login")
		w.after(2 * time.Second)
		w.read("http://evil.example/login\nhttp://never.example/\n")
		w.wants("removed", before, verdict.Clean)
		w.wants("comes later", after, verdict.Clean)
	})
}
