package engines

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/needs"
)

// gtube is the line that every spam filter knows (https://spamassassin.apache.org/gtube/).
const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// mark is what the signature made for this test looks for.
const mark = "clawback-made-for-tests-7f3a"

func text(body string) Message {
	raw := "From: a@example.com\r\nTo: b@example.org\r\nSubject: test\r\nDate: Wed, 4 Nov 2026 09:12:40 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n" + body + "\r\n"
	return Message{Body: strings.NewReader(raw), Size: int64(len(raw)), Sender: "a@example.com", Recipients: []string{"b@example.org"}}
}

// start runs a program of Debian's until the test ends, and waits until its port answers.
func start(t *testing.T, address, name string, args ...string) {
	t.Helper()
	needs.Time(t, "seconds to start each engine", "make test")
	path := needs.Program(t, name)
	var log strings.Builder
	program := exec.Command(path, args...)
	program.Stdout, program.Stderr = &log, &log
	needs.Ability(t, name+" that starts", program.Start())
	done := make(chan error, 1)
	go func() { done <- program.Wait() }()
	t.Cleanup(func() {
		program.Process.Signal(os.Interrupt)
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			program.Process.Kill()
			<-done
		}
	})
	for range 3000 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-done:
			done <- err
			needs.Ability(t, name+" that runs", fmt.Errorf("it ended: %v\n%s", err, log.String()))
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not answer at %s", name, address)
}

func freePort(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port
}

func ask(t *testing.T, e Engine, m Message) []Finding {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	found, err := e.Ask(ctx, m)
	if err != nil {
		t.Fatalf("%s: %v", e.Name(), err)
	}
	return found
}

func TestClamAV_theRealOne(t *testing.T) {
	address, port := freePort(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("own.ndb", "Clawback.Test:0:*:"+hex.EncodeToString([]byte(mark))+"\n")
	conf := write("clamd.conf", fmt.Sprintf("DatabaseDirectory %s\nTCPSocket %s\nTCPAddr 127.0.0.1\nForeground yes\nUser %s\n", dir, port, me()))
	start(t, address, "clamd", "--config-file="+conf)
	if found := ask(t, ClamAV{address}, text("nothing here")); len(found) != 0 {
		t.Errorf("a good message: %+v", found)
	}
	found := ask(t, ClamAV{address}, text(mark))
	if len(found) != 1 || !found[0].Hard || !strings.Contains(found[0].Text, "Clawback.Test") {
		t.Errorf("the marked message: %+v", found)
	}
}

func me() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

func TestSpamAssassin_theRealOne(t *testing.T) {
	address, port := freePort(t)
	start(t, address, "spamd", "--local", "--nouser-config", "--listen=127.0.0.1", "--port="+port, "--max-children=1",
		"--syslog=null")
	if found := ask(t, SpamAssassin{address}, text("Shall we meet for lunch on Thursday?")); len(found) != 0 {
		t.Errorf("a good message: %+v", found)
	}
	if found := ask(t, SpamAssassin{address}, text(gtube)); len(found) != 1 || found[0].Points < 2 || !strings.Contains(found[0].Text, "GTUBE") {
		t.Errorf("the test message: %+v", found)
	}
}

func TestRspamd_theRealOne(t *testing.T) {
	address, port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "rspamd.conf")
	content := fmt.Sprintf("options { pidfile = %q; tempdir = %q; enable_test_patterns = true; }\nlogging { type = \"console\"; level = \"error\"; }\nworker \"normal\" { bind_socket = \"127.0.0.1:%s\"; count = 1; }\nmetric \"default\" { actions { reject = 15; add_header = 6; } }\n", filepath.Join(dir, "pid"), dir, port)
	if err := os.WriteFile(conf, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, address, "rspamd", "--no-fork", "--insecure", "--config="+conf)
	engine := Rspamd{URL: "http://" + address}
	if found := ask(t, engine, text("Shall we meet for lunch on Thursday?")); len(found) != 0 {
		t.Errorf("a good message: %+v", found)
	}
	if found := ask(t, engine, text(gtube)); len(found) != 1 || found[0].Points < 2 {
		t.Errorf("the test message: %+v", found)
	}
}
