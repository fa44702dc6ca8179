package testbed

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-smtp"
)

// Receiver is the server of the alternate mailbox: it takes mail over STARTTLS and keeps it in memory.
type Receiver struct {
	server *smtp.Server
	ln     net.Listener

	mu   sync.Mutex
	mail [][]byte
}

// NewReceiver starts one on a free port of the loopback interface.
func NewReceiver(cert *tls.Certificate) (*Receiver, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the alternate mailbox: %w", err)
	}
	r := &Receiver{ln: ln}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return delivery{r}, nil }))
	r.server.Domain = "archive.example"
	r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
	go r.server.Serve(ln)
	return r, nil
}

// Address is host and port.
func (r *Receiver) Address() string { return r.ln.Addr().String() }

// Close stops taking mail.
func (r *Receiver) Close() { r.server.Close() }

// Messages lists what has arrived, in order.
func (r *Receiver) Messages() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mail[:len(r.mail):len(r.mail)]
}

type delivery struct{ r *Receiver }

func (delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (delivery) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (delivery) Reset()                               {}
func (delivery) Logout() error                        { return nil }

func (d delivery) Data(r io.Reader) error {
	octets, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	d.r.mail = append(d.r.mail, octets)
	return nil
}

// freeAddress finds a port that is free now.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
