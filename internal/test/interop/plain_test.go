package interop

import (
	"testing"

	"clawback/internal/test/smtpload"
)

// RFC 3207, section 4: before STARTTLS everything but EHLO, NOOP and QUIT gets 530.
func TestPlain_onlyFourCommandsBeforeTLS(t *testing.T) {
	bed := start(t, "")
	conn, err := smtpload.Dial(t.Context(), bed.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, step := range []struct {
		line string
		code int
	}{
		{"MAIL FROM:<a@example.com>", 530}, {"EHLO client.example", 250}, {"HELO client.example", 530}, {"NOOP", 250},
		{"MAIL FROM:<a@example.com> SIZE=10", 530}, {"RCPT TO:<" + organisation.Journal() + ">", 530}, {"RCPT TO:<postmaster>", 530},
		{"DATA", 530}, {"BDAT 0 LAST", 530}, {"RSET", 530}, {"VRFY postmaster", 530}, {"EXPN all", 530}, {"HELP", 530}, {"AUTH PLAIN AGEAYg==", 530},
		{"ETRN example.com", 530}, {"XCLIENT NAME=x", 530}, {"LHLO client.example", 530}, {"BANANA", 530}, {"QUIT", 221},
	} {
		r, err := conn.Cmd(step.line)
		if err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		if r.Code != step.code {
			t.Errorf("%s: %s, want %d", step.line, r, step.code)
		}
	}
}
