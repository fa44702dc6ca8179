package main

import (
	"context"
	"net"
	"strings"
	"time"

	"clawback/alert"
	"clawback/bounce"
	"clawback/config"
)

// checkAlerts looks at the routes for alerts: whether one is there at all and, online, whether each receiver is.
func checkAlerts(ctx context.Context, cfg *config.Config, online bool) (list []finding) {
	if len(cfg.Alerts) == 0 && !online {
		return []finding{topic("alert").fine("nobody elsewhere is told: there is no [[alert]]; " +
			"clawback status and the log tell of trouble")}
	}
	mail := &bounce.Sender{Hostname: cfg.Hostname, Resolver: net.DefaultResolver, Timeout: 20 * time.Second}
	for _, a := range cfg.Alerts {
		what := topic("alert " + a.Name)
		switch {
		case !online && a.Kind == "webhook" && len(a.Secrets) == 0 && a.Authorization.Reveal() == "":
			list = append(list, what.warn("what it posts is not signed: its receiver cannot know who posts",
				"make a secret_file: echo whsec_$(openssl rand -base64 32)"))
		case !online && a.Kind == "teams" && strings.Contains(a.URL.Reveal(), ".webhook.office.com"):
			list = append(list, what.bad("its url is of a connector, which Teams does not have any more",
				"make a Workflow (\"Post to a channel when a webhook request is received\"), and use its URL"))
		case !online:
			list = append(list, what.fine("%s, %s", a.Kind, strings.Join(a.Events, " ")))
		default:
			list = append(list, probeAlert(ctx, cfg, a, mail))
		}
	}
	return list
}

func probeAlert(ctx context.Context, cfg *config.Config, a config.Alert, mail *bounce.Sender) finding {
	what := topic("alert " + a.Name)
	if err := alert.Probe(ctx, cfg, a, mail); err != nil {
		return what.warn("its receiver: "+err.Error(),
			"mend the receiver, or the route under [[alert]]; what is to be told waits for it")
	}
	return what.fine("its receiver can be reached; clawback alert test %s tries it", a.Name)
}
