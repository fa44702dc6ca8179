package sighting

import (
	"context"
	"errors"
	"fmt"
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

	"clawback/intel/feed"
	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// fakeStore has records by their ids, in the order of their numbers.
type fakeStore struct {
	mu      sync.Mutex
	records []store.Record
	events  []store.Event
	cursors map[string]uint64
	pruned  uint64
	fail    error
	probes  int
}

func (s *fakeStore) commit(link string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := store.Record{ID: fmt.Sprintf("r%d", len(s.records)), Verdict: verdict.Verdict{Disposition: verdict.Clean,
		Indicators: []verdict.Indicator{{Kind: "url", Value: link}}}}
	s.records = append(s.records, rec)
	s.events = append(s.events, store.Event{Seq: uint64(len(s.events) + 1), Kind: store.RecordAdded, ID: rec.ID})
}

func (s *fakeStore) Record(_ context.Context, id string) (store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		if r.ID == id {
			return r, s.fail
		}
	}
	return store.Record{}, store.ErrNotFound
}

// Carried says which values some record carries, as the desk does.
func (s *fakeStore) Carried(_ context.Context, list []store.Indicator) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes++
	carried := make([]bool, len(list))
	for n, i := range list {
		term, _ := query.TermOf(verdict.Indicator{Kind: i.Kind, Value: i.Value})
		carried[n] = slices.ContainsFunc(s.records, func(r store.Record) bool {
			return slices.Contains(r.Searchable(nil).Terms(), term)
		})
	}
	return carried, s.fail
}

func (s *fakeStore) Changes(_ context.Context, after uint64, limit int) ([]store.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after < s.pruned {
		return nil, store.ErrPruned
	}
	left := s.events[min(int(after), len(s.events)):]
	return left[:min(limit, len(left))], s.fail
}

func (s *fakeStore) LastChange(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.events)), s.fail
}

func (s *fakeStore) Cursor(_ context.Context, name string) (uint64, error) {
	return s.cursors[name], s.fail
}

func (s *fakeStore) SetCursor(_ context.Context, name string, seq uint64) error {
	s.cursors[name] = seq
	return s.fail
}

// fakeDesk has indicators by kind and value, and notes what was done.
type fakeDesk struct {
	*fakeStore
	has  map[string]store.Indicator
	acts []string
	fail error
}

func (d *fakeDesk) Of(v verdict.Indicator) (store.Indicator, bool) {
	i, have := d.has[v.Kind+" "+v.Value]
	return i, have && i.Tenant == ""
}

func (d *fakeDesk) Add(_ context.Context, who string, i store.Indicator) (store.Indicator, error) {
	if d.fail != nil {
		return i, d.fail
	}
	i.ID, i.By, i.State = "k-"+i.Value, who, store.IndicatorActive
	d.has[i.Kind+" "+i.Value] = i
	act := fmt.Sprintf("%s adds %s as %s", who, i.Value, i.Disposition)
	if !i.Until.IsZero() {
		act += " until " + i.Until.Format(time.DateTime)
	}
	d.acts = append(d.acts, act)
	return i, nil
}

func (d *fakeDesk) AddMany(ctx context.Context, who string,
	list []store.Indicator) (kept []store.Indicator, refused []error, err error) {
	for _, i := range list {
		i, err := d.Add(ctx, who, i)
		if store.Unavailable(err) {
			return nil, nil, err
		}
		kept, refused = append(kept, i), append(refused, err)
	}
	return kept, refused, nil
}

func (d *fakeDesk) Remove(_ context.Context, who, tenant, id, _ string) (store.Indicator, error) {
	for key, i := range d.has {
		if i.ID == id && i.Tenant == tenant {
			delete(d.has, key)
			d.acts = append(d.acts, who+" removes "+i.Value)
			return i, nil
		}
	}
	return store.Indicator{}, store.ErrNotFound
}

// done answers what was done since this was last asked.
func (d *fakeDesk) done() string {
	text := strings.Join(d.acts, "; ")
	d.acts = nil
	return text
}

