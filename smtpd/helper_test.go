package smtpd_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/smtpload"
	"clawback/queue"
	"clawback/smtpd"
)

const (
	hostname = "mx.clawback.example"
	journal  = "j-4f1c@contoso.example"
	second   = "j-77aa@contoso.example" // of the same tenant
	foreign  = "j-90bd@fabrikam.example"
	recovery = "recover@contoso.example"
	forgot   = "old@contoso.example" // took mail before
	abroad   = "eu@contoso.example"  // not to be processed here
)

func recipients(address string) smtpd.Recipient {
	switch strings.ToLower(address) {
	case journal, second:
		return smtpd.Recipient{Known: true, Tenant: "contoso", Purpose: queue.ForJournal}
	case foreign:
		return smtpd.Recipient{Known: true, Tenant: "fabrikam", Purpose: queue.ForJournal}
	case recovery:
		return smtpd.Recipient{Known: true, Tenant: "contoso", Purpose: queue.ForRecovery}
	case forgot:
		return smtpd.Recipient{Retry: true}
	case abroad:
		return smtpd.Recipient{Known: true, Refuse: "Not processed in this region"}
	}
	return smtpd.Recipient{}
}

// taken is a message that was committed.
type taken struct {
	Env  queue.Envelope
	Size int64 // as announced
	Body []byte
}

// memory is an Intake that keeps what was committed, and fails on demand.
type memory struct {
	mu      sync.Mutex
	begun   int
	aborted int
	done    []taken

	admit                func(queue.Envelope, int64) error
	begin, write, commit error         // what the three answer
	panics               string        // at: begin, write, commit
	hold                 chan struct{} // Commit waits for it
	waits                bool          // Begin waits for the end of its ctx
	waiting              atomic.Int32  // calls that have come to wait for one of these
	discard              bool          // keeps no bodies
}

func (m *memory) Admit(_ context.Context, env queue.Envelope, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.admit == nil {
		return nil
	}
	return m.admit(env, size)
}

func (m *memory) Begin(ctx context.Context, env queue.Envelope, size int64) (queue.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boom("begin")
	m.begun++
	if m.waits {
		m.mu.Unlock()
		defer m.mu.Lock()
		m.waiting.Add(1)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if m.begin != nil {
		return nil, m.begin
	}
	return &memoryTx{m: m, t: taken{Env: env, Size: size}}, nil
}

func (m *memory) boom(at string) {
	if m.panics == at {
		panic("boom at " + at)
	}
}

func (m *memory) messages() []taken {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]taken(nil), m.done...)
}

func (m *memory) counts() (begun, aborted, done int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun, m.aborted, len(m.done)
}

type memoryTx struct {
	m    *memory
	t    taken
	over bool
}

func (x *memoryTx) Write(p []byte) (int, error) {
	x.m.boom("write")
	if x.m.write != nil {
		return 0, x.m.write
	}
	if !x.m.discard {
		x.t.Body = append(x.t.Body, p...)
	}
	return len(p), nil
}

func (x *memoryTx) Commit(ctx context.Context) (string, error) {
	if x.m.hold != nil {
		x.m.waiting.Add(1)
		<-x.m.hold
	}
	if err := ctx.Err(); err != nil { // a commit is not called off: it may have happened
		return "", err
	}
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	if x.m.panics == "commit" {
		x.m.begun--
	}
	x.m.boom("commit")
	if x.over {
		return "", errors.New("commit of a transaction that is over")
	}
	x.over = true
	if x.m.commit != nil {
		return "", x.m.commit
	}
	x.m.done = append(x.m.done, x.t)
	return fmt.Sprintf("q%d", len(x.m.done)), nil
}

func (x *memoryTx) Abort() {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	x.over = true
	x.m.aborted++
}

// logBuffer is a log that a test may read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// patience is how long a peer waits for the other one. It decides how late a failure is told, and nothing else.
const patience = 4 * time.Minute

func limits() config.SMTP {
	return config.SMTP{
		MaxMessageSize: 1 << 20, MaxSessions: 100, MaxUnlistedSessions: 100, MaxSessionsPerNetwork: 100, MaxRecipients: 5, MaxCommands: 1000, MaxErrors: 20,
		IdleTimeout: patience, DataTimeout: patience, MinRate: 100, SessionAge: time.Hour,
		DrainTimeout: 5 * time.Second,
	}
}

