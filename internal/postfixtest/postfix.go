// Package postfixtest runs Debian's Postfix on a loopback port, for tests that need a mail server which is not ours.
//
// It needs root, because Postfix does; without root or without Postfix the test skips and says so.
package postfixtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Server is a Postfix of its own, with all of its files below one temporary directory.
type Server struct {
	Port    int
	Maildir string // where mail for any address of Domain is delivered
	dir     string
	t       testing.TB
}

// Domain is the one for which the server takes mail.
const Domain = "archive.example"

// Options of a server.
type Options struct {
	CertFile, KeyFile string   // PEM
	Main              []string // more lines of main.cf
}

// Start starts a server and ends it with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if _, err := exec.LookPath("postfix"); err != nil {
		t.Skip("postfix is not installed: scripts/install-test-servers.sh installs it")
	}
	if os.Getuid() != 0 {
		t.Skip("postfix needs root")
	}
	dir, err := os.MkdirTemp("", "clawback-postfix-") // not t.TempDir: Postfix wants every parent to be open to it
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o755)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{Port: freePort(t), dir: dir, Maildir: filepath.Join(dir, "mail", "box") + "/", t: t}
	s.write(o)
	s.Up()
	t.Cleanup(s.Down)
	return s
}

func freePort(t testing.TB) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func (s *Server) write(o Options) {
	ids := map[string]int{}
	for _, name := range []string{"postfix", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			s.t.Fatal(err)
		}
		ids[name], _ = strconv.Atoi(u.Uid)
	}
	for _, sub := range []string{"etc", "spool", "data", "mail"} {
		os.Mkdir(filepath.Join(s.dir, sub), 0o755)
	}
	os.Chown(filepath.Join(s.dir, "data"), ids["postfix"], -1)
	os.Chown(filepath.Join(s.dir, "mail"), ids["nobody"], -1)
	main := append([]string{
		"compatibility_level = 3.6", "mail_owner = postfix", "setgid_group = postdrop", "inet_interfaces = 127.0.0.1",
		"inet_protocols = ipv4", "myhostname = mx." + Domain, "mydestination =", "queue_directory = " + filepath.Join(s.dir, "spool"),
		"data_directory = " + filepath.Join(s.dir, "data"), "virtual_mailbox_domains = " + Domain, "virtual_mailbox_base = " + filepath.Join(s.dir, "mail"),
		"virtual_mailbox_maps = static:box/", fmt.Sprintf("virtual_uid_maps = static:%d", ids["nobody"]), "virtual_gid_maps = static:65534",
		"virtual_minimum_uid = 1", "message_size_limit = 200000000", "virtual_mailbox_limit = 0", "mailbox_size_limit = 0",
		"smtpd_tls_cert_file = " + o.CertFile, "smtpd_tls_key_file = " + o.KeyFile, "smtpd_tls_security_level = may", "in_flow_delay = 0",
		"maillog_file = " + filepath.Join(s.dir, "data", "postfix.log"), "maillog_file_prefixes = " + s.dir, "alias_maps =", "alias_database =",
		"syslog_name = postfixtest", "multi_instance_enable = no",
	}, o.Main...)
	put(s.t, filepath.Join(s.dir, "etc", "main.cf"), strings.Join(main, "\n")+"\n")
	put(s.t, filepath.Join(s.dir, "etc", "master.cf"), fmt.Sprintf(masterCF, s.Port))
}

const masterCF = `127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`

func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) postfix(verb string) (string, error) {
	cmd := exec.Command("postfix", "-c", filepath.Join(s.dir, "etc"), verb)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+filepath.Join(s.dir, "etc"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Up starts the server and waits until it answers.
func (s *Server) Up() {
	s.t.Helper()
	if out, err := s.postfix("start"); err != nil {
		s.t.Fatalf("postfix start: %v\n%s\n%s", err, out, s.Log())
	}
	for range 100 {
		if conn, err := net.Dial("tcp", s.Address()); err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("postfix does not answer\n%s", s.Log())
}

// Down stops the server.
func (s *Server) Down() { s.postfix("stop") }

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// Log is the server's log so far.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "data", "postfix.log"))
	return string(text)
}

// Messages waits for n delivered messages and reads them.
func (s *Server) Messages(n int, wait time.Duration) [][]byte {
	s.t.Helper()
	deadline := time.Now().Add(wait)
	for {
		files, _ := filepath.Glob(s.Maildir + "new/*")
		if len(files) >= n {
			return readAll(s.t, files)
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d messages arrived\n%s", len(files), n, s.Log())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func readAll(t testing.TB, files []string) [][]byte {
	var list [][]byte
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}
