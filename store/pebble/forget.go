package pebble

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"clawback/store"
)

// FindOld gives the path of the file that versions before this one kept their rows in, store.db.old by now:
// store.ErrNotFound where it is not there.
func FindOld(dir string) (string, error) {
	path := filepath.Join(dir, Old)
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: there is nothing old to remove: no %s", store.ErrNotFound, path)
	}
	return path, err
}

// ForgetOld removes that file. s is the store that has its rows now: where these do not fit together, the old file
// stays (store.ErrUnsound).
func ForgetOld(ctx context.Context, dir string, s *store.Store) error {
	path, err := FindOld(dir)
	if err != nil {
		return err
	}
	findings, err := s.Verify(ctx)
	if err != nil {
		return fmt.Errorf("%s is kept: %w", path, err)
	}
	if len(findings) > 0 {
		return fmt.Errorf("%s is kept: %w: %s (clawback store check)", path, store.ErrUnsound, findings[0])
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(dir)
}
