package judge

import (
	"net/http"
	"time"

	"clawback/config"
	"clawback/score/engines"
)

// maxAsking bounds how long a message waits for engines, whatever the configuration says: an item has a minute in all.
const maxAsking = 30 * time.Second

// newEngines are the engines that a configuration names.
func newEngines(c config.Engines) engines.Set {
	set := engines.Set{Timeout: min(c.Timeout, maxAsking)}
	add := func(e engines.Engine) { set.Engines = append(set.Engines, engines.NewResting(e, nil)) }
	if c.Rspamd != "" {
		// Its own client: no proxy of the environment's, and no redirect, is to see the mail.
		add(engines.Rspamd{URL: c.Rspamd, Client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}})
	}
	if c.SpamAssassin != "" {
		add(engines.SpamAssassin{Address: c.SpamAssassin})
	}
	if c.ClamAV != "" {
		add(engines.ClamAV{Address: c.ClamAV})
	}
	if len(c.DNSLists) > 0 {
		add(engines.DNSLists{Zones: c.DNSLists})
	}
	return set
}
