package daemon

import (
	"context"

	"clawback/api"
	"clawback/score/engines/rdap"
)

// openRDAP makes the client of the registries, where the configuration allows to ask them.
func (d *daemon) openRDAP() (err error) {
	if !d.cfg.RDAP.Enabled {
		return nil
	}
	if d.rdap, err = rdap.New(d.cfg.RDAP, rdap.Options{StateDir: d.cfg.StateDir, Log: d.log}); err != nil {
		return err
	}
	d.onClose(d.rdap.Close)
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
func (d *daemon) rdapStatus() *api.RDAP {
	if d.rdap == nil {
		return nil
	}
	s := d.rdap.Status()
	return api.RDAPOf(&s)
}
