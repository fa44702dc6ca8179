package lastgood

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/needs"
)

const limit = 1 << 20

// web is a publisher without a network.
type web struct {
	answer string
	status int
	err    error
	hangs  bool        // until the request's end
	asked  []time.Time // when
}

func (w *web) RoundTrip(q *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, time.Now())
	if w.hangs {
		<-q.Context().Done()
		return nil, q.Context().Err()
	}
	if w.err != nil {
		return nil, w.err
	}
	return &http.Response{StatusCode: w.status, Status: fmt.Sprint(w.status), Body: io.NopCloser(strings.NewReader(w.answer)), Request: q}, nil
}

// bench is a list of numbers, the first of which is its edition.
type bench struct {
	*List[[]int]
	web
	source Source[[]int]
	failed []string
}

func newBench(t *testing.T) *bench {
	b := &bench{web: web{answer: "[2,20]", status: http.StatusOK}}
	b.source = Source[[]int]{
		URL: "https://list.example.com/", Interval: 24 * time.Hour, File: filepath.Join(t.TempDir(), "lists", "numbers.json"), Limit: limit,
		Client: &http.Client{Transport: &b.web}, Now: time.Now,
		Parse: func(answer []byte) (list []int, err error) {
			if err = json.Unmarshal(answer, &list); err == nil && len(list) == 0 {
				err = errors.New("list is empty")
			}
			return list, err
		},
		Believe: func(old, found Copy[[]int]) error {
			if found.List[0] < old.List[0] {
				return errors.New("list is an older one")
			}
			return nil
		},
		Failed: func(what string, reason error) { b.failed = append(b.failed, what+": "+reason.Error()) },
	}
	b.open()
	return b
}

func (b *bench) open() { b.List = Open(b.source) }

// wants compares the list in use.
func (b *bench) wants(t *testing.T, when string, origin Origin, list ...int) {
	t.Helper()
	now := b.Current()
	if diff := cmp.Diff(list, now.List); diff != "" || now.Origin != origin {
		t.Errorf("%s: %s list is in use (-want +got):\n%s", when, now.Origin, diff)
	}
}

func TestOpen_withoutANetworkTakesTheNewestCopy(t *testing.T) {
	b := newBench(t)
	b.wants(t, "nothing", "")
	b.source.Shipped = Copy[[]int]{Fetched: time.Now().Add(-time.Hour), URL: b.source.URL, Origin: Shipped, List: []int{1}}
	b.open()
	b.wants(t, "shipped", Shipped, 1)
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wants(t, "fetched", Refreshed, 2, 20)
	b.err = errors.New("no route")
	b.open()
	b.wants(t, "kept", Saved, 2, 20)
	b.source.Shipped.Fetched = time.Now().Add(time.Hour) // a newer program
	b.open()
	b.wants(t, "newer program", Shipped, 1)
	b.source.URL, b.source.Shipped = "https://other.example.com/", Copy[[]int]{}
	b.open()
	b.wants(t, "another URL", "")
	if len(b.failed) > 0 {
		t.Errorf("failed: %q", b.failed)
	}
}

