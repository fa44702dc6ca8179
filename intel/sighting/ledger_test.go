package sighting

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func opened(t *testing.T, file string) *ledger {
	t.Helper()
	l, err := openLedger(file)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func set(t *testing.T, l *ledger, key, feed string) {
	t.Helper()
	if err := l.set(map[string]string{key: feed}); err != nil {
		t.Fatal(err)
	}
}

// Each change is there after the next start, whatever the file was written by; it writes one line, and the whole only
// when as many lines have come as there are entries.
func TestLedger_aLineForAChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sightings.json")
	whole := map[string]string{}
	for n := range 500 {
		whole[fmt.Sprintf("domain host%d.example", n)] = "a"
	}
	l := opened(t, file)
	l.feeds = maps.Clone(whole)
	if err := l.save(); err != nil { // as earlier programs wrote it
		t.Fatal(err)
	}
	l = opened(t, file)
	before := size(t, file)
	for n := range 300 {
		key := fmt.Sprintf("url http://x%d.example/", n)
		set(t, l, key, "b")
		whole[key] = "b"
	}
	set(t, l, "domain host7.example", "")
	set(t, l, "domain host8.example", "b")
	delete(whole, "domain host7.example")
	whole["domain host8.example"] = "b"
	if more := size(t, file) - before; more > 302*60 {
		t.Errorf("302 changes wrote %d bytes", more)
	}
	if diff := cmp.Diff(whole, opened(t, file).feeds); diff != "" {
		t.Errorf("after a start (-want +got):\n%s", diff)
	}
	for n := range 1500 {
		set(t, l, "url http://again.example/", []string{"", "c"}[n%2])
	}
	whole["url http://again.example/"] = "c"
	if now := size(t, file); now > 4*before {
		t.Errorf("the file has grown from %d to %d bytes, with no more in it", before, now)
	}
	if diff := cmp.Diff(whole, opened(t, file).feeds); diff != "" {
		t.Errorf("after a start (-want +got):\n%s", diff)
	}
}

// A last line that a crash has cut short, or left without its bytes, is as if it had not been, and spoils nothing that
// comes after it. What is damaged before the last line is an error: without it a person's removal would be forgotten.
func TestLedger_afterACrash(t *testing.T) {
	const whole = `{"domain a.example":"a"}` + "\n"
	for _, tail := range []string{"", `{"domain b.example":"a"`, `{"domain b.exa`, "{", "\x00\x00\x00\x00", `{"domain b.example":"a"}`} {
		file := filepath.Join(t.TempDir(), "sightings.json")
		if err := os.WriteFile(file, []byte(whole+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		set(t, opened(t, file), "domain c.example", "a")
		want := map[string]string{"domain a.example": "a", "domain c.example": "a"}
		if diff := cmp.Diff(want, opened(t, file).feeds); diff != "" {
			t.Errorf("behind %q (-want +got):\n%s", tail, diff)
		}
	}
	for _, damaged := range []string{"{", "\x00\n" + whole, whole + "{\n" + whole} {
		file := filepath.Join(t.TempDir(), "sightings.json")
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openLedger(file); err == nil {
			t.Errorf("%q is read", damaged)
		}
	}
}

// What could not be written is known meanwhile, and is written with the next change or by flush.
func TestLedger_writesLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	file := filepath.Join(dir, "sightings.json")
	l := opened(t, file)
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // where the directory is to be
		t.Fatal(err)
	}
	if err := l.set(map[string]string{"domain a.example": "a"}); err == nil {
		t.Error("no error where nothing can be written")
	}
	if err := l.flush(); err == nil {
		t.Error("no error of flush where nothing can be written")
	}
	if feed, made := l.feed("domain a.example"); feed != "a" || !made {
		t.Errorf("feed %q, %t", feed, made)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := l.flush(); err != nil {
		t.Error(err)
	}
	if feed, made := opened(t, file).feed("domain a.example"); feed != "a" || !made {
		t.Errorf("after a start: feed %q, %t", feed, made)
	}
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
