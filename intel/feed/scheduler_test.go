package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
)

// publisher is a list that notes when it was looked at.
type publisher struct {
	mu   sync.Mutex
	list list
	at   []time.Duration // since the test began
	from time.Time
}

func (p *publisher) get(ctx context.Context, name string, since validators) (answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = append(p.at, time.Since(p.from))
	return p.list.get(ctx, name, since)
}

func (p *publisher) set(text string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = list{text, err}
}

// looked answers when the list was looked at since this was last asked.
func (p *publisher) looked() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.at
	p.at = nil
	return at
}

// plant is a scheduler with publishers, by the names of their feeds.
type plant struct {
	*Scheduler
	publishers map[string]*publisher
	told       *locked
	failures   []Failure
	stop       func()
}

// locked is a ledger that several goroutines look at.
type locked struct {
	mu sync.Mutex
	ledger
}

func (l *locked) Apply(ctx context.Context, d Delta) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ledger.Apply(ctx, d)
}

func (l *locked) now() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.ledger)
}

func feedsOf(t *testing.T, names ...string) []config.Feed {
	t.Helper()
	var all []config.Feed
	for _, name := range names {
		f := feedOf(t, "url = \"https://"+name+".example/\"\nkind = \"url\"\ninterval = \"2h\"\nlifetime = \"7d\"")
		f.Name = name
		all = append(all, *f)
	}
	return all
}

func newPlant(t *testing.T, dir string, feeds []config.Feed) *plant {
	t.Helper()
	return newPlantOf(t, dir, feeds, func(string) source { return nil })
}

// newPlantOf is newPlant with sources of its own for some feeds.
func newPlantOf(t *testing.T, dir string, feeds []config.Feed, special func(name string) source) *plant {
	t.Helper()
	p := &plant{publishers: map[string]*publisher{}, told: &locked{ledger: ledger{}}}
	s, err := New(feeds, newCaution(t), Options{Dir: dir, Consumer: p.told, Failed: func(f Failure) { p.failures = append(p.failures, f) }})
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now()
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		p.publishers[name] = &publisher{list: list{text: urls(0, 3)}, from: from}
	}
	s.newSource = func(f *config.Feed, _ limits) (source, error) {
		if s := special(f.Name); s != nil {
			return s, nil
		}
		return p.publishers[f.Name], nil
	}
	p.Scheduler = s
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRun_looksWhenAListIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a", "b"))
		defer p.stop()
		after(5 * time.Hour)
		for _, name := range []string{"a", "b"} {
			if diff := cmp.Diff([]time.Duration{0, 2 * time.Hour, 4 * time.Hour}, p.publishers[name].looked()); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		st := p.Status()[1]
		if st.Name != "b" || st.Source != "b.example" || st.Counts.Living != 3 || st.Problem != "" ||
			!st.Due.Equal(st.Fetched.Add(2*time.Hour)) {
			t.Errorf("%+v", st)
		}
	})
}

// A list that cannot be had is looked at soon, then less and less often; the last good one stays in use, and its
// trouble is told.
func TestRun_backsOffAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a"))
		defer p.stop()
		a := p.publishers["a"]
		after(time.Hour)
		a.set("", refuse(Away, "answers 503"))
		a.looked()
		after(8 * time.Hour)
		at := a.looked()
		for i, most := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour, time.Hour} {
			wait := at[i+1] - at[i]
			if wait > most || wait < most*3/4 {
				t.Errorf("look %d comes after %v, want up to %v", i+1, wait, most)
			}
		}
		if st := p.Status()[0]; st.Code != Away || st.Problem != "answers 503" || st.Failures != len(at) ||
			len(p.failures) != len(at) || st.Counts.Living != 3 {
			t.Errorf("%+v, told of %d", st, len(p.failures))
		}
		a.set(urls(0, 4), nil)
		after(time.Hour)
		if st := p.Status()[0]; st.Code != "" || st.Problem != "" || st.Failures != 0 || st.Counts.Living != 4 {
			t.Errorf("it is back, and %+v", st)
		}
	})
}

