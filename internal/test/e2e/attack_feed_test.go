package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"clawback/api"
	"clawback/internal/test/graphsim"
	"clawback/store"
)

// Attacks by whoever publishes a feed, or stands between: against a daemon that reads the lists from a server.

// publisher is a server on this host, whose lists a daemon reads.
type publisher struct {
	*httptest.Server
	lists map[string]http.HandlerFunc // by the feed's name
}

func publish(t *testing.T, lists map[string]http.HandlerFunc) *publisher {
	p := &publisher{lists: lists}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := p.lists[strings.Trim(r.URL.Path, "/")]; answer != nil {
			answer(w, r)
		}
	}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

// feeds is the configuration that reads the publisher's lists, each with lines of its own.
func (w *world) feeds(p *publisher, lines map[string]string) {
	w.t.Helper()
	root := w.File("publisher.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}), 0o600); err != nil {
		w.t.Fatal(err)
	}
	var text strings.Builder
	for name := range p.lists {
		more := lines[name]
		if more == "" {
			more = `kind = "url"`
		}
		fmt.Fprintf(&text, "[[feed]]\nname = %q\nurl = %q\nca_file = %q\nprivate_networks = [\"127.0.0.1/32\"]\n%s\n\n",
			name, p.URL+"/"+name, root, more)
	}
	w.edit("[[tenant]]\n", text.String()+"[[tenant]]\n")
}

// listed are the feeds as the daemon has them, by name.
func (w *world) listed() map[string]api.Feed {
	w.t.Helper()
	var page struct{ Items []api.Feed }
	if err := json.Unmarshal([]byte(w.must("intel", "feeds", "--json")), &page); err != nil {
		w.t.Fatal(err)
	}
	found := map[string]api.Feed{}
	for _, f := range page.Items {
		found[f.Name] = f
	}
	return found
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}

func sentTo(url string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusFound) }
}

func packed(s string, times int) http.HandlerFunc {
	var one bytes.Buffer
	z := gzip.NewWriter(&one)
	io.WriteString(z, s)
	z.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		for range times { // members of one file
			if _, err := w.Write(one.Bytes()); err != nil {
				return
			}
		}
	}
}

func numbered(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "https://host-%d.evil.example/page\n", i)
	}
	return s.String()
}

// goodLinks is what good mail of the organisation links to: its own pages, those of a partner, and what everybody has.
var goodLinks = []string{"https://www.contoso.example/portal", "https://contoso.example/", "https://docs.google.com/document/d/1",
	"https://www.microsoft.com/", "https://outlook.office.com/mail", "https://github.com/", "https://shop.goodstore.example/order"}

