package smtpd_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"clawback/internal/test/smtpload"
	"clawback/smtpd"
)

// BenchmarkAccept measures accepted messages of 50 KB a second over STARTTLS with an Intake that discards, and the same
// with go-smtp alone, whose DATA reader looks at one byte at a time.
func BenchmarkAccept(b *testing.B) {
	servers := []struct {
		name  string
		start func(testing.TB) string
	}{
		{"clawback", func(t testing.TB) string {
			return start(t, func(o *smtpd.Options) {
				o.Config.MaxCommands, o.Intake, o.Log = 1<<30, &memory{discard: true}, nil
			}).addr
		}},
		{"go-smtp", startStock},
	}
	for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
		for _, sessions := range []int{1, 8, 64} {
			for _, server := range servers {
				b.Run(fmt.Sprintf("%s/sessions=%d/%s", verb, sessions, server.name), func(b *testing.B) {
					benchmark(b, server.start(b), verb, sessions)
				})
			}
		}
	}
}

func benchmark(b *testing.B, addr string, verb smtpload.Verb, sessions int) {
	b.ResetTimer()
	r, err := smtpload.Run(context.Background(), smtpload.Options{
		Address: addr, To: []string{journal}, Verb: verb, Sessions: sessions, Messages: b.N/sessions + 1,
	})
	if err != nil || len(r.Errors)+len(r.Refused) > 0 {
		b.Fatal(r, err, r.Errors)
	}
	b.ReportMetric(r.PerSecond(), "msg/s")
	b.ReportMetric(float64(r.Answer.Quantile(.99).Microseconds()), "p99-µs")
}

// startStock is go-smtp as it comes, discarding.
func startStock(t testing.TB) string {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return stock{}, nil }))
	s.TLSConfig = &tls.Config{GetCertificate: certificates(t), SessionTicketsDisabled: true}
	ln := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return ln.Addr().String()
}

type stock struct{}

func (stock) Reset()                               {}
func (stock) Logout() error                        { return nil }
func (stock) Mail(string, *smtp.MailOptions) error { return nil }
func (stock) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (stock) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
