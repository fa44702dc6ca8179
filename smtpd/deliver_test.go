package smtpd_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/smtpload"
	"clawback/queue"
)

func TestDeliver_load(t *testing.T) {
	f := start(t, nil)
	for _, o := range []smtpload.Options{
		{Verb: smtpload.BDAT}, {Verb: smtpload.DATA}, {Verb: smtpload.BDAT, Chunk: 1000}, {Verb: smtpload.DATA, Stepwise: true},
		{Verb: smtpload.BDAT, Stepwise: true, Chunk: 7777},
	} {
		o.Address, o.To, o.Sessions, o.Messages = f.addr, []string{journal, second}, 4, 25
		o.Next = smtpload.Filler(20_000)
		r, err := smtpload.Run(context.Background(), o)
		if err != nil || len(r.Accepted) != 100 || len(r.Refused)+len(r.Errors) > 0 {
			t.Fatalf("%v: %v %v\n%s", r, err, r.Errors, f.log)
		}
	}
	want := map[string]int{}
	for s := range 4 {
		for n := range 25 {
			want[string(smtpload.Filler(20_000)(s, n).Body)] = 5
		}
	}
	for _, m := range f.intake.messages() {
		want[string(m.Body)]--
	}
	for body, n := range want {
		if n != 0 {
			t.Errorf("%d copies too few of %q", n, clip(body))
		}
	}
}

func TestDeliver_envelope(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "250", "MAIL FROM:<Reports@Contoso.Example> SIZE=7 BODY=8BITMIME SMTPUTF8")
	expect(t, c, "250", "RCPT TO:<J-4F1C@contoso.example>")
	expect(t, c, "250", "RCPT TO:<"+second+">")
	expect(t, c, "250", "RCPT TO:<"+second+">")
	send(t, c, "BDAT 7 LAST\r\nhello\r\n")
	expectReply(t, c, "250 2.0.0 queued as q1")
	m := f.only("hello\r\n")
	want := taken{Size: 7, Body: m.Body, Env: queue.Envelope{
		Tenant: "contoso", Purpose: queue.ForJournal, MailFrom: "Reports@Contoso.Example",
		Rcpts: []string{"J-4F1C@contoso.example", second}, Hello: "client.example", SMTPUTF8: true, Binary: true,
		TLS: queue.TLS{Version: "TLS 1.3", Cipher: m.Env.TLS.Cipher},
	}}
	m.Env.Session, m.Env.Remote, m.Env.Received = "", "", time.Time{}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}
