package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

func streaming(octets []byte) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		_, err := w.Write(octets)
		return err
	}
}

func TestSave_encrypted(t *testing.T) {
	id, dir := key(t), filepath.Join(t.TempDir(), "backups")
	path, s, err := Save(t.Context(), dir, []age.Recipient{id.Recipient()}, streaming(archive(t)))
	if err != nil || s.Files != len(files) {
		t.Fatalf("%+v, %v", s, err)
	}
	octets, err := os.ReadFile(path)
	if err != nil || bytes.Contains(octets, []byte("record record")) {
		t.Errorf("%s is not encrypted: %v", path, err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, dir: 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	for what, ids := range map[string][]age.Identity{"no identity": nil, "another's": {key(t)}} {
		if _, err := Restore(bytes.NewReader(octets), filepath.Join(t.TempDir(), "x"), ids...); err == nil {
			t.Errorf("restored with %s", what)
		}
	}
	if _, err := Restore(bytes.NewReader(octets[:len(octets)/2]), filepath.Join(t.TempDir(), "x"), id); err == nil {
		t.Error("restored from half of it")
	}
	if _, err := Restore(bytes.NewReader(octets), filepath.Join(t.TempDir(), "x"), id); err != nil {
		t.Error(err)
	}
}

// A stream that ends early, fails, or is no backup leaves no file.
func TestSave_interruptedLeavesNothing(t *testing.T) {
	whole, gone := archive(t), errors.New("the daemon went away")
	for name, stream := range map[string]func(context.Context, io.Writer) error{
		"ends early": streaming(whole[:len(whole)/2]),
		"fails": func(_ context.Context, w io.Writer) error {
			_, err := w.Write(whole[:len(whole)/2])
			return errors.Join(err, gone)
		},
		"fails at its end": func(_ context.Context, w io.Writer) error {
			_, err := w.Write(whole)
			return errors.Join(err, gone)
		},
		"no backup": streaming([]byte(strings.Repeat("not a tar ", 1000))),
		"nothing":   streaming(nil),
	} {
		dir := t.TempDir()
		if path, _, err := Save(t.Context(), dir, nil, stream); err == nil {
			t.Errorf("%s: %s was saved", name, path)
		} else if strings.HasPrefix(name, "fails") && !errors.Is(err, gone) {
			t.Errorf("%s: %v does not say why", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", name, left, err)
		}
	}
}

func TestSave_neverOverAnotherOne(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Save(t.Context(), dir, nil, streaming(archive(t))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Save(t.Context(), dir, nil, streaming(archive(t))); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v, want ErrExist", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is there, %v", left, err)
	}
}
