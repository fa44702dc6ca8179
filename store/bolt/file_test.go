package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/store/rows"
)

const table rows.Table = 22

// openTest opens an engine that is closed when the test ends.
func openTest(t *testing.T, dir string, o Options) *Engine {
	t.Helper()
	e, err := OpenEngine(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// put commits one row, or its deletion where there is no value.
func put(t *testing.T, e *Engine, key string, value []byte) {
	t.Helper()
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if value == nil {
		err = tx.Delete(table, []byte(key))
	} else {
		err = tx.Put(table, []byte(key), value)
	}
	if err := errors.Join(err, tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, e *Engine, key string) int {
	t.Helper()
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	v, err := tx.Get(table, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return len(v)
}

func TestOpen_secondProcessIsTold(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir, Options{})
	if _, err := OpenEngine(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v, want one that says another process has it open", err)
	}
}

func TestOpen_afterCrashWhileCreating(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File+".new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	openTest(t, dir, Options{})
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
			if s, err := OpenEngine(filepath.Dir(path), Options{}); err == nil {
				t.Error("no error", s.Close())
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != content {
				t.Errorf("the file was changed to %d bytes, %v", len(left), err)
			}
		})
	}
}

func TestOpen_compactsWhenItPays(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	for i := range 64 {
		put(t, s, fmt.Sprint(i), make([]byte, 512<<10))
	}
	for i := range 63 {
		put(t, s, fmt.Sprint(i), nil)
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
			s := openTest(t, dir, Options{CompactFrom: tt.from})
			if after := size(t, s); (after < before/2) != tt.less {
				t.Errorf("%d bytes before, %d after", before, after)
			}
			if n := get(t, s, "63"); n != 512<<10 {
				t.Errorf("a value of %d bytes is left", n)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func size(t *testing.T, s *Engine) int64 {
	t.Helper()
	n, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
