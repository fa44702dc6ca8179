package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// format is the version of what an index keeps of a record. Another one is built anew.
const format = 2

// manifest is the list of the segments that count.
type manifest struct {
	Format   int            `json:"format"`
	Through  uint64         `json:"through"` // the last change that is in the segments
	Next     int            `json:"next"`    // number of the next segment
	Built    time.Time      `json:"built"`   // when it was last built from the records
	Segments map[int][]file `json:"segments"`
}

// file is one segment; the key above it is its day.
type file struct {
	Name string `json:"name"`
	Docs int    `json:"docs"`
}

const manifestName = "segments.json"

// day is the number of the day (UTC) of a time in milliseconds, as store.Millis.
func day(at uint64) int { return int(at / uint64(24*time.Hour/time.Millisecond)) }

// readManifest reads the list; one that is not there is fs.ErrNotExist.
func readManifest(dir string) (m manifest, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("%w: %s: %w", ErrDamaged, manifestName, err)
	}
	if m.Format != format {
		return m, fmt.Errorf("%w: it is of format %d, this program writes %d", ErrDamaged, m.Format, format)
	}
	return m, nil
}

// write replaces the list. It, and the segments that were written before it, are durable on return.
func (m manifest) write(dir string) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	temporary := filepath.Join(dir, manifestName+".new")
	if err := writeFile(temporary, raw); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(dir, manifestName)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeFile writes a file and syncs it; its name in the directory is durable when the directory is synced.
func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path) // what is left of it is removed at the next start
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// openAll opens what the list names.
func (m manifest) openAll(dir string) (map[int][]*segment, error) {
	days := map[int][]*segment{}
	for d, files := range m.Segments {
		for _, f := range files {
			s, err := openFile(dir, f.Name)
			if err != nil {
				return nil, err
			}
			days[d] = append(days[d], s)
		}
	}
	return days, nil
}

// openFile opens a segment. Its file is closed when nobody can reach the segment any more: a search that began before
// it was merged goes on reading it.
func openFile(dir, name string) (*segment, error) {
	f, err := os.Open(filepath.Join(dir, filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, name)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s, err := open(name, f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// sweep removes segments that the list does not name: a crash left them between their writing and the list's.
func (m manifest) sweep(dir string) error {
	named := map[string]bool{manifestName: true}
	for _, files := range m.Segments {
		for _, f := range files {
			named[f.Name] = true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ours := strings.HasSuffix(e.Name(), ".seg") || strings.HasSuffix(e.Name(), ".new")
		if ours && !named[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// fits reports whether the list is of this store, as far as can be seen: the store's cursor is not ahead of it, and the
// store has had all of its changes.
func (m manifest) fits(cursor, last uint64) bool {
	return cursor > 0 && cursor <= m.Through && m.Through <= last
}
