package rdap

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/score/engines"
)

// refuse answers with a status and a Retry-After.
func refuse(status int, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	}
}

func TestAsk_aServerThatWantsToBeLeftAloneIs(t *testing.T) {
	at := func(b *bench, d time.Duration) string { return b.now.Add(d).Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		status int
		after  func(*bench) string
		rest   time.Duration
	}{
		"seconds":       {429, func(*bench) string { return "120" }, 2 * time.Minute},
		"a date":        {429, func(b *bench) string { return at(b, 10*time.Minute) }, 10 * time.Minute},
		"a busy one":    {503, func(*bench) string { return "90" }, 90 * time.Second},
		"not said":      {429, func(*bench) string { return "" }, restFor},
		"nonsense":      {429, func(*bench) string { return "soon" }, restFor},
		"less than 0":   {429, func(*bench) string { return "-5" }, restFor},
		"0":             {429, func(*bench) string { return "0" }, time.Second},
		"a date before": {429, func(b *bench) string { return at(b, -time.Hour) }, time.Second},
		"for ever":      {429, func(*bench) string { return strconv.Itoa(1 << 30) }, maxRest},
		"beyond an int": {429, func(*bench) string { return "99999999999999999999" }, restFor},
	} {
		b := ready(t)
		b.registry.set("a.com", refuse(c.status, c.after(b)))
		b.registry.set("b.com", respond(registeredOn("b.com", "2026-11-19T08:00:00Z")))
		if _, err := b.age(t, "a.com"); err == nil || !strings.Contains(err.Error(), strconv.Itoa(c.status)) {
			t.Errorf("%s: %v", name, err)
		}
		b.now = b.now.Add(c.rest - time.Millisecond)
		if _, err := b.age(t, "b.com"); err == nil || !strings.Contains(err.Error(), "is not asked until") ||
			b.registry.questions() != 1 {
			t.Errorf("%s: asked before its time: %v", name, err)
		}
		b.now = b.now.Add(time.Millisecond)
		if got, err := b.age(t, "b.com"); got != "2026-11-19" || err != nil {
			t.Errorf("%s: not asked again: %v", name, err)
		}
	}
}

func TestAsk_aServerThatFailsRests(t *testing.T) {
	b := ready(t)
	b.registry.set("a.com", refuse(500, ""))
	for range 5 {
		b.age(t, "a.com")
	}
	if b.registry.questions() != restAfter {
		t.Errorf("asked %d times, want %d and then a rest", b.registry.questions(), restAfter)
	}
	b.now = b.now.Add(restFor)
	b.age(t, "a.com")
	b.age(t, "a.com")
	if b.registry.questions() != restAfter+1 {
		t.Errorf("asked %d times after the rest, want once", b.registry.questions()-restAfter)
	}
	b.now = b.now.Add(restFor)
	b.age(t, "nobody.com") // a good answer: earlier failures count no more
	b.age(t, "a.com")
	b.age(t, "a.com")
	if b.registry.questions() != restAfter+4 {
		t.Errorf("asked %d times, want all of them", b.registry.questions())
	}
}

// nobody is a server that knows no domain, without a network.
type nobody struct{}

func (nobody) RoundTrip(q *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: q}, nil
}

func TestAsk_oneServerIsNotAskedTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(config.RDAP{Server: "https://x.example/"}, Options{StateDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.http.Transport = nobody{}
		ask := func(i int) error {
			_, err := c.Ask(t.Context(), engines.Message{Author: "d" + strconv.Itoa(i) + ".com"})
			return err
		}
		var all sync.WaitGroup
		var refused atomic.Int64
		started := time.Now()
		for i := range 40 {
			all.Go(func() {
				if err := ask(i); err != nil && strings.Contains(err.Error(), "no more than 2 times a second") {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		asked, most := int64(c.Status().Asked), int64(burst+perSecond*maxWait/time.Second)
		if took := time.Since(started); asked != most || refused.Load() != 40-most || took != maxWait {
			t.Errorf("%d asked, %d not, in %v", asked, refused.Load(), took)
		}
	})
}

func TestAsk_whatIsKeptNeedsNoTurn(t *testing.T) {
	b := ready(t)
	for i := range 2 * burst {
		if _, err := b.age(t, "nobody.com"); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if asked := b.Status().Asked; asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestMayAsk_aTurnThatIsNotTakenIsGivenBack(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s := newServer("x")
	for range 1000 {
		s.mayAsk(now)
	}
	if wait, err := s.mayAsk(now.Add(10 * time.Second)); wait != 0 || err != nil {
		t.Errorf("after ten seconds %v, %v", wait, err)
	}
}
