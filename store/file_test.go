package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// openStore opens a store in dir that is closed when the test ends.
func openStore(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// edit changes the closed file of a store behind its back.
func edit(t *testing.T, dir string, fn func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, File), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// madeUp is a schema of two versions: names as they are, then in capitals.
func madeUp() []migration {
	return []migration{
		func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("names"))
			if err != nil {
				return err
			}
			return b.Put([]byte("1"), []byte("anna"))
		},
		func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte("names"))
			return b.Put([]byte("1"), []byte(strings.ToUpper(string(b.Get([]byte("1"))))))
		},
	}
}

func TestMigrate_runsWhatWasNotSeenInOrder(t *testing.T) {
	for from := range 3 {
		t.Run(fmt.Sprint("from version ", from), func(t *testing.T) {
			db := plainDB(t)
			for _, upTo := range []int{from, 2, 2} {
				if err := migrate(db, madeUp()[:upTo]); err != nil {
					t.Fatal(err)
				}
			}
			if got := nameOf(t, db); got != "ANNA" {
				t.Errorf("name is %q, want ANNA", got)
			}
			if v, err := schemaVersion(db); v != 2 || err != nil {
				t.Errorf("version %d, %v; want 2", v, err)
			}
		})
	}
}

func TestMigrate_failureLeavesAllAsItWas(t *testing.T) {
	db := plainDB(t)
	if err := migrate(db, madeUp()[:1]); err != nil {
		t.Fatal(err)
	}
	broken := append(madeUp(), func(*bolt.Tx) error { return errors.New("no") })
	if err := migrate(db, broken); err == nil {
		t.Fatal("no error")
	}
	if v, err := schemaVersion(db); v != 1 || err != nil || nameOf(t, db) != "anna" {
		t.Errorf("version %d, name %q, %v; want 1, anna", v, nameOf(t, db), err)
	}
}

func nameOf(t *testing.T, db *bolt.DB) (name string) {
	t.Helper()
	err := db.View(func(tx *bolt.Tx) error {
		name = string(tx.Bucket([]byte("names")).Get([]byte("1")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func plainDB(t *testing.T) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "plain.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestOpen_refusesNewerSchema(t *testing.T) {
	dir := t.TempDir()
	if err := openStore(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, dir, func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(bMeta)).Put(schemaKey, binary.BigEndian.AppendUint32(nil, 99))
	})
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("error %v, want ErrNewer that names version 99", err)
	}
}

func TestOpen_secondProcessIsTold(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, Options{})
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v, want one that says another process has it open", err)
	}
}

func TestOpen_afterCrashWhileCreating(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File+".new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	openStore(t, dir, Options{})
	if _, err := os.Stat(filepath.Join(dir, File+".new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished file is still there: %v", err)
	}
}

func TestOpen_refusesWhatIsNoStore(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "garbage": strings.Repeat("no database ", 2000)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), File)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(filepath.Dir(path), Options{}); err == nil {
				t.Error("no error", s.Close())
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != content {
				t.Errorf("the file was changed to %d octets, %v", len(left), err)
			}
		})
	}
}

func TestOpen_compactsWhenItPays(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	for i := range 64 {
		if err := s.PutMeta(t.Context(), fmt.Sprint(i), make([]byte, 512<<10)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 63 {
		if err := s.PutMeta(t.Context(), fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	before := size(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		from int64
		less bool
	}{{"too small a file", 64 << 20, false}, {"half of it free", 1 << 20, true}} {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, dir, Options{CompactFrom: tt.from})
			if after := size(t, s); (after < before/2) != tt.less {
				t.Errorf("%d octets before, %d after", before, after)
			}
			if v, err := s.Meta("63"); len(v) != 512<<10 || err != nil {
				t.Errorf("a value of %d octets is left, %v", len(v), err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func size(t *testing.T, s *Store) int64 {
	t.Helper()
	n, err := s.Size()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVerifyAudit_seesTampering(t *testing.T) {
	rows := func(tx *bolt.Tx) *bolt.Bucket { return tx.Bucket([]byte(bAudit)) }
	for name, tamper := range map[string]func(tx *bolt.Tx) error{
		"an entry changed": func(tx *bolt.Tx) error {
			v := append([]byte(nil), rows(tx).Get(number(2))...)
			v[len(v)-3] ^= 1
			return rows(tx).Put(number(2), v)
		},
		"an entry removed":          func(tx *bolt.Tx) error { return rows(tx).Delete(number(2)) },
		"the last entry removed":    func(tx *bolt.Tx) error { return rows(tx).Delete(number(3)) },
		"the first entry removed":   func(tx *bolt.Tx) error { return rows(tx).Delete(number(1)) },
		"an entry cut short":        func(tx *bolt.Tx) error { return rows(tx).Put(number(2), []byte("x")) },
		"two entries exchanged":     exchange,
		"an entry added at the end": func(tx *bolt.Tx) error { return rows(tx).Put(number(4), rows(tx).Get(number(3))) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir, Options{})
			for _, who := range []string{"anna", "bert", "carl"} {
				if err := s.Note(t.Context(), Act{Who: who, What: "restore"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(s.VerifyAudit(), s.Close()); err != nil {
				t.Fatal(err)
			}
			edit(t, dir, tamper)
			if err := openStore(t, dir, Options{}).VerifyAudit(); !errors.Is(err, ErrTampered) {
				t.Errorf("error %v, want ErrTampered", err)
			}
		})
	}
}

func exchange(tx *bolt.Tx) error {
	b := tx.Bucket([]byte(bAudit))
	one, two := append([]byte(nil), b.Get(number(1))...), append([]byte(nil), b.Get(number(2))...)
	return errors.Join(b.Put(number(1), two), b.Put(number(2), one))
}
