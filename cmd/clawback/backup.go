package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"filippo.io/age"
	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
	"clawback/backup"
	"clawback/config"
	"clawback/store"
	"clawback/store/pebble"
)

type backupCmd struct {
	Dir       string   `arg:"" type:"path" help:"Directory for the backup, a file of its own."`
	Recipient []string `short:"r" placeholder:"age1..." help:"Encrypt it to this public key of age. May be given more than once."`
}

func (c backupCmd) Run(a *app) error {
	to, err := backup.Recipients(c.Recipient)
	if err != nil {
		return fmt.Errorf("--recipient: %w", err)
	}
	path, s, err := backup.Save(a.ctx, c.Dir, to, func(ctx context.Context, w io.Writer) error {
		return client.Export(ctx, a.client, api.Backup, api.None{}, w)
	})
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	if a.json {
		return a.printJSON(map[string]any{"path": path, "files": s.Files, "bytes": s.Bytes, "at": s.About.At})
	}
	a.printf("%s: %s, %s, read back and compared\n", path, plural(s.Files, "file"), humanize.IBytes(uint64(s.Bytes)))
	a.printf("Keep the configuration and its keys as well: they are not in it.\n")
	return nil
}

type restoreBackupCmd struct {
	File     string `arg:"" type:"path" help:"The backup."`
	Config   string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file: it says where the state is."`
	Identity string `short:"i" type:"path" placeholder:"FILE" help:"Identities of age, where the backup is encrypted."`
}

func (c restoreBackupCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	var identities []age.Identity
	if c.Identity != "" {
		if identities, err = backup.Identities(c.Identity); err != nil {
			return fmt.Errorf("--identity: %w", err)
		}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := backup.Restore(f, cfg.StateDir, identities...)
	if err != nil {
		return fmt.Errorf("nothing was restored: %w", err)
	}
	if a.json {
		return a.printJSON(s)
	}
	a.printf("%s, %s of %s are in %s\n", plural(s.Files, "file"), humanize.IBytes(uint64(s.Bytes)), stamp(s.About.At),
		cfg.StateDir)
	a.printf("Start the daemon. Retractions that were open then wait for a person: clawback held list.\n")
	a.printf("API tokens and sign-ins of the backup are revoked then, since they may have been after it: " +
		"clawback token create makes new ones.\n")
	return nil
}

type storeCmd struct {
	Reindex   reindexCmd        `cmd:"" help:"Build the index that searches use anew from the messages, while the daemon works on."`
	Check     storeCheckCmd     `cmd:"" help:"Read all of the store and say what of it does not fit together. Works with and without a daemon."`
	ForgetOld storeForgetOldCmd `cmd:"" help:"Remove store.db.old, which a version before this one has left."`
}

type storeCheckCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file, for where the state is when no daemon runs."`
}

func (c storeCheckCmd) Run(a *app) error {
	found, err := client.Do(a.ctx, a.client, api.CheckStore, api.None{})
	if api.CodeOf(err) == api.Unreachable {
		err = withStore(c.Config, func(_ string, s *store.Store) (err error) {
			found.Findings, err = s.Verify(a.ctx)
			return err
		})
	}
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(found)
	}
	for _, f := range found.Findings {
		if !a.json {
			a.printf("%s\n", f)
		}
	}
	switch {
	case err != nil:
		return err
	case len(found.Findings) > 0:
		return errQuiet
	case !a.json:
		a.printf("The store is sound.\n")
	}
	return nil
}

// withStore opens the store that no daemon has open.
func withStore(path string, do func(dir string, s *store.Store) error) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	if err := backup.Check(cfg.StateDir); err != nil {
		return err
	}
	s, err := pebble.OpenExisting(cfg.StateDir, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(cfg.StateDir, s), s.Close())
}

type storeForgetOldCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file, for where the state is when no daemon runs."`
}

func (c storeForgetOldCmd) Run(a *app) error {
	removed, err := client.Do(a.ctx, a.client, api.ForgetOld, api.None{})
	if api.CodeOf(err) == api.Unreachable {
		err = withStore(c.Config, func(dir string, s *store.Store) (err error) {
			service := api.New(api.Options{Store: s, Upkeep: atRest{dir, s}, Log: slog.New(slog.DiscardHandler)})
			removed, err = api.ForgetOld.Do(a.ctx, service, api.Root(client.Operator()), api.None{})
			return err
		})
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(removed)
	}
	a.printf("%s was removed.\n", removed.Path)
	return nil
}

// atRest is the state that no daemon works on.
type atRest struct {
	dir   string
	store *store.Store
}

// Backup implements api.Upkeep: backups without a daemon are made by other means.
func (atRest) Backup(context.Context, io.Writer) error { return errors.New("no daemon runs") }

// CheckStore implements api.Upkeep.
func (r atRest) CheckStore(ctx context.Context) ([]string, error) { return r.store.Verify(ctx) }

// FindOld implements api.Upkeep.
func (r atRest) FindOld() (string, error) { return pebble.FindOld(r.dir) }

// ForgetOld implements api.Upkeep.
func (r atRest) ForgetOld(ctx context.Context) error { return pebble.ForgetOld(ctx, r.dir, r.store) }