// fixture is a running server.
type fixture struct {
	t      testing.TB
	server *smtpd.Server
	addr   string
	intake *memory
	log    *logBuffer
}

// start runs a server that change may have altered.
func start(t testing.TB, change func(*smtpd.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, intake: &memory{}, log: &logBuffer{}}
	o := smtpd.Options{
		Hostname: hostname, Config: limits(), Certificates: certificates(t), Recipients: recipients,
		Intake: f.intake, Log: slog.New(slog.NewTextHandler(f.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	if m, ok := o.Intake.(*memory); ok {
		f.intake = m
	}
	f.server = must(smtpd.New(o))(t)
	ln := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	f.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := f.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, smtpd.ErrClosed) {
			t.Errorf("serve ended with %v", err)
		}
	})
	return f
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// plain connects without TLS.
func (f *fixture) plain() *smtpload.Conn {
	f.t.Helper()
	c := must(smtpload.Dial(context.Background(), f.addr))(f.t)
	c.Timeout = patience
	f.t.Cleanup(func() { c.Close() })
	return c
}

// secure connects, and is through STARTTLS and EHLO.
func (f *fixture) secure() *smtpload.Conn {
	f.t.Helper()
	c := must(smtpload.DialTLS(context.Background(), f.addr, "client.example", nil))(f.t)
	c.Timeout = patience
	f.t.Cleanup(func() { c.Close() })
	return c
}

// envelope is secure, with MAIL and RCPT done.
func (f *fixture) envelope() *smtpload.Conn {
	f.t.Helper()
	c := f.secure()
	expect(f.t, c, "250", "MAIL FROM:<>")
	expect(f.t, c, "250", "RCPT TO:<"+journal+">")
	return c
}

// expect sends a line and wants a reply that begins so.
func expect(t testing.TB, c *smtpload.Conn, want, line string) {
	t.Helper()
	send(t, c, line+"\r\n")
	expectReply(t, c, want)
}

func expectReply(t testing.TB, c *smtpload.Conn, want string) {
	t.Helper()
	r, err := c.Reply()
	if err != nil {
		t.Fatalf("want reply %q, got %v", want, err)
	}
	if !strings.HasPrefix(r.String(), want) {
		t.Fatalf("want reply %q, got %q", want, r)
	}
}

// expectEnd wants the connection closed without another reply.
func expectEnd(t testing.TB, c *smtpload.Conn) {
	t.Helper()
	if r, err := c.Reply(); err == nil {
		t.Fatalf("want the end of the connection, got %q", r)
	} else if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		t.Fatalf("connection still open: %v", err)
	}
}

func send(t testing.TB, c *smtpload.Conn, s string) {
	t.Helper()
	if err := c.Send([]byte(s)); err != nil {
		t.Fatal(err)
	}
}

// only wants exactly one committed message, with this body.
func (f *fixture) only(body string) taken {
	f.t.Helper()
	got := f.intake.messages()
	if len(got) != 1 {
		f.t.Fatalf("want one message, got %d", len(got))
	}
	if string(got[0].Body) != body {
		f.t.Fatalf("want body %q, got %q", clip(body), clip(string(got[0].Body)))
	}
	return got[0]
}

func clip(s string) string { return s[:min(len(s), 200)] }

// none wants no committed message, once the server has let go of what was begun.
func (f *fixture) none() {
	f.t.Helper()
	f.until("every transaction is over", func() bool {
		begun, aborted, done := f.intake.counts()
		return begun == aborted+done
	})
	if got := f.intake.messages(); len(got) > 0 {
		f.t.Fatalf("want no message, got %d: %q", len(got), clip(string(got[0].Body)))
	}
}

// until waits for what another goroutine does.
func (f *fixture) until(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("waited in vain until %s\n%s", what, f.log)
		}
	}
}

// certificates makes a self-signed certificate for the server.
func certificates(t testing.TB) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	t.Helper()
	cert, key := writeCertificate(t, t.TempDir(), template(1, hostname))
	pair := must(tls.LoadX509KeyPair(cert, key))(t)
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }
}

func template(serial int64, names ...string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(serial) * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
}

// writeCertificate makes a key, signs the template with it and writes both files.
func writeCertificate(t testing.TB, dir string, tmpl *x509.Certificate) (cert, key string) {
	t.Helper()
	k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	der := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k))(t)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k))(t))
	return cert, key
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