func TestRun_leavesAPublisherAloneThatAsksForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a"))
		defer p.stop()
		after(time.Hour)
		p.publishers["a"].set("", &Refusal{Code: Away, Text: "answers 429", wait: 10 * time.Hour})
		p.publishers["a"].looked()
		after(11*time.Hour - time.Minute)
		if at := p.publishers["a"].looked(); len(at) != 1 {
			t.Errorf("looked at %v", at)
		}
	})
}

// Entries of a list that stays away for longer than they live expire: nobody stands by them any more. When it is
// back, so are they.
func TestRun_aListThatStaysAwayExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a"))
		defer p.stop()
		after(time.Hour)
		p.publishers["a"].set("", refuse(Away, "answers 503"))
		after(7*24*time.Hour - 3*time.Hour)
		if told := p.told.now(); told["url http://h0.example/"] != "MALICIOUS" {
			t.Errorf("too early: %v", told)
		}
		after(5 * time.Hour)
		if told := p.told.now(); told["url http://h0.example/"] != "expired" || p.Status()[0].Counts.Living != 0 {
			t.Errorf("%v, %+v", told, p.Status()[0])
		}
		p.publishers["a"].set(urls(0, 3), nil)
		after(2 * time.Hour)
		if told := p.told.now(); told["url http://h0.example/"] != "MALICIOUS" {
			t.Errorf("back, and %v", told)
		}
	})
}

func TestUpdate_looksNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a", "b"))
		defer p.stop()
		after(time.Minute)
		p.publishers["a"].set(urls(0, 100), nil)
		r, err := p.Update(t.Context(), "a", false)
		if err != nil || len(r) != 1 || r[0].Feed != "a" || r[0].Added != 97 {
			t.Errorf("%+v, %v", r, err)
		}
		p.publishers["a"].set(urls(0, 10), nil)
		if r, err = p.Update(t.Context(), "", false); err != nil || len(r) != 2 || r[0].Code != Shrank ||
			r[1].Code != "" {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err = p.Update(t.Context(), "a", true); err != nil || r[0].Withdrawn != 90 || r[0].Code != "" {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err = p.Update(t.Context(), "x", false); !errors.Is(err, ErrNoSuchFeed) {
			t.Error(err)
		}
		p.stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err = p.Update(ctx, "a", false); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// A reload adds feeds and ends others: what those listed matches no more, and no verdict is doubted. What stays is
// not read again.
func TestUse_anotherConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		p := newPlant(t, dir, feedsOf(t, "a", "b"))
		defer p.stop()
		p.publishers["b"].set("http://only.b.example/\n", nil)
		after(time.Minute)
		p.Use(feedsOf(t, "a", "c"), newCaution(t))
		if names := p.Status(); len(names) != 2 || names[1].Name != "c" || names[0].Counts.Living != 3 {
			t.Errorf("%+v", names)
		}
		after(time.Minute)
		if told := p.told.now(); told["url http://only.b.example/"] != "expired" ||
			told["url http://h0.example/"] != "MALICIOUS" {
			t.Errorf("told %v", told)
		}
		if a, c := p.publishers["a"].looked(), p.publishers["c"].looked(); len(a) != 1 || len(c) != 1 {
			t.Errorf("looked at a %v, at c %v", a, c)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "b.*")); len(files) > 0 {
			t.Errorf("%v stays", files)
		}
	})
}

// After a restart a list is looked at when it would have been, and told again is nothing.
func TestRun_afterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		p := newPlant(t, dir, feedsOf(t, "a"))
		after(time.Hour)
		p.stop()
		q := newPlant(t, dir, feedsOf(t, "a"))
		defer q.stop()
		after(90 * time.Minute)
		if diff := cmp.Diff([]time.Duration{time.Hour}, q.publishers["a"].looked()); diff != "" || len(q.told.now()) != 0 {
			t.Errorf("%s, told %v", diff, q.told.now())
		}
		if st := q.Status()[0]; st.Counts.Living != 3 {
			t.Errorf("%+v", st)
		}
	})
}

