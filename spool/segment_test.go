package spool

import (
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"testing"
)

// What a failed write has left behind is cut off, durably. Where that cannot be done, or the sync of a whole batch
// fails, the caller hears that it may be found again, and nothing is appended behind it.
func TestAppend_leftBehind(t *testing.T) {
	full, broken := fault{err: syscall.ENOSPC, after: 1 << 20}, fault{err: syscall.EIO}
	tests := []struct {
		name   string
		faults map[string]fault
		left   bool
		broken bool
		want   []string // replayed at the end
	}{
		{"cut off", map[string]fault{"pwritev": full}, false, false, []string{"a", "c"}},
		{"not cut off", map[string]fault{"pwritev": full, "truncate": broken}, true, false, []string{"a", "b", "c"}},
		{"cut off, but not durably", map[string]fault{"pwritev": full, "sync": broken}, true, false, []string{"a", "c"}},
		{"not synced", map[string]fault{"sync": broken}, true, true, []string{"a", "b"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir, disk := t.TempDir(), newFaultFS()
			s := open(t, dir, Options{FS: disk})
			logged(t, s, []string{"a"}, content(10))
			for op, x := range test.faults {
				disk.set(op, x)
			}
			_, err := s.Append([]*Entry{{Note: []byte("b")}})
			if err == nil || errors.Is(err, ErrLeft) != test.left || errors.Is(err, ErrBroken) != test.broken {
				t.Errorf("Append = %v; want left %v, broken %v", err, test.left, test.broken)
			}
			disk.clear()
			if !test.broken {
				logged(t, s, []string{"c"}, content(10))
			}
			if notes, _, _ := replayed(t, dir, nil); !slices.Equal(notes, test.want) {
				t.Errorf("replayed %q, want %q", notes, test.want)
			}
		})
	}
}

// halfOpen makes a file and fails nevertheless, as it is without direct I/O when there is no descriptor left for the
// second try.
type halfOpen struct {
	FS
	fail bool
}

func (h *halfOpen) OpenFile(name string, flag int, perm os.FileMode) (File, error) {
	f, err := h.FS.OpenFile(name, flag, perm)
	if err == nil && h.fail {
		return nil, errors.Join(syscall.EMFILE, f.Close())
	}
	return f, err
}

// A segment that could not be begun does not stand in the way of the next.
func TestAppend_beginFails(t *testing.T) {
	disk := &halfOpen{FS: OS(), fail: true}
	s := open(t, t.TempDir(), Options{FS: disk})
	if _, err := s.Append([]*Entry{{Note: []byte("a")}}); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("Append = %v, want EMFILE", err)
	}
	disk.fail = false
	logged(t, s, []string{"a"}, nil)
}

// What the process that died had written and not synced is synced before it is given to anybody.
func TestReplay_syncs(t *testing.T) {
	dir, disk := t.TempDir(), newFaultFS()
	m := logged(t, open(t, dir, Options{}), []string{"a"}, content(10))
	none := func([]Entry, Mark) error { return io.ErrUnexpectedEOF }
	disk.set("sync", fault{err: syscall.EIO})
	if _, err := open(t, dir, Options{FS: disk}).Replay(func(string) int64 { return 0 }, none); !errors.Is(err, ErrBroken) {
		t.Errorf("Replay = %v, want ErrBroken before it visits anything", err)
	}
	if _, err := open(t, dir, Options{FS: disk}).Replay(func(string) int64 { return m.End }, none); err != nil {
		t.Errorf("Replay of what was read before = %v", err)
	}
}
