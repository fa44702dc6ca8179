package main

import (
	"context"
	"fmt"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/score/engines/rdap"
)

func (a *app) showRDAP(s *api.RDAP) {
	if s == nil {
		return
	}
	list := "no list of servers yet"
	if s.Servers > 0 {
		list = fmt.Sprintf("%s in the list of %s", plural(s.Servers, "suffix"), stamp(s.Date))
	} else if s.One {
		list = "all asked at " + s.URL
	}
	a.printf("domain ages: %s; %s known, %d unknown, %d failed, with %s\n", list, plural(int(s.Known), "message"),
		s.Unknown, s.Failed, plural(int(s.Asked), "question"))
}

// checkRDAP says whether the registries may be asked when domains were registered, and, online, whether they answer.
func checkRDAP(ctx context.Context, cfg *config.Config, online bool) finding {
	const what = topic("domain age")
	if !cfg.RDAP.Enabled {
		return what.fine("%s", "no registry is asked: rdap.enabled is false")
	}
	if cfg.Score.DomainAgeMalicious+cfg.Score.DomainAgeSuspicious == 0 {
		return what.fine("%s", "no registry is asked: domain_age_malicious and domain_age_suspicious are off")
	}
	if !online {
		return what.fine("%s", "registries may be asked when the domains of authors were registered; --online "+
			"tries it")
	}
	client, err := rdap.New(cfg.RDAP, rdap.Options{})
	if err != nil {
		return what.bad(err.Error(), "mend [rdap]")
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	text, err := client.Check(ctx)
	if err != nil {
		return what.bad(err.Error(), "open outgoing HTTPS to the list's address and to the registries, or set "+
			"rdap.enabled = false: mail is judged without it")
	}
	return what.fine("%s", text)
}
