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

// ErrNothingOld means that there is no file of a version before this one.
var ErrNothingOld = errors.New("there is nothing old to remove")

// ForgetOld removes the file that versions before this one kept their rows in, store.db.old by now, and gives its path.
// s is the store that has these rows now: where its rows do not fit together, the old file stays.
func ForgetOld(ctx context.Context, dir string, s *store.Store) (string, error) {
	path := filepath.Join(dir, Old)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %s is not there", ErrNothingOld, path)
	} else if err != nil {
		return "", err
	}
	findings, err := s.Verify(ctx)
	if err != nil {
		return "", fmt.Errorf("%s is kept: %w", path, err)
	}
	if len(findings) > 0 {
		return "", fmt.Errorf("%s is kept: the store that has its rows now is not sound: %s (clawback store check)",
			path, findings[0])
	}
	if err := os.Remove(path); err != nil {
		return "", err
	}
	return path, syncDir(dir)
}
