package feed

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/verdict"
)

// server is a publisher on this host. Its address is not public: a feed may connect there because private_networks
// names it.
type server struct {
	*httptest.Server
	handler  http.HandlerFunc
	requests []*http.Request
}

func newServer(t *testing.T, handler http.HandlerFunc) *server {
	s := &server{handler: handler}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests = append(s.requests, r)
		s.handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// feed is a feed of the server's, with its certificate as root.
func (s *server) feed(t *testing.T, lines string) *config.Feed {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(root, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	return feedOf(t, fmt.Sprintf("ca_file = %q\nprivate_networks = [\"127.0.0.1/32\"]\n%s", root,
		strings.ReplaceAll(lines, "SERVER", s.URL)))
}

// smallLimits are limits that a test reaches.
func smallLimits() limits {
	l := defaultLimits()
	l.fetch, l.idle, l.wire, l.unpacked, l.entries = time.Minute, time.Minute, 1<<20, 4<<20, 20_000
	return l
}

// bench looks at one feed.
type bench struct {
	reading
	told ledger
}

func newBench(t *testing.T, f *config.Feed, l limits) *bench {
	t.Helper()
	source, err := newSource(f, l)
	if err != nil {
		t.Fatal(err)
	}
	k, err := openKept(t.TempDir(), f.Name)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{told: ledger{}}
	b.reading = reading{feed: f, source: source, kept: k, caution: newCaution(t), limits: l, to: b.told, now: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}
	return b
}

// ledger is what a consumer knows, by kind and value, and what was withdrawn and expired.
type ledger map[string]string

func (l ledger) Apply(_ context.Context, d Delta) error {
	for _, i := range d.Added {
		l[i.Kind+" "+i.Value] = i.Disposition.String()
	}
	for what, all := range map[string][]verdict.Indicator{"withdrawn": d.Withdrawn, "expired": d.Expired} {
		for _, i := range all {
			l[i.Kind+" "+i.Value] = what
		}
	}
	return nil
}

func codeOf(err error) Code {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(text string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	io.WriteString(w, text)
	w.Close()
	return out.Bytes()
}

// lastGood is the last good copy of a bench's list, as it lies on the disk.
func lastGood(t *testing.T, b *bench) string {
	t.Helper()
	var all []string
	for _, end := range []string{".list", ".json"} {
		data, err := os.ReadFile(b.kept.file(end))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
	}
	if b.kept.has(".pending") {
		t.Error("changes of a list that was refused are pending")
	}
	return strings.Join(all, "\n")
}

func TestLook_hostileAnswersAreRefusedWithTheirReason(t *testing.T) {
	const good = "http://a.example/1\nhttp://a.example/2\n"
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, good)
	}))
	defer inside.Close()
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	to := func(url string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusFound) }
	}
	bomb := gzipped(strings.Repeat("http://a.example/\n", 1<<20))
	zipBomb := zipped(t, map[string]string{"a": strings.Repeat(good, 1<<18)})
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   Code // "": it is taken
	}{
		"good":                             {text(good), ""},
		"packed":                           {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped(good)) }, ""},
		"packed twice":                     {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped(string(gzipped(good)))) }, ""},
		"zip":                              {func(w http.ResponseWriter, _ *http.Request) { w.Write(zipped(t, map[string]string{"a": good})) }, ""},
		"a redirect to a private address":  {to("https://10.1.2.3/"), Inside},
		"to the cloud's metadata":          {to("https://169.254.169.254/latest/meta-data"), Inside},
		"to this host, by another address": {to("https://127.0.0.2/"), Inside},
		"to this host, by IPv6":            {to("https://[::1]/"), Inside},
		"to this host, in disguise":        {to("https://[::ffff:127.0.0.2]/"), Inside},
		"to no https":                      {to(inside.URL), Redirects},
		"to a file":                        {to("file:///etc/passwd"), Redirects},
		"round and round":                  {to("/again"), Redirects},
		"a web page":                       {text(" \n<!DOCTYPE html><html>Sign in</html>"), HTML},
		"a web page, packed":               {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped("<html>no</html>")) }, HTML},
		"a gzip bomb":                      {func(w http.ResponseWriter, _ *http.Request) { w.Write(bomb) }, TooLarge},
		"a gzip bomb in a gzip":            {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped(string(bomb))) }, TooLarge},
		"a zip bomb":                       {func(w http.ResponseWriter, _ *http.Request) { w.Write(zipBomb) }, TooLarge},
		"a zip of two files": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write(zipped(t, map[string]string{"a": good, "b": good}))
		}, Format},
		"an encrypted zip": {func(w http.ResponseWriter, _ *http.Request) {
			b := zipped(t, map[string]string{"a": good})
			b[bytes.Index(b, []byte("PK\x01\x02"))+8] |= 1
			w.Write(b)
		}, Format},
		"half a gzip": {func(w http.ResponseWriter, _ *http.Request) { b := gzipped(good); w.Write(b[:len(b)-9]) }, Format},
		"half a zip": {func(w http.ResponseWriter, _ *http.Request) {
			b := zipped(t, map[string]string{"a": good})
			w.Write(b[:len(b)-9])
		}, Format},
		"more than may come":       {text(strings.Repeat("http://a.example/\n", 1<<17)), TooLarge},
		"more entries than may be": {func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, numbered(0, 30_000)) }, TooLarge},
		"a line of 10 MB":          {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped(strings.Repeat("x", 10<<20))) }, LongEntry},
		"less than was announced": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, good)
		}, Format},
		"cut off within a chunk": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, good)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, Format},
		"UTF-16, with a mark":    {text("\xff\xfeh\x00t\x00t\x00p\x00"), Format},
		"UTF-16, the other way":  {text("\xfe\xff\x00h\x00t\x00t\x00p"), Format},
		"UTF-16, without a mark": {text("h\x00t\x00t\x00p\x00:\x00"), Format},
		"UTF-32":                 {text("\x00\x00\xfe\xff\x00\x00\x00h"), Format},
		"UTF-16, packed":         {func(w http.ResponseWriter, _ *http.Request) { w.Write(gzipped("\xff\xfeh\x00")) }, Format},
		"a program":              {text("MZ\x90\x00\x03\x00\x00\x00\x04\x00"), Format},
		"nothing":                {text(""), Empty},
		"comments alone":         {text("# sorry\n"), Empty},
		"prose":                  {text(strings.Repeat("Access denied!\n", 20)), Unreadable},
		"not there":              {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }, Away},
		"a wrong key":            {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, Denied},
		"304 without reason":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, Away},
		"headers without end":    {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, Away},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, text("http://before.example/\n"))
			s.Config.ErrorLog = quiet()
			b := newBench(t, s.feed(t, `url = "SERVER/"`+"\nkind = \"url\""), smallLimits())
			if _, _, err := b.poll(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := lastGood(t, b)
			clear(b.told)
			s.handler = c.answer
			_, _, err := b.poll(t.Context())
			if codeOf(err) != c.want || c.want == "" && err != nil {
				t.Errorf("%v is refused as %q, want %q", err, codeOf(err), c.want)
			}
			if c.want != "" && len(b.told) > 0 {
				t.Errorf("of a list that is refused was told %v", b.told)
			}
			if c.want == "" && len(b.told) != 3 { // two came, and one went
				t.Errorf("told %v", b.told)
			}
			if after := lastGood(t, b); c.want != "" && after != before {
				t.Errorf("the last good copy was %q, and is %q", before, after)
			}
			if files, _ := filepath.Glob(filepath.Join(b.kept.dir, ".*")); len(files) > 0 {
				t.Errorf("%v stays on the disk", files)
			}
		})
	}
}

