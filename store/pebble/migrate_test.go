package pebble_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/store"
	"clawback/store/bolt"
	"clawback/store/pebble"
	"clawback/store/storetest"
)

// before is a state directory with the store.db that the version before Pebble has written: 40 records of two tenants,
// 20 attempts of which four have no end, five entries of the audit and five values.
func before(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/store-v1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, bolt.File), octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// check requires that dir/store has all that before's store.db has.
func check(t *testing.T, dir string) {
	t.Helper()
	s, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	checkRows(t, s)
	if _, err := s.Changes(t.Context(), 0, 0); !errors.Is(err, store.ErrPruned) {
		t.Errorf("a follower that begins is not told that there are older rows: %v", err)
	}
	if _, first, err := s.Apply(t.Context(), storetest.Report(storetest.Contoso, 1), nil); err != nil || first {
		t.Errorf("a report that was applied before is applied again: %v, %v", first, err)
	}
}

func TestMigrate_bringsAllOver(t *testing.T) {
	dir := before(t)
	old, err := os.ReadFile(filepath.Join(dir, bolt.File))
	if err != nil {
		t.Fatal(err)
	}
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	check(t, dir)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil { // there is nothing left to do
		t.Fatal(err)
	}
	check(t, dir)
	if kept, err := os.ReadFile(filepath.Join(dir, pebble.Old)); err != nil || string(kept) != string(old) {
		t.Errorf("store.db was changed: %d bytes, %v", len(kept), err)
	}
}

// What an earlier attempt left, from whichever moment, is thrown away.
func TestMigrate_beginsAgainAfterCrash(t *testing.T) {
	for name, leave := range map[string]func(dir string) error{
		"an empty directory": func(dir string) error { return os.Mkdir(dir, 0o700) },
		"garbage": func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(dir+"/000001.log", []byte("x"), 0o600))
		},
		"other rows":          func(dir string) error { return half(dir) },
		"nothing, twice over": func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := before(t)
			if err := leave(filepath.Join(dir, pebble.Dir+".new")); err != nil {
				t.Fatal(err)
			}
			if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
				t.Fatal(err)
			}
			check(t, dir)
			if _, err := os.Stat(filepath.Join(dir, pebble.Dir+".new")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the unfinished directory is still there: %v", err)
			}
		})
	}
}

// half makes an engine that has a row which does not belong to the store.
func half(dir string) error {
	e, err := pebble.OpenEngine(dir, pebble.Options{})
	if err != nil {
		return err
	}
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	return errors.Join(tx.Put(2, []byte("r"), []byte("{}")), tx.Commit(), e.Close())
}

// A store that is there is never written over, whatever store.db says.
func TestMigrate_leavesStoreAlone(t *testing.T) {
	dir := before(t)
	s, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Note(t.Context(), store.Act{Who: "me", What: "mine"}), s.Close(), pebble.Migrate(t.Context(), dir, nil)); err != nil {
		t.Fatal(err)
	}
	if s, err = pebble.Open(dir, store.Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if c, err := s.Counts(t.Context(), ""); err != nil || c.Records != 0 {
		t.Errorf("counts %+v, %v", c, err)
	}
}

func TestMigrate_damagedFileIsLeft(t *testing.T) {
	dir := before(t)
	path := filepath.Join(dir, bolt.File)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	err := pebble.Migrate(t.Context(), dir, nil)
	if err == nil || !strings.Contains(err.Error(), bolt.File) {
		t.Errorf("error %v, want one that names store.db", err)
	}
	for name, want := range map[string]bool{bolt.File: true, pebble.Dir: false} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

// What was true when rows were brought over is not brought over a second time, when the store that has them since is
// lost.
func TestMigrate_onceOnly(t *testing.T) {
	dir := before(t)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, pebble.Dir)),
		pebble.Migrate(t.Context(), dir, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, pebble.Dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old rows are back: %v", err)
	}
}

// A crash between the last two renames is made good at the next start.
func TestMigrate_setsAsideLater(t *testing.T) {
	dir := before(t)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, pebble.Old), filepath.Join(dir, bolt.File)); err != nil {
		t.Fatal(err)
	}
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, pebble.Old)); err != nil {
		t.Error(err)
	}
	check(t, dir)
}

// The versions before refuse what stands where their rows were; it is no rows to bring over, and is put there once.
func TestMigrate_versionsBeforeRefuse(t *testing.T) {
	for name, dir := range map[string]string{"brought over": before(t), "new": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
					t.Fatal(err)
				}
				s, err := bolt.Open(dir, store.Options{}) // as they do
				if !errors.Is(err, store.ErrNewer) {
					t.Fatalf("%v, %v", s, err)
				}
			}
			_, err := os.Stat(filepath.Join(dir, pebble.Old))
			if there := err == nil; there != (name == "brought over") {
				t.Errorf("%s is there: %v", pebble.Old, there)
			}
		})
	}
}

// A crash between bringing the rows over and that file is made good at the next start.
func TestMigrate_versionsBeforeRefuseAfterCrash(t *testing.T) {
	dir := before(t)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, pebble.Old))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, bolt.File)); err != nil {
		t.Fatal(err)
	}
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(filepath.Join(dir, pebble.Old)); err != nil || string(again) != string(kept) {
		t.Errorf("%s was changed: %v", pebble.Old, err)
	}
	if _, err := bolt.Open(dir, store.Options{}); !errors.Is(err, store.ErrNewer) {
		t.Error(err)
	}
}

func TestForgetOld(t *testing.T) {
	dir := before(t)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if path, err := pebble.FindOld(dir); err != nil || path != filepath.Join(dir, pebble.Old) {
		t.Errorf("%q, %v", path, err)
	}
	if err := pebble.ForgetOld(t.Context(), dir, s); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || left[0].Name() != pebble.Dir ||
		left[1].Name() != bolt.File {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := pebble.ForgetOld(t.Context(), dir, s); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

// Where the rows that were brought over are damaged, the old file is all there is.
func TestForgetOld_keepsItBesideADamagedStore(t *testing.T) {
	dir := before(t)
	if err := pebble.Migrate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := half(filepath.Join(dir, pebble.Dir)); err != nil {
		t.Fatal(err)
	}
	s, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if findings, err := s.Verify(t.Context()); err == nil && len(findings) == 0 {
		t.Fatal("the store is sound: the test damages nothing")
	}
	if err := pebble.ForgetOld(t.Context(), dir, s); !errors.Is(err, store.ErrUnsound) {
		t.Errorf("the old file was removed, or not for the store: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, pebble.Old)); err != nil {
		t.Error(err)
	}
}
