package feed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/needs"
)

// counter is a consumer that counts.
type counter struct{ added, withdrawn, expired, largest int }

func (c *counter) Apply(_ context.Context, d Delta) error {
	c.added, c.withdrawn, c.expired = c.added+len(d.Added), c.withdrawn+len(d.Withdrawn), c.expired+len(d.Expired)
	c.largest = max(c.largest, d.len())
	return nil
}

// numbered is a list of n addresses, the first of them of a number, in no order.
func numbered(from, n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		for i := range n {
			at := from + (i*7919)%n
			if _, err := fmt.Fprintf(w, "https://host%d.evil.example/path/of/%d/page.php?session=%x\n", at%50_000, at,
				at*2654435761); err != nil {
				return
			}
		}
		w.Close()
	}()
	return r
}

// streamed is a source without a network.
type streamed struct{ open func() io.Reader }

func (s streamed) get(context.Context, string, validators) (answer, error) {
	return answer{body: io.NopCloser(s.open())}, nil
}

// peakHeap runs do, and answers the most memory that the Go heap and stacks held meanwhile, in bytes.
func peakHeap(do func()) uint64 {
	runtime.GC()
	debug.FreeOSMemory()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"}}
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64()+sample[1].Value.Uint64()+sample[2].Value.Uint64())
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	do()
	close(stop)
	return <-peak
}

const million = 1_000_000

