package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// FS is the seam between the spool and the operating system, so that tests can fill the disk and let a sync fail.
type FS interface {
	OpenFile(name string, flag int, perm os.FileMode) (File, error)
	Mkdir(name string, perm os.FileMode) error
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(name string) error
	Free(dir string) (Space, error)
}

// File is an open file of an FS.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Pwritev(bufs [][]byte, at int64) (int64, error) // all of them, or an error and how many bytes went out
	Datasync() error
	Truncate(size int64) error
	Size() (int64, error) // fs.ErrNotExist when it was removed, though it is open
}

// OS is the operating system's FS, for tests to wrap.
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) OpenFile(name string, flag int, perm os.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	// Without direct I/O; the file may be there all the same.
	if errors.Is(err, unix.EINVAL) && flag&unix.O_DIRECT != 0 {
		f, err = os.OpenFile(name, flag&^(unix.O_DIRECT|os.O_EXCL), perm)
	}
	if err != nil {
		return nil, err
	}
	return &osFile{f}, nil
}

func (osFS) Mkdir(name string, perm os.FileMode) error { return os.Mkdir(name, perm) }
func (osFS) Rename(from, to string) error              { return os.Rename(from, to) }
func (osFS) Remove(name string) error                  { return os.Remove(name) }

func (osFS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (osFS) Free(dir string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return Space{
		Bytes: int64(st.Bavail) * st.Bsize, TotalBytes: int64(st.Blocks) * st.Bsize,
		Inodes: int64(st.Ffree), TotalInodes: int64(st.Files),
	}, nil
}

type osFile struct{ *os.File }

// iovMax is the number of buffers that Linux takes in one pwritev(2).
const iovMax = 1024

// Pwritev writes all buffers, with one system call unless there are very many of them or the kernel stops short.
func (f *osFile) Pwritev(bufs [][]byte, at int64) (int64, error) {
	var total int64
	rest := append([][]byte(nil), bufs...)
	for len(rest) > 0 {
		n, err := f.pwritev(rest[:min(len(rest), iovMax)], at+total)
		total += int64(n)
		if err != nil {
			return total, &os.PathError{Op: "pwritev", Path: f.Name(), Err: err}
		}
		rest = after(rest, n)
	}
	return total, nil
}

func (f *osFile) pwritev(bufs [][]byte, at int64) (int, error) {
	for {
		n, err := unix.Pwritev(int(f.Fd()), bufs, at)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EINVAL) && f.indirect():
		case err != nil:
			return max(n, 0), err
		case n == 0 && size(bufs) > 0:
			return 0, io.ErrShortWrite
		default:
			return n, nil
		}
	}
}

// Write writes at the file's position.
func (f *osFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if errors.Is(err, unix.EINVAL) && f.indirect() {
		var more int
		more, err = f.File.Write(p[n:])
		n += more
	}
	return n, err
}

// indirect turns direct I/O off and says whether it was on: the file system wants another alignment than ours, or a
// full disk has left an odd end.
func (f *osFile) indirect() bool {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_DIRECT == 0 {
		return false
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags&^unix.O_DIRECT)
	return err == nil
}

// after drops n bytes from the front. Buffers of no bytes at the front go too.
func after(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if len(bufs) > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}

func size(bufs [][]byte) int64 {
	var n int64
	for _, b := range bufs {
		n += int64(len(b))
	}
	return n
}

func (f *osFile) Datasync() error {
	if err := unix.Fdatasync(int(f.Fd())); err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

func (f *osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Nlink == 0 {
		return 0, &os.PathError{Op: "stat", Path: f.Name(), Err: fs.ErrNotExist}
	}
	return st.Size(), nil
}
