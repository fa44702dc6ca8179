package alert

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"clawback/bounce"
	"clawback/config"
	"clawback/journal"
	"clawback/store"
	"clawback/verdict"
)

// hostile is what a stranger writes to be told of.
const hostile = "Pay <!channel> [here](https://evil.example/x) \u202etxt.exe\r\n" +
	"Bcc: x@y.example \x1b[2J {{secret}} www.evil.example"

func badRecord(at time.Time) store.Record {
	v := verdict.Verdict{Disposition: verdict.Malicious, Score: 97, Rules: "r", Knowledge: "k",
		Reasons: []verdict.Reason{{ID: "link.text_href_mismatch",
			Text: "a link says bank.example and leads to evil.example"}},
		Indicators: []verdict.Indicator{{Kind: "url", Value: "https://evil.example/login"},
			{Kind: "domain", Value: "evil.example"}, {Kind: "file", Value: "invoice.html"}}}
	return store.Record{Tenant: contoso, MessageID: "<1@evil.example>", NetworkMessageID: "n", Sender: "a@evil.example",
		From: "a@evil.example", Subject: hostile, Received: at, Direction: "inbound",
		Recipients: []journal.Recipient{{Address: "Ada@contoso.example", Type: journal.To}}, Verdict: v,
		FirstHand: true,
		Variants:  []store.Variant{{SHA256: strings.Repeat("a", 64), Report: "k", Verdict: v, FirstHand: true, At: at}}}
}

// sample has one event of each type.
func sample() parcel {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	rec := badRecord(at)
	rec.ID = "r1"
	read := true
	in := store.Intent{ID: "i1", Record: "r1", Tenant: contoso, Address: "Ada@contoso.example", Kind: store.Retract,
		Action: "soft_delete", Outcome: store.Done, Reason: "moved", Cause: hostile, WasRead: &read}
	n := store.Notice{ID: "n1", Kind: "retract.gave_up", Tenant: contoso, Subject: hostile, Text: hostile,
		Do: "look at it", Since: at}
	p := parcel{ID: "msg_1", At: at}
	clear := eventOfNotice(n, false)
	clear.Type, clear.Notice = OfClear, &Notice{ID: "n2", Kind: "feed.away", Since: at}
	for i, e := range []Event{eventOfVerdict(rec), eventOfAction(in, rec), eventOfNotice(n, true), clear,
		cutEvent(Lost{Events: 7, From: at, To: at}, at, "cut-1"),
		{Type: OfTest, Severity: Informational, Text: "a test"}} {
		e.ID, e.At, e.TenantName = fmt.Sprint("e", i), at, "contoso"
		p.Events = append(p.Events, e)
	}
	return p
}

func TestWebhook_isSignedAsStandardWebhooksSay(t *testing.T) {
	var got *http.Request
	var body []byte
	_, route := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	// The example of Standard Webhooks.
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	must(t, err)
	route.Secrets = []config.Secret{config.NewSecret("another key"), config.NewSecret(string(key))}
	route.Authorization = config.NewSecret("Splunk token-1")
	b := newBench(t, route)
	b.raise("feed.away", "", "one")
	s := b.senderOf(b.cfg, route).(*httpSender)
	s.now = b.clock
	b.worker("soc", s).step(t.Context())
	if got == nil {
		list, _ := b.Deliveries("soc")
		t.Fatalf("nothing came: %+v", list)
	}
	at := strconv.FormatInt(b.clock().Unix(), 10)
	id := got.Header.Get("Webhook-Id")
	want := "v1," + signature("another key", id, at, body) + " v1," + signature(string(key), id, at, body)
	if got.Header.Get("Webhook-Signature") != want || got.Header.Get("Webhook-Timestamp") != at ||
		strings.Contains(id, ".") {
		t.Errorf("headers %v, want the signature %s at %s", got.Header, want, at)
	}
	if got.Header.Get("Authorization") != "Splunk token-1" {
		t.Errorf("Authorization %q", got.Header.Get("Authorization"))
	}
	var m webhookMessage
	must(t, json.Unmarshal(body, &m))
	if len(m.Events) != 1 || m.Events[0].Text != "one" || m.Gateway != "gw.example" {
		t.Errorf("body %s", body)
	}
}