// A name is looked up before its address is looked at: what DNS says leads nowhere else.
func TestLook_namesOfAddressesInside(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "http://a.example/\n") })
	s.Config.ErrorLog = quiet()
	for _, url := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strings.Replace(s.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		b := newBench(t, feedOf(t, fmt.Sprintf("url = %q\nkind = \"url\"", url+"/")), smallLimits())
		if _, _, err := b.poll(t.Context()); codeOf(err) != Inside {
			t.Errorf("%s: %v", url, err)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("the server was asked %d times", len(s.requests))
	}
}

// A server that never comes to an end is left in time, whatever it does meanwhile.
func TestLook_slowAnswersEnd(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"no header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a header alone": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"byte by byte": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				io.WriteString(w, "#")
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		},
	} {
		s := newServer(t, answer)
		s.Config.ErrorLog = quiet()
		l := smallLimits()
		l.idle, l.fetch = 200*time.Millisecond, 400*time.Millisecond
		b := newBench(t, s.feed(t, `url = "SERVER/"`+"\nkind = \"url\""), l)
		if _, _, err := b.poll(t.Context()); codeOf(err) != Slow {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a server answers, the key is sent to the feed's own host alone, and stands in nothing that a person or a
// file gets.
func TestLook_theKeyStaysWithTheFeedsHost(t *testing.T) {
	const key = "s3cr3t/k=y+123"
	for _, c := range []struct{ name, lines, key string }{
		{"in the path", `url = "SERVER/exports/{key}/recent.txt"`, key},
		{"in the query", `url = "SERVER/recent.txt?auth-key={key}"`, key},
		{"in a header", "url = \"SERVER/\"\nauth = \"header\"\nauth_header = \"Auth-Key\"", key},
		{"as bearer", "url = \"SERVER/\"\nauth = \"bearer\"", key},
		{"basic", "url = \"SERVER/\"\nauth = \"basic\"", "user:" + key},
	} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(c.key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var echo string
		elsewhere := newServer(t,
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "http://a.example/\n") })
		elsewhere.Config.ErrorLog = quiet()
		s := newServer(t, nil)
		s.Config.ErrorLog = quiet()
		seen := false
		answers := []http.HandlerFunc{
			func(w http.ResponseWriter, r *http.Request) {
				echo = fmt.Sprint(r.URL, r.Header)
				_, password, _ := r.BasicAuth()
				seen = strings.Contains(r.URL.Path+r.URL.RawQuery, "s3cr3t") || password == key || r.Header.Get("Auth-Key") == key || r.Header.Get("Authorization") == "Bearer "+key
				http.Error(w, "no key "+key, http.StatusForbidden)
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://x.example/"+key, http.StatusFound)
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://10.0.0.1/"+key, http.StatusFound)
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://%zz/"+key, http.StatusFound)
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+"/file", http.StatusFound)
			},
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "http://a.example/\n") },
		}
		f := s.feed(t, c.lines+fmt.Sprintf("\nkey_file = %q\nkind = \"url\"", file))
		b := newBench(t, f, smallLimits())
		for i, answer := range answers {
			s.handler = answer
			_, _, err := b.poll(t.Context())
			if i < 4 && err == nil || i == 5 && err != nil {
				t.Errorf("%s, answer %d: %v", c.name, i, err)
			}
			shown := fmt.Sprintf("%v %+v %#v %s", err, err, *f, origin(f))
			for e := err; e != nil; e = errors.Unwrap(e) {
				shown += e.Error()
			}
			if strings.Contains(shown, "s3cr3t") {
				t.Errorf("%s, answer %d: the key is shown: %s", c.name, i, shown)
			}
		}
		if !seen {
			t.Errorf("%s: the server did not get the key: %s", c.name, echo)
		}
		for _, r := range elsewhere.requests {
			if all := fmt.Sprint(r.URL, r.Header); strings.Contains(all, "s3cr3t") ||
				r.Header.Get("Authorization") != "" {
				t.Errorf("%s: another server got %s", c.name, all)
			}
		}
		files, _ := filepath.Glob(filepath.Join(b.kept.dir, "*"))
		for _, file := range files {
			if data, _ := os.ReadFile(file); strings.Contains(string(data), "s3cr3t") {
				t.Errorf("%s: %s has the key", c.name, file)
			}
		}
	}
}