// A damaged copy is not used, says so, and takes nothing else with it.
func TestRun_aDamagedCopy(t *testing.T) {
	for _, file := range []string{"a.json", "a.list", "a.pending"} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			p := newPlant(t, dir, feedsOf(t, "a"))
			after(time.Minute)
			p.stop()
			if err := os.WriteFile(filepath.Join(dir, file), []byte("{\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			q := newPlant(t, dir, feedsOf(t, "a", "b"))
			defer q.stop()
			after(3 * time.Hour)
			st := q.Status()
			if want := map[string]Code{"a.json": "", "a.list": Storage, "a.pending": Storage}[file]; st[0].Code != want || st[1].Code != "" {
				t.Errorf("%s: %+v", file, st)
			}
		})
	}
}

// What is lost of the last good copy is had anew. What left the list meanwhile is not withdrawn where its records are
// gone; a copy that has only lost what stands beside them knows of it.
func TestRun_aLostCopyIsHadAnew(t *testing.T) {
	for _, row := range []struct {
		lost string
		left string // what is told of an entry that left the list meanwhile
	}{{"*", ""}, {"a.*", ""}, {"a.list", ""}, {"a.json", "withdrawn"}} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			p := newPlant(t, dir, feedsOf(t, "a", "b"))
			after(time.Minute)
			p.stop()
			lost, err := filepath.Glob(filepath.Join(dir, row.lost))
			if err != nil || len(lost) == 0 {
				t.Fatalf("%s: there are %v, %v", row.lost, lost, err)
			}
			for _, file := range lost {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			q := newPlant(t, dir, feedsOf(t, "a", "b"))
			defer q.stop()
			q.publishers["a"].set(urls(0, 2), nil)
			q.publishers["b"].set(urls(0, 2), nil)
			after(3 * time.Hour)
			st, told := q.Status(), q.told.now()
			if st[0].Problem != "" || st[1].Problem != "" || st[0].Counts.Listed != 2 {
				t.Errorf("%s: %+v", row.lost, st)
			}
			if again := told["url http://h1.example/"]; (again == "MALICIOUS") != (row.lost != "a.json") {
				t.Errorf("%s: of what is listed still %q is told", row.lost, again)
			}
			if row.lost == "*" || row.left != "" { // else b, whose copy is whole, tells of it
				if got := told["url http://h2.example/"]; got != row.left {
					t.Errorf("%s: of what has left %q is told, want %q", row.lost, got, row.left)
				}
			}
		})
	}
}

// What a crash left half-written goes at the next start.
func TestNew_clearsItsDirectory(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".new-1", ".scratch-2", "a.list"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(nil, newCaution(t), Options{Dir: dir, Consumer: &locked{ledger: ledger{}}}); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "[.a]*")); len(files) != 1 {
		t.Errorf("there are %v", files)
	}
}

// A reader that fails in a way nobody thought of is one feed's trouble.
func TestGuarded_aPanicIsOneFeedsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, t.TempDir(), feedsOf(t, "a", "b"))
		defer p.stop()
		r := &reading{feed: &config.Feed{Name: "x"}, kept: &kept{dir: t.TempDir(), name: "x", part: 1}, to: p.told}
		if _, _, err := p.guarded(t.Context(), r); codeOf(err) != Format || !strings.Contains(fmt.Sprint(err), "fail") {
			t.Errorf("%v", err)
		}
	})
}

