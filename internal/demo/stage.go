package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"clawback/certs"
	"clawback/control"
	"clawback/internal/graphsim"
)

// hostname is the daemon's; it is also in its certificate.
const hostname = "journal.clawback.example"

// stage is everything that runs.
type stage struct {
	o      Options
	dir    string
	script *script

	sim      *graphsim.Sim
	receiver *receiver
	daemon   *exec.Cmd
	exited   chan struct{} // closed when the daemon has ended; exit tells how
	exit     error
	client   *control.Client
	cert     *certs.Static
	smtp     string // address of the daemon's listener
	start    time.Time
}

func (s *stage) logFile() string { return filepath.Join(s.dir, "clawback.log") }

// logTail is the end of the daemon's log, for an error that it explains.
func (s *stage) logTail() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-4000):])
}

// open starts the simulator, the receiver and the daemon.
func (s *stage) open(ctx context.Context) error {
	var err error
	if s.cert, err = certs.SelfSigned(hostname, "127.0.0.1"); err != nil {
		return err
	}
	if err := s.openSimulator(); err != nil {
		return err
	}
	if s.receiver, err = newReceiver(s.cert.Certificate); err != nil {
		return err
	}
	return s.openDaemon(ctx)
}

func (s *stage) openSimulator() error {
	s.sim = graphsim.New(graphsim.Options{Seed: 1, Rates: graphsim.Calm(), Latency: 20 * time.Millisecond, CAFile: s.file("graph-ca.crt")})
	if err := s.sim.Start(); err != nil {
		return fmt.Errorf("start the Graph simulator: %w", err)
	}
	for _, t := range s.script.Tenants {
		s.sim.AddTenant(s.organisation(t))
	}
	for _, u := range s.script.Users {
		tenant := u.Tenant
		if tenant == "" {
			tenant = s.script.Tenants[0].ID
		}
		s.sim.AddUser(graphsim.User{Tenant: tenant, UPN: u.UPN, Aliases: u.Aliases, Kind: graphsim.Kind(u.Kind)})
		if u.Throttle > 0 {
			s.sim.Inject(graphsim.Injection{Mailbox: u.UPN, Times: u.Throttle, Fault: graphsim.Fault{
				Name: "throttled", Status: 429, Code: "ApplicationThrottled",
				Message: "Application is over its MailboxConcurrency limit.", RetryAfter: "1.5"}})
		}
	}
	return nil
}

// clientSecret is the one that the simulator takes; it is worth nothing anywhere else.
const clientSecret = "demo-secret"

func (s *stage) organisation(t tenant) graphsim.Tenant {
	def := graphsim.DefaultTenant()
	def.ID, def.Name, def.Domains, def.ClientSecret = t.ID, t.Name, t.Domains, clientSecret
	return def
}

func (s *stage) file(name string) string { return filepath.Join(s.dir, name) }

// openDaemon writes the configuration, starts the daemon and waits until it is ready.
func (s *stage) openDaemon(ctx context.Context) error {
	var err error
	if s.smtp, err = freeAddress(); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	out, err := os.Create(s.logFile())
	if err != nil {
		return fmt.Errorf("make log file: %w", err)
	}
	defer out.Close()
	s.daemon = exec.Command(s.o.Binary, "serve", "--config", s.file("clawback.toml"))
	s.daemon.Stdout, s.daemon.Stderr = out, out
	s.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the demo, which ends it in order
	if err := s.daemon.Start(); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	s.exited = make(chan struct{})
	go func() { s.exit = s.daemon.Wait(); close(s.exited) }()
	s.client = control.NewClient(s.file("control.sock"))
	return s.ready(ctx)
}

func (s *stage) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		var status control.Status
		if s.client.Get(ctx, "/v1/status", &status) == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the daemon ended at once: %v", s.exit)
		case <-ctx.Done():
			return errors.New("the daemon was not ready in time")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// close ends what was started, the daemon first, and removes the directory.
func (s *stage) close() {
	if s.daemon != nil && s.daemon.Process != nil {
		s.daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(10 * time.Second):
			s.daemon.Process.Kill()
		}
	}
	if s.receiver != nil {
		s.receiver.close()
	}
	if s.sim != nil {
		s.sim.Close()
	}
	os.RemoveAll(s.dir)
}

// writeFiles writes the configuration and what it names.
func (s *stage) writeFiles() error {
	files := map[string][]byte{
		"cert.crt": s.cert.CertPEM, "cert.secret": s.cert.KeyPEM, "client.secret": []byte(clientSecret + "\n"),
		"clawback.toml": s.configuration(),
	}
	for name, data := range files {
		if err := os.WriteFile(s.file(name), data, 0o600); err != nil {
			return fmt.Errorf("write demo files: %w", err)
		}
	}
	return nil
}

// alternate is the address that the receiver takes bounces for.
const alternate = "journal-ndr@archive.example"

func (s *stage) configuration() []byte {
	var b bytes.Buffer
	host, port, _ := strings.Cut(s.receiver.address(), ":")
	fmt.Fprintf(&b, "hostname = %q\nstate_dir = %q\n\n[log]\nformat = \"text\"\n\n[control]\nsocket = %q\n\n", hostname, s.file("state"), s.file("control.sock"))
	fmt.Fprintf(&b, "[[listener]]\naddress = %q\nnetworks = [\"127.0.0.0/8\"]\n\n", s.smtp)
	fmt.Fprintf(&b, "[tls]\ncertificate_file = \"cert.crt\"\nkey_file = \"cert.secret\"\n\n[networks]\nurl = \"\"\n\n")
	fmt.Fprintf(&b, "[relay]\nhost = %q\nport = %s\ntls = \"starttls\"\nca_file = \"cert.crt\"\n", host, port)
	for _, t := range s.script.Tenants {
		s.writeTenant(&b, t)
	}
	return b.Bytes()
}

func (s *stage) writeTenant(b *bytes.Buffer, t tenant) {
	fmt.Fprintf(b, "\n[[tenant]]\nname = %q\nid = %q\nmode = \"live\"\n", t.Name, t.ID)
	fmt.Fprintf(b, "domains = %s\noriginator_org = %s\nalternate_mailbox = %q\n", array(t.Domains), array(t.OriginatorOrg), alternate)
	fmt.Fprintf(b, "\n[[tenant.address]]\naddress = %q\n", journalAddress(t))
	for _, v := range t.VIPs {
		fmt.Fprintf(b, "\n[[tenant.vip]]\nname = %q\naddresses = %s\n", v.Name, array(v.Addresses))
	}
	fmt.Fprintf(b, "\n[tenant.graph]\ncloud = \"custom\"\nlogin_url = %[1]q\ngraph_url = %[1]q\nca_file = \"graph-ca.crt\"\n"+
		"client_id = %[2]q\nclient_secret_file = \"client.secret\"\n", s.sim.URL(), graphsim.DefaultTenant().ClientID)
}

func journalAddress(t tenant) string { return "j-" + t.ID + "@" + hostname }

func array(list []string) string {
	quoted := make([]string, len(list))
	for i, v := range list {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// read gives a file of the script.
func (s *stage) read(name string) ([]byte, error) {
	data, err := fs.ReadFile(s.script.files, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
