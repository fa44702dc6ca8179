package loghead

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// verified reads a signed checkpoint as C2SP's signed-note and tlog-checkpoint say, without the package that wrote it.
func verified(msg, key string) (text []string, ok bool) {
	parts := strings.SplitN(key, "+", 3)
	name := parts[0]
	public, err := base64.StdEncoding.DecodeString(parts[2])
	body, signatures, found := strings.Cut(msg, "\n\n")
	if err != nil || public[0] != 1 || !found {
		return nil, false
	}
	body += "\n"
	id := sha256.Sum256(append([]byte(name+"\n"), public...))
	for line := range strings.Lines(signatures) {
		of, encoded, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "— "), " ")
		sig, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && of == name && len(sig) == 4+64 && bytes.Equal(sig[:4], id[:4]) &&
			ed25519.Verify(public[1:], []byte(body), sig[4:]) {
			return strings.Split(body, "\n"), true
		}
	}
	return nil, false
}

func treeOf(n int64) tlog.Tree { return tlog.Tree{N: n, Hash: sha256.Sum256(fmt.Append(nil, n))} }

func rootAt(size int64) (tlog.Hash, error) { return treeOf(size).Hash, nil }

func newKey(t *testing.T) (Key, string) {
	t.Helper()
	dir := t.TempDir()
	k, err := LoadKey(filepath.Join(dir, "key"), "gw.example/log")
	if err != nil {
		t.Fatal(err)
	}
	return k, dir
}

func TestSign_isACheckpointOfTheStandard(t *testing.T) {
	k, dir := newKey(t)
	again, err := LoadKey(filepath.Join(dir, "key"), "another.example")
	if err != nil || again.Verifier != k.Verifier {
		t.Fatalf("the key comes back as %q, %v", again.Verifier, err)
	}
	msg, err := again.Sign(treeOf(7))
	if err != nil {
		t.Fatal(err)
	}
	root := treeOf(7).Hash
	text, ok := verified(string(msg), k.Verifier)
	if !ok || len(text) != 4 || text[0] != "gw.example/log" || text[1] != "7" ||
		text[2] != base64.StdEncoding.EncodeToString(root[:]) {
		t.Errorf("%q, %t:\n%s", text, ok, msg)
	}
	if tree, err := Open(msg, k.Verifier); err != nil || tree != treeOf(7) {
		t.Errorf("%v, %v", tree, err)
	}
	for name, changed := range map[string]string{
		"another size":      strings.Replace(string(msg), "\n7\n", "\n8\n", 1),
		"no signature":      strings.SplitAfter(string(msg), "\n\n")[0],
		"another signature": strings.Replace(string(msg), "— gw", "— hw", 1),
		"nothing":           "",
	} {
		if tree, err := Open([]byte(changed), k.Verifier); err == nil {
			t.Errorf("%s: %v", name, tree)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
}

func TestTell_headsThatGoOn(t *testing.T) {
	k, dir := newKey(t)
	file := filepath.Join(dir, "heads")
	for _, n := range []int64{1, 1, 5, 5, 900} {
		if err := k.Tell(file, treeOf(n), rootAt); err != nil {
			t.Fatal(err)
		}
	}
	// A crash left half a head: the next one takes its place.
	for _, half := range []string{"gw.example/log\n9", "gw.example/log\n901\nxx\n\n— gw", "\n"} {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, half)
		f.Close()
		last, _, err := k.last(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Tell(file, treeOf(last.N+1), rootAt); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []string
	for msg := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n\n"), "\n\ngw.example") {
		if !strings.HasPrefix(msg, "gw.example") {
			msg = "gw.example" + msg
		}
		text, ok := verified(msg+"\n", k.Verifier)
		if !ok {
			t.Fatalf("does not verify:\n%s", msg)
		}
		sizes = append(sizes, text[1])
	}
	if got := strings.Join(sizes, " "); got != "1 5 900 901 902 903" {
		t.Errorf("told are %s", got)
	}
}

func TestTell_noHeadThatContradictsTheLast(t *testing.T) {
	k, dir := newKey(t)
	file := filepath.Join(dir, "heads")
	if err := k.Tell(file, treeOf(9), rootAt); err != nil {
		t.Fatal(err)
	}
	other := treeOf(9)
	other.Hash[0] ^= 1
	rewritten := func(int64) (tlog.Hash, error) { return other.Hash, nil }
	for name, c := range map[string]struct {
		tree tlog.Tree
		at   func(int64) (tlog.Hash, error)
	}{
		"the tail was cut off":       {treeOf(8), rootAt},
		"it was written anew":        {other, rewritten},
		"written anew, and it grew":  {treeOf(12), rewritten},
		"it cannot be compared with": {treeOf(12), func(int64) (tlog.Hash, error) { return tlog.Hash{}, os.ErrInvalid }},
	} {
		err := k.Tell(file, c.tree, c.at)
		if err == nil || !errors.Is(err, ErrFork) && !errors.Is(err, os.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if last, _, err := k.last(file); err != nil || last != treeOf(9) {
			t.Errorf("%s: the last is %v, %v", name, last, err)
		}
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte("x\n\n"), maxHead), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Tell(file, treeOf(12), rootAt); err == nil {
		t.Error("a file of something else is written to")
	}
}