// The signature of the standard's own example.
func TestSignature_ofTheStandard(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	must(t, err)
	got := signature(string(key), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever a receiver does, the message waits, the worker goes on, and no secret is in what is kept of the answer.
func TestWebhook_receiverMisbehaves(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(inside.Close)
	hung := make(chan struct{}) // of the subtest
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
		"repeats secrets": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.URL.Path+r.Header.Get("Authorization"), http.StatusForbidden)
		}, "403"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL, http.StatusFound)
		}, "redirects are not followed"},
		"redirects 307": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://10.0.0.1/", http.StatusTemporaryRedirect)
		}, "redirects are not followed"},
		"hangs": {func(http.ResponseWriter, *http.Request) { <-hung }, "does not answer in time"},
		"hangs in its answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte("begun"))
			w.(http.Flusher).Flush()
			<-hung
		}, "breaks off"},
		"resets": {func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 10)
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
		}, ""},
		"ends in its answer": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("begun"))
			panic(http.ErrAbortHandler)
		}, "EOF"},
		"writes without end": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(503)
			for range 1 << 10 {
				if _, err := w.Write([]byte(strings.Repeat("\x1b[2J", 1<<10))); err != nil {
					return
				}
			}
		}, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			hung = make(chan struct{})
			_, route := receiver(t, c.answer)
			t.Cleanup(func() { close(hung) }) // before the server, which waits for it
			route.Authorization = config.NewSecret("Bearer token-of-the-route")
			b := newBench(t, route)
			b.raise("feed.away", "", strings.Repeat("a long text ", 1000))
			s := b.senderOf(b.cfg, route).(*httpSender)
			if strings.HasPrefix(name, "hangs") {
				s.client.Timeout = 100 * time.Millisecond // of the real clock: what hangs ends by it alone
			}
			if wait := b.worker("soc", s).step(t.Context()); wait != 5*time.Second {
				t.Errorf("waits %s", wait)
			}
			list, err := b.Deliveries("soc")
			must(t, err)
			if len(list) != 1 || list[0].OK || !strings.Contains(list[0].Answer, c.want) ||
				len(list[0].Answer) > maxAnswer+10 {
				t.Fatalf("deliveries %+v", list)
			}
			for _, secret := range []string{"secret-path", "token-of-the-route", "\x1b"} {
				if strings.Contains(list[0].Answer, secret) {
					t.Errorf("%q is in the answer %q", secret, list[0].Answer)
				}
			}
			if got := b.waiting("soc"); len(got) != 1 {
				t.Errorf("%d events wait", len(got))
			}
		})
	}
}

// A name that leads inside is not connected to, unless the route says so.
func TestSenders_goToPublicAddressesAlone(t *testing.T) {
	_, route := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("it was connected to") })
	for name, networks := range map[string][]netip.Prefix{
		"none": nil, "another": {netip.MustParsePrefix("10.0.0.0/8")},
	} {
		route.PrivateNetworks = networks
		b := newBench(t, route)
		_, err := b.senderOf(b.cfg, route).send(t.Context(), sample())
		if err == nil || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: %v", name, err)
		}
		syslog := route
		syslog.Kind, syslog.Server, syslog.Framing = "syslog", "127.0.0.1:1", "octet"
		_, err = b.senderOf(b.cfg, syslog).send(t.Context(), sample())
		if err == nil || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: syslog: %v", name, err)
		}
	}
}

func TestRetryAfter_isHonoured(t *testing.T) {
	_, route := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(429)
	})
	b := newBench(t, route)
	b.raise("feed.away", "", "one")
	if wait := b.worker("soc", nil).step(t.Context()); wait != 2*time.Minute {
		t.Errorf("waits %s", wait)
	}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "7": 7 * time.Second, "99999999999": 24 * time.Hour,
		"Sun, 01 Mar 2026 08:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 07:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Nothing that strangers wrote acts in what a person reads: no link, no mention, no steering.
func TestRendering_isHarmless(t *testing.T) {
	p := sample()
	for name, make := range map[string]func(parcel, string) ([]byte, error){
		"webhook": webhookBody, "slack": slackBody, "teams": teamsBody,
	} {
		body, err := make(p, "gw.example")
		must(t, err)
		var value any
		must(t, json.Unmarshal(body, &value))
		text := fmt.Sprint(value)
		for _, act := range []string{"https://evil", "http://evil", "evil.example/x", "www.evil.example", "\u202e", "\x1b",
			"\r", "](h"} {
			if strings.Contains(text, act) && (act != "](h" || name == "teams") {
				t.Errorf("%s: %q is in %s", name, act, text)
			}
		}
		if name == "slack" && strings.Contains(fmt.Sprint(value.(map[string]any)["text"]), "<!channel>") {
			t.Errorf("slack: the fallback mentions the channel: %s", body)
		}
		if !strings.Contains(text, "hxxps://evil[.]example") && !strings.Contains(text, `hxxps://evil\[.\]example`) {
			t.Errorf("%s: the indicators are not told: %s", name, text)
		}
	}
}

