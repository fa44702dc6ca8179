package console

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clawback/api"
)

// stream opens a stream of events.
func stream(t *testing.T, b *bench, url string) (*bufio.Scanner, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(b.cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return bufio.NewScanner(answer.Body), answer
}

// next reads the next event; nil where the stream has ended.
func next(t *testing.T, lines *bufio.Scanner) (numbers map[string]int) {
	t.Helper()
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
			if err := json.Unmarshal([]byte(text), &numbers); err != nil {
				t.Fatal(err)
			}
			return numbers
		}
	}
	return nil
}

// Numbers come at once and when they change, until the person signs out or the server stops; a stream beyond the bound
// is refused.
func TestEvents(t *testing.T) {
	w := plainWorld()
	b := newBench(t, w, api.Root("ada"))
	b.tick = time.Millisecond
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	lines, answer := stream(t, b, server.URL)
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("type %q", kind)
	}
	if n := next(t, lines); n["records"] != 2400 || n["badge:/held"] != 6 {
		t.Errorf("first %v", n)
	}
	w.more.Store(5)
	if n := next(t, lines); n["records"] != 2405 {
		t.Errorf("after a change %v", n)
	}
	for range maxStreams - 1 {
		b.streams <- struct{}{}
	}
	if _, answer := stream(t, b, server.URL); answer.StatusCode != http.StatusNoContent {
		t.Errorf("one stream too many: %d", answer.StatusCode)
	}
	if err := b.o.Sessions.SignOut(t.Context(), b.cookie.Value); err != nil {
		t.Fatal(err)
	}
	if n := next(t, lines); n != nil {
		t.Errorf("after signing out: %v", n)
	}

	again := newBench(t, w, api.Root("ada"))
	again.tick = time.Millisecond
	other := httptest.NewServer(again.Handler())
	t.Cleanup(other.Close)
	lines, _ = stream(t, again, other.URL)
	if next(t, lines) == nil {
		t.Error("no event")
	}
	again.end()
	if n := next(t, lines); n != nil {
		t.Errorf("after the end: %v", n)
	}
}

// A viewer of one tenant is sent that tenant's numbers alone.
func TestEvents_ofOneTenant(t *testing.T) {
	b := newBench(t, plainWorld(), api.Principal{Name: "ada", Tenants: map[string]api.Role{tenantB: api.Viewer}})
	b.tick = time.Millisecond
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	lines, _ := stream(t, b, server.URL)
	if n := next(t, lines); n["records"] != 1200 {
		t.Errorf("%v", n)
	}
}
