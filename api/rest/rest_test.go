package rest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/routes"
	"clawback/config"
	"clawback/queue"
	"clawback/smtpd/certs"
	"clawback/spool"
)

// known are the tokens of a test, by their text.
type known map[string]api.Principal

func (k known) Principal(text, _ string) (api.Principal, error) {
	p, ok := k[text]
	if !ok {
		return p, &api.Error{Code: api.Unauthorized, Detail: "the token is not known"}
	}
	p.Token = &api.Bearer{ID: text, Owner: p.Name}
	return p, nil
}

// parts answer with one item, and block where a test asks for it.
type parts struct {
	api.Queue
	entered chan struct{}
	hold    chan struct{} // nil: nothing waits
}

func (p *parts) Get(ctx context.Context, id string) (queue.Item, error) {
	if p.hold != nil {
		p.entered <- struct{}{}
		select {
		case <-p.hold:
		case <-ctx.Done():
		}
	}
	if id == "panic" {
		panic("boom")
	}
	if id != "i1" {
		return queue.Item{}, queue.ErrNotFound
	}
	return queue.Item{ID: id, State: queue.Ready, Body: spool.Ref{Size: 7}}, nil
}

// door is a server on loopback, with the tokens "root" and "viewer".
type door struct {
	*Server
	parts  *parts
	client *http.Client
	url    string
	addr   string
	roots  *x509.CertPool
}

func open(t *testing.T, change func(*Options, *times)) *door {
	t.Helper()
	cert, err := certs.SelfSigned("gw.example", "127.0.0.1")
	must(t, err)
	d := &door{parts: &parts{entered: make(chan struct{}, 100)}, roots: x509.NewCertPool()}
	d.roots.AddCert(cert.Certificate.Leaf)
	log := slog.New(slog.DiscardHandler)
	o := Options{Service: api.New(api.Options{Queue: d.parts, Log: log, Tenant: tenant}), Log: log, Rate: 1000, MaxConnections: 100,
		Certificate: cert.GetCertificate,
		Tokens:      known{"root": api.Root("ada"), "viewer": {Name: "eve", All: api.Viewer}}}
	limits := usual()
	if change != nil {
		change(&o, &limits)
	}
	d.Server = newServer(o, limits)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d.addr, d.url = ln.Addr().String(), "https://"+ln.Addr().String()
	d.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.roots}}}
	served := make(chan error, 1)
	go func() { served <- d.Serve(ln) }()
	t.Cleanup(func() {
		d.client.CloseIdleConnections()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = d.Shutdown(ctx)
		must(t, <-served)
	})
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tenant(string) (*config.Tenant, error) { return &config.Tenant{ID: "t", Name: "t"}, nil }

// answer is what came back.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) problem(t *testing.T) routes.Problem {
	t.Helper()
	var p routes.Problem
	if err := json.Unmarshal(a.body, &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %q: %v", a.StatusCode, a.Header.Get("Content-Type"), a.body, err)
	}
	return p
}

// ask sends a request, with fields as "Name: value".
func (d *door) ask(t *testing.T, method, path, body string, fields ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	must(t, err)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	resp, err := d.client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return answer{resp, text}
}

// get asks as a token.
func (d *door) get(t *testing.T, token, path string) answer {
	t.Helper()
	return d.ask(t, "GET", path, "", "Authorization: Bearer "+token)
}

// raw is a TLS connection on which a test writes what it likes.
func (d *door) raw(t *testing.T) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", d.addr, &tls.Config{RootCAs: d.roots})
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Who shows a token is answered as an operation answers; nothing of it is kept by a cache or read by another page.
func TestDoor_answersWhoShowsAToken(t *testing.T) {
	d := open(t, nil)
	got := d.get(t, "viewer", "/v1/queue/i1")
	if got.StatusCode != 200 || !strings.Contains(string(got.body), `"id":"i1"`) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	for field, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
		"Access-Control-Allow-Origin": "", "Set-Cookie": "", "Server": ""} {
		if is := got.Header.Get(field); is != want {
			t.Errorf("%s: %q, want %q", field, is, want)
		}
	}
	preflight := d.ask(t, "OPTIONS", "/v1/queue/i1", "", "Origin: https://evil.example",
		"Access-Control-Request-Method: GET")
	if preflight.StatusCode != 401 || preflight.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a preflight: %d %v", preflight.StatusCode, preflight.Header)
	}
	same := d.ask(t, "GET", "/v1/queue/i1", "", "Authorization: bearer viewer")
	if same.StatusCode != 200 { // RFC 9110, section 11.1
		t.Errorf("the scheme in lower case: %d", same.StatusCode)
	}
}