func TestOpen_aDamagedCopyIsToldAndNotUsed(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "garbage": "\x00\xff", "half": `{"fetched":"2026-11-20T00:00:00Z","url":"https://list.example.com/","list":[9`,
		"no list": `{"url":"https://list.example.com/"}`, "edited": `{"url":"https://list.example.com/","list":[]}`,
		"huge": `{"url":"https://list.example.com/","list":[9` + strings.Repeat(" ", limit+maxFrame) + `]}`,
	} {
		b := newBench(t)
		if err := errors.Join(os.MkdirAll(filepath.Dir(b.source.File), 0o700),
			os.WriteFile(b.source.File, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		b.open()
		b.wants(t, name, "")
		if len(b.failed) != 1 || !strings.HasPrefix(b.failed[0], "last good copy is not used: ") {
			t.Errorf("%s: told %q", name, b.failed)
		}
		if err := b.Refresh(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.open()
		b.wants(t, name+", refreshed", Saved, 2, 20)
	}
}

func TestRefresh_whatIsNotBelievedChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		web  web
		want string
	}{
		"no route":  {web{err: errors.New("no route")}, "no route"},
		"a status":  {web{status: 503}, "answer is 503"},
		"garbage":   {web{status: 200, answer: "<html>"}, "invalid character"},
		"empty":     {web{status: 200, answer: "[]"}, "list is empty"},
		"too large": {web{status: 200, answer: "[3" + strings.Repeat(" ", limit) + "]"}, "larger than 1 MiB"},
		"older":     {web{status: 200, answer: "[1,10]"}, "older"},
	} {
		b := newBench(t)
		if err := b.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		checked, _ := b.Checked()
		before, _ := os.ReadFile(b.source.File)
		b.web = c.web
		err := b.Refresh(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		b.wants(t, name, Refreshed, 2, 20)
		if at, problem := b.Checked(); at != checked || problem != err.Error() {
			t.Errorf("%s: checked at %v, problem %q", name, at, problem)
		}
		since := b.Failing()
		if b.Refresh(t.Context()); since.IsZero() || b.Failing() != since {
			t.Errorf("%s: it fails since %v, then since %v", name, since, b.Failing())
		}
		if after, err := os.ReadFile(b.source.File); err != nil || string(after) != string(before) {
			t.Errorf("%s: the copy is %q, %v", name, after, err)
		}
		b.web = web{answer: "[3,30]", status: http.StatusOK}
		if err := b.Refresh(t.Context()); err != nil || !b.Failing().IsZero() {
			t.Errorf("%s: after a good answer %v, failing since %v", name, err, b.Failing())
		}
	}
}

func TestRefresh_aFullDiskKeepsTheOldCopyAndUsesTheNewList(t *testing.T) {
	dir := t.TempDir()
	needs.Ability(t, "the right to mount a tmpfs", syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"))
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	b := newBench(t)
	b.source.File = filepath.Join(dir, "numbers.json")
	b.open()
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.answer = "[3" + strings.Repeat(",3", 64<<10) + "]"
	err := b.Refresh(t.Context())
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "which is in use") {
		t.Errorf("error is %v", err)
	}
	if now := b.Current(); now.List[0] != 3 {
		t.Errorf("list %d is in use", now.List[0])
	}
	b.open()
	b.wants(t, "restarted", Saved, 2, 20)
	if files, err := os.ReadDir(dir); len(files) != 1 || err != nil {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// during runs the list for some time of a synctest bubble, and answers after what times the URL was asked.
func (b *bench) during(t *testing.T, d time.Duration) (waits []time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done, last := make(chan error), time.Now()
	go func() { done <- b.Run(ctx) }()
	time.Sleep(d)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, at := range b.asked {
		waits, last = append(waits, at.Sub(last)), at
	}
	return waits
}

func TestRun_asksAtOnceAndThenEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		want := []time.Duration{0, 24 * time.Hour, 24 * time.Hour}
		if diff := cmp.Diff(want, b.during(t, 49*time.Hour)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.open() // with a copy that is an hour old
		b.asked = nil
		if diff := cmp.Diff([]time.Duration{23 * time.Hour}, b.during(t, 24*time.Hour)); diff != "" {
			t.Errorf("after a restart (-want +got):\n%s", diff)
		}
	})
}

func TestRun_backsOffUpToAnHourAndNotAllAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		shipped bool
		most    []time.Duration // of the waits; the last holds for all that follow
	}{
		"a list in use": {true, []time.Duration{0, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour}},
		"none":          {false, []time.Duration{0, 5 * time.Minute}},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.err = errors.New("no route")
			if c.shipped {
				b.source.Shipped = Copy[[]int]{Fetched: time.Now(), URL: b.source.URL, Origin: Shipped, List: []int{1}}
				b.open()
			}
			differ := map[time.Duration]bool{}
			waits := b.during(t, 100*time.Hour)
			for i, wait := range waits {
				most := c.most[min(i, len(c.most)-1)]
				if wait > most || wait < most*3/4 {
					t.Errorf("%s: wait %d is %v, want at most %v", name, i, wait, most)
				}
				differ[wait] = true
			}
			if len(waits) < 100 || len(differ) < 50 || len(b.failed) != len(waits) {
				t.Errorf("%s: %d waits, %d of them differ, %d failures told", name, len(waits), len(differ),
					len(b.failed))
			}
		})
	}
}

func TestRun_endsWhileAFetchRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.hangs = true
		started := time.Now()
		b.during(t, time.Second)
		if took := time.Since(started); took != time.Second || len(b.asked) != 1 || len(b.failed) > 0 {
			t.Errorf("took %v, asked %d times, told %q", took, len(b.asked), b.failed)
		}
	})
}

func TestRefresh_isBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.hangs = true
		started := time.Now()
		if err := b.Refresh(t.Context()); !errors.Is(err, context.DeadlineExceeded) ||
			time.Since(started) != fetchTime {
			t.Errorf("%v after %v", err, time.Since(started))
		}
	})
}
