package lastgood

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxFrame is what a kept copy has more than the answer: its names, and the spaces that set it out.
const maxFrame = 64 << 10

// saved is a copy as it lies on the disk, with the answer as it came.
type saved struct {
	Fetched time.Time       `json:"fetched"`
	URL     string          `json:"url"`
	List    json.RawMessage `json:"list"`
}

// readCopy reads the kept copy. One of another URL is as none.
func (l *List[T]) readCopy() (c Copy[T], err error) {
	if l.s.File == "" {
		return c, fs.ErrNotExist
	}
	f, err := os.Open(l.s.File)
	if err != nil {
		return c, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, l.s.Limit+maxFrame))
	if err != nil {
		return c, err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return c, fmt.Errorf("decode %s: %w", l.s.File, err)
	}
	if l.s.URL != "" && s.URL != l.s.URL {
		return c, fs.ErrNotExist
	}
	list, err := l.s.Parse(s.List)
	if err != nil {
		return c, fmt.Errorf("read %s: %w", l.s.File, err)
	}
	return Copy[T]{Fetched: s.Fetched, URL: s.URL, Origin: Saved, List: list}, nil
}

// writeCopy writes the copy, so that after a crash the old or the new one is there whole.
func (l *List[T]) writeCopy(s saved) (err error) {
	if l.s.File == "" {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return Write(l.s.File, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

// Write writes a file so that after a crash the old or the new one is there whole. Its directory is made where it is
// missing.
func Write(file string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err = errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