// Whoever shows no token, or shows it in another way, is told nothing, at any address; his connection ends.
func TestDoor_tellsStrangersNothing(t *testing.T) {
	d := open(t, nil)
	paths := []string{"/", "/v1", "/v1/nothing", "/v1/queue/i1?token=root", "/v1/queue/i1?access_token=root", "/metrics"}
	for _, op := range api.Operations() {
		paths = append(paths, strings.NewReplacer("{id}", "i1", "{key}", "i1").Replace(op.Row().Path()))
	}
	for _, path := range paths {
		for name, fields := range map[string][]string{
			"no token": nil, "another token": {"Authorization: Bearer rot"}, "no scheme": {"Authorization: root"},
			"Basic": {"Authorization: Basic cm9vdDo="}, "a cookie": {"Cookie: token=root"},
			"a name": {"X-Clawback-Operator: root"}, "two tokens": {"Authorization: Bearer root", "Authorization: Bearer root"},
			"a token and more": {"Authorization: Bearer root root"}, "an empty one": {"Authorization: Bearer "},
		} {
			for _, method := range []string{"GET", "POST"} {
				got := d.ask(t, method, path, "", fields...)
				if p := got.problem(t); p.Code != api.Unauthorized || got.StatusCode != 401 || !got.Close ||
					got.Header.Get("WWW-Authenticate") != `Bearer realm="clawback"` {
					t.Fatalf("%s %s with %s: %d %+v %v", method, path, name, got.StatusCode, p, got.Header)
				}
			}
		}
		if path == "/v1/queue" { // the others are behind the same guard; a few are enough
			break
		}
	}
}

// A role counts as at every door, and what is no operation is said to who shows a token.
func TestDoor_refusals(t *testing.T) {
	d := open(t, nil)
	for _, c := range []struct {
		token, method, path string
		want                api.Code
	}{
		{"viewer", "POST", "/v1/queue/i1/trust", api.Forbidden}, {"viewer", "GET", "/v1/queue/i1/report", api.Forbidden},
		{"root", "GET", "/v1/queue/i2", api.NotFound}, {"root", "GET", "/v1/queue/i1?x=y", api.InvalidRequest},
		{"root", "GET", "/v2/queue", api.NoSuchRoute}, {"root", "DELETE", "/v1/queue/i1", api.NoSuchRoute},
		{"root", "GET", "/metrics", api.NoSuchRoute}, {"root", "GET", "/v1/queue/panic", api.Internal},
	} {
		got := d.ask(t, c.method, c.path, "", "Authorization: Bearer "+c.token)
		if p := got.problem(t); p.Code != c.want || got.StatusCode != api.Statuses[c.want].Status {
			t.Errorf("%s %s by %s: %d %+v, want %s", c.method, c.path, c.token, got.StatusCode, p, c.want)
		}
	}
	if got := d.get(t, "root", "/v1/queue/i1"); got.StatusCode != 200 {
		t.Errorf("after a panic: %d", got.StatusCode)
	}
}

// A token that asks too often is told when to come again; another one is not kept out by it.
func TestDoor_rate(t *testing.T) {
	d := open(t, func(o *Options, _ *times) { o.Rate = 1 })
	var codes []int
	for range 20 {
		codes = append(codes, d.get(t, "viewer", "/v1/queue/i1").StatusCode)
	}
	if codes[0] != 200 || codes[1] != 200 {
		t.Errorf("at once: %v", codes)
	}
	refused := d.get(t, "viewer", "/v1/queue/i1")
	for refused.StatusCode == 200 { // a second went by
		refused = d.get(t, "viewer", "/v1/queue/i1")
	}
	if p := refused.problem(t); p.Code != api.RateLimited || refused.Header.Get("Retry-After") != "1" || refused.Close {
		t.Errorf("%+v %v", p, refused.Header)
	}
	if got := d.get(t, "root", "/v1/queue/i1"); got.StatusCode != 200 {
		t.Errorf("another token: %d", got.StatusCode)
	}
}

// What one token has worked on at once is bounded, and the place is free again when an answer ends.
func TestDoor_requestsAtOnce(t *testing.T) {
	d := open(t, nil)
	d.parts.hold = make(chan struct{})
	var group sync.WaitGroup
	for range perToken {
		group.Go(func() { d.get(t, "viewer", "/v1/queue/i1") })
	}
	for range perToken {
		<-d.parts.entered
	}
	got := d.get(t, "viewer", "/v1/queue/i1")
	if p := got.problem(t); p.Code != api.RateLimited || got.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %+v", p)
	}
	if got := d.get(t, "root", "/v1/status?x=y"); got.StatusCode != 400 {
		t.Errorf("another token: %d", got.StatusCode)
	}
	close(d.parts.hold)
	group.Wait()
	if got := d.get(t, "viewer", "/v1/queue/i1"); got.StatusCode != 200 {
		t.Errorf("afterwards: %d", got.StatusCode)
	}
	if d.limits.all != 0 {
		t.Errorf("%d places are taken for nothing", d.limits.all)
	}
}

// A daemon that stops finishes what is in hand, and refuses what comes meanwhile.
func TestShutdown_finishesWhatIsInHand(t *testing.T) {
	d := open(t, nil)
	keep := d.raw(t) // a connection that stays
	ask := func(path string) *http.Response {
		fmt.Fprintf(keep, "GET %s HTTP/1.1\r\nHost: gw.example\r\nAuthorization: Bearer root\r\n\r\n", path)
		resp, err := http.ReadResponse(bufio.NewReader(keep), nil)
		must(t, err)
		return resp
	}
	if resp := ask("/v1/queue/i1"); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	d.parts.hold = make(chan struct{})
	inHand := make(chan answer, 1)
	go func() { inHand <- d.get(t, "viewer", "/v1/queue/i1") }()
	<-d.parts.entered
	d.stopping.Store(true)
	if resp := ask("/v1/queue/i1"); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("meanwhile: %s", resp.Status)
	}
	close(d.parts.hold)
	must(t, d.Shutdown(t.Context()))
	if got := <-inHand; got.StatusCode != 200 {
		t.Errorf("in hand: %d", got.StatusCode)
	}
}

