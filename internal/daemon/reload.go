package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	"clawback/config"
	"clawback/queue"
	"clawback/store"
	"clawback/systemd"
)

// reloadUntil re-reads the configuration at each signal until the daemon is to stop.
func (d *daemon) reloadUntil(ctx, failed context.Context, reload <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-failed.Done():
			return
		case <-reload:
			systemd.Reloading()
			if err := d.reload(ctx); err != nil {
				d.log.Error("the configuration was not changed", "event", "config.refused", "error", err)
				d.noteRefusal(ctx, err)
				d.alert("config.refused", "the configuration file was refused at a reload: "+d.refusal(err)+
					"; what was read at "+clock(d.live.inForceSince())+" is in force")
			} else {
				d.board.clear("config.refused", "", "")
			}
			systemd.Ready(readyStatus)
		}
	}
}

// refusal says in short why a configuration was refused. Of the file it has places alone: a value may be the journal
// address of a tenant, and one that is not in force is not known as a secret.
func (d *daemon) refusal(err error) string {
	problems, is := errors.AsType[config.Problems](err)
	if !is || len(problems) == 0 {
		return strings.ReplaceAll(d.live.secrets.clean(err.Error()), "\n", "; ")
	}
	first := fmt.Sprintf("%s:%d: %s", problems[0].File, problems[0].Line, problems[0].Key)
	if more := len(problems) - 1; more > 0 {
		first += fmt.Sprintf(", and %d more", more)
	}
	return first
}

// reload puts the file's present contents in force, or leaves everything as it is.
func (d *daemon) reload(ctx context.Context) error {
	old := d.live.config()
	cfg, err := config.Load(old.File)
	if err != nil {
		return err
	}
	if err := d.checkRemovedTenants(ctx, old, cfg); err != nil {
		return err
	}
	rules, err := d.judge.Prepare(cfg)
	if err != nil {
		return fmt.Errorf("own rules: %w", err)
	}
	caution, err := cautionOf(cfg)
	if err != nil {
		return err
	}
	if err := d.live.replace(cfg); err != nil {
		return err
	}
	d.feeds.Use(cfg.Feeds, caution)
	d.alerts.Use(cfg)
	rules.Use()
	d.admission.SetLimits(cfg.Quarantine)
	if err := d.noteConfig(ctx, cfg, "config.reload"); err != nil {
		d.log.Error("the audit lacks a change of the configuration", "event", "config.unnoted", "error", err)
	}
	d.log.Info("configuration reloaded", "event", "config.reloaded", "tenants", len(cfg.Tenants))
	for _, key := range restartKeys(old, cfg) {
		d.log.Warn("a change takes effect at the next start only", "event", "config.restart", "key", key)
	}
	if keys := restartKeys(d.cfg, cfg); len(keys) > 0 {
		d.alert("config.restart", "what was changed takes effect at the next start only: "+strings.Join(keys, ", "))
	} else {
		d.board.clear("config.restart", "", "")
	}
	d.engine.Wake()
	d.bounces.Wake()
	return nil
}

// noteRefusal has the audit say that a reload was refused.
func (d *daemon) noteRefusal(ctx context.Context, err error) {
	act := store.Act{Who: ownName, What: "config.refuse", Object: d.cfg.File, Comment: d.refusal(err)}
	if err := d.store.Note(ctx, act); err != nil {
		d.log.Error("the audit lacks a refused reload", "event", "config.unnoted", "error", err)
	}
}

// checkRemovedTenants refuses a configuration that removes a tenant with open work.
func (d *daemon) checkRemovedTenants(ctx context.Context, old, cfg *config.Config) error {
	kept := map[string]bool{}
	for _, t := range cfg.Tenants {
		kept[t.ID] = true
	}
	var errs []error
	for _, t := range old.Tenants {
		if kept[t.ID] {
			continue
		}
		items, err := d.queue.List(ctx, queue.Filter{Tenant: t.ID, Limit: 1})
		if err != nil {
			return err
		}
		counts, err := d.store.Counts(ctx, t.ID)
		if err != nil {
			return err
		}
		if open := openWork(counts); len(items) > 0 || open > 0 {
			errs = append(errs, fmt.Errorf("tenant %s has open work (%d retractions, reports in the queue: %t): "+
				"finish or reject it before the tenant is removed", t.Name, open, len(items) > 0))
		}
	}
	return errors.Join(errs...)
}

// openWork counts the intents that are not final.
func openWork(c store.Counts) int {
	return c.Outcomes[store.Pending] + c.Restores[store.Pending] + c.Held
}

// restartKeys names the tables whose change a reload cannot put in force.
func restartKeys(old, cfg *config.Config) []string {
	var list []string
	for name, pair := range map[string][2]any{
		"hostname":      {old.Hostname, cfg.Hostname},
		"state_dir":     {old.StateDir, cfg.StateDir},
		"listener":      {old.Listeners, cfg.Listeners},
		"tls":           {old.TLS, cfg.TLS},
		"acme":          {old.ACME, cfg.ACME},
		"smtp":          {old.SMTP, cfg.SMTP},
		"control":       {old.Control, cfg.Control},
		"rest":          {old.REST, cfg.REST},
		"console":       {old.Console, cfg.Console},
		"sign_in":       {old.SignIn, cfg.SignIn},
		"networks":      {old.Networks, cfg.Networks},
		"rdap":          {old.RDAP, cfg.RDAP},
		"score.workers": {old.Score.Workers, cfg.Score.Workers},
		"log":           {old.Log, cfg.Log},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}
