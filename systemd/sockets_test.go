package systemd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain lets this binary be the service that systemd starts with sockets.
func TestMain(m *testing.M) {
	if os.Getenv("CLAWBACK_TEST_CHILD") != "" {
		os.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
		child()
		return
	}
	os.Exit(m.Run())
}

// child prints what it gets for each address that it is asked to listen on.
func child() {
	sockets, err := ListenSockets()
	if err != nil {
		fmt.Println("ERROR", err)
		return
	}
	defer sockets.Close()
	for _, address := range strings.Split(os.Getenv("CLAWBACK_TEST_CHILD"), ",") {
		ln, err := sockets.Listen(address)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(ln.Addr())
	}
	fmt.Println("unused:", sockets.Unused())
}

// passed starts the child with two sockets, named smtp and acme, and answers its lines.
func passed(t *testing.T, addresses ...string) (smtp, acme string, lines []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	var names [2]string
	for i := range names {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles, names[i] = append(cmd.ExtraFiles, f), ln.Addr().String()
	}
	for i := range addresses {
		addresses[i] = strings.ReplaceAll(addresses[i], "SMTP", names[0])
	}
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=smtp:acme",
		"CLAWBACK_TEST_CHILD="+strings.Join(addresses, ","))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return names[0], names[1], strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestListen_handsOutSocketsByName(t *testing.T) {
	smtp, acme, got := passed(t, "systemd:smtp", "systemd:acme", "systemd:smtp", "127.0.0.1:0")
	if got[0] != smtp || got[1] != acme {
		t.Errorf("got %q, want %s and %s", got, smtp, acme)
	}
	if !strings.Contains(got[2], `no socket for "systemd:smtp"`) {
		t.Errorf("a socket was handed out twice: %s", got[2])
	}
	if !strings.HasPrefix(got[3], "127.0.0.1:") {
		t.Errorf("an ordinary address: %s", got[3])
	}
	if got[4] != "unused: []" {
		t.Errorf("after all were taken: %s", got[4])
	}
}

func TestListen_handsOutTheNextForABareName(t *testing.T) {
	smtp, acme, got := passed(t, "systemd", "systemd", "systemd", "systemd:other")
	if got[0] != acme || got[1] != smtp {
		t.Errorf("got %q, want %s and %s", got, acme, smtp)
	}
	for _, line := range got[2:4] {
		if !strings.Contains(line, "has none left") {
			t.Errorf("got %s, want an error", line)
		}
	}
}

func TestListen_usesThePassedSocketOfAnAddress(t *testing.T) {
	// An address is in use by this test, so that the child could not bind it anew.
	smtp, _, got := passed(t, "SMTP", "SMTP", "systemd:smtp")
	if got[0] != smtp {
		t.Errorf("got %s, want %s", got[0], smtp)
	}
	if !strings.Contains(got[1], "address already in use") || !strings.Contains(got[2], "no socket for") {
		t.Errorf("a socket was handed out twice: %q", got[1:])
	}
}

func TestListen_namesWhatIsLeft(t *testing.T) {
	_, _, got := passed(t, "systemd:smpt")
	if !strings.Contains(got[0], "it has acme, smtp left") {
		t.Errorf("got %s", got[0])
	}
	if got[1] != "unused: [acme smtp]" {
		t.Errorf("got %s", got[1])
	}
}

func TestListen_worksWithoutSystemd(t *testing.T) {
	sockets, err := ListenSockets()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := sockets.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := sockets.Listen("systemd:smtp"); err == nil {
		t.Error("a socket came from nowhere")
	}
	if err := sockets.Close(); err != nil {
		t.Error(err)
	}
}
