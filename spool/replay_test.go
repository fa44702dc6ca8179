package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logged appends a batch with one note for each body; a nil body is a note alone.
func logged(t *testing.T, s *Spool, notes []string, bodies ...[]byte) Mark {
	t.Helper()
	batch := make([]*Entry, len(notes))
	for i, note := range notes {
		batch[i] = &Entry{Note: []byte(note)}
		if bodies[i] != nil {
			small := s.Begin(0, Regular)
			defer small.Release()
			_, _ = small.Write(bodies[i])
			batch[i].Body = small
		}
	}
	m, err := s.Append(batch)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// replayed is what Replay of the spool in a directory gives. The notes of torn entries are among what is torn.
func replayed(t *testing.T, dir string, from map[string]int64) (notes []string, marks map[string]int64, r Replayed) {
	t.Helper()
	s := open(t, dir, Options{})
	marks = map[string]int64{}
	var torn []string
	r, err := s.Replay(func(segment string) int64 { return from[segment] }, func(batch []Entry, m Mark) error {
		for _, e := range batch {
			if e.Torn {
				torn = append(torn, string(e.Note))
			} else {
				notes = append(notes, string(e.Note))
			}
		}
		marks[m.File] = m.End
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Torn = append(r.Torn, torn...)
	return notes, marks, r
}

func TestReplay_fromTheMark(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now, SegmentSize: 6 * block})
	first := logged(t, s, []string{"a", "", "c"}, content(10), content(0), nil)
	logged(t, s, []string{"d", strings.Repeat("e", 3*block)}, content(3*block), content(block))
	third := logged(t, s, []string{"f"}, nil) // in a segment of its own
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all := []string{"a", "", "c", "d", strings.Repeat("e", 3*block), "f"}
	tests := []struct {
		name string
		from map[string]int64
		want []string
		lost int
	}{
		{"everything", nil, all, 0},
		{"behind the first batch", map[string]int64{first.File: first.End}, all[3:], 0},
		{"one segment done", map[string]int64{third.File: third.End}, all[:5], 0},
		{"behind the end", map[string]int64{first.File: 1 << 40, third.File: third.End}, nil, 1},
		{"no mark of a batch", map[string]int64{first.File: -1 << 40, third.File: 17}, all, 0},
	}
	for _, test := range tests {
		notes, marks, r := replayed(t, dir, test.from)
		if diff := cmp.Diff(test.want, notes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if len(r.Torn) > 0 || len(r.Lost) != test.lost {
			t.Errorf("%s: %+v", test.name, r)
		}
		again, _, _ := replayed(t, dir, merged(test.from, marks))
		if len(again) > 0 {
			t.Errorf("%s: replayed again from its marks %v: %d entries", test.name, marks, len(again))
		}
	}
}

func merged(a, b map[string]int64) map[string]int64 {
	m := map[string]int64{}
	for _, from := range []map[string]int64{a, b} {
		for k, v := range from {
			m[k] = v
		}
	}
	return m
}

func TestReplay_refsAreThoseOfAppend(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	bodies := [][]byte{content(1), content(block), content(0), content(block + 1)}
	want := appendAll(t, s, bodies...)
	var got []Ref
	_, err := open(t, dir, Options{}).Replay(func(string) int64 { return 0 }, func(batch []Entry, _ Mark) error {
		for _, e := range batch {
			got = append(got, e.Ref)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refs (-of Append +of Replay):\n%s", diff)
	}
	for i, r := range got {
		wantBody(t, s, r, bodies[i])
	}
}

// Wherever a crash cuts the last batch off, or leaves zeros in it, what was appended before is replayed, and of the
// last only what is there.
func TestReplay_torn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	first := logged(t, s, []string{"a", "b"}, content(100), content(5000))
	last := logged(t, s, []string{"c", "d", "e"}, content(100), content(5000), content(10))
	path := filepath.Join(dir, last.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, b []byte) {
		damage(t, path, b)
		notes, marks, r := replayed(t, dir, nil)
		if !strings.HasPrefix(strings.Join(notes, ""), "ab") || !increasing(notes) || len(r.Lost) > 0 {
			t.Errorf("%s: %q, %+v; want a and b and what is left of c, d, e", name, notes, r)
		}
		if torn := len(notes) < 5 && int64(len(b)) > first.End; torn != (len(r.Torn) > 0) {
			t.Errorf("%s: %q, and torn %q", name, notes, r.Torn)
		}
		if again, _, r := replayed(t, dir, marks); len(again)+len(r.Torn)+len(r.Lost) > 0 {
			t.Errorf("%s: replayed again: %q, %+v", name, again, r)
		}
	}
	for end := first.End; end <= last.End; end += 997 {
		check(fmt.Sprintf("cut at %d of %d", end, last.End), whole[:end])
	}
	for at := first.End; at < last.End; at += block {
		holed := bytes.Clone(whole)
		clear(holed[at : at+block])
		check(fmt.Sprintf("zeros at %d of %d", at, last.End), holed)
	}
}

func increasing(notes []string) bool {
	return slices.IsSorted(notes) && len(slices.Compact(slices.Clone(notes))) == len(notes)
}

// A frame that the disk has damaged costs its own batch and no other, and is told of.
func TestReplay_damagedFrame(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	logged(t, s, []string{"a"}, content(100))
	second := logged(t, s, []string{"b"}, content(5000))
	logged(t, s, []string{"c"}, content(10))
	path := filepath.Join(dir, second.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(2 * block); at < 2*block+frameHead+entryHead+1; at++ {
		broken := bytes.Clone(whole)
		broken[at] ^= 1
		damage(t, path, broken)
		notes, _, r := replayed(t, dir, nil)
		want := fmt.Sprintf("%s at %d", second.File, 2*block)
		if !slices.Equal(notes, []string{"a", "c"}) || !slices.Equal(r.Lost, []string{want}) || len(r.Torn) > 0 {
			t.Errorf("byte %d: %q, %+v; want a and c, and %s lost", at, notes, r, want)
		}
	}
}

// A message that holds frames cannot bring an entry into the log, also where the frame before it is damaged and the log
// is searched: the run is not known to whoever sent it.
func TestReplay_forged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	forged := appendFrame(nil, strings.Repeat("0", runDigits), []*Entry{{Note: []byte("forged")}})
	forged = append(forged, make([]byte, block-len(forged))...)
	body := bytes.Repeat(forged, 5)
	m := logged(t, s, []string{"a"}, body)
	logged(t, s, []string{"b"}, body)
	if notes, _, _ := replayed(t, dir, nil); !slices.Equal(notes, []string{"a", "b"}) {
		t.Errorf("replayed %q, want a and b", notes)
	}
	path := filepath.Join(dir, m.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole[0] ^= 1
	damage(t, path, whole)
	if notes, _, _ := replayed(t, dir, nil); !slices.Equal(notes, []string{"b"}) {
		t.Errorf("replayed %q with a damaged frame, want b alone", notes)
	}
	// The search does find a frame of the run's own, which shows that the test could fail.
	own := appendFrame(nil, runOf(m.File), []*Entry{{Note: []byte("own")}})
	copy(whole[block:], own)
	damage(t, path, whole)
	if notes, _, _ := replayed(t, dir, nil); !slices.Equal(notes, []string{"own", "b"}) {
		t.Errorf("replayed %q, want own and b", notes)
	}
}

// Segments of versions that kept no log are bodies and nothing else, and what somebody has put beside the segments is
// none.
func TestReplay_noSegments(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	run := strings.Repeat("0", runDigits)
	frame := appendFrame(nil, run, []*Entry{{Note: []byte("body")}})
	for _, name := range []string{"20261121T19-5f0c21-0001", "20261121T19-" + run + "-0001.bak", "copy of 20261121T19-" + run + "-0001"} {
		damage(t, filepath.Join(dir, segDir, name), frame)
	}
	if err := os.Mkdir(filepath.Join(dir, segDir, "20261121T19-"+run+"-0002"), 0o700); err != nil {
		t.Fatal(err)
	}
	notes, _, r := replayed(t, dir, nil)
	if len(notes)+len(r.Torn)+len(r.Lost) > 0 {
		t.Errorf("replayed %q, %+v", notes, r)
	}
}

// Notes that would fill the memory are refused before anything is written.
func TestAppend_frameTooLarge(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	if _, err := s.Append([]*Entry{{Note: make([]byte, maxFrame)}}); err == nil {
		t.Error("a frame above its limit was appended")
	}
	logged(t, s, []string{"a"}, nil)
}

// Whatever stands in a segment, reading it ends, and gives no entry that reaches out of its batch.
func FuzzReplay(f *testing.F) {
	const run = "0123456789abcdef"
	frame := appendFrame(nil, run, []*Entry{{Note: []byte("one")}, {Note: []byte("two")}})
	f.Add(frame)
	f.Add(append(slices.Clone(frame[:40]), frame...))
	padded := append(slices.Clone(frame), make([]byte, block-len(frame))...)
	f.Add(append(slices.Clone(padded), padded...))
	long := slices.Clone(frame)
	binary.LittleEndian.PutUint64(long[32:], 1<<62)
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		for at := 0; at < len(b); at += block { // right checksums, or the fuzzer would see nothing behind them
			h, err := parseHead(b[at:], run)
			if err == nil && h.size <= int64(len(b)-at) {
				frame := b[at : int64(at)+h.size]
				clear(frame[crcAt:frameHead])
				binary.LittleEndian.PutUint32(frame[crcAt:], crc32.Checksum(frame, castagnoli))
			}
		}
		l := segmentLog{file: byteFile{Reader: bytes.NewReader(b)}, name: "f", run: run, size: int64(len(b))}
		for at := int64(0); ; {
			got, err := l.next(at)
			if err != nil {
				t.Fatal(err)
			}
			if got == nil {
				return
			}
			if got.at < at || got.end < got.at+block {
				t.Fatalf("from %d on: a batch from %d to %d", at, got.at, got.end)
			}
			for _, e := range got.entries {
				if e.Ref.File != "" && (e.Ref.Offset < got.at+block || e.Ref.Size < 0 ||
					e.Ref.Offset+e.Ref.Size > got.end) {
					t.Errorf("a body at %d of %d bytes in a batch from %d to %d", e.Ref.Offset, e.Ref.Size, got.at,
						got.end)
				}
			}
			at = got.end
		}
	})
}

// byteFile is a file that is only read.
type byteFile struct {
	File
	*bytes.Reader
}

func (f byteFile) ReadAt(p []byte, at int64) (int, error) { return f.Reader.ReadAt(p, at) }
func (f byteFile) Size() (int64, error)                   { return f.Reader.Size(), nil }
func (f byteFile) Close() error                           { return nil }
func (f byteFile) Write([]byte) (int, error)              { return 0, errors.ErrUnsupported }
