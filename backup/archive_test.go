package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

var moment = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// files of a made-up state.
var files = map[string]string{"queue.db": "rows", "store/000001.sst": strings.Repeat("record ", 1000), "spool/seg/a": "body", "own.key": "k"}

func archive(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	a, err := newWriter(&out, About{Version: "test", At: moment})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := a.add(name, int64(len(text)), strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRestore_bringsFilesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, err := Restore(bytes.NewReader(archive(t)), dir)
	if err != nil || s.Files != len(files) || !s.About.At.Equal(moment) {
		t.Fatalf("%+v, %v", s, err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := Check(dir); err != nil {
		t.Error(err)
	}
	if since := (Origin{About{At: moment.Add(time.Hour)}, moment}).Since(); !since.Equal(moment.Add(time.Hour)) {
		t.Errorf("with a clock that was set back, what is of before the restore ends at %v", since)
	}
	if o, err := OriginOf(dir); err != nil || !o.Backup.At.Equal(moment) || time.Since(o.Restored) > time.Hour {
		t.Errorf("it says that it came from %+v, %v", o, err)
	}
	if _, err := Restore(bytes.NewReader(archive(t)), dir); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a second time: %v, want ErrNotEmpty", err)
	}
}

// Whatever is cut off or changed is refused, and nothing of it is left.
func TestRestore_refusesWhatIsNotWhole(t *testing.T) {
	whole := archive(t)
	end := bytes.LastIndex(whole, []byte("}]}")) + 3 // of the manifest; tar fills up behind it
	for cut := 0; cut < end; cut += 211 {
		refused(t, fmt.Sprintf("cut off at %d", cut), whole[:cut])
	}
	for at := 0; at < end; at += 173 {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		if !sameMeaning(whole, changed) {
			refused(t, fmt.Sprintf("changed at %d", at), changed)
		}
	}
}

// sameMeaning: a changed byte in what nobody reads, such as the padding or the owner of a member, is no change of what
// is restored.
func sameMeaning(a, b []byte) bool {
	return contents(a) == contents(b)
}

func contents(octets []byte) string {
	var out strings.Builder
	r := tar.NewReader(bytes.NewReader(octets))
	for {
		h, err := r.Next()
		if err != nil {
			return out.String() + fmt.Sprint(errors.Is(err, io.EOF))
		}
		text, err := io.ReadAll(r)
		fmt.Fprintln(&out, h.Name, string(text), err)
	}
}

func refused(t *testing.T, what string, octets []byte) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if _, err := Restore(bytes.NewReader(octets), dir); err == nil {
		t.Errorf("%s: it was restored", what)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s: %v is left", what, left)
	}
}

func TestRestore_namesStayBelowTheDirectory(t *testing.T) {
	for _, name := range []string{"../x", "/etc/x", "a/../../x", "", ".", Partial + "/x", Partial} {
		var out bytes.Buffer
		a, err := newWriter(&out, About{At: moment})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.add(name, 1, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := a.finish(); err != nil {
			t.Fatal(err)
		}
		refused(t, fmt.Sprintf("%q", name), out.Bytes())
	}
	var out bytes.Buffer
	a, err := newWriter(&out, About{At: moment})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "store", Linkname: "/etc"}); err != nil {
		t.Fatal(err)
	}
	if err := a.finish(); err != nil {
		t.Fatal(err)
	}
	refused(t, "a link", out.Bytes())
}

func TestCheck_refusesInterruptedRestore(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, Partial), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); !errors.Is(err, ErrUnfinished) {
		t.Errorf("%v, want ErrUnfinished", err)
	}
	if _, err := Restore(bytes.NewReader(archive(t)), dir); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("restored over it: %v, want ErrNotEmpty", err)
	}
}

func TestCheck_removesWhatABackupLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, Scratch, "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func key(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
