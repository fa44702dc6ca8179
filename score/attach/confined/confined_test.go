package confined

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/mailgen"
	"clawback/score/attach"
)

// program is this test, which can be a child.
var program Program

func TestMain(m *testing.M) {
	misbehave()
	program = Main()
	asUnit()
	os.Exit(m.Run())
}

func open(t testing.TB, o Options) *Pool {
	t.Helper()
	if o.Program == "" {
		o.Program = program
	}
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func picture(t testing.TB, side int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// some are files of many kinds.
func some(t testing.TB) []attach.File {
	t.Helper()
	all := []attach.File{
		{Name: "notes.txt", Body: []byte("Call Ann.")},
		{Name: "a.zip", Type: "application/zip", Body: mailgen.Zip(false, mailgen.File{Name: "invoice.pdf.exe", Body: []byte("MZ and more")})},
		{Name: "a.pdf", Body: mailgen.PDF("https://a.example/")},
		{Name: "qr.png", Type: "image/png", Body: mailgen.QR("https://contoso-mfa.example/auth?id=8812")},
		{Name: "page.html", Body: []byte("<html><a href=https://a.example/>x</a></html>")},
		{Name: "a.docx", Body: mailgen.Docx("attachedTemplate", "https://a.example/t.dotm")},
		{Name: "broken.zip", Body: []byte("PK\x03\x04 and nothing else")},
		{Name: "pages.zip", Body: mailgen.Zip(false, mailgen.File{Name: "a.html", Body: bytes.Repeat([]byte("<html>long "), 100_000)})},
		{Name: "empty"},
	}
	names, err := filepath.Glob("../testdata/archives/*")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d archives, %v", len(names), err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, attach.File{Name: filepath.Base(name), Body: body})
	}
	return all
}

// A child gives the reports, and leaves the limits, that looking into the files within the process does.
func TestInspect_asWithinTheProcess(t *testing.T) {
	p := open(t, Options{})
	inline, confined := attach.Default(), attach.Default()
	files := some(t)
	want := attach.Inline{}.Inspect(t.Context(), files, &inline)
	for range 3 {
		left := confined
		got := p.Inspect(t.Context(), files, &left)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-within the process +in a child)\n%s", diff)
		}
		if left != inline {
			t.Errorf("%+v left, want %+v", left, inline)
		}
	}
	if n := len(p.idle); n != 1 {
		t.Errorf("%d children, want the first one alone", n)
	}
}

func TestInspect_plainFilesNeedNoChild(t *testing.T) {
	p := open(t, Options{Program: misbehaving(t, "dies")})
	limits := attach.Default()
	r := p.Inspect(t.Context(), []attach.File{{Name: "a.js", Body: []byte("alert(1)")}, {Name: "a.html", Body: []byte("<html>")}}, &limits)
	if len(r[0].Findings) != 1 || len(r[1].Pages) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestInspect_manyAtOnce(t *testing.T) {
	p := open(t, Options{Processes: 3, CPU: time.Hour, Wall: time.Hour}) // however busy the machine is
	files := some(t)
	limits := attach.Default()
	want := attach.Inline{}.Inspect(t.Context(), files, &limits)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			limits := attach.Default()
			if diff := cmp.Diff(want, p.Inspect(t.Context(), files, &limits)); diff != "" {
				t.Error(diff)
			}
		})
	}
	group.Wait()
	if n := len(p.idle); n < 1 || n > 3 {
		t.Errorf("%d children are kept, want 1 to 3", n)
	}
}

// Whatever a child does, each file has a report, and the files before the one that it failed at have theirs.
func TestInspect_childThatFails(t *testing.T) {
	files := []attach.File{
		{Name: "first.pdf", Body: mailgen.PDF("https://a.example/")},
		{Name: "bad.png.js", Body: picture(t, 50)},
		{Name: "last.pdf", Body: mailgen.PDF("https://b.example/")},
	}
	for _, c := range []struct{ how, want string }{
		{"dies", "stopped"}, {"writes rubbish", "stopped"}, {"grows", "stopped"}, {"spins", "stopped"}, {"recurses", "stopped"},
		{"raises the limits", "stopped"}, {"invents a code", "stopped"}, {"says it stopped", "stopped"}, {"sends a huge frame", "stopped"},
		{"sleeps", "not read"}, {"trickles", "not read"}, {"reads nothing", "not read"},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			o := Options{Program: misbehaving(t, c.how), CPU: time.Second, Wall: 10 * time.Minute}
			if c.want == "not read" {
				o.Wall = time.Second
			}
			p := open(t, o)
			limits := attach.Default()
			r := p.Inspect(t.Context(), files, &limits)
			if c.want == "stopped" && len(r[0].Links) != 1 {
				t.Errorf("the first file's report is lost: %+v", r[0])
			}
			stopped := strings.HasPrefix(r[1].Stopped, "Looking into it")
			if stopped != (c.want == "stopped") || !stopped && len(r[1].NotRead) == 0 {
				t.Errorf("%+v; want that it was %s", r[1], c.want)
			}
			if len(r[1].Findings) == 0 || r[1].Kind != "png" {
				t.Errorf("nothing is said of its name: %+v", r[1])
			}
			if c.want == "stopped" && len(r[2].Links) != 1 {
				t.Errorf("the file behind it was not looked into: %+v", r[2])
			}
			if limits.Files > attach.Default().Files {
				t.Errorf("%+v are left", limits)
			}
		})
	}
}

