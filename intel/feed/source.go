package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// limits bound what one look at a list may cost (I5).
type limits struct {
	fetch    time.Duration // for one answer
	idle     time.Duration // without a byte of it
	wire     int64         // bytes of an answer as it comes
	unpacked int64         // bytes of it
	entries  int           // that are kept
	event    int64         // bytes of one event of MISP
	events   int           // of MISP that are fetched in one look
	pages    int           // of TAXII that are fetched in one look
}

// defaultLimits are ten times what the largest of the known lists needs: URLhaus in full has 3 million entries, 60 MB
// as zip.
func defaultLimits() limits {
	return limits{fetch: 5 * time.Minute, idle: 30 * time.Second, wire: 256 << 20, unpacked: 2 << 30,
		entries: 5_000_000, event: 32 << 20, events: 300, pages: 1000}
}

// validators tell one state of a list from another: RFC 9110, section 8.8.
type validators struct{ ETag, Modified string }

// answer is a list, or a file of its folder, as it comes.
type answer struct {
	validators
	header    http.Header   // of a server
	body      io.ReadCloser // nil where it is unchanged
	unchanged bool          // since the validators that were given
}

// source is where a list is had from.
type source interface {
	// get opens the list, or a file of its folder. A name may have a query, and one that begins with "/" is an escaped
	// path of the same server. The caller closes the body.
	get(ctx context.Context, name string, since validators) (answer, error)
}

// fileSource is a file, or a folder of files.
type fileSource struct{ path string }

func (s fileSource) get(_ context.Context, name string, since validators) (answer, error) {
	path := s.path
	if name != "" {
		path = filepath.Join(path, name)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer must not hold us up
	if err != nil {
		return answer{}, refuse(Away, "cannot be opened: %w", withoutCall(err))
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return answer{}, refuse(Away, "cannot be read: %s is not a regular file", path)
	}
	a := answer{validators: validators{ETag: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())}, body: f}
	if a.ETag == since.ETag {
		f.Close()
		return answer{validators: since, unchanged: true}, nil
	}
	return a, nil
}

// withoutCall is a file's error without the name of the system call.
func withoutCall(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return err
}
