package bounce

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/queue"
	"clawback/smtpd/certs"
)

// byMX lets the deliverer find the server by MX, as the alternate mailbox's own.
func byMX(d *Deliverer, relay *config.Relay, roots *x509.CertPool) {
	d.o.Route = func(queue.Bounce) (Route, error) { return Route{To: "ndr@archive.example"}, nil }
	d.o.Sender.Resolver, d.o.Sender.Roots, d.o.Sender.Port = resolver{{Host: relay.Host + "."}}, roots, relay.Port
}

func TestDeliver_binaryToTheMailboxsOwnServer(t *testing.T) {
	plain, odd := withBody("hello"), withBody("bare\nLF, bare\rCR, \x00 NUL, \xe4, "+strings.Repeat("long", 1<<18)+"\n")
	const file, message = "Content-Type: application/octet-stream;",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: "
	tests := []struct {
		name          string
		report        []byte
		binary, relay bool
		body          smtp.BodyType
		attached      string
	}{
		{"odd bytes", odd, true, false, smtp.BodyBinaryMIME, message + "binary\r\n"},
		{"plain bytes", plain, true, false, smtp.Body8BitMIME, message + "7bit\r\n"},
		{"CHUNKING alone", odd, false, false, smtp.Body8BitMIME, file},
		{"relay", odd, true, true, smtp.Body8BitMIME, file},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			box, relay, roots := startMailbox(t)
			box.server.EnableBINARYMIME = test.binary
			q := &memory{b: aBounce()}
			d := deliverer(t, q, relay, nil, nil)
			d.o.Open = func(queue.Bounce) (Body, error) { return content{bytes.NewReader(test.report)}, nil }
			if !test.relay {
				byMX(d, relay, roots)
			}
			if err := d.round(t.Context()); err != nil || q.sent == "" || len(box.mail) != 1 {
				t.Fatalf("%v, sent %q, %d messages, last error %q", err, q.sent, len(box.mail), q.why)
			}
			if box.bodies[0] != test.body || !bytes.Contains(box.mail[0], []byte(test.attached)) {
				t.Errorf("came by %s, want %s and %q", box.bodies[0], test.body, test.attached)
			}
			head, _, _ := bytes.Cut(box.mail[0], []byte("\r\n\r\n"))
			if labelled := bytes.Contains(head,
				[]byte("\r\nContent-Transfer-Encoding: binary")); labelled != (test.body == smtp.BodyBinaryMIME) {
				t.Errorf("the whole is labelled as binary: %t\n%s", labelled, head)
			}
			if got := recovered(t, box.mail[0]); !bytes.Equal(got, test.report) {
				t.Error("the report did not arrive byte-exact")
			}
		})
	}
}

// A server that offers BINARYMIME and then refuses the bytes gets them as a file, in the same attempt; one that is in
// trouble is asked again later.
func TestDeliver_binaryRefused(t *testing.T) {
	box, relay, roots := startMailbox(t)
	box.server.EnableBINARYMIME = true
	box.spoil = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "full"}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	q := &memory{b: aBounce()}
	d := deliverer(t, q, relay, func() time.Time { return now }, nil)
	byMX(d, relay, roots)
	if err := d.round(t.Context()); err != nil || q.sent != "" || len(box.from) != 1 ||
		!strings.Contains(q.why, "full") {
		t.Fatalf("after 452: %v, sent %q, MAIL from %q, why %q: want it to be tried again", err, q.sent, box.from,
			q.why)
	}
	box.mu.Lock()
	box.spoil = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 1}, Message: "not these"}
	box.mu.Unlock()
	q.b.Tries, now = 2, q.b.NotBefore
	if err := d.round(t.Context()); err != nil || q.sent == "" || len(box.from) != 3 || len(box.mail) != 1 {
		t.Fatalf("after 554: %v, sent %q, %d messages, why %q", err, q.sent, len(box.mail), q.why)
	}
	if got := recovered(t, box.mail[0]); box.bodies[0] == smtp.BodyBinaryMIME ||
		!bytes.Equal(got, withBody("hello\x00")) {
		t.Errorf("came by %s, byte-exact %t", box.bodies[0], bytes.Equal(got, withBody("hello\x00")))
	}
}

