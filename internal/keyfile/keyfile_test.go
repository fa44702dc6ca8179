package keyfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenTo(t *testing.T) {
	const foreign, ours = 4711, 4712
	for _, test := range []struct {
		mode  fs.FileMode
		group int
		own   []int
		want  string
	}{
		{0o600, foreign, []int{ours}, ""},
		{0o400, foreign, []int{ours}, ""},
		{0o640, foreign, []int{ours}, "the group 4711, which the daemon is not in"},
		{0o620, foreign, []int{ours}, "the group 4711, which the daemon is not in"},
		{0o610, foreign, []int{ours}, "the group 4711, which the daemon is not in"},
		{0o640, ours, []int{1, ours}, ""},
		{0o660, ours, []int{ours}, ""},
		{0o640, 0, []int{ours}, ""},
		{0o640, foreign, []int{}, "the group 4711, which the daemon is not in"},
		{0o640, foreign, nil, ""}, // root checks, and the daemon's user is not known
		{0o604, ours, []int{ours}, "every user of the machine"},
		{0o602, ours, []int{ours}, "every user of the machine"},
		{0o601, 0, nil, "every user of the machine"},
		{0o777, foreign, nil, "every user of the machine"},
	} {
		if got := openTo(test.mode, test.group, test.own); got != test.want {
			t.Errorf("mode %v, group %d, own %v: %q, want %q", test.mode, test.group, test.own, got, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := Check(file); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(file); err != nil {
		t.Errorf("a closed file: %v", err)
	}
	before := markOf(t, file)
	if err := os.Chmod(file, 0o604); err != nil {
		t.Fatal(err)
	}
	err := Check(file)
	open, ok := errors.AsType[*OpenError](err)
	if !ok || !strings.Contains(err.Error(), file+" is open to every user") ||
		!strings.Contains(open.Hint(), "chmod 0600") ||
		!strings.Contains(open.Hint(), "systemd credential") {
		t.Errorf("an open file: %v", err)
	}
	if markOf(t, file) == before {
		t.Error("the mark is the same after chmod")
	}
	link := file + ".link"
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if Check(link) == nil {
		t.Error("a link to an open file passes")
	}
	for dir, exempt := range map[string]bool{filepath.Dir(file): true, filepath.Dir(file) + "/x": false, filepath.Dir(file) + "x": false, "": false} {
		t.Setenv("CREDENTIALS_DIRECTORY", dir)
		if (Check(file) == nil) != exempt {
			t.Errorf("credentials in %q: exempt is %v", dir, !exempt)
		}
	}
}

func markOf(t *testing.T, file string) Mark {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return MarkOf(info)
}
