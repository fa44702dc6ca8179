// Package loghead signs the heads of the store's log with a key of the machine, and tells them to a file.
//
// A head says how many leaves the log has, and the root of its tree. Whoever has one can see that the log of later
// still begins with the same leaves: that nothing was cut off or written anew.
//
// Reads: the key; the last head of the file.
//
// Writes: the key, once; each head behind the others.
//
// Invariants:
//   - I1 No head is signed that contradicts the last one in the file: fewer leaves, or another root for as many.
//   - I2 The key leaves its file by no error.
//
// On failure: nothing was told, and the file is as it was, but for a part of a head that a crash left at its end.
//
// Standards: C2SP tlog-checkpoint and signed-note, with Ed25519.
package loghead

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrFork means that the log does not go on from a head that was told: it was cut off, written anew, or brought back
// from a backup that is older than that head.
var ErrFork = errors.New("the log does not go on from the head that was told last")

// Key is a machine's key.
type Key struct {
	signer   note.Signer
	Verifier string // the public key, as signed-note has it: name+hash+key
}

// LoadKey reads a key, and makes one with this origin where there is no file.
func LoadKey(file, origin string) (Key, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = makeKey(file, origin)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read key of the log: %w", err)
	}
	private, public, _ := strings.Cut(string(data), "\n")
	signer, err := note.NewSigner(private)
	if err != nil {
		return Key{}, fmt.Errorf("read key of the log: %s has none: move it away, and a new one is made", file)
	}
	return Key{signer, strings.TrimSpace(public)}, nil
}

func makeKey(file, origin string) ([]byte, error) {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	data := []byte(private + "\n" + public + "\n")
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file) // half of a key is none
	}
	return data, err
}

// Sign is a head as a signed checkpoint.
func (k Key) Sign(tree tlog.Tree) ([]byte, error) {
	root := base64.StdEncoding.EncodeToString(tree.Hash[:])
	return note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", k.signer.Name(), tree.N, root)}, k.signer)
}

// Open is the head that a signed checkpoint has. Signatures of others are passed over.
func Open(msg []byte, verifier string) (tree tlog.Tree, err error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return tree, fmt.Errorf("read public key of the log: %w", err)
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return tree, fmt.Errorf("read head of the log: %w", err)
	}
	lines := strings.SplitN(n.Text, "\n", 4) // lines behind the third may say more
	if len(lines) < 4 || lines[0] != v.Name() {
		return tree, fmt.Errorf("read head of the log: it is none of %q", v.Name())
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, errors.New("read head of the log: its root is none")
	}
	tree.Hash = tlog.Hash(root)
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, errors.New("read head of the log: its size is none")
	}
	return tree, nil
}

// Tell signs a head and appends it to a file, with an empty line behind it. A head that was told before is not told
// twice. RootAt is the root of the log as it was at an earlier size.
func (k Key) Tell(file string, tree tlog.Tree, rootAt func(size int64) (tlog.Hash, error)) error {
	last, end, err := k.last(file)
	if err != nil {
		return err
	}
	switch {
	case last == tree:
		return nil
	case last.N > tree.N:
		return fmt.Errorf("%w: that has %d leaves, the log %d", ErrFork, last.N, tree.N)
	case last.N > 0:
		root, err := rootAt(last.N)
		if err != nil {
			return fmt.Errorf("compare log with its last head: %w", err)
		}
		if root != last.Hash {
			return fmt.Errorf("%w: its first %d leaves are others", ErrFork, last.N)
		}
	}
	msg, err := k.Sign(tree)
	if err != nil {
		return fmt.Errorf("sign head of the log: %w", err)
	}
	return appendAt(file, end, append(msg, '\n'))
}

// appendAt writes behind what is whole of a file.
func appendAt(file string, end int64, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("tell head of the log: %w", err)
	}
	err = f.Truncate(end)
	if err == nil {
		_, err = f.WriteAt(data, end)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("tell head of the log: %w", err)
	}
	return nil
}

// maxHead bounds a head with its signatures: they have about 200 bytes.
const maxHead = 16 << 10

// last is the last whole head of a file, and where it ends. A file that has none begins anew only if it is empty.
func (k Key) last(file string) (tree tlog.Tree, end int64, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return tree, 0, nil
	}
	if err != nil {
		return tree, 0, fmt.Errorf("read heads of the log: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	from := max(0, size-2*maxHead)
	tail := make([]byte, size-from)
	if err == nil {
		_, err = f.ReadAt(tail, from)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return tree, 0, fmt.Errorf("read heads of the log: %w", err)
	}
	// A head is text, an empty line, signatures, and an empty line again.
	blocks := bytes.SplitAfter(tail, []byte("\n\n"))
	for i := len(blocks) - 2; i >= 1; i-- {
		msg := append(bytes.Clone(blocks[i-1]), bytes.TrimSuffix(blocks[i], []byte("\n"))...)
		if tree, err = Open(msg, k.Verifier); err == nil {
			for _, block := range blocks[:i+1] {
				from += int64(len(block))
			}
			return tree, from, nil
		}
	}
	if size > maxHead {
		return tree, 0, fmt.Errorf("read heads of the log: %s has none of this key: move it away", file)
	}
	return tlog.Tree{}, 0, nil
}
