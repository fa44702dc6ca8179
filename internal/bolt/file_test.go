package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var bucket = []byte("rows")

func openTest(t *testing.T, path string, o Options) *bbolt.DB {
	t.Helper()
	o.Buckets = [][]byte{bucket}
	db, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Whatever an opening left unfinished is no obstacle to the next, and goes.
func TestOpen_leftovers(t *testing.T) {
	for _, suffix := range leftovers {
		for _, exists := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "x.db")
			if exists {
				_ = openTest(t, path, Options{}).Close()
			}
			if err := os.WriteFile(path+suffix, []byte("half a file"), 0o600); err != nil {
				t.Fatal(err)
			}
			openTest(t, path, Options{})
			if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s, beside a whole file: %t: it is left: %v", suffix, exists, err)
			}
		}
	}
}

// A first file appears under its name whole: what fails before leaves none.
func TestOpen_firstFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	full := func(name string, flag int, perm os.FileMode) (*os.File, error) {
		return os.OpenFile("/dev/full", os.O_RDWR, perm)
	}
	if db, err := Open(path, Options{OpenFile: full}); err == nil {
		t.Fatal("no error", db.Close())
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is there: %v", err)
	}
	openTest(t, path, Options{})
}

// What is no file of ours is refused and left as it is.
func TestOpen_refuses(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "garbage": strings.Repeat("no database ", 2000)} {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if db, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, %v; want ErrDamaged", name, db, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != content {
			t.Errorf("%s: changed to %d bytes, %v", name, len(left), err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.db")
	openTest(t, path, Options{})
	if db, err := Open(path, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second time: %v, %v; want ErrLocked", db, err)
	}
	if db, err := Open(filepath.Join(t.TempDir(), "none.db"), Options{ReadOnly: true}); err == nil {
		t.Error("an absent file was opened for reading", db.Close())
	}
}

// A file of which most is free shrinks and keeps its rows; where there is no room for a second one it serves on.
func TestOpen_compacts(t *testing.T) {
	for _, row := range []struct {
		name  string
		above int64
		full  bool
		less  bool
	}{{"not asked to", 0, false, false}, {"too small", 64 << 20, false, false}, {"it pays", 1 << 20, false, true}, {"no room", 1 << 20, true, false}} {
		path := filepath.Join(t.TempDir(), "x.db")
		before := fillAndEmpty(t, path)
		o := Options{CompactAbove: row.above}
		if row.full {
			o.OpenFile = noRoomBeside
		}
		db := openTest(t, path, o)
		info, err := os.Stat(path)
		if err != nil || (info.Size() < before/2) != row.less {
			t.Errorf("%s: %d bytes before, %d after, %v", row.name, before, info.Size(), err)
		}
		if err := db.View(func(tx *bbolt.Tx) error {
			if n := len(tx.Bucket(bucket).Get([]byte("63"))); n != 256<<10 {
				return fmt.Errorf("a row of %d bytes", n)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if _, err := os.Stat(path + newSuffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: an unfinished file is left: %v", row.name, err)
		}
	}
}

func noRoomBeside(name string, flag int, perm os.FileMode) (*os.File, error) {
	if strings.HasSuffix(name, newSuffix) {
		return nil, syscall.ENOSPC
	}
	return os.OpenFile(name, flag, perm)
}

// fillAndEmpty leaves one row of 64, and says how large the file is.
func fillAndEmpty(t *testing.T, path string) int64 {
	t.Helper()
	db := openTest(t, path, Options{})
	for _, last := range []int{64, 63} {
		err := db.Update(func(tx *bbolt.Tx) (err error) {
			for i := range last {
				b, key := tx.Bucket(bucket), []byte(fmt.Sprint(i))
				if last == 64 {
					err = errors.Join(err, b.Put(key, make([]byte, 256<<10)))
				} else {
					err = errors.Join(err, b.Delete(key))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestUnhide(t *testing.T) {
	for _, row := range []struct {
		err   error
		space bool
	}{
		{nil, false},
		{errors.New("file resize error: " + syscall.ENOSPC.Error()), true},
		{errors.New("file resize error: truncate queue.db: " + syscall.EDQUOT.Error()), true},
		{errors.New("file resize error: " + syscall.EIO.Error()), false},
		{errors.New("other: " + syscall.ENOSPC.Error()), false},
		{bolterrors.ErrMaxSizeReached, true},
	} {
		err := Unhide(row.err)
		if space := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT); space != row.space ||
			row.err != nil && !errors.Is(err, row.err) {
			t.Errorf("%v became %v", row.err, err)
		}
	}
}