// large is a report of many bytes that takes no memory: lines that end in a bare LF.
type large struct{ size int64 }

func (l large) ReadAt(p []byte, at int64) (int, error) {
	n := int(min(int64(len(p)), l.size-at))
	for i := range p[:n] {
		p[i] = 'x'
		if (at+int64(i))%64 == 63 {
			p[i] = '\n'
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
func (l large) Size() int64 { return l.size }
func (large) Close() error  { return nil }

func TestDeliver_binaryInBoundedMemory(t *testing.T) {
	box, relay, roots := startMailbox(t)
	box.server.EnableBINARYMIME, box.counts = true, true
	q := &memory{b: aBounce()}
	d := deliverer(t, q, relay, nil, nil)
	byMX(d, relay, roots)
	d.o.Open = func(queue.Bounce) (Body, error) { return large{64 << 20}, nil }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := d.round(t.Context()); err != nil || q.sent == "" || box.counted < 64<<20 {
		t.Fatalf("%v, %d bytes arrived, last error %q", err, box.counted, q.why)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("64 MiB sent with %d MiB allocated, the server's included", used>>20)
	}
}

// peer is a server whose answers a test lays down; it keeps what it was told.
type peer struct {
	offers   []string
	answer   func(command string) string // "": the usual one; "close" and "hang": none; "stall": nothing more is read
	commands []string
	content  bytes.Buffer
}

// session gives a session with the peer, which takes no longer than wait for anything, and a function that waits for
// its end.
func (p *peer) session(t *testing.T, srv server, wait time.Duration) (*session, func()) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	over, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		defer theirs.Close()
		fmt.Fprint(theirs, "220 archive.example\r\n")
		if p.serve(theirs) {
			<-stop
		}
	}()
	s := &Sender{Hostname: "gw.example", Timeout: wait}
	client, err := s.hello(ours)
	if err != nil {
		t.Fatal(err)
	}
	return &session{client, ours, srv}, func() { ours.Close(); close(stop); <-over }
}

// serve speaks until the client goes; it reports whether the connection is to stay open without a word.
func (p *peer) serve(conn net.Conn) bool {
	in := textproto.NewReader(bufio.NewReader(conn))
	for {
		line, err := in.ReadLine()
		if err != nil {
			return false
		}
		p.commands = append(p.commands, line)
		answer := p.answerTo(line)
		if answer == "stall" && line == "DATA" {
			fmt.Fprint(conn, "354 go on\r\n")
		}
		if answer == "stall" {
			return true
		}
		p.readChunk(in, line)
		if answer == "hang" || answer == "close" {
			return answer == "hang"
		}
		fmt.Fprintf(conn, "%s\r\n", answer)
		if line == "DATA" {
			in.ReadDotBytes()
			fmt.Fprint(conn, "250 taken in lines\r\n")
		}
	}
}

// readChunk reads the bytes of a chunk.
func (p *peer) readChunk(in *textproto.Reader, line string) {
	var size int64
	if n, _ := fmt.Sscanf(line, "BDAT %d", &size); n == 1 {
		io.CopyN(&p.content, in.R, size)
	}
}

func (p *peer) answerTo(line string) string {
	if p.answer != nil && p.answer(line) != "" {
		return p.answer(line)
	}
	switch {
	case strings.HasPrefix(line, "EHLO"):
		return "250-" + strings.Join(append([]string{"archive.example"}, p.offers...), "\r\n250-") + "\r\n250 HELP"
	case line == "DATA":
		return "354 go on"
	case strings.HasSuffix(line, " LAST"):
		return "250 taken as it is"
	}
	return "250 ok"
}

var binaryOffers = []string{"8BITMIME", "CHUNKING", "BINARYMIME", "SMTPUTF8"}

// odd is a parcel of that many bytes which SMTP's lines cannot carry.
func odd(to string, size int) parcel {
	return parcel{Route{To: to}, shape{unmailable: true}, func(w io.Writer, _ Form) error {
		_, err := io.CopyN(w, strings.NewReader(strings.Repeat("x\n", size/2+1)), int64(size))
		return err
	}}
}

func TestCarry_whoGetsBinary(t *testing.T) {
	relay := &config.Relay{Host: "relay.example"}
	with := func(more ...string) []string { return append(slices.Clone(binaryOffers), more...) }
	tests := []struct {
		name, to string
		server   server
		offers   []string
		mail     string
	}{
		{"own server", "a@b.example", server{host: "mx.example"}, binaryOffers, "MAIL FROM:<> BODY=BINARYMIME"},
		{"SMTPUTF8", "jö@b.example", server{host: "mx.example"}, binaryOffers, "MAIL FROM:<> BODY=BINARYMIME SMTPUTF8"},
		{"relay", "a@b.example", server{relay: relay}, binaryOffers, "MAIL FROM:<> BODY=8BITMIME"},
		{"CHUNKING alone", "a@b.example", server{host: "mx.example"}, []string{"CHUNKING"}, "MAIL FROM:<>"},
		{"BINARYMIME alone", "a@b.example", server{host: "mx.example"}, []string{"BINARYMIME"}, "MAIL FROM:<>"},
		{"Exchange", "a@b.example", server{host: "mx.example"}, with("X-EXPS GSSAPI NTLM"), "MAIL FROM:<> BODY=8BITMIME"},
		{"Exchange 2010", "a@b.example", server{host: "mx.example"}, with("XEXCH50"), "MAIL FROM:<> BODY=8BITMIME"},
		{"Exchange 2013 and later", "a@b.example", server{host: "mx.example"}, with("XRDST"), "MAIL FROM:<> BODY=8BITMIME"},
		{"Exchange Online", "a@b.example", server{host: "b.MAIL.protection.outlook.com"}, binaryOffers, "MAIL FROM:<> BODY=8BITMIME"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &peer{offers: test.offers}
			c, end := p.session(t, test.server, time.Second)
			if _, err := c.carry(odd(test.to, 10)); err != nil {
				t.Fatal(err)
			}
			end()
			if len(p.commands) < 2 || p.commands[1] != test.mail {
				t.Errorf("commands %q, want %q", p.commands, test.mail)
			}
		})
	}
}

