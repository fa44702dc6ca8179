package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"clawback/config"
)

// Result is what one look at a list brought.
type Result struct {
	Feed      string `json:"feed"`
	Unchanged bool   `json:"unchanged,omitempty"` // the publisher says so
	Added     int    `json:"added"`
	Withdrawn int    `json:"withdrawn"`
	Expired   int    `json:"expired"`
	Counts    Counts `json:"counts"`
	Code      Code   `json:"code,omitempty"` // why the list was not taken; "": it was
	Problem   string `json:"problem,omitempty"`
}

// manifestFile is what a folder of MISP's begins with.
const manifestFile = "manifest.json"

// reading is one look at a list.
type reading struct {
	feed    *config.Feed
	source  source
	kept    *kept
	caution *Caution
	limits  limits
	to      Consumer
	now     time.Time
	accept  bool // a person says that the list's length is right
}

// poll reads the list, and tells what is new. more says that it should be read again soon.
func (r *reading) poll(ctx context.Context) (result Result, more bool, err error) {
	if err := r.kept.deliver(ctx, r.to); err != nil { // what a crash or a consumer's error left
		return result, false, err
	}
	settings := r.settings()
	since := validators{r.kept.about.ETag, r.kept.about.Modified}
	if !r.same(settings) || !r.kept.has(".list") { // without records an unchanged list must be had again
		since = validators{}
	}
	if r.feed.Format == "taxii" {
		return r.pollTAXII(ctx, settings)
	}
	name := ""
	if r.feed.Format == "misp" {
		name = manifestFile
	}
	a, err := r.source.get(ctx, name, since)
	if err != nil {
		return result, false, err
	}
	if a.unchanged {
		result.Unchanged = true
		return result, false, r.age(ctx, false, &result)
	}
	defer a.body.Close()
	next := newSorter(r.kept.dir)
	defer next.close()
	j := newJudge(r.feed, r.caution, r.limits, next)
	if more, err = r.read(ctx, a, j); err != nil {
		return result, false, err
	}
	if more {
		a.validators = validators{} // so that it is read again even if it does not change
	}
	return result, more, r.adopt(ctx, &result, j, about{URL: r.where(), Settings: settings, Fetched: r.now,
		ETag: a.ETag, Modified: a.Modified})
}

// adopt compares what was read with the kept list and, if it is believed, tells what changed and keeps it.
func (r *reading) adopt(ctx context.Context, result *Result, j *judge, a about) error {
	if err := cmp.Or(context.Cause(ctx), j.checkReadable()); err != nil {
		return err
	}
	c, err := r.compare(j.out, r.same(a.Settings))
	if c != nil && c.outlived > 0 {
		j.skipped[SkipOutlived] = c.outlived
	}
	if err != nil {
		return explain(err, j)
	}
	c.counts.Skipped = j.skipped
	return r.commit(ctx, result, c, a)
}

// pollTAXII reads what a collection of a TAXII server has that is new.
func (r *reading) pollTAXII(ctx context.Context, settings string) (result Result, more bool, err error) {
	t := &taxiiFeed{dir: r.kept.file(".objects"), now: r.now, every: r.feed.FullRead,
		server: taxiiServer{feed: r.feed, source: r.source, limits: r.limits, dir: r.kept.dir}}
	if err := t.open(); err != nil {
		return result, false, err
	}
	if more, err = t.fetch(ctx); err != nil {
		return result, false, t.failed(err)
	}
	if !t.changed() && r.same(settings) && r.kept.has(".list") {
		result.Unchanged = true
		return result, more, errors.Join(t.finish(), r.age(ctx, false, &result))
	}
	next := newSorter(r.kept.dir)
	defer next.close()
	j := newJudge(r.feed, r.caution, r.limits, next)
	if err := t.read(j); err != nil {
		return result, false, t.failed(err)
	}
	a := about{URL: r.where(), Settings: settings, Fetched: r.now}
	if err := r.adopt(ctx, &result, j, a); err != nil {
		return result, false, t.failed(err)
	}
	return result, more, t.finish()
}

