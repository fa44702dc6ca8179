package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
)

// Save writes what stream gives, a backup, into a file of its own in dir, encrypted to the recipients where there are
// some. The file gets its name when it is whole, was written, and was read back.
func Save(ctx context.Context, dir string, to []age.Recipient,
	stream func(context.Context, io.Writer) error) (path string, s Summary, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", s, err
	}
	f, err := os.CreateTemp(dir, ".clawback-backup-*.partial") // mode 0600
	if err != nil {
		return "", s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	sum := sha256.New()
	if s, err = write(ctx, io.MultiWriter(f, sum), to, stream); err != nil {
		return "", s, err
	}
	if err := errors.Join(f.Sync(), readBack(f, sum)); err != nil {
		return "", s, err
	}
	path = filepath.Join(dir, fileName(s.About.At, len(to) > 0))
	if err := os.Link(f.Name(), path); err != nil { // never over another one
		return "", s, err
	}
	return path, s, errors.Join(f.Close(), os.Remove(f.Name()), syncDir(dir))
}

func fileName(at time.Time, encrypted bool) string {
	name := "clawback-" + at.UTC().Format("20060102T150405Z") + ".tar"
	if encrypted {
		name += ".age"
	}
	return name
}

// write writes the stream, and checks on the way that it is a backup, and whole.
func write(ctx context.Context, w io.Writer, to []age.Recipient,
	stream func(context.Context, io.Writer) error) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kept := nopCloser{w}
	var out io.WriteCloser = kept
	if len(to) > 0 {
		var err error
		if out, err = age.Encrypt(w, to...); err != nil {
			return Summary{}, fmt.Errorf("encrypt: %w", err)
		}
	}
	checked, feed := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := stream(ctx, io.MultiWriter(out, feed))
		feed.CloseWithError(err)
		sent <- err
	}()
	s, err := verify(checked)
	if err == nil { // tar fills up its last block
		_, err = io.Copy(io.Discard, checked)
	}
	if err != nil {
		cancel()
	}
	checked.CloseWithError(err)
	if failed := <-sent; failed != nil && (err == nil || errors.Is(err, ErrIncomplete)) {
		err = failed
	}
	if err != nil {
		return s, err
	}
	return s, out.Close()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// readBack compares what is in a file with what was written.
func readBack(f *os.File, written hash.Hash) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(sum.Sum(nil), written.Sum(nil)) {
		return fmt.Errorf("read back: %s differs from what was written: do not trust this disk", f.Name())
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
