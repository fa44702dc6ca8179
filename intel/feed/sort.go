package feed

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
)

// runSize is how many bytes of lines are sorted in memory at once (I3).
const runSize = 8 << 20

// sorter sorts lines by kind and value. What does not fit into one run waits in a file without a name.
type sorter struct {
	dir  string
	size int // of a run
	buf  []byte
	refs []lineRef
	runs []*os.File
}

// lineRef is where a line of the run in memory lies.
type lineRef struct{ start, key, end int32 }

func newSorter(dir string) *sorter { return &sorter{dir: dir, size: runSize} }

// add takes a record.
func (s *sorter) add(r *record) error {
	start := len(s.buf)
	s.buf = r.append(s.buf)
	s.refs = append(s.refs, lineRef{int32(start), int32(start + keyLen(s.buf[start:])), int32(len(s.buf))})
	if len(s.buf) < s.size {
		return nil
	}
	return s.spill()
}

// spill writes the run in memory out, sorted.
func (s *sorter) spill() error {
	f, err := scratch(s.dir)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	s.sortRun()
	w := bufio.NewWriterSize(f, 256<<10)
	for _, l := range s.refs {
		w.Write(s.buf[l.start:l.end]) // Flush tells the error
	}
	if err := w.Flush(); err != nil {
		return refuse(Storage, "cannot be put down: %w", err)
	}
	s.buf, s.refs = s.buf[:0], s.refs[:0]
	return nil
}

func (s *sorter) sortRun() {
	slices.SortFunc(s.refs, func(a, b lineRef) int { return bytes.Compare(s.buf[a.start:a.key], s.buf[b.start:b.key]) })
}

// close removes what was written.
func (s *sorter) close() {
	for _, f := range s.runs {
		f.Close()
	}
	s.runs, s.buf, s.refs = nil, nil, nil
}

// sorted reads what a sorter took, in order, the best record for each value. The sorter takes no more.
func (s *sorter) sorted() (*merged, error) {
	s.sortRun()
	m := &merged{}
	at := 0
	m.heads = append(m.heads, &head{next: func() ([]byte, error) {
		if at == len(s.refs) {
			return nil, io.EOF
		}
		l := s.refs[at]
		at++
		return s.buf[l.start:l.end], nil
	}})
	for _, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, refuse(Storage, "cannot be read back: %w", err)
		}
		m.heads = append(m.heads, &head{next: lines(f)})
	}
	for _, h := range m.heads {
		if err := h.step(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// lines reads records of a file line by line.
func lines(r io.Reader) func() ([]byte, error) {
	b := bufio.NewReaderSize(r, maxLine)
	return func() ([]byte, error) {
		line, err := b.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return nil, errRecord // it lost its end
		}
		return line, err
	}
}

// head is the next record of one run.
type head struct {
	next func() ([]byte, error)
	now  record
	done bool
}

func (h *head) step() error {
	line, err := h.next()
	if errors.Is(err, io.EOF) {
		h.done = true
		return nil
	}
	if err == nil {
		err = h.now.parse(line)
	}
	if err != nil {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	return nil
}

// merged reads several sorted runs as one.
type merged struct{ heads []*head }

// next answers the best record for the next value; false at the end.
func (m *merged) next(r *record) (bool, error) {
	found := false
	for {
		var first *head
		for _, h := range m.heads {
			if !h.done && (first == nil || h.now.compare(&first.now) < 0) {
				first = h
			}
		}
		switch {
		case first == nil, found && first.now.compare(r) != 0:
			return found, nil
		case !found || first.now.before(r):
			*r, found = first.now, true
		}
		if err := first.step(); err != nil {
			return false, err
		}
	}
}