// fakeFeeds list values by feed.
type fakeFeeds map[string][]string

func (f fakeFeeds) Listed(key uint64) (all []feed.Listing, err error) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		for _, value := range f[name] {
			if i := entry(value); keyIs(i.Indicator, key) {
				all = append(all, feed.Listing{Feed: name, Indicator: i})
			}
		}
	}
	return all, nil
}

func (f fakeFeeds) Empty() bool { return len(f) == 0 }

func keyIs(i verdict.Indicator, key uint64) bool {
	k, ok := query.TermOf(i)
	return ok && k == key
}

// entry is an entry of a feed: an address, or a host.
func entry(value string) feed.Indicator {
	i := feed.Indicator{Indicator: verdict.Indicator{Kind: "domain", Value: value}, Disposition: verdict.Suspicious, Confidence: 100}
	if strings.Contains(value, "://") {
		i.Kind, i.Disposition = "url", verdict.Malicious
	}
	return i
}

func added(name string, values ...string) feed.Delta {
	d := feed.Delta{Feed: name}
	for _, v := range values {
		d.Added = append(d.Added, entry(v))
	}
	return d
}

func ended(name string, withdrawn bool, values ...string) feed.Delta {
	d := feed.Delta{Feed: name}
	for _, v := range values {
		if withdrawn {
			d.Withdrawn = append(d.Withdrawn, entry(v).Indicator)
		} else {
			d.Expired = append(d.Expired, entry(v).Indicator)
		}
	}
	return d
}

const evil, page = "evil.example", "http://evil.example/login"

type bench struct {
	*Watch
	store *fakeStore
	desk  *fakeDesk
	feeds fakeFeeds
	file  string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s := &fakeStore{cursors: map[string]uint64{}}
	b := &bench{store: s, desk: &fakeDesk{fakeStore: s, has: map[string]store.Indicator{}}, feeds: fakeFeeds{},
		file: filepath.Join(t.TempDir(), "sightings.json")}
	b.restart(t)
	return b
}

// restart is what the daemon's end and start do to a Watch.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	w, err := New(t.Context(), Options{Store: b.store, Desk: b.desk, File: b.file})
	if err != nil {
		t.Fatal(err)
	}
	w.Follow(b.feeds)
	b.Watch = w
}

func (b *bench) apply(t *testing.T, d feed.Delta) {
	t.Helper()
	if err := b.Apply(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func TestApply_whatNoMessageCarriesStaysWithTheFeed(t *testing.T) {
	b := newBench(t)
	b.store.commit("http://good.example/")
	b.store.commit(page)
	b.apply(t, added("a", "http://other.example/", page, "http://evil.example/", "il.example"))
	if got := b.desk.done(); got != "feed a adds "+page+" as MALICIOUS" {
		t.Error(got)
	}
	b.apply(t, added("a", page)) // after a crash it comes again
	b.restart(t)
	b.apply(t, added("a", page))
	if got := b.desk.done(); got != "" {
		t.Error(got)
	}
}

func TestApply_aHostMakesSuspicious(t *testing.T) {
	b := newBench(t)
	b.store.commit("https://www.evil.example/x")
	b.apply(t, added("a", evil))
	if got := b.desk.done(); got != "feed a adds evil.example as SUSPICIOUS" {
		t.Error(got)
	}
}

// A person's indicator is his: no feed changes it, ends it, or takes it back.
func TestApply_aPersonsIndicatorIsLeftAlone(t *testing.T) {
	b := newBench(t)
	b.store.commit(page)
	b.desk.has["url "+page] = store.Indicator{ID: "k-" + page, Kind: "url", Value: page, Disposition: verdict.Suspicious, By: "ann"}
	b.apply(t, added("a", page))
	b.apply(t, ended("a", true, page))
	b.apply(t, ended("a", false, page))
	if got := b.desk.done(); got != "" || len(b.desk.has) != 1 {
		t.Error(got, b.desk.has)
	}
}

// What a person removed does not come again by the next message, nor by the next start: only when the feed lists it
// anew.
func TestMake_whatAPersonRemovedStaysAway(t *testing.T) {
	b := newBench(t)
	b.store.commit(page)
	b.feeds["a"] = []string{page}
	b.apply(t, added("a", page))
	b.desk.done()
	clear(b.desk.has) // clawback intel remove
	for range 2 {
		b.apply(t, added("a", page))
		b.store.commit(page)
		if err := b.follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.desk.done(); got != "" {
			t.Errorf("it came again: %s", got)
		}
		b.restart(t)
	}
	b.apply(t, ended("a", true, page))
	if got := b.desk.done(); got != "" {
		t.Error(got)
	}
	b.apply(t, added("a", page))
	if got := b.desk.done(); got != "feed a adds "+page+" as MALICIOUS" {
		t.Error(got)
	}
}

func TestEnd_withdrawalAndTheEndOfALifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.store.commit(page)
		b.apply(t, added("a", page))
		b.desk.done()
		b.apply(t, ended("b", true, page)) // not its own
		b.apply(t, ended("a", true, "http://other.example/"))
		if got := b.desk.done(); got != "" {
			t.Error(got)
		}
		b.apply(t, ended("a", true, page))
		b.apply(t, ended("a", true, page))
		if got := b.desk.done(); got != "feed a removes "+page {
			t.Error(got)
		}
		b.apply(t, added("a", page))
		b.desk.done()
		b.apply(t, ended("a", false, page))
		if got := b.desk.done(); got != "feed a adds "+page+" as MALICIOUS until 2000-01-01 00:00:01" {
			t.Error(got)
		}
	})
}

