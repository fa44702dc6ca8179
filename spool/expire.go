package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Expired says what Expire did.
type Expired struct {
	Files int   // removed
	Bytes int64 // that they had
	InUse int   // over their time, and left because something unfinished refers to them
}

// Expire removes bodies whose hour ended at or before the given times, unless they are in use: segments and body
// files by before, kept copies by keptBefore. Both times must lie in the past by more than an hour.
func (s *Spool) Expire(ctx context.Context, before, keptBefore time.Time, inUse InUse) (Expired, error) {
	var e Expired
	err := s.walk(func(name string, info fs.FileInfo) error {
		limit := before
		if top(name) == keptDir {
			limit = keptBefore
		}
		hour, ok := hourOf(name)
		if !ok || hour.Add(time.Hour).After(limit) || s.isCurrent(name) || top(name) == detachedDir { // see Detach
			return nil
		}
		used, err := s.removeUnused(ctx, name, inUse)
		switch {
		case err != nil:
			return fmt.Errorf("expire %s: %w", name, err)
		case used:
			e.InUse++
		default:
			e.Files++
			e.Bytes += info.Size()
		}
		return nil
	})
	return e, errors.Join(err, s.removeEmpty(before))
}

// removeUnused removes a file that nothing needs, as it was asked in the same moment.
func (s *Spool) removeUnused(ctx context.Context, name string, inUse InUse) (used bool, err error) {
	s.deleting.Lock()
	defer s.deleting.Unlock()
	if used, err = inUse(ctx, name); used || err != nil {
		return used, err
	}
	if s.givenLately(name) {
		return true, nil
	}
	return false, s.remove(name)
}

// Hold calls note where a body is there, which nothing needed so far. From then on who is asked whether the body is
// needed must say so: nothing is deleted for what was answered before. ErrMissing when it is gone.
func (s *Spool) Hold(r Ref, note func()) error {
	s.deleting.RLock()
	defer s.deleting.RUnlock()
	b, err := s.open(r)
	if err != nil {
		return err
	}
	note()
	return b.Close()
}

// Recover drops what a crash left behind: everything unfinished, and body files that nothing refers to. It is called
// once, before the first Create. known must answer for every row there is: those of the queue and those of the
// archive. Bytes in segments that no row refers to stay until their hour expires.
func (s *Spool) Recover(ctx context.Context, known InUse) error {
	entries, err := os.ReadDir(filepath.Join(s.dir, tmpDir))
	if err != nil {
		return fmt.Errorf("recover spool: %w", err)
	}
	for _, e := range entries {
		if err := s.fs.Remove(filepath.Join(s.dir, tmpDir, e.Name())); err != nil {
			return fmt.Errorf("recover spool: %w", err)
		}
	}
	return s.walk(func(name string, _ fs.FileInfo) error {
		if top(name) != bodyDir {
			return nil
		}
		if used, err := known(ctx, name); used || err != nil {
			return err
		}
		return s.remove(name)
	})
}

// walk visits the files of seg, body and kept by their names relative to the spool.
func (s *Spool) walk(visit func(name string, info fs.FileInfo) error) error {
	return fs.WalkDir(os.DirFS(s.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == tmpDir {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return visit(name, info)
	})
}

// remove unlinks. The unlinking need not be durable: a file that comes back after a crash is removed again.
func (s *Spool) remove(name string) error {
	s.readers.drop(name)
	err := s.fs.Remove(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeEmpty drops the directories of days that are over and hold nothing.
func (s *Spool) removeEmpty(before time.Time) error {
	parent := filepath.Join(s.dir, bodyDir)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, e := range entries {
		day, err := time.Parse("20060102", e.Name())
		if err != nil || day.AddDate(0, 0, 1).After(before) {
			continue
		}
		path := filepath.Join(parent, e.Name())
		if rest, err := os.ReadDir(path); err == nil && len(rest) == 0 {
			s.mu.Lock()
			delete(s.days, path)
			s.mu.Unlock()
			_ = s.fs.Remove(path)
		}
	}
	return nil
}

// isCurrent reports whether a name is that of the segment which is being appended to.
func (s *Spool) isCurrent(name string) bool {
	s.appending.Lock()
	defer s.appending.Unlock()
	return s.current != nil && s.current.name == name
}

// top is the first directory of a name.
func top(name string) string {
	for filepath.Dir(name) != "." {
		name = filepath.Dir(name)
	}
	return name
}

// Size is how many bytes of bodies the spool keeps.
func (s *Spool) Size(ctx context.Context) (sum int64, err error) {
	err = s.walk(func(_ string, info fs.FileInfo) error {
		sum += info.Size()
		return ctx.Err()
	})
	return sum, err
}
