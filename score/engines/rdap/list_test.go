package rdap

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
)

func TestList_theLongestSuffixThatSpeaksHTTPSDecides(t *testing.T) {
	l, err := parseList([]byte(`{"publication":"2026-11-20T20:00:01Z","services":[
		[["com","NET."],["https://one.example/"]], [["uk"],["https://two.example/rdap/"]], [["gov.uk"],["https://three.example/"]],
		[["plain"],["http://plain.example/"]], [["odd"],["ftp://x/","https://","https://u:p@x.example/","https://x.example/?q=","%","https://four.example"]], [[""],["https://root.example/"]]]}`))
	if err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{
		"a.com": "one.example", "a.net": "one.example", "a.co.uk": "two.example", "a.gov.uk": "three.example", "notgov.uk": "two.example",
		"a.plain": "", "a.odd": "four.example", "a.com.de": "", "com": "one.example", "": "",
	} {
		got := ""
		if server := l.server(domain); server != nil {
			got = server.Host
		}
		if got != want {
			t.Errorf("%s is asked at %q, want %q", domain, got, want)
		}
	}
}

func TestRefresh_aListThatIsNotBelievedChangesNothing(t *testing.T) {
	var many []string
	for i := range maxEntries + 1 {
		many = append(many, fmt.Sprintf("t%d", i))
	}
	for name, c := range map[string]struct{ list, want string }{
		"a page":           {"<html>", "decode list"},
		"nothing":          {"{}", "names no server"},
		"none with https":  {`{"services":[[["com"],["http://x.example/"]]]}`, "names no server"},
		"another shape":    {`{"services":[[["com"],["x"],["https://x.example/"]]]}`, "3 parts"},
		"of numbers":       {`{"services":[[[1],["https://x.example/"]]]}`, "decode list"},
		"much smaller":     {services("https://x.example", "com"), "not believed"},
		"older":            {strings.Replace(services("https://x.example", "com", "net", "org"), "2026-11-20", "2026-11-19", 1), "is of 2026-11-19"},
		"very many":        {services("https://x.example", many...), "more than"},
		"larger than that": {`{"services":"` + strings.Repeat("x", maxList) + `"}`, "larger than"},
	} {
		b := ready(t)
		b.registry.publish(c.list)
		if err := b.refresh(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if s := b.Status(); s.Servers != 3 || s.Problem == "" {
			t.Errorf("%s: status %+v", name, s)
		}
		b.Close()
		if b.open(t); b.Status().Servers != 3 {
			t.Errorf("%s: the good list is not there after a restart", name)
		}
	}
}

func TestRefresh_aNewListIsUsedAndKept(t *testing.T) {
	b := ready(t)
	b.registry.set("a.org", respond(registeredOn("a.org", "2026-11-19T08:00:00Z")))
	if got, err := b.age(t, "a.org"); err != nil || !strings.Contains(got, "no RDAP server") {
		t.Errorf("%q, %v", got, err)
	}
	b.registry.publish(services(b.registry.URL, "org", "net"))
	if err := b.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := b.age(t, "a.org"); got != "2026-11-19" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := b.age(t, "a.com"); err != nil || !strings.Contains(got, "no RDAP server") {
			t.Errorf("%q, %v", got, err)
		}
		b.Close()
		b.open(t)
	}
}

func TestRefresh_aListOfTheFutureDoesNotStayUntilThen(t *testing.T) {
	b := ready(t)
	for _, day := range []string{"2999-01-01", "2026-11-21", "2026-11-20"} {
		b.registry.publish(strings.Replace(services("https://x.example", "com", "net", "org"), "2026-11-20", day, 1))
		if err := b.refresh(t.Context()); (err == nil) != (day != "2026-11-20") {
			t.Errorf("%s: %v", day, err)
		}
	}
}

func TestNew_aListFromAnotherURLIsNotUsed(t *testing.T) {
	b := ready(t)
	b.Close()
	b.config.URL = "https://another.example/dns.json"
	if b.open(t); b.Status().Servers != 0 {
		t.Errorf("status %+v", b.Status())
	}
}