// Whatever a list says of good mail, none is taken; a list that is no list is refused for its reason; and the one that
// is right works beside all of them, while one server never comes to an end.
func TestAttack_hostileFeeds(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	var grown, shrunk, html atomic.Bool
	names := "contoso.example\n*.contoso.example\nwww.contoso.example\n*\n.\ncom\nexample\ngoogle.com\ndocs.google.com\nmicrosoft.com\noffice.com\n" +
		"outlook.office.com\ngithub.com\ngoodstore.example\nshop.goodstore.example\nxn--\n\u0441ontoso.example\n"
	lists := map[string]http.HandlerFunc{
		"right":      text("https://login.evil.example/account\n"),
		"own-names":  text(names),
		"everything": text("http*://*\n*\nhttps://\nhttps://www.contoso.example\nhttps://contoso.example/\nhttps://www.microsoft.com/\nhttps://github.com\nhttps://docs.google.com\nhttps://outlook.office.com/\n"),
		"networks":   text("0.0.0.0/0\n::/0\n127.0.0.1\n10.0.0.0/8\n192.0.2.25\n"),
		"senders":    text("sales@contoso.example\n@contoso.example\n*@*\ncolleague@contoso.example\n"),
		"inside":     sentTo("https://10.1.2.3/list"),
		"metadata":   sentTo("https://169.254.169.254/latest/meta-data"),
		"loopback":   sentTo("https://127.0.0.2/list"),
		"clear":      sentTo("http://127.0.0.1/list"),
		"file":       sentTo("file:///etc/passwd"),
		"bomb":       packed(strings.Repeat("https://a.evil.example/\n", 1<<20), 20),
		"long-line":  packed(strings.Repeat("x", 10<<20), 1),
		"web-page":   text("<!DOCTYPE html><html><body>Please sign in</body></html>"),
		"page-later": func(w http.ResponseWriter, _ *http.Request) {
			if html.Load() {
				w.Header().Set("Content-Type", "text/html")
				io.WriteString(w, "\xef\xbb\xbf\n<html>captive portal</html>")
				return
			}
			io.WriteString(w, numbered(10))
		},
		"shrinks": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, numbered(map[bool]int{false: 100, true: 3}[shrunk.Load()]))
		},
		"grows": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, numbered(map[bool]int{false: 100, true: 2000}[grown.Load()]))
		},
		"steers":   text("address,threat\nhttps://steer.evil.example/,\"\x1b]0;owned\x07\x1b[31m\u202e=cmd()\"\n\"\x1b[2J\",x\n"),
		"says-bad": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "\x1b[31mno\u202e", http.StatusTeapot) },
		"endless": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "https://a.evil.example/\n")
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
	}
	p := publish(t, lists)
	w := prepare(t, contoso)
	w.feeds(p, map[string]string{
		"own-names": `kind = "domain"`, "networks": `kind = "ip"`, "senders": `kind = "email"`,
		"steers": "format = \"csv\"\nkind = \"url\"\n[feed.columns]\nvalue = \"address\"\ndetail = \"threat\"",
	})
	w.up()

	type kept struct {
		id string
		m  graphsim.Message
	}
	var good []kept
	for n, link := range goodLinks {
		l := w.letterTo(n+1, link)
		good = append(good, kept{l.mine(), w.deliver(sales, "", []byte(l.sent()))})
		w.send(w.reportOf(l, "5e2d", l.sent()))
		w.seen(l.mine())
	}
	bad := w.letterTo(50, "https://login.evil.example/account")
	bad.good = strings.ReplaceAll(bad.transport(bad.nid())+bad.good, "sales@contoso.example>", "shop@stranger.example>")
	taken := w.deliver(sales, "", []byte(bad.good))
	w.send(bytes.ReplaceAll(w.reportOf(bad, "5e1d", bad.good), []byte("header.from=contoso.example"),
		[]byte("header.from=stranger.example")))

	for name, code := range map[string]string{
		"right": "", "inside": "inside", "metadata": "inside", "loopback": "inside", "clear": "redirects", "file": "redirects", "bomb": "too_large",
		"long-line": "long_entry", "web-page": "html", "steers": "", "page-later": "", "shrinks": "", "grows": "", "says-bad": "away",
	} {
		w.eventually(func() string {
			if f := w.listed()[name]; f.Code != code || f.Checked.IsZero() || code == "" && f.Living == 0 {
				return fmt.Sprintf("feed %s: code %q, want %q: %s (%d entries)", name, f.Code, code, f.Problem,
					f.Living)
			}
			return ""
		})
	}
	grown.Store(true)
	shrunk.Store(true)
	html.Store(true)
	for name, want := range map[string]struct {
		code   string
		living int
	}{"grows": {"grew", 100}, "shrinks": {"shrank", 100}, "page-later": {"html", 10}} {
		w.cli("intel", "update", name)
		if f := w.listed()[name]; f.Code != want.code || f.Living != want.living {
			t.Errorf("feed %s: code %q with %d entries, want %q with %d: %s", name, f.Code, f.Living, want.code,
				want.living, f.Problem)
		}
	}
	w.ends(bad.nid(), map[string]store.Outcome{sales: store.Done})
	if at := w.where(taken); at != deletions {
		t.Errorf("what the list that is right names lies in %s", at)
	}
	for n, k := range good {
		if out := w.must("show", k.id); strings.Contains(out, "MALICIOUS") {
			t.Errorf("the mail that links to %s is MALICIOUS:\n%s", goodLinks[n], out)
		}
		w.stays(k.m, "inbox")
	}
	said := w.must("intel", "feeds") + w.must("intel", "feeds", "--json") + w.must("intel", "list") + w.must("intel",
		"list", "--json") +
		w.must("status") + w.log()
	if i := strings.IndexAny(said, "\x1b\x07\u202e"); i >= 0 {
		t.Errorf("what a list has steers a terminal: %q", said[max(0, i-100):min(len(said), i+50)])
	}
	if strings.Contains(said, "root:x:") {
		t.Error("a file of this host was read")
	}
	if err := w.Stop(); err != nil { // while one of the servers does not end
		t.Errorf("stop: %v\n%s", err, w.LogTail())
	}
}

// letterTo is a letter that links to a page.
func (w *world) letterTo(n int, link string) letterback {
	return newLetterbackWith(n, "See "+link+" for it.\r\n")
}

// newLetterbackWith is a letter of text alone.
func newLetterbackWith(n int, body string) letterback {
	l := newLetterback(n, func(s string) string { return s })
	head, _, _ := strings.Cut(l.good, "MIME-Version")
	l.good = head + "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n" + body
	return l
}
