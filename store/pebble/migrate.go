package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"clawback/store"
	"clawback/store/bolt"
	"clawback/store/rows"
)

// unfinished is the directory in which a migration writes.
const unfinished = Dir + ".new"

// Migrate brings the rows of dir/store.db, where versions before this one kept them, into dir/store, if that is not
// there yet. It writes beside it, compares counts and digests, and renames last, so that after a crash at any moment it
// begins again. store.db is only read, and stays. progress, if not nil, is called now and then with what is done and how
// many rows so far.
func Migrate(dir string, progress func(step string, rows int)) error {
	if progress == nil {
		progress = func(string, int) {}
	}
	if needed, err := needsMigration(dir); err != nil || !needed {
		return err
	}
	if err := migrateRows(dir, progress); err != nil {
		return fmt.Errorf("bring %s over into %s: %w", bolt.File, Dir, err)
	}
	return nil
}

func needsMigration(dir string) (bool, error) {
	for path, want := range map[string]bool{Dir: false, bolt.File: true} {
		_, err := os.Stat(filepath.Join(dir, path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if (err == nil) != want {
			return false, nil
		}
	}
	return true, nil
}

func migrateRows(dir string, progress func(string, int)) error {
	from, err := bolt.OpenEngine(dir, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer from.Close()
	beside := filepath.Join(dir, unfinished)
	if err := os.RemoveAll(beside); err != nil {
		return err
	}
	read, err := copyRows(from, beside, func(n int) { progress("copied", n) })
	if err != nil {
		return err
	}
	if err := compareRows(read, beside, func(n int) { progress("compared", n) }); err != nil {
		return err
	}
	if err := os.Rename(beside, filepath.Join(dir, Dir)); err != nil {
		return err
	}
	return syncDir(dir)
}

func tables() []rows.Table {
	var all []rows.Table
	for table := range store.Tables() {
		all = append(all, table)
	}
	slices.Sort(all)
	return all
}

func copyRows(from rows.Engine, beside string, progress func(int)) (rows.Digest, error) {
	to, err := OpenEngine(beside, Options{})
	if err != nil {
		return rows.Digest{}, err
	}
	read, err := rows.Copy(from, to, tables(), progress)
	return read, errors.Join(err, to.Close())
}

// compareRows reads back from the disk what was written.
func compareRows(want rows.Digest, beside string, progress func(int)) error {
	e, err := OpenEngine(beside, Options{})
	if err != nil {
		return err
	}
	have, err := rows.DigestOf(e, tables(), progress)
	if err := errors.Join(err, e.Close()); err != nil {
		return err
	}
	if !have.Equal(want) {
		return fmt.Errorf("%d rows were read and %d are there, or one of them differs", want.Total(), have.Total())
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
