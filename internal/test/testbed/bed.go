// Package testbed runs the real daemon between a Microsoft Graph simulator and a receiver for the alternate mailbox.
//
// The demo shows it, and the crash and end-to-end tests break it.
//
// Reads: the daemon's control socket and log.
//
// Writes: one directory, which Close removes.
//
// Invariants:
//
//	I1 everything listens on 127.0.0.1 only
//	I2 only processes that were started here are ended, each by its own pid
//
// On failure: an error, and LogTail tells what the daemon said.
package testbed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/smtpd/certs"
)

// Hostname is the daemon's; it is also in its certificate.
const Hostname = "journal.clawback.example"

// Options of a Bed.
type Options struct {
	Binary  string // the clawback program; it is run as "BINARY serve --config FILE"
	Daemon  Daemon // what is run instead, in this process, where it is set
	Tenants []Tenant
	Sim     graphsim.Options
	Config  string // more lines at the end of the configuration's top level tables
	// Socket, where it is set, is a listening socket that is passed to each daemon as systemd does. It stays open, so
	// that who connects between two daemons waits.
	Socket *net.TCPListener
}

// Bed is everything that runs.
type Bed struct {
	Dir      string
	Sim      *graphsim.Sim
	Receiver *Receiver
	Client   *client.Client
	Address  string // of the daemon's SMTP listener

	o      Options
	cert   *certs.Static
	daemon runner
	exited chan struct{} // closed when the daemon has ended; exit tells how
	exit   error
}

// New starts the simulator and the receiver and writes the daemon's configuration. The daemon does not run yet.
func New(o Options) (*Bed, error) {
	dir, err := os.MkdirTemp("", "clawback-bed-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	b := &Bed{Dir: dir, o: o, Client: client.New(filepath.Join(dir, "control.sock"))}
	if err := b.open(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bed) open() (err error) {
	if b.cert, err = certs.SelfSigned(Hostname, "127.0.0.1"); err != nil {
		return err
	}
	sim := b.o.Sim
	sim.CAFile = b.File("graph-ca.crt")
	b.Sim = graphsim.New(sim)
	if err := b.Sim.Start(); err != nil {
		return fmt.Errorf("start the Graph simulator: %w", err)
	}
	for _, t := range b.o.Tenants {
		b.Sim.AddTenant(t.organisation())
	}
	if b.Receiver, err = NewReceiver(b.cert.Certificate); err != nil {
		return err
	}
	if b.o.Socket != nil {
		b.Address = b.o.Socket.Addr().String()
	} else if b.Address, err = freeAddress(); err != nil {
		return err
	}
	return b.writeFiles()
}

// File is a path below the bed's directory.
func (b *Bed) File(name string) string { return filepath.Join(b.Dir, name) }

// LogFile is where the daemon's output goes, over all its lives.
func (b *Bed) LogFile() string { return b.File("clawback.log") }

// LogTail is the end of the daemon's log, for an error that it explains.
func (b *Bed) LogTail() string {
	text, err := os.ReadFile(b.LogFile())
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-4000):])
}

// Use has the next Start run another program, such as that of another version.
func (b *Bed) Use(binary string) { b.o.Binary = binary }

// Start starts the daemon, with more variables in its environment, and waits until it is ready.
func (b *Bed) Start(ctx context.Context, env ...string) error {
	out, err := os.OpenFile(b.LogFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log file: %w", err)
	}
	defer out.Close()
	exited := make(chan struct{})
	ended := func(err error) { b.exit = err; close(exited) }
	if b.o.Daemon != nil {
		b.daemon = startInside(b.o.Daemon, b.File("clawback.toml"), b.LogFile(), ended)
	} else if b.daemon, err = b.startProcess(out, env, ended); err != nil {
		return err
	}
	b.exited = exited
	return b.ready(ctx)
}

func (b *Bed) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if _, err := client.Do(ctx, b.Client, api.ShowStatus, api.None{}); err == nil {
			return nil
		}
		select {
		case <-b.exited:
			return fmt.Errorf("the daemon ended at once: %v\n%s", b.exit, b.LogTail())
		case <-ctx.Done():
			return errors.New("the daemon was not ready in time")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Exited is closed when the daemon has ended.
func (b *Bed) Exited() <-chan struct{} { return b.exited }

// Exit is how it ended; only after Exited.
func (b *Bed) Exit() error { return b.exit }

// Pid is the daemon's process id.
func (b *Bed) Pid() int { return b.daemon.pid() }

// Kill ends the daemon by SIGKILL, as a power cut would, and waits until it is gone.
func (b *Bed) Kill() {
	b.daemon.kill()
	<-b.exited
}

// Reload has the daemon read its configuration again. It does so soon; the log says when.
func (b *Bed) Reload() { b.daemon.reload() }

// Stop ends the daemon in order.
func (b *Bed) Stop() error {
	b.daemon.stop()
	select {
	case <-b.exited:
		return b.exit
	case <-time.After(60 * time.Second):
		b.Kill()
		return errors.New("the daemon did not stop in a minute, and was killed")
	}
}

// Close ends what was started, the daemon first, and removes the directory.
func (b *Bed) Close() {
	if b.exited != nil {
		b.Stop()
	}
	if b.Receiver != nil {
		b.Receiver.Close()
	}
	if b.Sim != nil {
		b.Sim.Close()
	}
	os.RemoveAll(b.Dir)
}

// TLS is how a client verifies the daemon.
func (b *Bed) TLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.cert.CertPEM)
	return &tls.Config{RootCAs: roots, ServerName: Hostname}
}

// Dial opens an SMTP session, as Exchange Online's connector would.
func (b *Bed) Dial(ctx context.Context) (*smtpload.Conn, error) {
	conn, err := smtpload.DialTLS(ctx, b.Address, "outbound.exchange.example", b.TLS())
	if err != nil {
		return nil, fmt.Errorf("connect to the daemon: %w", err)
	}
	return conn, nil
}
