package daemon

import (
	"context"

	"clawback/config"
	"clawback/score/engines/rdap"
)

// openRDAP makes the client of the registries, where the configuration allows to ask them.
func (d *daemon) openRDAP(cfg *config.Config) (err error) {
	if !cfg.RDAP.Enabled {
		return nil
	}
	if d.rdap, err = rdap.New(cfg.RDAP, rdap.Options{StateDir: cfg.StateDir, Log: d.log}); err != nil {
		return err
	}
	d.opened(d.rdap.Close)
	return nil
}

// refreshRDAP keeps the list of the registries' servers fresh.
func (d *daemon) refreshRDAP(ctx context.Context) error {
	if d.rdap == nil {
		return nil
	}
	return d.rdap.Run(ctx)
}

// rdapStatus is nil where nobody is asked.
func (d *daemon) rdapStatus() *rdap.Status {
	if d.rdap == nil {
		return nil
	}
	s := d.rdap.Status()
	return &s
}