func TestEnd_anotherFeedStillListsIt(t *testing.T) {
	for _, withdrawn := range []bool{true, false} {
		b := newBench(t)
		b.store.commit(page)
		b.feeds["b"] = []string{page}
		b.apply(t, added("a", page))
		b.desk.done()
		b.apply(t, ended("a", withdrawn, page))
		if got := b.desk.done(); got != "feed b adds "+page+" as MALICIOUS" {
			t.Error(got)
		}
		delete(b.feeds, "b")
		b.apply(t, ended("b", true, page))
		if got := b.desk.done(); got != "feed b removes "+page {
			t.Error(got)
		}
	}
}

func TestFollow_aMessageThatComes(t *testing.T) {
	b := newBench(t)
	b.feeds["a"] = []string{page, evil, "http://never.example/"}
	b.store.commit("http://before.example/")
	if err := b.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.store.commit("http://good.example/")
	b.store.commit("https://evil.example/login#x")
	b.store.commit(page)
	if err := b.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	acts := strings.Split(b.desk.done(), "; ")
	slices.Sort(acts)
	if diff := cmp.Diff([]string{"feed a adds evil.example as SUSPICIOUS", "feed a adds " + page + " as MALICIOUS"}, acts); diff != "" {
		t.Error(diff)
	}
	if b.store.cursors[follower] != 4 {
		t.Errorf("cursors %v", b.store.cursors)
	}
}

// Trouble of the store's leaves the cursor where it was: the message is held against the feeds later.
func TestFollow_troubleIsNoAnswer(t *testing.T) {
	b := newBench(t)
	b.feeds["a"] = []string{page}
	b.store.commit("http://before.example/")
	if err := b.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.store.commit(page)
	b.store.fail = errors.New("disk")
	if err := b.follow(t.Context()); err == nil {
		t.Error("no error")
	}
	if err := b.Apply(t.Context(), added("a", page)); err == nil {
		t.Error("a part is taken of which nobody knows whether mail carries it")
	}
	b.store.fail = nil
	if err := b.follow(t.Context()); err != nil || b.desk.done() == "" {
		t.Errorf("%v, %v", err, b.desk.has)
	}
}

