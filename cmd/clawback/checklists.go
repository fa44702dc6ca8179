package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"clawback/config"
	"clawback/intel/feed"
	"clawback/smtpd/networks"
)

// checkFeeds looks at the lists of indicators that others publish: those in files, and online those on servers.
func checkFeeds(ctx context.Context, cfg *config.Config, online bool) (list []finding) {
	for i := range cfg.Feeds {
		f := &cfg.Feeds[i]
		what := topic("feed " + f.Name)
		if f.URL != "" != online {
			continue
		}
		if err := feed.Probe(ctx, f); err != nil {
			list = append(list, what.warn("its list: "+err.Error(), "look at its source, key and way under [[feed]]; "+
				"until it can be read the last good list stays in use, or none"))
			continue
		}
		list = append(list, what.fine("its list can be read"))
	}
	return list
}

// checkWarningLists reads the files of values that no feed makes an indicator of. The daemon does not start without.
func checkWarningLists(cfg *config.Config) []finding {
	const what = topic("warning lists")
	if len(cfg.Intel.WarningLists) == 0 {
		return nil
	}
	if _, err := feed.NewCaution(nil, cfg.Intel.WarningLists); err != nil {
		return []finding{what.bad(err.Error(),
			"mend it, or take it out of intel.warning_lists: the daemon does not start")}
	}
	return []finding{what.fine("%s", plural(len(cfg.Intel.WarningLists), "file"))}
}

// checkNetworks asks for the list of Exchange Online's networks, as the daemon will.
func checkNetworks(ctx context.Context, c config.Networks, client *http.Client) finding {
	const what = topic("networks of Exchange Online")
	if c.URL == "" {
		return what.fine("the list that this program brings is used: networks.url is empty")
	}
	sets, err := networks.Open(c, networks.Options{Client: client})
	if err != nil {
		return what.bad(err.Error(), "mend [networks]: the daemon does not start")
	}
	shipped := sets.Status().Date.UTC().Format(time.DateOnly)
	if err := sets.Refresh(ctx); err != nil {
		return what.warn(err.Error(), fmt.Sprintf("open outgoing HTTPS to the host of networks.url; until then the "+
			"last good list is used, at first that of %s", shipped))
	}
	return what.fine("%s in the list of %s", plural(sets.Status().Prefixes, "prefix"), c.URL)
}
