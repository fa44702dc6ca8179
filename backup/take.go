package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Scratch is the directory, in the state directory, in which the copies of queue and store are made.
const Scratch = "backup.tmp"

// Queue is what is accepted and not finished. *bolt.Queue is one.
type Queue interface {
	CopyTo(path string) error // as of now, under a name of its own
}

// Store is what was seen and done. *store.Store is one.
type Store interface {
	Checkpoint(dir string) error // as of now, into a directory that is not there yet
}

// Spool is where the bodies are. *spool.Spool is one.
type Spool interface {
	Durable() (map[string]int64, error) // its files, relative to its directory, and how many bytes of each are durable
}

// Source is a daemon's state.
type Source struct {
	Dir   string // the state directory
	Queue Queue
	Store Store
	Spool Spool
	About About
}

// Take writes a backup of a state that is worked on meanwhile. No body may be deleted before it returns.
func Take(ctx context.Context, w io.Writer, s Source) (err error) {
	scratch := filepath.Join(s.Dir, Scratch)
	if err := os.RemoveAll(scratch); err != nil {
		return err
	}
	if err := os.Mkdir(scratch, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	// The order matters: see I1.
	if err := s.Queue.CopyTo(filepath.Join(scratch, "queue.db")); err != nil {
		return fmt.Errorf("copy the queue: %w", err)
	}
	if err := s.Store.Checkpoint(filepath.Join(scratch, "store")); err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	bodies, err := s.Spool.Durable()
	if err != nil {
		return fmt.Errorf("list the spool: %w", err)
	}
	a, err := newWriter(w, s.About)
	if err != nil {
		return err
	}
	t := taking{ctx, a}
	if err := errors.Join(t.tree(scratch, nil), t.bodies(filepath.Join(s.Dir, "spool"), bodies),
		t.tree(s.Dir, copiedOtherwise)); err != nil {
		return err
	}
	return a.finish()
}

// copiedOtherwise is what of the state directory is copied otherwise, or not at all: the store.db of a version before
// is no part of the state, and what was being scored is judged anew.
func copiedOtherwise(name string) bool {
	switch name {
	case "queue.db", "store", "spool", "index", Scratch, Partial: // the index is made anew from the store
		return true
	}
	return strings.HasPrefix(name, "store.") || strings.HasPrefix(name, "queue.") || strings.HasSuffix(name, ".tmp")
}

// taking adds files to an archive, until its context ends.
type taking struct {
	ctx context.Context
	a   *writer
}

// tree adds the files below a directory, but for what leave names among its entries.
func (t taking) tree(dir string, leave func(string) bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name != "." && leave != nil && leave(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() { // a socket
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return t.file(name, path, info.Size())
	})
}

func (t taking) bodies(dir string, sizes map[string]int64) error {
	for name, size := range sizes {
		if err := t.file(filepath.Join("spool", name), filepath.Join(dir, name), size); err != nil {
			return err
		}
	}
	return nil
}

func (t taking) file(name, path string, size int64) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(t.a.add(name, size, f), f.Close())
}
