package daemon

import (
	"context"
	"fmt"
	"path/filepath"

	"clawback/config"
	"clawback/intel/feed"
	"clawback/intel/sighting"
	"clawback/query"
	"clawback/store"
)

// openFeeds opens the lists of indicators that others publish, and what holds mail against them.
func (d *daemon) openFeeds(ctx context.Context) (err error) {
	dir := filepath.Join(d.cfg.StateDir, "feeds")
	d.sightings, err = sighting.New(ctx, sighting.Options{
		Store: d.found(), Desk: d.indicators, File: filepath.Join(d.cfg.StateDir, "sightings.json"), Log: d.log,
		Failed: d.feedHit,
	})
	if err != nil {
		return err
	}
	caution, err := cautionOf(d.cfg)
	if err != nil {
		return err
	}
	d.feeds, err = feed.New(d.cfg.Feeds, caution, feed.Options{Dir: dir, Consumer: d.sightings, Key: query.TermOf,
		Log: d.log, Failed: d.feedFailed, Read: d.feedRead})
	if err != nil {
		return err
	}
	d.sightings.Follow(d.feeds)
	d.lists.Ask(d.indicators, d.feeds)
	return nil
}

// cautionOf knows what good mail has too, by a configuration.
func cautionOf(cfg *config.Config) (*feed.Caution, error) {
	var own []string
	for _, t := range cfg.Tenants {
		own = append(append(own, t.Domains...), t.Partners...)
	}
	return feed.NewCaution(own, cfg.Intel.WarningLists)
}

// feedFailed tells of a list that was not read. The last good one stays in use.
func (d *daemon) feedFailed(f feed.Failure) {
	if !feedNeedsAPerson(f) {
		return
	}
	kind := "feed.refused"
	if f.Code == feed.Away || f.Code == feed.Slow {
		kind = "feed.away"
	}
	d.board.raise(store.Notice{Kind: kind, Subject: f.Feed,
		Text: fmt.Sprintf("The list of feed %s is not taken: it %s. The last good one stays in use.", f.Feed, f.Text)})
}

// feedRead ends what was told of a list's trouble.
func (d *daemon) feedRead(name string) {
	d.board.clear("feed.away", "", name)
	d.board.clear("feed.refused", "", name)
}

// feedHit tells of an entry that a message carries and that became no indicator.
func (d *daemon) feedHit(l feed.Listing, reason error) {
	d.board.raise(store.Notice{Kind: "feed.hit", Subject: l.Feed,
		Text: fmt.Sprintf("A message carries what feed %s lists (%s), and no indicator was made of it: %v.",
			l.Feed, l.Kind, reason)})
}