func TestNew_aDamagedCacheIsBegunAnew(t *testing.T) {
	b := ready(t)
	b.Close()
	path := filepath.Join(b.options.StateDir, "rdap.db")
	for _, damage := range []string{"", "garbage", strings.Repeat("garbage!", 8192)} {
		if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		b.open(t)
		if err := b.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := b.age(t, "nobody.com"); err != nil || !strings.Contains(got, "knows no such domain") {
			t.Errorf("%q, %v", got, err)
		}
		b.Close()
	}
}

// What is lost of the state is fetched anew, and kept again: the list of registries, and what they have answered.
func TestNew_whatIsLostIsFetchedAnew(t *testing.T) {
	for _, row := range []struct {
		lost    string
		servers int // that are known at the start
		asks    int // how often the registry is asked again for a domain of before
	}{{"rdap", 0, 0}, {"rdap.db", 3, 1}, {"rdap*", 0, 1}} {
		b := ready(t)
		b.registry.set("a.com", respond(registeredOn("a.com", "2026-11-19T08:00:00Z")))
		if got, err := b.age(t, "a.com"); got != "2026-11-19" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		b.Close()
		lost, err := filepath.Glob(filepath.Join(b.options.StateDir, row.lost))
		if err != nil || len(lost) == 0 {
			t.Fatalf("%s: there are %v, %v", row.lost, lost, err)
		}
		for _, file := range lost {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
		before := b.registry.questions()
		for n := range 2 { // the second time from what was kept again
			if b.open(t); n == 0 && b.Status().Servers != row.servers {
				t.Errorf("%s: status %+v", row.lost, b.Status())
			}
			if n == 0 {
				if err := b.refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if b.Status().Servers != 3 {
				t.Errorf("%s: status %+v", row.lost, b.Status())
			}
			if got, err := b.age(t, "a.com"); got != "2026-11-19" || err != nil {
				t.Errorf("%s: %q, %v", row.lost, got, err)
			}
			b.Close()
		}
		if asked := b.registry.questions() - before; asked != row.asks {
			t.Errorf("%s: the registry was asked %d times, want %d", row.lost, asked, row.asks)
		}
	}
}

func TestNew_wrongFilesAreNamed(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []config.RDAP{{CAFile: bad}, {CAFile: bad + ".missing"}, {Server: "https://%"}} {
		if client, err := New(c, Options{}); err == nil {
			t.Errorf("%+v makes %+v", c, client)
		}
	}
}

// always answers with a list, without a network.
type always struct{ asked atomic.Int32 }

func (a *always) RoundTrip(q *http.Request) (*http.Response, error) {
	a.asked.Add(1)
	body := io.NopCloser(strings.NewReader(services("https://x.example", "com")))
	return &http.Response{StatusCode: http.StatusOK, Body: body, Request: q}, nil
}

func TestRun_asksForTheListAtOnceAndEachInterval(t *testing.T) {
	for server, want := range map[string]int32{"": 3, "https://one.example/": 0} {
		synctest.Test(t, func(t *testing.T) {
			c, err := New(config.RDAP{URL: "https://list.example/dns.json", Server: server, Interval: 24 * time.Hour}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			web := &always{}
			c.http.Transport = web
			go c.Run(t.Context())
			time.Sleep(49 * time.Hour)
			if got := web.asked.Load(); got != want {
				t.Errorf("asked %d times in 49 hours, want %d", got, want)
			}
		})
	}
}

func FuzzParseList(f *testing.F) {
	for _, text := range []string{services("https://x.example", "com", "co.uk"), `{"services":[[["a"],["https://"]]]}`, `{"services":[[]]}`, "[]"} {
		f.Add([]byte(text), "a.co.uk")
	}
	f.Fuzz(func(t *testing.T, data []byte, domain string) {
		l, err := parseList(data)
		if err != nil {
			return
		}
		if len(l.servers) == 0 || len(l.servers) > maxEntries {
			t.Errorf("%d entries", len(l.servers))
		}
		if server := l.server(domain); server != nil && (server.Scheme != "https" || server.Host == "") {
			t.Errorf("%s is asked at %v", domain, server)
		}
	})
}
