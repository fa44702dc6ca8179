package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"clawback/store"
)

// prepare makes sure that a whole database file stands at path: a first one, or a compacted one where that pays.
func prepare(path string, o Options) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path)
	case err != nil:
		return err
	case info.Size() == 0: // bbolt would begin anew without a word; no file of ours is ever empty
		return errors.New("the file is empty: its content is lost; restore a backup, or remove the file to begin anew")
	case info.Size() < o.CompactFrom:
		return nil
	}
	return compactIfItPays(path, info.Size())
}

// openFile opens the file for this process alone. A second process is told so instead of waiting for ever.
func openFile(path string, o Options) (*bolt.DB, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         time.Second,
		ReadOnly:        o.ReadOnly,
		FreelistType:    bolt.FreelistMapType, // the array type is slow to allocate from a large freelist
		InitialMmapSize: o.MmapSize,           // bbolt#392: a remap waits for every reader, and holds up new ones
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("another process has it open: %w", err)
	}
	return db, err
}

// create makes a first file under another name and renames it: a power failure while bbolt writes its first pages
// would leave a file that it cannot open (bbolt README, etcd#16596).
func create(path string) error {
	db, err := openFile(path+".new", Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(createBuckets(db), db.Sync(), db.Close()); err != nil {
		return err
	}
	return install(path)
}

func createBuckets(db *bolt.DB) error {
	return db.Update(func(tx *bolt.Tx) error {
		for _, name := range store.Tables() {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// compactIfItPays rewrites a file of which more than half is free pages; bbolt never shrinks one.
func compactIfItPays(path string, size int64) error {
	db, err := openFile(path, Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if free := int64(db.Stats().FreePageN) * int64(db.Info().PageSize); free*2 < size {
		return nil
	}
	return compact(db, path)
}

// compact copies db to a new file and renames that over path. A crash before the rename leaves the old file as it was.
func compact(db *bolt.DB, path string) error {
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	to, err := openFile(path+".new", Options{})
	if err != nil {
		return err
	}
	err = bolt.Compact(to, db, 1<<20)
	if err := errors.Join(err, to.Sync(), to.Close()); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return install(path)
}

// install renames path.new to path and makes the rename durable.
func install(path string) error {
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
