// Package postfixtest runs Debian's Postfix on a loopback port, for tests and benches that need a mail server which is
// not ours.
//
// Reads: the log and the mailbox of its server.
//
// Writes: one temporary directory, with all of the server's files.
//
// Invariants:
//   - I1: the server listens on 127.0.0.1 only, beside a Postfix that the machine may run otherwise.
//   - I2: Close stops it and removes its directory.
//
// On failure: a test skips, and says so, where Postfix is not installed or the user is not root, which Postfix needs;
// any other failure shows the server's log.
package postfixtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"clawback/internal/test/needs"
)

// Server is a Postfix of its own, with all of its files below one temporary directory.
type Server struct {
	Port    int
	Maildir string // where mail for any address of Domain is delivered
	dir     string
	t       testing.TB // nil when it is not a test's
}

// Domain is the one for which the server takes mail. From 127.0.0.1 it takes mail for any other as well, and sends it
// on as Options.Main says.
const Domain = "archive.example"

// Options of a server.
type Options struct {
	Dir               string   // where its own directory is made; "" where temporary ones are
	CertFile, KeyFile string   // PEM
	Main              []string // more lines of main.cf
}

// Unavailable says why no server can run here, or nil.
func Unavailable() error {
	if _, err := exec.LookPath("postfix"); err != nil {
		return errors.New("postfix is not installed: scripts/install-test-servers.sh installs it")
	}
	if os.Getuid() != 0 {
		return errors.New("postfix needs root")
	}
	return nil
}

// Start starts a server and ends it with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	needs.Program(t, "postfix")
	needs.Root(t, "which Postfix starts as")
	s, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(s.Close)
	return s
}

// Run starts a server. The caller closes it.
func Run(o Options) (*Server, error) {
	dir, err := os.MkdirTemp(o.Dir, "clawback-postfix-") // not t.TempDir: Postfix wants every parent to be open to it
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, Maildir: filepath.Join(dir, "mail", "box") + "/"}
	if s.Port, err = freePort(); err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), s.write(o))
	}
	if err == nil {
		err = s.up()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close stops the server and removes its files.
func (s *Server) Close() {
	s.Down()
	os.RemoveAll(s.dir)
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) postfix(verb string) (string, error) {
	cmd := exec.Command("postfix", "-c", filepath.Join(s.dir, "etc"), verb)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+filepath.Join(s.dir, "etc"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Up starts a test's server again after Down, and waits until it answers.
func (s *Server) Up() {
	s.t.Helper()
	if err := s.up(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) up() error {
	if out, err := s.postfix("start"); err != nil {
		return fmt.Errorf("postfix start: %w\n%s\n%s", err, out, s.Log())
	}
	for range 100 {
		if conn, err := net.Dial("tcp", s.Address()); err == nil {
			return conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("postfix does not answer\n%s", s.Log())
}

// Down stops the server.
func (s *Server) Down() { s.postfix("stop") }

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// Queue is the directory of what the server has accepted and not delivered yet, in directories of its own.
func (s *Server) Queue() string { return filepath.Join(s.dir, "spool") }

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
