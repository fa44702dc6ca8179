package intel

import (
	"context"
	"net/http"
	"strings"
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

// harmless is what the engines are asked about to see whether they answer.
const harmless = "From: check@clawback.invalid\r\nTo: check@clawback.invalid\r\nSubject: check\r\n" +
	"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <check@clawback.invalid>\r\n\r\nIs anybody there?\r\n"

// AskEngines asks all engines of a configuration about a harmless message, and says which do not answer, and why.
func AskEngines(ctx context.Context, c config.Engines) []string {
	_, away := newEngines(c).Ask(ctx, engines.Message{Body: strings.NewReader(harmless), Size: int64(len(harmless))})
	return away
}