// A list that did not change is not sent again; one that is read otherwise than before is.
func TestLook_unchangedListsAreNotFetched(t *testing.T) {
	whole := 0
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole++
		io.WriteString(w, "http://a.example/\n")
	})
	b := newBench(t, s.feed(t, `url = "SERVER/"`+"\nkind = \"url\""), smallLimits())
	for i, want := range []int{1, 1, 2, 2, 3, 3} {
		switch i {
		case 2:
			b.feed.Confidence = 50
		case 4: // somebody removed the copy
			if err := os.Remove(b.kept.file(".list")); err != nil {
				t.Fatal(err)
			}
		}
		r, _, err := b.poll(t.Context())
		if err != nil || whole != want || r.Unchanged != (i%2 == 1) || r.Counts.Living != 1 {
			t.Errorf("look %d: %+v, %v, fetched %d times, want %d", i, r, err, whole, want)
		}
	}
}

// A publisher that says when to come again is believed, within a day.
func TestRetryAfter(t *testing.T) {
	for s, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, "-5": 0, "x": 0, "99999999": 24 * time.Hour,
		"Thu, 01 Jan 1970 00:00:00 GMT": 0, "Thu, 01 Jan 2970 00:00:00 GMT": 24 * time.Hour} {
		if got := retryAfter(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
