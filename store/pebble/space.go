package pebble

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"clawback/internal/nospace"
)

// retryEvery is how often a write that found no space is tried again.
const retryEvery = time.Second

// waitingFS lets writes that find no space wait until there is some: Pebble takes a full disk for the end.
type waitingFS struct {
	vfs.FS
	wait time.Duration

	patient atomic.Bool // whether writes wait: not while the directory is opened, where an error says more
	once    sync.Once
	stopped chan struct{} // closed when nobody waits any more
}

func newWaitingFS(fs vfs.FS) *waitingFS {
	return &waitingFS{FS: fs, wait: retryEvery, stopped: make(chan struct{})}
}

// giveUp lets all writes that wait fail, so that the engine can be closed.
func (fs *waitingFS) giveUp() { fs.once.Do(func() { close(fs.stopped) }) }

// Unwrap implements vfs.FS.
func (fs *waitingFS) Unwrap() vfs.FS { return fs.FS }

// again calls fn until it does not fail for want of space.
func (fs *waitingFS) again(fn func() error) error {
	for {
		err := fn()
		if !nospace.Is(err) || !fs.patient.Load() {
			return err
		}
		select {
		case <-fs.stopped:
			return err
		case <-time.After(fs.wait):
		}
	}
}

// Create implements vfs.FS.
func (fs *waitingFS) Create(name string, c vfs.DiskWriteCategory) (f vfs.File, err error) {
	err = fs.again(func() error { f, err = fs.FS.Create(name, c); return err })
	return fs.file(f, err)
}

// OpenReadWrite implements vfs.FS.
func (fs *waitingFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (f vfs.File, err error) {
	err = fs.again(func() error { f, err = fs.FS.OpenReadWrite(name, c, o...); return err })
	return fs.file(f, err)
}

// ReuseForWrite implements vfs.FS.
func (fs *waitingFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (f vfs.File, err error) {
	err = fs.again(func() error { f, err = fs.FS.ReuseForWrite(oldname, newname, c); return err })
	return fs.file(f, err)
}

// OpenDir implements vfs.FS.
func (fs *waitingFS) OpenDir(name string) (vfs.File, error) {
	f, err := fs.FS.OpenDir(name)
	return fs.file(f, err)
}

// MkdirAll implements vfs.FS. It is what opening begins with: there nobody waits.
func (fs *waitingFS) MkdirAll(dir string, perm os.FileMode) error { return fs.FS.MkdirAll(dir, perm) }

// Link implements vfs.FS.
func (fs *waitingFS) Link(oldname, newname string) error {
	return fs.again(func() error { return fs.FS.Link(oldname, newname) })
}

// Rename implements vfs.FS.
func (fs *waitingFS) Rename(oldname, newname string) error {
	return fs.again(func() error { return fs.FS.Rename(oldname, newname) })
}

func (fs *waitingFS) file(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &waitingFile{f, fs}, nil
}

// waitingFile is a file whose writes wait for space.
type waitingFile struct {
	vfs.File
	fs *waitingFS
}

// Write implements vfs.File. What a failed call has written is not written again.
func (f *waitingFile) Write(b []byte) (n int, err error) {
	err = f.fs.again(func() error {
		wrote, err := f.File.Write(b[n:])
		n += wrote
		return err
	})
	return n, err
}

// WriteAt implements vfs.File.
func (f *waitingFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.fs.again(func() error { n, err = f.File.WriteAt(b, at); return err })
	return n, err
}

// Preallocate implements vfs.File. It is a hint: where there is no space the write will wait.
func (f *waitingFile) Preallocate(offset, length int64) error {
	if err := f.File.Preallocate(offset, length); err != nil && !nospace.Is(err) {
		return fmt.Errorf("preallocate: %w", err)
	}
	return nil
}

// Sync implements vfs.File. A file system that allocates late finds out here that there is no space; pages that could
// not be written then are gone (Linux marks them clean), so that to sync again would be a lie.
func (f *waitingFile) Sync() error { return final(f.File.Sync()) }

// SyncData implements vfs.File.
func (f *waitingFile) SyncData() error { return final(f.File.SyncData()) }

// SyncTo implements vfs.File.
func (f *waitingFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, final(err)
}

var errSync = errors.New("a sync found no space: what was written is not on the disk")

// final makes an error that nobody takes for one that ends by itself.
func final(err error) error {
	if nospace.Is(err) {
		return fmt.Errorf("%w (%s)", errSync, err.Error())
	}
	return err
}
