package pebble

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"clawback/internal/nospace"
	"clawback/store"
	"clawback/store/bolt"
	"clawback/store/rows"
)

// Old is what store.db is called once its rows were brought over.
const Old = bolt.File + ".old"

// unfinished is the directory in which a migration writes.
const unfinished = Dir + ".new"

// Migrate brings the rows of dir/store.db, where versions before this one kept them, into dir/store, if that is not
// there yet. It writes beside it, compares counts and digests, and renames last, so that after a crash at any moment it
// begins again. store.db is only read, and stays, under the name store.db.old: should dir/store be lost one day, what
// was true before it is not taken for what is true. A store.db that those versions refuse takes its
// place. progress, if not nil, is called now and then with what is done and how many rows so far.
func Migrate(ctx context.Context, dir string, progress func(step string, rows int)) error {
	if progress == nil {
		progress = func(string, int) {}
	}
	if err := bringOver(ctx, dir, progress); err != nil {
		return fmt.Errorf("bring %s over into %s: %w", bolt.File, Dir, err)
	}
	return nil
}

func bringOver(ctx context.Context, dir string, progress func(string, int)) error {
	marked, err := bolt.IsMarker(dir)
	if err != nil || marked {
		return err
	}
	needed, err := needsMigration(dir)
	if err != nil {
		return err
	}
	if needed {
		if err := migrateRows(ctx, dir, progress); err != nil {
			return err
		}
	}
	if err := setAside(dir); err != nil {
		return err
	}
	err = bolt.PutMarker(dir)
	if nospace.Is(err) {
		return nil // no reason not to start: the next start does it
	}
	return errors.Join(err, syncDir(dir))
}

// setAside gives a store.db beside dir/store its other name.
func setAside(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, Dir)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	err := os.Rename(filepath.Join(dir, bolt.File), filepath.Join(dir, Old))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(dir))
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

func migrateRows(ctx context.Context, dir string, progress func(string, int)) error {
	from, err := bolt.OpenEngine(dir, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer from.Close()
	beside := filepath.Join(dir, unfinished)
	if err := os.RemoveAll(beside); err != nil {
		return err
	}
	read, err := copyRows(ctx, from, beside, func(n int) { progress("copied", n) })
	if err != nil {
		return err
	}
	if err := compareRows(ctx, read, beside, func(n int) { progress("compared", n) }); err != nil {
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

func copyRows(
	ctx context.Context, from rows.Engine, beside string, progress func(int),
) (rows.Digest, error) {
	to, err := OpenEngine(beside, Options{})
	if err != nil {
		return rows.Digest{}, err
	}
	read, err := rows.Copy(ctx, from, to, tables(), progress)
	return read, errors.Join(err, to.Close())
}

// compareRows reads back from the disk what was written.
func compareRows(ctx context.Context, want rows.Digest, beside string, progress func(int)) error {
	e, err := OpenEngine(beside, Options{})
	if err != nil {
		return err
	}
	have, err := rows.DigestOf(ctx, e, tables(), progress)
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
