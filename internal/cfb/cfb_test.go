package cfb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/cfb"
	"clawback/internal/test/outlooktest"
)

const plenty = 32 << 20

// sizes of streams: in mini sectors, at the border, in sectors, over several chunks and tables.
var sizes = []int{1, 63, 64, 65, 4095, 4096, 4097, 100_000, 200_000}

func sample() []byte {
	m := outlooktest.Message{ID: "<m@x>", Subject: "streams"}
	for i, n := range sizes {
		m.Files = append(m.Files, strings.Repeat(string(rune('a'+i)), n))
	}
	return m.MSG()
}

func read(t testing.TB, b []byte) *cfb.File {
	t.Helper()
	f, err := cfb.Read(bytes.NewReader(b), plenty)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// walk reads every stream, and answers what there is by path.
func walk(t testing.TB, f *cfb.File, of cfb.Entry, path string, all map[string]string) {
	t.Helper()
	for _, e := range f.Children(of) {
		b, err := io.ReadAll(f.Open(e))
		if err != nil {
			t.Fatal(err)
		}
		all[path+e.Name] = string(b)
		if e.Storage {
			walk(t, f, e, path+e.Name+"/", all)
		}
	}
}

func TestOpen_streamsOfEverySize(t *testing.T) {
	f := read(t, sample())
	all := map[string]string{}
	walk(t, f, f.Root(), "", all)
	var got []int
	for path, s := range all {
		if strings.HasSuffix(path, "/__substg1.0_37010102") {
			got = append(got, len(s))
			if strings.Trim(s, s[:1]) != "" {
				t.Errorf("%s holds octets of another stream", path)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(sizes, got); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	if s := all["__substg1.0_1035001F"]; s != "<\x00m\x00@\x00x\x00>\x00" {
		t.Errorf("the Message-ID is %q", s)
	}
}

func TestChildren_inTheirOrder(t *testing.T) {
	f := read(t, sample())
	var names []string
	for _, e := range f.Children(f.Root()) {
		if e.Storage {
			names = append(names, e.Name)
		}
	}
	if len(names) != len(sizes) || !slices.IsSorted(names) {
		t.Errorf("the attachments are %v", names)
	}
	if again := f.Children(f.Root()); len(again) > 0 {
		t.Errorf("%d entries are handed out twice", len(again))
	}
}

func TestRead_refuses(t *testing.T) {
	good := sample()
	odd := bytes.Clone(good)
	odd[30] = 10
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte(strings.Repeat("text ", 200)), "a part of the header": good[:511], "sectors of an odd size": odd} {
		if _, err := cfb.Read(bytes.NewReader(b), plenty); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	if _, err := cfb.Read(bytes.NewReader(good), int64(len(good))-1); err == nil {
		t.Error("more than the limit is read")
	}
	if _, err := cfb.Read(bytes.NewReader(good), int64(len(good))); err != nil {
		t.Error("the limit itself:", err)
	}
	broken := errors.New("the disk is gone")
	if _, err := cfb.Read(io.MultiReader(bytes.NewReader(good), failing{broken}), plenty); !errors.Is(err, broken) {
		t.Errorf("the reader's error is %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// hostile is a file of version 3 whose sectors are all directory, and whose tables are as given.
func hostile(sectors int, next func(i uint32) uint32, entry func(i uint32, b []byte)) []byte {
	const size = 512
	tables := (sectors + 126) / 127
	b := make([]byte, size*(1+sectors+tables))
	copy(b, cfb.Magic)
	binary.LittleEndian.PutUint16(b[30:], 9)
	for i := range 109 {
		binary.LittleEndian.PutUint32(b[76+4*i:], 0xffffffff)
	}
	binary.LittleEndian.PutUint32(b[60:], 0xfffffffe)
	binary.LittleEndian.PutUint32(b[68:], 0xfffffffe)
	for i := range min(tables, 109) {
		binary.LittleEndian.PutUint32(b[76+4*i:], uint32(sectors+i))
	}
	for i := range uint32(sectors) {
		binary.LittleEndian.PutUint32(b[size*(1+sectors)+4*int(i):], next(i))
	}
	for i := range uint32(sectors * 4) {
		e := b[size+128*int(i):][:128]
		copy(e, "e\x00")
		binary.LittleEndian.PutUint16(e[64:], 4)
		e[66] = 1
		for at := 68; at < 80; at += 4 {
			binary.LittleEndian.PutUint32(e[at:], 0xffffffff)
		}
		entry(i, e)
	}
	return b
}

// What loops, nests or shares costs no more than what is there.
func TestRead_hostileFilesAreBounded(t *testing.T) {
	chain := func(i uint32) uint32 { return i + 1 }
	child := func(to func(i uint32) uint32) func(uint32, []byte) {
		return func(i uint32, b []byte) { binary.LittleEndian.PutUint32(b[76:], to(i)) }
	}
	stream := func(i uint32, b []byte) {
		binary.LittleEndian.PutUint32(b[72:], i+1)
		if i == 0 {
			binary.LittleEndian.PutUint32(b[76:], 1)
			return
		}
		b[66] = 2
		binary.LittleEndian.PutUint32(b[116:], 0)
		binary.LittleEndian.PutUint32(b[120:], 0xffffffff)
	}
	const sectors = 10_000
	for name, b := range map[string][]byte{
		"each storage within the one before": hostile(sectors, chain, child(func(i uint32) uint32 { return i + 1 })),
		"a storage within itself":            hostile(sectors, chain, child(func(i uint32) uint32 { return i })),
		"each within the first":              hostile(sectors, chain, child(func(uint32) uint32 { return 0 })),
		"a directory without end":            hostile(sectors, func(i uint32) uint32 { return i / 2 }, child(func(i uint32) uint32 { return i + 1 })),
		"streams that are all the file":      hostile(sectors, chain, stream),
		"a stream without end":               hostile(sectors, func(i uint32) uint32 { return min(i+1, sectors-1) }, stream),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f := read(t, b)
			octets, entries, buffer := int64(0), 0, make([]byte, 4096)
			for open := []cfb.Entry{f.Root()}; len(open) > 0; {
				next := open[len(open)-1]
				open = open[:len(open)-1]
				for _, e := range f.Children(next) {
					octets, entries, open = octets+length(f.Open(e), buffer), entries+1, append(open, e)
				}
			}
			runtime.ReadMemStats(&after)
			if octets > int64(len(b)) || entries > 1<<15 {
				t.Errorf("%d entries gave %d octets of %d", entries, octets, len(b))
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("%d octets were allocated for a file of %d", got, len(b))
			}
		})
	}
}

// length reads to the end.
func length(r io.Reader, buffer []byte) (octets int64) {
	for {
		n, err := r.Read(buffer)
		octets += int64(n)
		if err != nil {
			return octets
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(outlooktest.Message{ID: "<m@x>"}.MSG())
	f.Add(outlooktest.Message{Files: []string{strings.Repeat("f", 5000)}, Attached: []outlooktest.Message{{ID: "<n@x>"}}}.MSG())
	f.Add(hostile(4, func(i uint32) uint32 { return i + 1 }, func(i uint32, b []byte) { b[76] = byte(i) }))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := cfb.Read(bytes.NewReader(b), 1<<20)
		if err != nil {
			return
		}
		octets := int64(0)
		for open := []cfb.Entry{file.Root()}; len(open) > 0; {
			next := open[len(open)-1]
			open = open[:len(open)-1]
			for _, e := range file.Children(next) {
				n, err := io.Copy(io.Discard, file.Open(e))
				if err != nil {
					t.Fatal(err)
				}
				octets, open = octets+n, append(open, e)
			}
		}
		if octets > int64(len(b)) {
			t.Fatalf("%d octets of %d", octets, len(b))
		}
	})
}