// read reads the answer to its end.
func (r *reading) read(ctx context.Context, a answer, j *judge) (more bool, err error) {
	body, err := unpack(a.body, r.limits, r.kept.dir)
	if err != nil {
		return false, err
	}
	defer body.Close()
	if r.feed.Format == "misp" {
		m := mispFeed{source: r.source, dir: r.kept.file(".events"), limits: r.limits}
		return m.read(ctx, body, j)
	}
	return false, read(body, r.feed, j)
}

// compare writes down what became of each entry.
func (r *reading) compare(next *sorter, same bool) (*change, error) {
	fresh, err := next.sorted()
	if err != nil {
		return nil, err
	}
	c := &compared{feed: r.feed, caution: r.caution, now: r.now}
	old, done, err := r.kept.records(".list")
	if err != nil {
		return nil, err
	}
	err = r.kept.prepare(func(put func(*record) error) error { return c.merge(old, fresh.next, put) }, func() error {
		if r.accept {
			return nil
		}
		return c.checkChange(same)
	})
	return &c.change, errors.Join(err, done())
}

// commit tells what changed, and keeps the list.
func (r *reading) commit(ctx context.Context, result *Result, c *change, a about) error {
	if err := r.kept.deliver(ctx, r.to); err != nil {
		return err
	}
	c.counts.Listed = c.listed
	a.Counts, a.Next = c.counts, c.next
	result.Added, result.Withdrawn, result.Expired, result.Counts = c.added, c.withdrawn, c.expired, a.Counts
	return r.kept.write(a)
}

// age ends the lifetimes that are over. A list that is stale loses the entries that live while they are listed.
func (r *reading) age(ctx context.Context, stale bool, result *Result) error {
	a := r.kept.about
	result.Counts = a.Counts
	if !stale {
		a.Fetched = r.now
	}
	if !stale && (a.Next.IsZero() || a.Next.After(r.now)) {
		return r.kept.write(a)
	}
	c := &compared{feed: r.feed, caution: r.caution, now: r.now}
	old, done, err := r.kept.records(".list")
	if err != nil {
		return err
	}
	aged := func(put func(*record) error) error { return c.age(old, stale, put) }
	err = r.kept.prepare(aged, func() error { return nil })
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	c.change.counts.Skipped = a.Counts.Skipped
	if stale {
		a.ETag, a.Modified = "", "" // what has expired must come again when the list does
	}
	return r.commit(ctx, result, &c.change, a)
}

// stale reports whether the list could not be looked at for longer than its entries live.
func (r *reading) stale() bool {
	a := &r.kept.about
	return !a.Fetched.IsZero() && a.Counts.Living > 0 && !a.Fetched.Add(r.feed.Lifetime).After(r.now)
}

// overdue reports whether a lifetime is over.
func (r *reading) overdue() bool {
	next := r.kept.about.Next
	return !next.IsZero() && !next.After(r.now)
}

// same reports whether the kept list was had from the same place, and read in the same way.
func (r *reading) same(settings string) bool {
	return r.kept.about.Settings == settings && r.kept.about.URL == r.where()
}

// where names the list without its key.
func (r *reading) where() string { return cmp.Or(r.feed.URL, r.feed.File) }

// explain adds to an empty list what was left out of it.
func explain(err error, j *judge) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != Empty || len(j.skipped) == 0 {
		return err
	}
	data, _ := json.Marshal(j.skipped)
	return refuse(Empty, "%s that is used; left out: %s", refusal.Text, data)
}

// readerVersion changes when a list would be read otherwise than before.
const readerVersion = 1

// settings tell one way of reading a list from another.
func (r *reading) settings() string {
	f := *r.feed
	f.Key, f.KeyFile, f.Interval = config.Secret{}, "", 0
	data, _ := json.Marshal(f)
	sum := sha256.Sum256(fmt.Appendf(data, "%d %s", readerVersion, r.caution.Version()))
	return hex.EncodeToString(sum[:])[:16]
}

// makeDir makes the directory of the kept lists, and removes what a crash left half-written there.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory of feeds: %w", err)
	}
	for _, pattern := range []string{".new-*", ".scratch-*"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("clear directory of feeds: %w", err)
			}
		}
	}
	return nil
}
