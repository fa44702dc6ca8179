package spool

import (
	"io/fs"
	"path/filepath"
)

// Durable lists the spool's files, relative to its directory, and how many bytes of each are durable: for a backup.
// What a row names that was durable before the call is among them; what is not finished is left out.
func (s *Spool) Durable() (map[string]int64, error) {
	current, end := s.appended()
	sizes := map[string]int64{}
	for _, dir := range []string{segDir, bodyDir, keptDir, detachedDir} {
		err := filepath.WalkDir(filepath.Join(s.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			name, err := filepath.Rel(s.dir, path)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil {
				sizes[name] = info.Size()
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if current != "" {
		sizes[current] = end
	}
	return sizes, nil
}

// appended is how far the current segment has been appended to; "" when there is none.
func (s *Spool) appended() (name string, end int64) {
	s.appending.Lock()
	defer s.appending.Unlock()
	if s.current == nil {
		return "", 0
	}
	return s.current.name, s.current.size
}