func TestFileSource_whatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "list")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none"), "/dev/zero"} {
		if _, err := (fileSource{path}).get(t.Context(), "", validators{}); codeOf(err) != Away {
			t.Errorf("%s: %v", path, err)
		}
	}
	a, err := fileSource{dir}.get(t.Context(), "list", validators{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.body.Close()
	if data, err := io.ReadAll(a.body); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
	if b, err := (fileSource{file}).get(t.Context(), "", a.validators); err != nil || !b.unchanged {
		t.Errorf("%+v, %v", b, err)
	}
}

// slow is a publisher that answers when it is let.
type slow struct {
	publisher
	answer chan struct{}
}

func (p *slow) get(ctx context.Context, name string, since validators) (answer, error) {
	select {
	case <-p.answer:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	return p.publisher.get(ctx, name, since)
}

// slowPlant is a plant of which some publishers are slow.
func slowPlant(t *testing.T, names ...string) (*plant, *slow) {
	t.Helper()
	s := &slow{publisher: publisher{list: list{text: urls(0, 3)}, from: time.Now()}, answer: make(chan struct{})}
	p := newPlantOf(t, t.TempDir(), feedsOf(t, "a", "b", "c", "d", "e", "f"), func(name string) source {
		if slices.Contains(names, name) {
			return s
		}
		return nil
	})
	return p, s
}

// A slow publisher holds up no other list, neither one that is due nor one that a person asks for; who asks for it
// waits.
func TestRun_aSlowPublisherHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, slow := slowPlant(t, "a", "d", "e")
		defer p.stop()
		after(time.Hour)
		for _, name := range []string{"b", "c", "f"} {
			if at := p.publishers[name].looked(); len(at) != 1 || at[0] != 0 {
				t.Errorf("%s is looked at %v, want once, at once", name, at)
			}
		}
		if r, err := p.Update(t.Context(), "b", false); err != nil || len(r) != 1 || r[0].Code != "" {
			t.Errorf("%+v, %v", r, err)
		}
		all, one := make(chan []Result, 1), make(chan []Result, 1)
		go func() { r, _ := p.Update(t.Context(), "", false); all <- r }()
		go func() { r, _ := p.Update(t.Context(), "a", true); one <- r }()
		after(time.Minute)
		if len(all)+len(one) > 0 {
			t.Error("answered before the lists were looked at")
		}
		close(slow.answer)
		after(time.Minute)
		var names []string
		for _, r := range <-all {
			names = append(names, r.Feed+string(r.Code))
		}
		if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "f"}, names); diff != "" {
			t.Error(diff)
		}
		if r := <-one; len(r) != 1 || r[0].Feed != "a" {
			t.Errorf("%+v", r)
		}
		if n := len(slow.looked()); n != 3+3+1 {
			t.Errorf("the slow lists are looked at %d times, want 7", n)
		}
	})
}

// No more lists are looked at at once than may be; a stop waits for none.
func TestRun_isBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := slowPlant(t, "a", "b", "c", "d")
		after(time.Hour)
		if at := append(p.publishers["e"].looked(), p.publishers["f"].looked()...); len(at) > 0 {
			t.Errorf("a fifth list is looked at: %v", at)
		}
		p.stop()
	})
}

// A reload waits for the looks that are under way, and what was asked for is fulfilled by it, or answered.
func TestUse_whileAListIsLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, slow := slowPlant(t, "a", "b")
		defer p.stop()
		after(time.Minute)
		kept, gone := make(chan []Result, 1), make(chan []Result, 1)
		go func() { r, _ := p.Update(t.Context(), "a", false); kept <- r }()
		go func() { r, _ := p.Update(t.Context(), "b", false); gone <- r }()
		after(time.Minute)
		p.Use(feedsOf(t, "a", "c"), newCaution(t))
		close(slow.answer)
		after(time.Minute)
		if r := <-kept; len(r) != 1 || r[0].Code != "" {
			t.Errorf("%+v", r)
		}
		if r := <-gone; len(r) != 1 || r[0].Code != Away || !strings.Contains(r[0].Problem, "not configured") {
			t.Errorf("%+v", r)
		}
		if st := p.Status(); len(st) != 2 || st[1].Name != "c" || st[0].Counts.Living != 3 {
			t.Errorf("%+v", st)
		}
	})
}