func TestCarry_chunks(t *testing.T) {
	tests := map[int][]string{
		0: {"BDAT 0 LAST"}, 1: {"BDAT 1 LAST"}, chunkSize - 1: {"BDAT 1048575 LAST"}, chunkSize: {"BDAT 1048576 LAST"},
		chunkSize + 1: {"BDAT 1048576", "BDAT 1 LAST"}, 2*chunkSize + 5: {"BDAT 1048576", "BDAT 1048576", "BDAT 5 LAST"},
	}
	for size, want := range tests {
		p := &peer{offers: binaryOffers}
		c, end := p.session(t, server{host: "mx.example"}, time.Second)
		answer, err := c.carry(odd("a@b.example", size))
		end()
		if err != nil || answer != "taken as it is" {
			t.Errorf("%d bytes: %q, %v", size, answer, err)
		}
		if diff := cmp.Diff(want, p.commands[3:]); diff != "" ||
			p.content.String() != strings.Repeat("x\n", size/2+1)[:size] {
			t.Errorf("%d bytes arrived as %d, by (-want +got):\n%s", size, p.content.Len(), diff)
		}
	}
}

// What is not answered with 250 was not taken, whichever command it was; and only what the server refuses for good is
// offered to it in another form. RFC 3030, section 2: no chunk after one that failed, and RSET.
func TestCarry_answers(t *testing.T) {
	const mail, rcpt, data = "MAIL FROM:<> BODY=BINARYMIME", "RCPT TO:<a@b.example>", "BDAT 1048576"
	inLines := []string{"RSET", "EHLO gw.example", "MAIL FROM:<> BODY=8BITMIME", rcpt, "DATA"}
	tests := []struct {
		name, at, answer, want string // want "": an error
		commands               []string
	}{
		{"BINARYMIME refused", mail, "504 5.5.4 no", "taken in lines", append([]string{mail}, inLines...)},
		{"BINARYMIME not now", mail, "451 4.3.0 no", "", []string{mail}},
		{"recipient refused", rcpt, "550 5.1.1 no", "", []string{mail, rcpt}},
		{"chunk refused", data, "554 5.6.1 no", "taken in lines", append([]string{mail, rcpt, data}, inLines...)},
		{"chunk not now", data, "452 4.3.1 no", "", []string{mail, rcpt, data}},
		{"last chunk refused", "BDAT 1 LAST", "554 5.6.0 no", "taken in lines", append([]string{mail, rcpt, data, "BDAT 1 LAST"}, inLines...)},
		{"last chunk not 250", "BDAT 1 LAST", "354 what", "", []string{mail, rcpt, data, "BDAT 1 LAST"}},
		{"lost after a chunk", data, "close", "", []string{mail, rcpt, data}},
		{"lost after the last chunk", "BDAT 1 LAST", "close", "", []string{mail, rcpt, data, "BDAT 1 LAST"}},
		{"no answer to a chunk", data, "hang", "", []string{mail, rcpt, data}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &peer{offers: binaryOffers, answer: func(command string) string {
				if command == test.at {
					return test.answer
				}
				return ""
			}}
			wait := time.Minute // no answer of this server comes late
			if test.answer == "hang" {
				wait = 2 * time.Second
			}
			c, end := p.session(t, server{host: "mx.example"}, wait)
			answer, err := c.carry(odd("a@b.example", chunkSize+1))
			end()
			if answer != test.want || (err == nil) != (test.want != "") {
				t.Errorf("answer %q, %v; want %q", answer, err, test.want)
			}
			if diff := cmp.Diff(test.commands, p.commands[1:]); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// A server that reads no more holds a bounce for the time of a command, not for ever.
func TestCarry_serverThatReadsNoMore(t *testing.T) {
	for command, offers := range map[string][]string{"DATA": nil, "BDAT 1048576": binaryOffers} {
		p := &peer{offers: offers, answer: func(got string) string {
			if got == command {
				return "stall"
			}
			return ""
		}}
		c, end := p.session(t, server{host: "mx.example"}, 100*time.Millisecond)
		_, err := c.carry(odd("a@b.example", 2*chunkSize))
		end()
		if !errors.Is(err, os.ErrDeadlineExceeded) || p.commands[len(p.commands)-1] != command {
			t.Errorf("%s: %v after %q", command, err, p.commands)
		}
	}
}

// What stands in the clear beside the answers that open TLS may come from anybody: it must answer nothing after TLS.
func TestConnect_nothingInTheClearCountsAfterTLS(t *testing.T) {
	cert, err := certs.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := textproto.NewReader(bufio.NewReader(conn))
		fmt.Fprint(conn, "220 archive.example\r\n")
		in.ReadLine()
		fmt.Fprint(conn, "250-archive.example\r\n250 STARTTLS\r\n250-injected\r\n250 BINARYMIME\r\n")
		in.ReadLine()
		fmt.Fprint(conn, "220 go on\r\n250-injected\r\n250 BINARYMIME\r\n")
		(&peer{offers: []string{"CHUNKING"}}).serve(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert.Certificate}}))
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert.CertPEM)
	s := &Sender{Hostname: "gw.example", Roots: roots, Timeout: time.Minute}
	c, err := s.connect(t.Context(), server{host: "127.0.0.1", port: ln.Addr().(*net.TCPAddr).Port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.client.Close()
	if !c.has("CHUNKING") || c.has("BINARYMIME") || c.client.Noop() != nil {
		t.Errorf("CHUNKING %t, BINARYMIME %t: want what the server offers under TLS", c.has("CHUNKING"),
			c.has("BINARYMIME"))
	}
}