func TestDefang(t *testing.T) {
	for text, want := range map[string]string{
		"https://evil.example/x":  "hxxps://evil[.]example/x",
		"HTTP://Evil.Example":     "hxxp://Evil[.]Example",
		"see evil.example.":       "see evil[.]example.",
		"192.0.2.1 and 1.5 weeks": "192[.]0[.]2[.]1 and 1.5 weeks",
		"a@evil.example":          "a@evil[.]example",
		"b\u00fccher.example":     "b\u00fccher[.]example",
		"javascript:alert(1)":     "javascript[:]alert(1)",
		"plain. Words":            "plain. Words",
		"":                        "",
	} {
		if got := defang(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// However much there is to tell, a card and a Slack message keep their bounds and say what was left out.
func TestRendering_isBounded(t *testing.T) {
	p := sample()
	for i := range 500 {
		e := p.Events[2]
		e.Notice = &Notice{ID: fmt.Sprint("n", i), Kind: "feed.away"}
		e.Text = strings.Repeat("<>&[]()*_ long ", 60)
		p.Events = append(p.Events, e)
	}
	slack, err := slackBody(p, "gw.example")
	must(t, err)
	teams, err := teamsBody(p, "gw.example")
	must(t, err)
	if len(teams) > 20<<10 || !strings.Contains(string(teams), "more: see clawback status") {
		t.Errorf("a card of %d bytes", len(teams))
	}
	var m struct {
		Blocks []struct{ Text struct{ Text string } }
	}
	must(t, json.Unmarshal(slack, &m))
	sum := 0
	for _, b := range m.Blocks {
		sum += len(b.Text.Text)
		if len(b.Text.Text) > 3000 {
			t.Errorf("a section of %d", len(b.Text.Text))
		}
	}
	if len(m.Blocks) > 50 || sum > 10_000 || len(m.Blocks[0].Text.Text) > 150 ||
		!strings.Contains(string(slack), "more: see clawback status") {
		t.Errorf("%d blocks of %d bytes", len(m.Blocks), sum)
	}
}

// What says the same is one entry.
func TestGather_joinsWhatIsTheSame(t *testing.T) {
	p := sample()
	other := p.Events[1]
	a := *other.Action
	a.Mailbox = "bob@contoso.example"
	other.Action = &a
	again := p.Events[2]
	again.Text = "newer"
	list := gather(append(p.Events, p.Events[1], other, again))
	if len(list) != len(p.Events) || list[1].Boxes != 2 || list[2].Text != "newer" || list[2].Times != 2 {
		t.Errorf("%d entries: %+v", len(list), list)
	}
	if line := list[1].line(); !strings.Contains(line, "2 mailboxes") {
		t.Errorf("%q", line)
	}
}

// mailer notes what it is to send.
type mailer struct {
	routes []bounce.Route
	mails  []string
}

func (m *mailer) Send(_ context.Context, r bounce.Route, message []byte) (string, error) {
	m.routes, m.mails = append(m.routes, r), append(m.mails, string(message))
	return "mx: 250", nil
}

func TestMail_isOwnAndHarmless(t *testing.T) {
	key, err := bounce.LoadKey(t.TempDir())
	must(t, err)
	m := &mailer{}
	relay := &config.Relay{Host: "relay.example"}
	s := &mailSender{route: config.Alert{Name: "soc", To: []string{"soc@contoso.example", "b@fabrikam.example"}},
		mailer: m,
		marker: key, hostname: "gw.example", relay: relay}
	_, err = s.send(t.Context(), sample())
	must(t, err)
	if len(m.mails) != 2 || m.routes[0].Relay != relay || m.routes[1].To != "b@fabrikam.example" {
		t.Fatalf("%d mails by %+v", len(m.mails), m.routes)
	}
	for i, raw := range m.mails {
		got, err := mail.ReadMessage(strings.NewReader(raw))
		must(t, err)
		h := got.Header
		if !key.Verify(h.Get(bounce.OwnHeader), h.Get("Message-ID"), m.routes[i].To) {
			t.Error("it is not marked as our own")
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		must(t, err)
		if h.Get("Bcc") != "" || h.Get("Auto-Submitted") != "auto-generated" ||
			!strings.HasPrefix(subject, "clawback on gw.example") {
			t.Errorf("header %v", h)
		}
		text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, got.Body))
		must(t, err)
		if strings.Contains(string(text), "https://") ||
			!strings.Contains(string(text), "hxxps://evil[.]example/login") {
			t.Errorf("text %s", text)
		}
	}
}

// The same message is the same mail at every attempt.
func TestMail_isTheSameAtEachAttempt(t *testing.T) {
	key, err := bounce.LoadKey(t.TempDir())
	must(t, err)
	s := &mailSender{route: config.Alert{Name: "soc"}, marker: key, hostname: "gw.example"}
	first, second := s.write(sample(), "a@x.example"), s.write(sample(), "a@x.example")
	if string(first) != string(second) {
		t.Errorf("%s\n%s", first, second)
	}
}

// logServer is a receiver of syslog over TLS.
func logServer(t *testing.T, serve func(conn *tls.Conn)) config.Alert {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	t.Cleanup(web.Close)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn.(*tls.Conn)) }()
		}
	}()
	return soc(func(a *config.Alert) {
		a.Kind, a.Server, a.Framing, a.CAFile = "syslog", ln.Addr().String(), "octet", caOf(t, web.Certificate())
	})
}

