package bolt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"clawback/spool"
)

// crashDisk is a file system that knows what was not synced yet, so that the power can fail. It also fills up, and
// syncs fail.
type crashDisk struct {
	spool.FS
	root string

	mu    sync.Mutex // held by every operation; owns what follows
	r     *rand.Rand
	files map[string]*written // by path under root; a file that is not here is durable
	// directory -> how to undo what was done to its names since its last sync
	names  map[string][]func(after *crashDisk)
	left   int          // operations until the crash
	crash  func()       // called then
	full   float64      // how likely a write finds no space, and
	cutBad float64      // that what it left cannot be cut off, and
	syncIs func() error // what a sync answers
}

// written is a file with what it held since its last sync: the first is durable.
type written struct {
	path     string
	versions [][]byte
}

func newCrashDisk(root string, r *rand.Rand) *crashDisk {
	return &crashDisk{FS: spool.OS(), root: root, r: r, files: map[string]*written{}, names: map[string][]func(*crashDisk){},
		crash: func() {}, syncIs: func() error { return nil }}
}

// step is a moment at which the machine can stop.
func (d *crashDisk) step() {
	if d.left--; d.left == 0 {
		d.crash()
	}
}

func (d *crashDisk) at(point string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if point != "" {
		d.step()
	}
}

func (d *crashDisk) rel(name string) string {
	rel, err := filepath.Rel(d.root, name)
	if err != nil {
		panic(err)
	}
	return rel
}

// named notes how to undo a change of a name.
func (d *crashDisk) named(rel string, undo func(after *crashDisk)) {
	dir := filepath.Dir(rel)
	d.names[dir] = append(d.names[dir], undo)
}

func (d *crashDisk) OpenFile(name string, flag int, perm os.FileMode) (spool.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.FS.OpenFile(name, flag&^unix.O_DIRECT, perm)
	if err != nil || flag&os.O_CREATE == 0 {
		return &crashFile{File: f, d: d, w: d.files[d.rel(name)]}, err
	}
	rel := d.rel(name)
	w := &written{path: rel, versions: [][]byte{nil}}
	d.files[rel] = w
	d.named(rel, func(after *crashDisk) {
		_ = os.Remove(filepath.Join(after.root, rel))
		delete(after.files, rel)
	})
	d.step()
	return &crashFile{File: f, d: d, w: w}, nil
}

func (d *crashDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.step()
	if err := d.FS.Rename(from, to); err != nil {
		return err
	}
	a, b := d.rel(from), d.rel(to)
	d.move(a, b)
	d.named(b, func(after *crashDisk) {
		_ = os.Rename(filepath.Join(after.root, b), filepath.Join(after.root, a))
		after.move(b, a)
	})
	d.step()
	return nil
}

func (d *crashDisk) move(from, to string) {
	if w := d.files[from]; w != nil {
		w.path = to
		d.files[to] = w
		delete(d.files, from)
	}
}

func (d *crashDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	rel := d.rel(name)
	content, err := os.ReadFile(name)
	if err := d.FS.Remove(name); err != nil {
		return err
	}
	w := d.files[rel]
	delete(d.files, rel)
	isFile := err == nil
	d.named(rel, func(after *crashDisk) {
		path := filepath.Join(after.root, rel)
		if !isFile {
			_ = os.MkdirAll(path, 0o700)
			return
		}
		_ = os.MkdirAll(filepath.Dir(path), 0o700)
		_ = os.WriteFile(path, content, 0o600)
		if w != nil {
			after.files[rel] = &written{rel, slices.Clone(w.versions)}
		}
	})
	d.step()
	return nil
}

func (d *crashDisk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.step()
	delete(d.names, d.rel(name))
	d.step()
	return nil
}

func (d *crashDisk) Free(string) (spool.Space, error) { return spool.Space{Bytes: 1 << 40}, nil }

type crashFile struct {
	spool.File
	d *crashDisk
	w *written // nil when it was durable when it was opened
}

// wrote notes what the file holds now.
func (f *crashFile) wrote() {
	content, err := os.ReadFile(filepath.Join(f.d.root, f.w.path))
	if err != nil {
		panic(err)
	}
	f.w.versions = append(f.w.versions, content)
}

func (f *crashFile) Pwritev(bufs [][]byte, at int64) (int64, error) {
	return f.write(bytes.Join(bufs, nil), func(p []byte) (int64, error) { return f.File.Pwritev([][]byte{p}, at) })
}

func (f *crashFile) Write(p []byte) (int, error) {
	n, err := f.write(p, func(p []byte) (int64, error) { n, err := f.File.Write(p); return int64(n), err })
	return int(n), err
}

func (f *crashFile) write(p []byte, write func([]byte) (int64, error)) (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.step()
	full := f.d.r.Float64() < f.d.full
	if full {
		p = p[:f.d.r.IntN(len(p)+1)]
	}
	n, err := write(p)
	f.wrote()
	f.d.step()
	if full && err == nil {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *crashFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.r.Float64() < f.d.cutBad {
		return syscall.EIO
	}
	err := f.File.Truncate(size)
	f.wrote()
	f.d.step()
	return err
}

// Datasync syncs nothing: nothing but this test stops the machine.
func (f *crashFile) Datasync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.step()
	if err := f.d.syncIs(); err != nil {
		return err
	}
	if f.w != nil {
		f.w.versions = f.w.versions[len(f.w.versions)-1:]
	}
	f.d.step()
	return nil
}

// copyTo is the disk as the next process finds it: after the death of this one, with everything that was written; after
// a power failure, with what of it had come to the disk. It is called with d.mu held.
func (d *crashDisk) copyTo(root string, power bool) (*crashDisk, error) {
	after := newCrashDisk(root, rand.New(rand.NewPCG(d.r.Uint64(), 0)))
	if err := os.CopyFS(root, os.DirFS(d.root)); err != nil {
		return nil, err
	}
	for path, w := range d.files {
		after.files[path] = &written{path, slices.Clone(w.versions)}
	}
	if !power {
		for dir, undo := range d.names {
			after.names[dir] = slices.Clone(undo)
		}
		return after, nil
	}
	for _, undo := range d.names {
		undo = slices.Clone(undo)
		slices.Reverse(undo)
		for _, u := range undo[:d.r.IntN(len(undo)+1)] { // the last so many did not come to the disk
			u(after)
		}
	}
	var errs []error
	for path, w := range after.files {
		errs = append(errs, os.WriteFile(filepath.Join(root, path), w.torn(d.r), 0o600))
	}
	after.files = map[string]*written{}
	return after, errors.Join(errs...)
}

// torn is what a power failure leaves of a file: of each sector one version or another, or nothing yet.
func (w *written) torn(r *rand.Rand) []byte {
	pick := func() []byte { return w.versions[r.IntN(len(w.versions))] }
	if r.IntN(3) == 0 {
		return pick()
	}
	sector := []int{512, 4096}[r.IntN(2)]
	content := make([]byte, len(pick()))
	for at := 0; at < len(content); at += sector {
		if v := pick(); at < len(v) {
			copy(content[at:min(at+sector, len(content))], v[at:])
		}
	}
	return content
}
