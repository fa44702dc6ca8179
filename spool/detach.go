package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Detached says what Detach did.
type Detached struct {
	Bodies   int   // that were copied out of their segments
	Segments int   // that were removed, all that is needed of them having been copied
	Dropped  int   // copies that were removed, because nothing refers to them any more
	Bytes    int64 // freed, less those of the new copies
}

// Detach gives the space of segments back whose hour ended at or before a time and of which only a part is needed
// still: what is needed is copied to a file of its own, and the rest goes with the segment. A copy's name follows from
// the Ref, so that the rows stay as they are: Open finds the copy where the segment is no more. A segment is removed
// when all its copies are durable and their bytes were checked; a crash before that leaves both, and Detach goes on
// from there.
//
// It is called by one goroutine, as Expire is.
func (s *Spool) Detach(ctx context.Context, before time.Time, needs Needs) (Detached, error) {
	if err := s.writable(); err != nil {
		return Detached{}, err
	}
	d := detaching{s: s, needs: func(file string) ([]Ref, bool, error) { return needs(ctx, file) }}
	errs := []error{s.walk(func(name string, info fs.FileInfo) error {
		hour, ok := hourOf(name)
		if !ok || hour.Add(time.Hour).After(before) || s.isCurrent(name) || ctx.Err() != nil {
			return ctx.Err()
		}
		switch top(name) {
		case segDir:
			return d.later(d.segment(name, info.Size()))
		case detachedDir:
			return d.later(d.copied(name, info.Size()))
		}
		return nil
	})}
	return d.done, errors.Join(append(errs, d.errs...)...)
}

// detaching is a run of Detach.
type detaching struct {
	s     *Spool
	needs func(segment string) (bodies []Ref, whole bool, err error)
	done  Detached
	errs  []error // of single segments: the others go on
}

// later notes the error of one file. A broken spool ends the run.
func (d *detaching) later(err error) error {
	if errors.Is(err, ErrBroken) {
		return err
	}
	if err != nil {
		d.errs = append(d.errs, err)
	}
	return nil
}

// segment copies out what is needed of a segment, and removes it. What was needed when the copying began is asked again
// at its end.
func (d *detaching) segment(name string, size int64) error {
	bodies, whole, err := d.needs(name)
	if whole || err != nil {
		return err
	}
	for _, r := range bodies {
		made, err := d.s.detach(r)
		if err != nil {
			return fmt.Errorf("copy a body out of %s: %w", name, err)
		}
		if made {
			d.done.Bodies++
			d.done.Bytes -= r.Size
		}
	}
	if err := d.s.o.Fail("spool.detached"); err != nil {
		return err
	}
	// All copies are durable. A crash before the segment is gone leaves both, with the same bytes.
	removed, err := d.remove(name, name, func(r Ref) bool { return !slices.Contains(bodies, r) })
	if removed {
		d.done.Segments++
		d.done.Bytes += size
	}
	return err
}

// copied removes a copy that nothing refers to any more.
func (d *detaching) copied(name string, size int64) error {
	r, ok := refOf(name)
	if !ok {
		return nil // no file of ours
	}
	removed, err := d.remove(name, r.File, func(needed Ref) bool { return needed == r })
	if removed {
		d.done.Dropped++
		d.done.Bytes += size
	}
	return err
}

// remove removes a file, unless one of the bodies that are needed of a segment at this moment keeps it.
func (d *detaching) remove(name, segment string, keeps func(Ref) bool) (removed bool, err error) {
	d.s.deleting.Lock()
	defer d.s.deleting.Unlock()
	bodies, whole, err := d.needs(segment)
	if whole || err != nil || slices.ContainsFunc(bodies, keeps) {
		return false, err
	}
	err = d.s.remove(name)
	return err == nil, err
}

// copyName is the name of the copy of a body in a segment. refOf reads it.
func copyName(r Ref) string {
	return filepath.Join(detachedDir, fmt.Sprintf("%s@%d-%d-%08x", filepath.Base(r.File), r.Offset, r.Size, r.CRC))
}

// refOf is the body that a copy is of.
func refOf(name string) (Ref, bool) {
	segment, at, ok := strings.Cut(filepath.Base(name), "@")
	if !ok {
		return Ref{}, false
	}
	r := Ref{File: filepath.Join(segDir, segment)}
	_, err := fmt.Sscanf(at, "%d-%d-%x", &r.Offset, &r.Size, &r.CRC)
	return r, err == nil && copyName(r) == filepath.Join(detachedDir, filepath.Base(name))
}

// detach copies a body to a file of its own, durably, unless that is done already: then it checks the copy.
func (s *Spool) detach(r Ref) (made bool, err error) {
	name := copyName(r)
	if f, err := s.openFile(name); err == nil {
		if b, err := body(f, Ref{Size: r.Size}); err == nil && errors.Join(b.Verify(r), b.Close()) == nil {
			return false, nil
		}
	}
	src, err := s.open(r)
	if err != nil {
		return false, err
	}
	defer src.Close()
	if err := src.Verify(r); err != nil { // what is damaged stays where it lies
		return false, err
	}
	return true, s.copyOut(src, name)
}

// copyOut writes a body to a file of this name: copy, sync, rename, sync of the directory.
func (s *Spool) copyOut(src *stored, name string) error {
	random, err := randomHex(8)
	if err != nil {
		return err
	}
	tmp := filepath.Join(s.dir, tmpDir, random)
	f, err := s.fs.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buf := copyBuffers.Get().(*[]byte)
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, io.NewSectionReader(src, 0, src.Size()), *buf)
	copyBuffers.Put(buf)
	if err == nil {
		if err = f.Datasync(); err != nil {
			err = s.syncFailed(tmp, err)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = s.o.Fail("spool.copied")
	}
	if err == nil {
		err = s.publish(tmp, name)
	}
	if err != nil {
		_ = s.fs.Remove(tmp)
	}
	return err
}