// A list of a million entries is read, and its next state compared with it, within 256 MiB.
func BenchmarkLook_millionEntries(b *testing.B) {
	f := feedOf(b, "url = \"https://x.example/\"\nkind = \"url\"")
	caution, err := NewCaution([]string{"contoso.example"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		first, second := &counter{}, &counter{}
		peak := peakHeap(func() {
			lookAt(b, f, caution, first, b.TempDir(), numbered(0, million), numbered(million/10, million))
		})
		if first.added != million+million/10 || first.withdrawn != million/10 || first.largest > maxDelta {
			b.Fatalf("told %+v, and then %+v", first, second)
		}
		b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		if peak > 256<<20 {
			b.Errorf("the heap had %d MiB, more than 256", peak>>20)
		}
	}
	b.ReportMetric(float64(2*million*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// inChild says to the test's own process, started once more, that it is the one that is measured.
const inChild = "CLAWBACK_TEST_MILLION"

// A list of a million entries is read, and its next state compared with it, by a process that never has more than
// 256 MiB, whatever of it is Go's heap.
func TestLook_millionEntriesIn256MiB(t *testing.T) {
	needs.Time(t, "15 seconds of a processor", "make test")
	if os.Getenv(inChild) != "" {
		caution, err := NewCaution([]string{"contoso.example"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		told := &counter{}
		f := feedOf(t, "url = \"https://x.example/\"\nkind = \"url\"")
		lookAt(t, f, caution, told, t.TempDir(), numbered(0, million), numbered(million/10, million))
		if told.added != million+million/10 || told.withdrawn != million/10 || told.largest > maxDelta {
			t.Errorf("told %+v", told)
		}
		return
	}
	inChildProcess(t, "TestLook_millionEntriesIn256MiB")
}

// inChildProcess runs a test in a process of its own, and measures its memory.
func inChildProcess(t *testing.T, name string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+name+"$", "-test.v")
	child.Env = append(os.Environ(), inChild+"=1")
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+name)) {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	most := child.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10 // MiB: Linux counts KiB
	t.Logf("the process had %d MiB at most", most)
	if most > 256 {
		t.Errorf("the process had %d MiB, more than 256", most)
	}
}

// lookAt looks at the states of a list, one after the other.
func lookAt(t testing.TB, f *config.Feed, c *Caution, to Consumer, dir string, states ...io.Reader) {
	t.Helper()
	k, err := openKept(dir, f.Name)
	if err != nil {
		t.Fatal(err)
	}
	k.book = newBook(hashed)
	for i, state := range states {
		r := &reading{feed: f, source: streamed{func() io.Reader { return state }}, kept: k, caution: c, limits: defaultLimits(), to: to,
			now: time.Date(2026, 11, 1+i, 0, 0, 0, 0, time.UTC)}
		if _, _, err := r.poll(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// However long a list is, no more than a run of it is in memory.
func TestSorter_holdsOneRun(t *testing.T) {
	s := newSorter(t.TempDir())
	s.size = 64 << 10
	defer s.close()
	r := record{kind: "url", value: "http://a.example/" + strings.Repeat("x", 80), state: listed}
	for range 20_000 {
		if err := s.add(&r); err != nil {
			t.Fatal(err)
		}
		if cap(s.buf) > 4*s.size || cap(s.refs) > 4*s.size/100 {
			t.Fatalf("%d bytes and %d lines are in memory", cap(s.buf), cap(s.refs))
		}
	}
}

// The lines of a list are in the order of their values, each value once, however many runs they came in.
func TestSorter_runsBecomeOneList(t *testing.T) {
	s := newSorter(t.TempDir())
	s.size = 1000
	defer s.close()
	want := map[string]int{}
	for i := range 5000 {
		value := fmt.Sprintf("v%d", (i*7919)%1000)
		r := record{kind: []string{"url", "domain"}[i%2], value: value, confidence: i % 101, state: listed}
		want[r.kind+" "+value] = max(want[r.kind+" "+value], r.confidence)
		if err := s.add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) < 5 {
		t.Fatalf("only %d runs", len(s.runs))
	}
	m, err := s.sorted()
	if err != nil {
		t.Fatal(err)
	}
	var before, r record
	for {
		more, err := m.next(&r)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		if before.value != "" && before.compare(&r) >= 0 {
			t.Errorf("%s %s stands before %s %s", before.kind, before.value, r.kind, r.value)
		}
		if name := r.kind + " " + r.value; want[name] != r.confidence {
			t.Errorf("%s has %d, want the surest, %d", name, r.confidence, want[name])
		} else {
			delete(want, name)
		}
		before = r
	}
	if len(want) > 0 {
		t.Errorf("%d values are missing", len(want))
	}
	if files, _ := os.ReadDir(s.dir); len(files) > 0 {
		t.Errorf("%v stays on the disk", files)
	}
}

func TestRecord_everyFieldComesBack(t *testing.T) {
	r := record{kind: "url", value: "http://a.example/?x=y|z", disposition: 6, confidence: 100, until: 1, changed: 1 << 40, state: gone,
		detail: detailOf("a\tb\nc\x1b[1m \u202e" + strings.Repeat("é", 200))}
	var back record
	line := r.append(nil)
	if err := back.parse(line); err != nil || back != r {
		t.Errorf("%+v becomes %+v, %v", r, back, err)
	}
	if strings.Count(string(line), "\n") != 1 || strings.Count(string(line), "\t") != 7 {
		t.Errorf("%q", line)
	}
	for _, damaged := range []string{"", "url\tx\n", "url\tx\t6\t100\tz\t0\t-\t\n", "url\tx\t6\t100\t0\t0\t\t\n", "url\tx\t-6\t100\t0\t0\t-\t\n"} {
		if err := back.parse([]byte(damaged)); err == nil {
			t.Errorf("%q passes", damaged)
		}
	}
}

// pages is a source of pages of objects of TAXII, each with a cursor to the next, without a network.
type pages struct{ from, n, size int }

func (p pages) get(_ context.Context, name string, _ validators) (answer, error) {
	_, query, _ := strings.Cut(name, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return answer{}, err
	}
	at, _ := strconv.Atoi(q.Get("next"))
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, `{"more":%t,"next":"%d","objects":[`, at+p.size < p.n, at+p.size)
		for i := at; i < min(at+p.size, p.n); i++ {
			n := p.from + (i*7919)%p.n
			if i > at {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"type":"indicator","id":"indicator--00000000-0000-4000-8000-%012x","pattern_type":"stix","modified":"2026-11-01T00:00:00.%03dZ",`+
				`"name":"phishing page","pattern":"[url:value = 'https://host%d.evil.example/path/of/%d/page.php?session=%x']"}`, n, i%1000, n%50_000, n, n*2654435761)
		}
		io.WriteString(w, "]}")
		w.Close()
	}()
	return answer{body: r, header: http.Header{}}, nil
}

// A collection of a million objects is read, and read again as a whole, by a process that never has more than 256 MiB.
func TestTAXII_millionObjectsIn256MiB(t *testing.T) {
	needs.Time(t, "60 seconds of a processor", "make test")
	if os.Getenv(inChild) == "" {
		inChildProcess(t, "TestTAXII_millionObjectsIn256MiB")
		return
	}
	told := &counter{}
	caution, err := NewCaution([]string{"contoso.example"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k, err := openKept(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	k.book = newBook(hashed)
	f := feedOf(t, "format = \"taxii\"\nurl = \"https://x.example/collections/x/\"")
	for day, from := range []int{0, million / 10} {
		r := &reading{feed: f, source: pages{from, million, 5000}, kept: k, caution: caution, limits: defaultLimits(), to: told,
			now: time.Date(2026, 11, 1+8*day, 0, 0, 0, 0, time.UTC)}
		if _, more, err := r.poll(context.Background()); err != nil || more {
			t.Fatal(more, err)
		}
	}
	if told.added != million+million/10 || told.withdrawn != million/10 || told.largest > maxDelta {
		t.Errorf("told %+v", told)
	}
}
