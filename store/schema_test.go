package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"clawback/store/memory"
	"clawback/store/rows"
)

// openStore opens a store over an engine that is closed when the test ends.
func openStore(t testing.TB, e rows.Engine, o Options) *Store {
	t.Helper()
	s, err := New(e, o)
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

// edit changes the rows of a store behind its back.
func edit(t *testing.T, e rows.Engine, fn func(tx rows.Tx) error) {
	t.Helper()
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(fn(tx), tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

// madeUp is a schema of two versions: a name as it is, then in capitals.
func madeUp() []migration {
	return []migration{
		func(tx rows.Tx) error { return tx.Put(tableKV, []byte("1"), []byte("anna")) },
		func(tx rows.Tx) error {
			name, err := tx.Get(tableKV, []byte("1"))
			return errors.Join(err, tx.Put(tableKV, []byte("1"), []byte(strings.ToUpper(string(name)))))
		},
	}
}

// stored is the name and the schema version of an engine.
func stored(t *testing.T, e rows.Engine) (name string, version int) {
	t.Helper()
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	row, err := tx.Get(tableKV, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if version, err = schemaVersion(tx); err != nil {
		t.Fatal(err)
	}
	return string(row), version
}

func TestMigrate_runsWhatWasNotSeenInOrder(t *testing.T) {
	for from := range 3 {
		t.Run(fmt.Sprint("from version ", from), func(t *testing.T) {
			e := &memory.Engine{}
			for _, upTo := range []int{from, 2, 2} {
				if err := migrate(e, madeUp()[:upTo]); err != nil {
					t.Fatal(err)
				}
			}
			if name, version := stored(t, e); name != "ANNA" || version != 2 {
				t.Errorf("name %q, version %d; want ANNA, 2", name, version)
			}
		})
	}
}

func TestMigrate_failureLeavesAllAsItWas(t *testing.T) {
	e := &memory.Engine{}
	if err := migrate(e, madeUp()[:1]); err != nil {
		t.Fatal(err)
	}
	broken := append(madeUp(), func(rows.Tx) error { return errors.New("no") })
	if err := migrate(e, broken); err == nil {
		t.Fatal("no error")
	}
	if name, version := stored(t, e); name != "anna" || version != 1 {
		t.Errorf("name %q, version %d; want anna, 1", name, version)
	}
}

func TestNew_refusesNewerSchema(t *testing.T) {
	e := &memory.Engine{}
	edit(t, e, func(tx rows.Tx) error {
		return tx.Put(tableMeta, schemaKey, binary.BigEndian.AppendUint32(nil, 99))
	})
	_, err := New(e, Options{})
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("error %v, want ErrNewer that names version 99", err)
	}
}

func TestVerifyAudit_seesTampering(t *testing.T) {
	for name, tamper := range map[string]func(tx rows.Tx) error{
		"an entry changed": func(tx rows.Tx) error {
			v, err := tx.Get(tableAudit, number(2))
			v = append([]byte(nil), v...)
			v[len(v)-3] ^= 1
			return errors.Join(err, tx.Put(tableAudit, number(2), v))
		},
		"an entry removed":          func(tx rows.Tx) error { return tx.Delete(tableAudit, number(2)) },
		"the last entry removed":    func(tx rows.Tx) error { return tx.Delete(tableAudit, number(3)) },
		"the first entry removed":   func(tx rows.Tx) error { return tx.Delete(tableAudit, number(1)) },
		"an entry cut short":        func(tx rows.Tx) error { return tx.Put(tableAudit, number(2), []byte("x")) },
		"two entries exchanged":     exchange,
		"an entry added at the end": func(tx rows.Tx) error { return copyEntry(tx, 3, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			e := &memory.Engine{}
			s := openStore(t, e, Options{})
			for _, who := range []string{"anna", "bert", "carl"} {
				if err := s.Note(t.Context(), Act{Who: who, What: "restore"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(s.VerifyAudit(t.Context()), s.Close()); err != nil {
				t.Fatal(err)
			}
			e = e.Reopen()
			edit(t, e, tamper)
			s = openStore(t, e, Options{})
			if err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) {
				t.Errorf("error %v, want ErrTampered", err)
			}
			if findings, err := s.Verify(t.Context()); err != nil || len(findings) != 1 {
				t.Errorf("Verify finds %q, %v", findings, err)
			}
		})
	}
}

func copyEntry(tx rows.Tx, from, to uint64) error {
	v, err := tx.Get(tableAudit, number(from))
	return errors.Join(err, tx.Put(tableAudit, number(to), v))
}

func exchange(tx rows.Tx) error {
	one, err := tx.Get(tableAudit, number(1))
	one = append([]byte(nil), one...)
	return errors.Join(err, copyEntry(tx, 2, 1), tx.Put(tableAudit, number(2), one))
}