// ended waits until the other side has closed a connection, and is what it has said before.
func ended(t *testing.T, conn net.Conn) string {
	t.Helper()
	text, _ := io.ReadAll(conn) // closed, or reset
	return string(text)
}

// Whoever is slow, or says too much, is cut off at each step: the test ends when the door has done so.
func TestDoor_slowAndLong(t *testing.T) {
	short := func(_ *Options, l *times) {
		*l = times{header: 200 * time.Millisecond, body: 300 * time.Millisecond, upload: 400 * time.Millisecond,
			write: 300 * time.Millisecond, idle: 200 * time.Millisecond}
	}
	const good = "Host: gw.example\r\nAuthorization: Bearer root\r\n"
	post := "POST /v1/queue/i1/trust HTTP/1.1\r\n" + good + "Content-Type: application/json\r\n"
	upload := "POST /v1/submissions/file?is=SPAM HTTP/1.1\r\n" + good
	for _, c := range []struct {
		name, says, want string // want: in what the door has answered
		change           func(*Options, *times)
	}{
		{"nothing", "", "", short},
		{"half of a line", "GET /v1", "", short},
		{"half of a header", "GET / HTTP/1.1\r\nHost: x\r\nA: ", "", short},
		{"a body that stops", post + "Content-Length: 100\r\n\r\n{", " 408 ", short},
		{"a chunk that stops", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{", " 408 ", short},
		{"a message that stops", upload + "Content-Length: 100\r\n\r\nFrom: ", " 408 ", short},
		{"a message that nobody reads", strings.Replace(upload, "SPAM", "HAM", 1) + "Content-Length: 100\r\n\r\nFrom: ", " 400 ", short},
		{"nothing after an answer", "GET /v1/queue/i1 HTTP/1.1\r\n" + good + "\r\n", " 200 ", short},
		{"a stranger's body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", " 401 ", short},
		{"a long header", "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 2*maxHeader) + "\r\n\r\n", " 431 ", nil},
		{"many fields", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", maxHeader/4) + "\r\n", " 431 ", nil},
		{"a long address", "GET /" + strings.Repeat("a", 2*maxHeader) + " HTTP/1.1\r\nHost: x\r\n\r\n", " 431 ", nil},
		{"lengths that differ", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}", " 400 ", nil},
		{"HTTP/2 by its preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", short},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, c.change)
			conn := d.raw(t)
			io.WriteString(conn, c.says)
			if got := ended(t, conn); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, " 200 ") {
				t.Errorf("%.200q, want %q", got, c.want)
			}
		})
	}
}

// Only TLS is spoken, of versions that are sound.
func TestDoor_speaksTLSAlone(t *testing.T) {
	d := open(t, nil)
	plain, err := net.Dial("tcp", d.addr)
	must(t, err)
	defer plain.Close()
	io.WriteString(plain, "GET /v1/queue/i1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer root\r\n\r\n")
	if got := ended(t, plain); strings.Contains(got, "i1") {
		t.Errorf("%q", got)
	}
	_, err = tls.Dial("tcp", d.addr, &tls.Config{RootCAs: d.roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// peer is a connection of some address.
type peer struct {
	net.Conn
	from   string
	closed *int
}

func (p peer) RemoteAddr() net.Addr { a, _ := net.ResolveTCPAddr("tcp", p.from); return a }
func (p peer) Close() error         { *p.closed++; return nil }

// Of the connections one network has a quarter, and this machine all; a place that is given back is free.
func TestConnections_areShared(t *testing.T) {
	closed := 0
	c := limitConnections(nil, 8)
	take := func(from string) net.Conn { return c.count(peer{nil, from, &closed}) }
	first := take("192.0.2.1:1")
	if first == nil || take("192.0.2.200:2") == nil || take("192.0.2.3:3") != nil {
		t.Error("a /24 has not its quarter")
	}
	if take("[2001:db8::1]:1") == nil || take("[2001:db8::2]:1") == nil || take("[2001:db8::3]:1") != nil ||
		take("[2001:db8:0:1::1]:1") == nil {
		t.Error("a /64 has not its quarter")
	}
	first.Close()
	first.Close()
	if take("[::ffff:192.0.2.9]:1") == nil || take("192.0.2.9:1") != nil {
		t.Error("a place is not free when its connection has ended, or twice")
	}
	for range 3 {
		if take("127.0.0.1:1") == nil {
			t.Error("this machine is kept out")
		}
	}
	if take("127.0.0.1:1") != nil || take("198.51.100.1:1") != nil || c.all != 8 {
		t.Errorf("%d places are taken", c.all)
	}
}