func TestSyslog_framesByLengthAndWaitsForTheEnd(t *testing.T) {
	for _, framing := range []string{"octet", "lf"} {
		got := make(chan []string, 1)
		route := logServer(t, func(conn *tls.Conn) {
			list, err := frames(conn, framing)
			if err != nil {
				t.Error(err)
			}
			got <- list
		})
		route.Framing = framing
		b := newBench(t, route)
		answer, err := b.senderOf(b.cfg, route).send(t.Context(), sample())
		must(t, err)
		list := <-got
		if len(list) != 6 || answer != "read 6 messages to the end" {
			t.Fatalf("%s: %q: %q", framing, answer, list)
		}
		for _, m := range list {
			header, body, ok := strings.Cut(m, " - {")
			if !ok || !strings.HasPrefix(header, "<1") ||
				!strings.Contains(header, ">1 2026-03-01T08:00:00.000000Z gw.example clawback - ") {
				t.Errorf("%s: %q", framing, m)
			}
			if !json.Valid([]byte("{" + body)) {
				t.Errorf("%s: not JSON: %q", framing, body)
			}
			for _, c := range []byte(m) {
				if c < ' ' || c > '~' {
					t.Fatalf("%s: byte %#x in %q", framing, c, m)
				}
			}
		}
	}
}

// frames reads messages to the end.
func frames(conn io.Reader, framing string) (list []string, err error) {
	in := bufio.NewReader(conn)
	for {
		end := byte(' ')
		if framing == "lf" {
			end = '\n'
		}
		word, err := in.ReadString(end)
		if err == io.EOF && word == "" {
			return list, nil
		} else if err != nil {
			return list, err
		}
		if framing == "lf" {
			list = append(list, strings.TrimSuffix(word, "\n"))
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(word, " "))
		if err != nil {
			return list, err
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(in, message); err != nil {
			return list, err
		}
		list = append(list, string(message))
	}
}

// A receiver that does not read to the end, or does not say so, has not taken the message.
func TestSyslog_receiverMisbehaves(t *testing.T) {
	for name, serve := range map[string]func(conn *tls.Conn){
		"closes before it reads": func(conn *tls.Conn) {
			_ = conn.Handshake()
			raw := conn.NetConn().(*net.TCPConn)
			_ = raw.SetLinger(0)
			raw.Close()
		},
		"resets after a part": func(conn *tls.Conn) {
			_, _ = io.CopyN(io.Discard, conn, 100)
			raw := conn.NetConn().(*net.TCPConn)
			_ = raw.SetLinger(0)
			raw.Close()
		},
		"is no TLS": func(conn *tls.Conn) {
			_, _ = conn.NetConn().Write([]byte("220 hello\r\n"))
		},
		"writes without end": func(conn *tls.Conn) {
			for {
				if _, err := conn.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
	} {
		route := logServer(t, serve)
		b := newBench(t, route)
		if answer, err := b.senderOf(b.cfg, route).send(t.Context(), sample()); err == nil {
			t.Errorf("%s: taken: %s", name, answer)
		}
	}
	hung := make(chan struct{})
	defer close(hung)
	route := logServer(t, func(conn *tls.Conn) { _ = conn.Handshake(); <-hung })
	b := newBench(t, route)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, stop) // of the real clock: what hangs ends by it alone
	if answer, err := b.senderOf(b.cfg, route).send(ctx, sample()); err == nil {
		t.Errorf("hangs: taken: %s", answer)
	}
}