// Changes that are not kept any more are gone over once, and not for ever.
func TestFollow_changesThatAreGone(t *testing.T) {
	b := newBench(t)
	b.feeds["a"] = []string{page}
	b.store.commit("http://a.example/")
	b.store.cursors[follower], b.store.pruned = 1, 3
	for range 4 {
		b.store.commit("http://a.example/")
	}
	for range 2 {
		if err := b.follow(t.Context()); err != nil || b.store.cursors[follower] != 5 {
			t.Errorf("%v, %v", err, b.store.cursors)
		}
	}
}

// While no feed lists anything the changes are not read. A message that comes right after the first entry is held
// against it.
func TestFollow_whileNobodyListsAnything(t *testing.T) {
	b := newBench(t)
	for range far {
		b.store.commit("http://a.example/")
	}
	if err := b.follow(t.Context()); err != nil || b.store.cursors[follower] != 0 {
		t.Errorf("%v, %v", err, b.store.cursors)
	}
	b.store.commit("http://a.example/")
	if err := b.follow(t.Context()); err != nil || b.store.cursors[follower] != far+1 {
		t.Errorf("%v, %v", err, b.store.cursors)
	}
	b.feeds["a"] = []string{page}
	b.store.commit(page)
	if err := b.follow(t.Context()); err != nil || b.desk.done() == "" {
		t.Errorf("%v, %v", err, b.store.cursors)
	}
}

// The first start holds what comes from then on against feeds; what is there already they search when they are read.
func TestNew_goesOnFromNow(t *testing.T) {
	b := newBench(t)
	b.store.commit(page)
	b.restart(t)
	if b.store.cursors[follower] != 1 {
		t.Errorf("%v", b.store.cursors)
	}
	b.store.commit(page)
	b.restart(t)
	if b.store.cursors[follower] != 1 {
		t.Errorf("a restart skips what came: %v", b.store.cursors)
	}
}

// What the desk refuses is told, and keeps nothing else back.
func TestApply_whatTheDeskRefuses(t *testing.T) {
	b := newBench(t)
	var told []string
	b.o.Failed = func(l feed.Listing, reason error) { told = append(told, l.Feed+" "+l.Value+": "+reason.Error()) }
	b.store.commit(page)
	b.desk.fail = errors.New("there are too many")
	b.apply(t, added("a", page))
	if diff := cmp.Diff([]string{"a " + page + ": there are too many"}, told); diff != "" {
		t.Error(diff)
	}
	b.desk.fail = nil
	b.apply(t, added("a", page))
	if b.desk.done() == "" {
		t.Error("it is not tried again")
	}
}

// Without what is known of sightings a person's removal would be forgotten: the daemon must not go on without it.
func TestNew_aDamagedFile(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), b.o); err == nil {
		t.Error("it is as if nothing were known")
	}
}

// Where the file is lost the daemon starts. What is made is there still and no other indicator is made of it; what a
// person removed can come again, and what the feed withdraws of it goes.
func TestNew_aLostFile(t *testing.T) {
	const kept = "http://kept.example/"
	b := newBench(t)
	b.store.commit(page)
	b.store.commit(kept)
	b.apply(t, added("a", page, kept))
	b.desk.done()
	delete(b.desk.has, "url "+page) // clawback intel remove
	if err := os.Remove(b.file); err != nil {
		t.Fatal(err)
	}
	b.restart(t)
	b.apply(t, added("a", page, kept))
	if got := b.desk.done(); got != "feed a adds "+page+" as MALICIOUS" {
		t.Error(got)
	}
	b.apply(t, ended("a", true, page))
	if got := b.desk.done(); got != "feed a removes "+page {
		t.Error(got)
	}
	b.restart(t)
	if len(b.desk.has) != 1 {
		t.Errorf("there are %v", b.desk.has)
	}
}

func TestRun_endsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.feeds["a"] = []string{page}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		b.store.commit("http://before.example/")
		go func() { done <- b.Run(ctx) }()
		synctest.Wait()
		b.store.commit(page)
		time.Sleep(every)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || b.desk.done() == "" {
			t.Errorf("%v, %v", err, b.desk.has)
		}
	})
}
