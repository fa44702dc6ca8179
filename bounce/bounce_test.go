package bounce

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/journal"
	"clawback/queue"
	"clawback/smtpd/certs"
)

func TestNext_schedule(t *testing.T) {
	created := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var got []time.Duration
	now := created
	for tries := 1; tries <= 24; tries++ {
		at, stuck := next(created, now, tries)
		if want := now.Sub(created) >= 5*24*time.Hour; stuck != want {
			t.Fatalf("try %d at %s: stuck = %t, want %t", tries, now.Sub(created), stuck, want)
		}
		got = append(got, at.Sub(now))
		now = at
	}
	want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	for len(want) < 22 {
		want = append(want, 8*time.Hour)
	}
	want = append(want, 24*time.Hour, 24*time.Hour) // 5 days are over
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

func TestSurvey(t *testing.T) {
	tests := []struct {
		name, content string
		want          shape
	}{
		{"plain", "a\r\nb\r\n", shape{}},
		{"8bit", "a\xe4\r\n", shape{eightBit: true}},
		{"bare LF", "a\nb\r\n", shape{unmailable: true}},
		{"bare CR", "a\rb\r\n", shape{unmailable: true}},
		{"CR CR LF", "a\r\r\n", shape{unmailable: true}},
		{"NUL", "a\x00b\r\n", shape{unmailable: true}},
		{"no end of line", "a\r\nb", shape{unmailable: true}},
		{"empty", "", shape{unmailable: true}},
		{"998 bytes", strings.Repeat("x", 998) + "\r\n", shape{}},
		{"999 bytes", strings.Repeat("x", 999) + "\r\n", shape{unmailable: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := survey(iotestOneByte{strings.NewReader(tt.content)})
			if err != nil || got != tt.want {
				t.Errorf("survey = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// iotestOneByte gives one byte a read, so that no state is lost between two reads.
type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

const report = "Content-Type: multipart/mixed; boundary=b\r\nX-MS-Journal-Report:\r\n" +
	"Message-ID: <1@journal.report.generator>\r\nSender: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.example>\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nSender: a@example.com\r\nSubject: x\r\nMessage-Id: <m@example.com>\r\n" +
	"Recipient: b@contoso.example\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" +
	"From: a@example.com\r\nMessage-ID: <m@example.com>\r\n\r\n%BODY%\r\n--b--\r\n"

func withBody(body string) []byte { return []byte(strings.Replace(report, "%BODY%", body, 1)) }

func aBounce() queue.Bounce {
	return queue.Bounce{
		ID: "bnc1", Item: "item1", Reason: "cannot be unwrapped: no original\r\nInjected: header",
		Created:  time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
		Envelope: queue.Envelope{Tenant: "t", Purpose: queue.ForJournal, Rcpts: []string{"j@journal.example", "jö@journal.example"}},
	}
}

// Every byte of a report comes back out of its bounce, whichever bytes those are.
func TestLetter_carriesReportByteExact(t *testing.T) {
	reports := map[string][]byte{
		"plain": withBody("hello"), "8bit": withBody("h\xe4llo"), "bare LF": withBody("a\nb"), "bare CR": withBody("a\rb"),
		"NUL": withBody("a\x00b"), "long line": withBody(strings.Repeat("x", 1<<20)), "dots": withBody(".\r\n..\r\n."),
		"own boundary lines": withBody("--b--x"), "CR at the end": append(withBody("a"), '\r'), "LF at the end": append(withBody("a"), '\n'),
		"no line's end": append(withBody("a"), 'b'),
	}
	for name, want := range reports {
		t.Run(name, func(t *testing.T) {
			content, _ := survey(bytes.NewReader(want))
			for _, offers := range []offer{{}, {eightBit: true}, {binary: true}, {eightBit: true, binary: true}} {
				var out bytes.Buffer
				l := Letter{Bounce: aBounce(), Hostname: "gw.example", To: "ndr@archive.example", Form: content.form(offers)}
				if err := l.Write(&out, bytes.NewReader(want)); err != nil {
					t.Fatal(err)
				}
				if got := recovered(t, out.Bytes()); !bytes.Equal(got, want) {
					t.Errorf("%+v: recovered %d bytes, want %d equal ones", offers, len(got), len(want))
				}
				// no server takes it so
				if s, _ := survey(bytes.NewReader(out.Bytes())); s.form(offers) == OctetStream {
					t.Errorf("%+v: the bounce itself is %+v", offers, s)
				}
			}
		})
	}
}

// recovered takes the report out of a bounce, by the parser that `clawback unwrap` and the recovery address use.
func recovered(t *testing.T, mail []byte) []byte {
	t.Helper()
	r, err := journal.Parse(bytes.NewReader(mail), int64(len(mail)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != journal.KindNDR || r.FirstHand {
		t.Errorf("bounce is read as %s, first-hand %t", r.Kind, r.FirstHand)
	}
	inner, ok := r.Embedded(bytes.NewReader(mail))
	if !ok {
		t.Fatalf("no report found in the bounce:\n%.2000s", mail)
	}
	content, err := io.ReadAll(inner)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Who finds a bounce in the alternate mailbox learns from it how to get the report out, and where to ask on.
func TestLetter_saysHowToGetTheReportOut(t *testing.T) {
	for form, says := range map[Form]string{
		SevenBit: "unaltered, as a message", Binary: "unaltered, as a message", OctetStream: "unaltered, as the file report.eml",
	} {
		var out bytes.Buffer
		l := Letter{Bounce: aBounce(), Hostname: "gw.example", To: "ndr@archive.example", Form: form}
		if err := l.Write(&out, bytes.NewReader(withBody("x"))); err != nil {
			t.Fatal(err)
		}
		text := firstPart(t, &out)
		for _, want := range []string{says, "clawback unwrap --report report.eml bounce.eml\r\n", "clawback bounce show bnc1\r\n", "no original"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the text does not say %q:\n%s", form, want, text)
			}
		}
	}
}

// firstPart is the decoded text of a multipart's first part.
func firstPart(t *testing.T, r io.Reader) string {
	t.Helper()
	m, err := mail.ReadMessage(r)
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLetter_foreignTextMakesNoHeader(t *testing.T) {
	var out bytes.Buffer
	l := Letter{Bounce: aBounce(), Hostname: "gw.example", To: "ndr@archive.example", Form: SevenBit}
	if err := l.Write(&out, bytes.NewReader(withBody("x"))); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\nInjected:") {
		t.Error("the reason's line break made a header field")
	}
	if !strings.Contains(out.String(), `Final-Recipient: utf-8; j\x{F6}@journal.example`) {
		t.Error("the internationalised recipient is not in RFC 6533's form")
	}
}

func TestKey_bindsMessageAndRecipient(t *testing.T) {
	dir := t.TempDir()
	k, err := LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	mark := k.Mark("<1@gw>", "A@x.example")
	for _, tt := range []struct {
		mark, id, to string
		want         bool
	}{
		{mark, "<1@gw>", "a@X.example", true},
		{" " + mark, "<1@gw>", "a@x.example", true},
		{mark, "<2@gw>", "a@x.example", false},
		{mark, "<1@gw>", "victim@x.example", false},
		{"", "<1@gw>", "a@x.example", false},
		{"v1 AAAA", "<1@gw>", "a@x.example", false},
	} {
		if got := again.Verify(tt.mark, tt.id, tt.to); got != tt.want {
			t.Errorf("Verify(%q, %q, %q) = %t, want %t", tt.mark, tt.id, tt.to, got, tt.want)
		}
	}
}

// A key is used when it is durable, and only then: the file is synced under another name, then the directory with its
// own.
func TestLoadKey_isDurable(t *testing.T) {
	for fails := 1; fails <= 3; fails++ {
		dir, calls := t.TempDir(), []string{}
		key, err := loadKey(dir, func(f *os.File) error {
			calls = append(calls, filepath.Base(f.Name()))
			if len(calls) == fails {
				return syscall.EIO
			}
			return f.Sync()
		})
		left, _ := os.ReadDir(dir)
		if fails <= 2 {
			if !errors.Is(err, syscall.EIO) || key != nil || len(left) != 0 {
				t.Errorf("sync %d fails: %v; left: %v", fails, err, left)
			}
			continue
		}
		if err != nil || !slices.Equal(calls, []string{"own-mail.secret.tmp", filepath.Base(dir)}) || len(left) != 1 {
			t.Errorf("synced %v, %v; left: %v", calls, err, left)
		}
		if err := os.Chmod(filepath.Join(dir, "own-mail.secret"), 0o644); err != nil {
			t.Fatal(err)
		}
		again, err := LoadKey(dir)
		if err != nil || !bytes.Equal(again.secret, key.secret) {
			t.Errorf("read again: another key, %v", err)
		}
		if info, err := os.Stat(filepath.Join(dir, "own-mail.secret")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key is left open: %v, %v", info.Mode(), err)
		}
	}
}

func TestLoadKey_refusesShortKey(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "own-mail.secret"), []byte("short"), 0o600)
	if _, err := LoadKey(dir); err == nil {
		t.Error("a truncated key is used")
	}
}

// mailbox is an SMTP server with STARTTLS that takes mail, or does not.
type mailbox struct {
	mu         sync.Mutex
	from       []string
	bodies     []smtp.BodyType // by which mail came
	mail       [][]byte
	refuse     error
	refuseRcpt error
	spoil      error // answer to a chunk of a binary message
	dropped    bool  // take the message, and cut the connection instead of answering
	counts     bool  // count the bytes, and keep none
	counted    int64
	server     *smtp.Server
}

func (m *mailbox) NewSession(c *smtp.Conn) (smtp.Session, error) { return &visit{m: m, c: c}, nil }

type visit struct {
	m    *mailbox
	c    *smtp.Conn
	body smtp.BodyType
}

func (v *visit) Mail(from string, o *smtp.MailOptions) error {
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	v.body, v.m.from = o.Body, append(v.m.from, from)
	return v.m.refuse
}
func (v *visit) Rcpt(string, *smtp.RcptOptions) error { return v.m.refuseRcpt }
func (v *visit) Reset()                               {}
func (v *visit) Logout() error                        { return nil }
func (v *visit) Data(r io.Reader) error {
	if v.m.spoil != nil && v.body == smtp.BodyBinaryMIME {
		return v.m.spoil
	}
	if v.m.counts {
		n, err := io.Copy(io.Discard, r)
		v.m.counted += n
		return err
	}
	content, err := io.ReadAll(r)
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	if err == nil {
		v.m.mail, v.m.bodies = append(v.m.mail, content), append(v.m.bodies, v.body)
	}
	if v.m.dropped {
		v.c.Conn().Close()
	}
	return err
}

func startMailbox(t *testing.T) (*mailbox, *config.Relay, *x509.CertPool) {
	t.Helper()
	cert, err := certs.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{}
	srv := smtp.NewServer(m)
	m.server = srv
	srv.Domain = "archive.example"
	srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert.Certificate}}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	ca := filepath.Join(t.TempDir(), "ca.crt")
	os.WriteFile(ca, cert.CertPEM, 0o600)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert.CertPEM)
	return m, &config.Relay{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: "starttls", CAFile: ca}, roots
}

// memory is a Queue with one bounce.
type memory struct {
	b     queue.Bounce
	sent  string
	why   string
	stuck bool
}

func (m *memory) DueBounces(_ context.Context, now time.Time, _ int) ([]queue.Bounce, error) {
	if m.sent != "" || now.Before(m.b.NotBefore) {
		return nil, nil
	}
	return []queue.Bounce{m.b}, nil
}
func (m *memory) BounceSent(_ context.Context, _, to string) error { m.sent = to; return nil }
func (m *memory) BounceDefer(_ context.Context, _ string, at time.Time, why string, stuck bool) error {
	m.b.NotBefore, m.why, m.stuck = at, why, stuck
	m.b.Tries++
	if stuck {
		m.b.State = queue.BounceStuck
	}
	return nil
}

type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

func deliverer(t *testing.T, q Queue, relay *config.Relay, now func() time.Time,
	alert func(string, string, ...any)) *Deliverer {
	t.Helper()
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{
		Queue: q, Key: key, Log: slog.New(slog.DiscardHandler), Now: now, Alert: alert,
		Open:   func(queue.Bounce) (Body, error) { return content{bytes.NewReader(withBody("hello\x00"))}, nil },
		Route:  func(queue.Bounce) (Route, error) { return Route{To: "ndr@archive.example", Relay: relay}, nil },
		Sender: &Sender{Hostname: "gw.example", Timeout: time.Minute},
	})
}

func TestDeliver_overVerifiedTLS(t *testing.T) {
	box, relay, _ := startMailbox(t)
	q := &memory{b: aBounce()}
	if err := deliverer(t, q, relay, nil, nil).round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if q.sent == "" || len(box.mail) != 1 {
		t.Fatalf("sent %q, %d messages arrived, last error %q", q.sent, len(box.mail), q.why)
	}
	if box.from[0] != "" {
		t.Errorf("reverse-path is %q, want the null one: a bounce must not be bounced", box.from[0])
	}
	if got := recovered(t, box.mail[0]); !bytes.Equal(got, withBody("hello\x00")) {
		t.Error("the report did not arrive byte-exact")
	}
}

func TestDeliver_refusesUnverifiedCertificate(t *testing.T) {
	box, relay, _ := startMailbox(t)
	relay.CAFile = ""
	q := &memory{b: aBounce()}
	if err := deliverer(t, q, relay, nil, nil).round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if q.sent != "" || len(box.from) > 0 || !strings.Contains(q.why, "certificate") {
		t.Errorf("sent %q after %v, why %q: want nothing sent because of the certificate", q.sent, box.from, q.why)
	}
}

func TestDeliver_waitsWhileServerRefuses(t *testing.T) {
	box, relay, _ := startMailbox(t)
	box.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "go away"}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	q := &memory{b: aBounce()}
	var alerts []string
	d := deliverer(t, q, relay, func() time.Time { return now },
		func(event, _ string, _ ...any) { alerts = append(alerts, event) })
	for range 30 { // about ten days, every refusal permanent
		if err := d.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = q.b.NotBefore
	}
	if q.sent != "" || !q.stuck || q.b.Tries != 30 {
		t.Errorf("after ten days: sent %q, stuck %t, %d tries", q.sent, q.stuck, q.b.Tries)
	}
	if diff := cmp.Diff([]string{"bounce.stuck"}, alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	box.mu.Lock()
	box.refuse = nil
	box.mu.Unlock()
	if err := d.round(t.Context()); err != nil || q.sent == "" {
		t.Errorf("not sent when the server takes it at last: %v, %q", err, q.why)
	}
}

// An alternate mailbox whose local part is beyond ASCII needs a server with SMTPUTF8; the bounce waits for one, and
// says so.
func TestDeliver_waitsForSMTPUTF8(t *testing.T) {
	box, relay, _ := startMailbox(t)
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	q := &memory{b: aBounce()}
	d := deliverer(t, q, relay, func() time.Time { return now }, nil)
	d.o.Route = func(queue.Bounce) (Route, error) { return Route{To: "jö@archive.example", Relay: relay}, nil }
	if err := d.round(t.Context()); err != nil || q.sent != "" || len(box.from) > 0 ||
		!strings.Contains(q.why, "SMTPUTF8") {
		t.Fatalf("without SMTPUTF8: %v, sent %q, why %q", err, q.sent, q.why)
	}
	box.server.EnableSMTPUTF8 = true
	now = q.b.NotBefore
	if err := d.round(t.Context()); err != nil || len(box.mail) != 1 {
		t.Fatalf("with SMTPUTF8: %v, %d messages, why %q", err, len(box.mail), q.why)
	}
	if got := recovered(t, box.mail[0]); !bytes.Equal(got, withBody("hello\x00")) {
		t.Error("the report did not arrive byte-exact")
	}
}

// C5: the server took the bounce, and the answer was lost. The copy that follows bears the same Message-ID. After BDAT
// it goes by DATA, for the connection may break because of BDAT.
func TestDeliver_replyLost(t *testing.T) {
	for name, binary := range map[string]bool{"DATA": false, "BDAT": true} {
		t.Run(name, func(t *testing.T) {
			box, relay, roots := startMailbox(t)
			box.dropped, box.server.EnableBINARYMIME = true, binary
			now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
			q := &memory{b: aBounce()}
			d := deliverer(t, q, relay, func() time.Time { return now }, nil)
			if binary {
				byMX(d, relay, roots)
			}
			if err := d.round(t.Context()); err != nil || q.sent != "" || q.b.Tries != 1 {
				t.Fatalf("first attempt: %v, sent %q, %d tries: want it to be tried again", err, q.sent, q.b.Tries)
			}
			box.mu.Lock()
			box.dropped = false
			box.mu.Unlock()
			now = q.b.NotBefore
			if err := d.round(t.Context()); err != nil || q.sent == "" || len(box.mail) != 2 {
				t.Fatalf("second attempt: %v, sent %q, %d copies", err, q.sent, len(box.mail))
			}
			if binary != (box.bodies[0] == smtp.BodyBinaryMIME) || box.bodies[1] == smtp.BodyBinaryMIME {
				t.Errorf("the copies came by %v", box.bodies)
			}
			for _, copied := range box.mail {
				if !bytes.Contains(copied, []byte("\r\nMessage-ID: <bnc1@gw.example>\r\n")) ||
					!bytes.Equal(recovered(t, copied), withBody("hello\x00")) {
					t.Errorf("a copy with another Message-ID or report:\n%.600s", copied)
				}
			}
			if !binary && !bytes.Equal(box.mail[0], box.mail[1]) {
				t.Error("the second copy is not identical with the first")
			}
		})
	}
}

func TestDeliver_recordFailsAfterSending(t *testing.T) {
	_, relay, _ := startMailbox(t)
	q := &memory{b: aBounce()}
	d := deliverer(t, q, relay, nil, nil)
	d.o.Fail = func(string) error { return errors.New("disk") }
	if err := d.round(t.Context()); err == nil || q.sent != "" {
		t.Errorf("err = %v, sent = %q: want the error, so that the daemon starts again", err, q.sent)
	}
}

// resolver answers one MX list.
type resolver []*net.MX

func (r resolver) LookupMX(context.Context, string) ([]*net.MX, error) { return r, nil }

func TestServers_byPreference(t *testing.T) {
	s := &Sender{Resolver: resolver{{Host: "b.example.", Pref: 20}, {Host: "a.example.", Pref: 10}}}
	got, err := s.servers(t.Context(), Route{To: "x@example.com"})
	if err != nil || len(got) != 2 || got[0].host != "a.example" || got[0].port != 25 {
		t.Errorf("servers = %+v, %v", got, err)
	}
	s.Resolver = resolver{{Host: ".", Pref: 0}}
	if _, err := s.servers(t.Context(), Route{To: "x@example.com"}); err == nil {
		t.Error("RFC 7505's null MX is taken for a server")
	}
}

func TestExchangeOnline_isSeen(t *testing.T) {
	for host, want := range map[string]int{
		"contoso-com.mail.protection.outlook.com.": 1, "contoso-com.a-v1.mx.microsoft.": 1, "mx.archive.example.": 0,
		"mail.protection.outlook.com.evil.example.": 0,
	} {
		s := &Sender{Resolver: resolver{{Host: host}}}
		got, err := s.ExchangeOnline(t.Context(), Route{To: "x@example.com"})
		if err != nil || len(got) != want {
			t.Errorf("%s: %v, %v, want %d of Exchange Online", host, got, err, want)
		}
	}
}

// What `clawback check --online` says of the relay is what a delivery would meet.
func TestProbe_wantsAVerifiedCertificate(t *testing.T) {
	_, relay, _ := startMailbox(t)
	s := &Sender{Hostname: "gw.example", Timeout: time.Minute}
	if err := s.Probe(t.Context(), Route{To: "ndr@archive.example", Relay: relay}); err != nil {
		t.Errorf("relay with its own CA: %v", err)
	}
	stranger := *relay
	stranger.CAFile = ""
	var unknown x509.UnknownAuthorityError
	if err := s.Probe(t.Context(), Route{To: "ndr@archive.example", Relay: &stranger}); !errors.As(err, &unknown) {
		t.Errorf("relay of an unknown authority: %v", err)
	}
}

func TestTLSFor_plainOnlyOnLoopback(t *testing.T) {
	s := &Sender{}
	if _, _, err := s.tlsFor(server{relay: &config.Relay{Host: "relay.example", TLS: "none"}, host: "relay.example"}); err == nil {
		t.Error("mail may leave the machine without TLS")
	}
	if _, _, err := s.tlsFor(server{relay: &config.Relay{Host: "127.0.0.1", TLS: "none"}, host: "127.0.0.1"}); err != nil {
		t.Error(err)
	}
}

// A probe asks for the recipient, as a bounce does, and leaves nothing behind.
func TestProbe_goesAsFarAsTheRecipient(t *testing.T) {
	box, relay, _ := startMailbox(t)
	s := &Sender{Hostname: "gw.example", Timeout: 5 * time.Second}
	if err := s.Probe(t.Context(), Route{To: "lost@archive.example", Relay: relay}); err != nil {
		t.Error(err)
	}
	for _, at := range []string{"RCPT", "MAIL"} {
		refusal := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		box.mu.Lock()
		box.refuseRcpt, box.refuse = refusal, nil
		if at == "MAIL" {
			box.refuse = refusal
		}
		box.mu.Unlock()
		err := s.Probe(t.Context(), Route{To: "lost@archive.example", Relay: relay})
		if err == nil || !strings.Contains(err.Error(), at+": ") || !strings.Contains(err.Error(), "no such mailbox") {
			t.Errorf("%s refused: %v", at, err)
		}
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if len(box.mail) != 0 || len(box.from) != 3 || box.from[0] != "" {
		t.Errorf("%d messages, from %q", len(box.mail), box.from)
	}
}
