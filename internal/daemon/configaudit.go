package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"clawback/config"
	"clawback/internal/lastgood"
	"clawback/store"
)

// configRecord is what the last configuration in force has set: its keys and values, secrets as their hashes. With it
// the audit has each key that changed, by a reload or while the daemon was down.
func (d *daemon) configRecord() string { return filepath.Join(d.cfg.StateDir, "config.json") }

// maxChanges bounds the entries of one change of the configuration.
const maxChanges = 500

// noteConfig writes into the audit what a configuration has changed since the one before it. What a person did with an
// editor is nobody's act that the daemon could name: it stands there as clawback's.
func (d *daemon) noteConfig(ctx context.Context, cfg *config.Config, what string) error {
	text, err := os.ReadFile(cfg.File)
	if err != nil {
		return nil // made by a program
	}
	now := config.SettingsOf(text)
	acts := []store.Act{{Who: ownName, What: what, Object: cfg.File, Comment: "version " + d.version}}
	for i, c := range d.lastConfig(now).Changed(now) {
		act := store.Act{Who: ownName, What: "config.change", Object: c.Key, Comment: c.Text}
		if t, err := cfg.FindTenant(c.TenantOf()); err == nil && c.TenantOf() != "" {
			act.Tenant = t.ID
		}
		if i >= maxChanges {
			act = store.Act{Who: ownName, What: "config.change", Comment: fmt.Sprintf("more than %d keys", maxChanges)}
			acts = append(acts, act)
			break
		}
		acts = append(acts, act)
	}
	if err := d.store.Update(ctx, store.Change{Acts: acts}); err != nil {
		return fmt.Errorf("note the configuration in the audit: %w", err)
	}
	// Written after the audit: a crash in between has the changes noted twice, and never not at all.
	return lastgood.Write(d.configRecord(), func(out io.Writer) error { return json.NewEncoder(out).Encode(now) })
}

// ownName is who did what nobody asked for by name.
const ownName = "clawback"

// lastConfig is what the configuration before has set; where that is not known, the same as now.
func (d *daemon) lastConfig(now config.Settings) config.Settings {
	var before config.Settings
	data, err := os.ReadFile(d.configRecord())
	if err == nil {
		err = json.Unmarshal(data, &before)
	}
	if err != nil || before == nil {
		return now
	}
	return before
}
