// Package bolt opens a bbolt file with care: makes it, compacts it, and says what is wrong with it.
//
// Reads, Writes: the file that it is given; beside it one with .new behind its name, while it makes or compacts one.
//
// Invariants: a file stands at its path whole or not at all. A first one, and a compacted one, is written beside it,
// synced, and renamed; the directory is synced, and the one around it.
//
// On failure: a compaction that fails leaves the old file, which serves on. Everything else fails the opening.
//
// Standards: none.
package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// What a file cannot be opened for, besides what the file system says.
var (
	ErrLocked  = errors.New("another process has it open")
	ErrDamaged = errors.New("the file is damaged")
)

// Options of a file. The zero value is ready for use.
type Options struct {
	Buckets      [][]byte           // that it has at least
	MmapSize     int                // address space taken at once, so that growth does not wait for readers
	MaxSize      int64              // bytes that it does not outgrow; 0: no limit
	CompactAbove int64              // bytes from which it is compacted where more than half of it is free; 0: never
	ReadOnly     bool               // it must be there, and is left as it is
	Freelist     bbolt.FreelistType // "": by map; the array type is slow to allocate from a large freelist
	Log          *slog.Logger       // nil: none

	OpenFile func(name string, flag int, perm os.FileMode) (*os.File, error) // nil: os.OpenFile
}

// newSuffix is behind the name of a file that is not whole yet.
const newSuffix = ".new"

// leftovers are the suffixes of what a crash may leave; earlier versions had the second.
var leftovers = []string{newSuffix, ".compact"}

// Open opens the file at path for this process alone, makes it when it is absent, and compacts it when that pays.
func Open(path string, o Options) (*bbolt.DB, error) {
	if !o.ReadOnly {
		if err := prepare(path, o); err != nil {
			return nil, err
		}
	}
	db, err := openFile(path, o)
	if err != nil || o.ReadOnly {
		return db, err
	}
	if err := errors.Join(makeBuckets(db, o.Buckets), syncAround(path)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if !compactionPays(db, o.CompactAbove) {
		return db, nil
	}
	return compact(db, path, o)
}

// prepare makes sure that a whole file stands at path.
func prepare(path string, o Options) error {
	for _, suffix := range leftovers {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path, o)
	case err != nil:
		return err
	case info.Size() == 0: // bbolt would begin anew without a word; no file of ours is ever empty
		return fmt.Errorf("%w: it is empty, and its content lost", ErrDamaged)
	}
	return nil
}

// create makes a first file beside and renames it: a power failure while bbolt writes its first pages would leave one
// that it cannot open (bbolt README, etcd#16596).
func create(path string, o Options) error {
	db, err := openFile(path+newSuffix, o)
	if err != nil {
		return err
	}
	if err := errors.Join(makeBuckets(db, o.Buckets), db.Sync(), db.Close()); err != nil {
		return err
	}
	return install(path)
}

func openFile(path string, o Options) (*bbolt.DB, error) {
	options := *bbolt.DefaultOptions
	options.Timeout = 2 * time.Second // another process has it
	options.ReadOnly = o.ReadOnly
	options.InitialMmapSize = o.MmapSize // bbolt#392: a remap waits for every reader, and holds up new ones
	options.MaxSize = int(o.MaxSize)
	options.OpenFile = o.OpenFile
	options.FreelistType = bbolt.FreelistMapType
	if o.Freelist != "" {
		options.FreelistType = o.Freelist
	}
	db, err := bbolt.Open(path, 0o600, &options)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return db, err
}

func makeBuckets(db *bbolt.DB, names [][]byte) error {
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range names {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// compactionPays reports whether a file is large and more than half of it is free: bbolt never shrinks one.
func compactionPays(db *bbolt.DB, above int64) bool {
	var size int64
	err := db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	free := int64(db.Stats().FreePageN) * int64(db.Info().PageSize)
	return err == nil && above > 0 && size > above && free > size/2
}

// compact rewrites a file without its free pages. A crash before the rename leaves the old file as it was. When there
// is no room for a second file the old one serves on.
func compact(db *bbolt.DB, path string, o Options) (*bbolt.DB, error) {
	if err := copyTo(db, path+newSuffix, o); err != nil {
		if o.Log != nil {
			o.Log.Warn(filepath.Base(path)+" was not compacted", "event", "database.not_compacted", "error", err)
		}
		if err := os.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, db.Close())
		}
		return db, nil
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	if err := install(path); err != nil {
		return nil, fmt.Errorf("replace by compacted file: %w", err)
	}
	return openFile(path, o)
}

// copyTo writes what a file holds into a new one, durably.
func copyTo(db *bbolt.DB, name string, o Options) error {
	dst, err := openFile(name, o)
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(dst, db, 1<<20), dst.Sync(), dst.Close())
}

// install renames path.new to path and makes the rename durable.
func install(path string) error {
	if err := os.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return errors.Join(syncAround(path), uncache(path))
}

// uncache drops what the kernel has cached of a file that was just written. It is in folios of the size of those
// writes, and the kernel counts a folio whole when one page of it is written: for a new file each commit counted
// 40 KB and writes 20. What is read again comes page by page, for bbolt asks for no read-ahead. Where the kernel does
// not follow the advice nothing is lost.
func uncache(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	return f.Close()
}

// syncAround makes a file's name durable, and that of its directory.
func syncAround(path string) error {
	dir := filepath.Dir(path)
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Unhide wraps the ENOSPC or EDQUOT that is the cause of an error of bbolt. Version 1.5 drops the cause where it grows
// the file (db.go, grow: "file resize error: %s"), so that only the text tells; its logger is given the cause, and
// would be called for each row. Where another text stands there the file counts as broken, which is the safe mistake.
func Unhide(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, bolterrors.ErrMaxSizeReached) {
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		text := err.Error()
		if strings.HasPrefix(text, "file resize error: ") && strings.HasSuffix(text, errno.Error()) {
			return fmt.Errorf("%w: %w", err, errno)
		}
	}
	return err
}