// A message of nothing but such files costs two of them.
func TestInspect_givesUpAfterTwo(t *testing.T) {
	p := open(t, Options{Program: misbehaving(t, "dies")})
	var files []attach.File
	for i := range 50 {
		files = append(files, attach.File{Name: fmt.Sprintf("bad%d.png", i), Body: picture(t, 50)})
	}
	limits := attach.Default()
	stopped := 0
	for _, r := range p.Inspect(t.Context(), files, &limits) {
		if r.Stopped != "" {
			stopped++
		} else if len(r.NotRead) != 1 {
			t.Errorf("%+v", r)
		}
	}
	if stopped != maxStopped {
		t.Errorf("%d were stopped, want %d", stopped, maxStopped)
	}
}

// A child that something from outside killed costs a file nothing.
func TestInspect_childKilledFromOutside(t *testing.T) {
	p := open(t, Options{})
	files := []attach.File{{Name: "a.pdf", Body: mailgen.PDF("https://a.example/")}}
	for range 5 {
		if err := p.idle[0].cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		limits := attach.Default()
		if r := p.Inspect(t.Context(), files, &limits); len(r[0].Links) != 1 || r[0].Stopped != "" {
			t.Fatalf("%+v", r)
		}
	}
}

func TestInspect_endsWithItsContext(t *testing.T) {
	p := open(t, Options{Program: misbehaving(t, "sleeps")})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	limits := attach.Default()
	r := p.Inspect(ctx, []attach.File{{Name: "bad.png", Body: picture(t, 50)}}, &limits)
	if len(r[0].NotRead) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestPool_childIsReplacedInTime(t *testing.T) {
	p := open(t, Options{})
	first := p.idle[0]
	first.jobs = maxJobs - 1
	limits := attach.Default()
	files := []attach.File{{Name: "a.pdf", Body: mailgen.PDF("https://a.example/")}}
	p.Inspect(t.Context(), files, &limits)
	if !first.hasEnded() || len(p.idle) != 0 {
		t.Errorf("ended %v, %d kept", first.hasEnded(), len(p.idle))
	}
	if r := p.Inspect(t.Context(), files, &limits); len(r[0].Links) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestClose_endsTheChildren(t *testing.T) {
	p := open(t, Options{})
	child := p.idle[0]
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !child.hasEnded() {
		t.Error("a child is left")
	}
	limits := attach.Default()
	if r := p.Inspect(t.Context(), []attach.File{{Name: "a.zip", Body: mailgen.Zip(false)}}, &limits); len(r[0].NotRead) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestOpen_programThatIsNoChild(t *testing.T) {
	for _, program := range []Program{"", "/bin/true", "/does/not/exist", "/bin/cat"} {
		if p, err := Open(Options{Program: program}); err == nil {
			p.Close()
			t.Errorf("%s was started as a child", program)
		} else {
			t.Log(err)
		}
	}
}

// A person is told that no process can be started, and not that the daemon stops. Neither is a reason against the file.
func TestInspect_noProcessStarts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *Pool)
		want   []string
	}{
		"program that is gone":    {func(p *Pool) { p.o.Program = "/does/not/exist" }, []string{"inspector.failed"}},
		"program that is another": {func(p *Pool) { p.o.Program = "/bin/true" }, []string{"inspector.failed"}},
		"stop":                    {func(p *Pool) { _ = p.Close() }, nil},
		"well":                    {func(*Pool) {}, nil},
	} {
		var told []string
		p := open(t, Options{Alert: func(event, _ string, _ ...any) { told = append(told, event) }})
		for _, child := range p.idle {
			child.kill()
		}
		p.idle = nil
		c.change(p)
		limits := attach.Default()
		r := p.Inspect(t.Context(), []attach.File{{Name: "a.zip", Body: mailgen.Zip(false)}}, &limits)
		if !slices.Equal(told, c.want) || len(r[0].NotRead) == 0 != (name == "well") || r[0].Stopped != "" {
			t.Errorf("%s: told is %q, want %q; %+v", name, told, c.want, r)
		}
	}
}

// asked is a context that tells when somebody begins to wait for its end.
type asked struct {
	context.Context
	once  sync.Once
	begun chan struct{}
}

func (a *asked) Done() <-chan struct{} {
	a.once.Do(func() { close(a.begun) })
	return a.Context.Done()
}

// Files of others' mail can keep all children busy: who waits for one loses none of the time that his own files have.
func TestInspect_waitingForAChildIsNotTheFilesTime(t *testing.T) {
	var late atomic.Int64
	p := open(t, Options{Processes: 1, Now: func() time.Time { return time.Now().Add(time.Duration(late.Load())) }})
	p.slots <- struct{}{} // others have it
	ctx := &asked{Context: t.Context(), begun: make(chan struct{})}
	limits := attach.Default()
	var got []attach.Report
	done := make(chan struct{})
	go func() {
		defer close(done)
		got = p.Inspect(ctx, []attach.File{{Name: "a.png", Body: picture(t, 40)}}, &limits)
	}()
	<-ctx.begun
	late.Store(int64(time.Hour))
	<-p.slots
	<-done
	if got[0].Kind != "png" || len(got[0].NotRead) > 0 || got[0].Stopped != "" {
		t.Errorf("it is %+v", got[0])
	}
}
