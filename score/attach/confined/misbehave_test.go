package confined

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/needs"
	"clawback/score/attach"
)

// prefix begins the name under which the test program is started to misbehave as the rest of the name says.
const prefix = "child that "

// misbehaving is the test program under such a name.
func misbehaving(t testing.TB, how string) Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), prefix+how)
	if os.Link(self, name) == nil {
		return Program(name)
	}
	program, err := os.ReadFile(self) // on another file system
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, program, 0o700); err != nil {
		t.Fatal(err)
	}
	return Program(name)
}

// misbehave never returns in a process that was started to misbehave. It answers requests in order up to a file whose
// name begins with "bad".
func misbehave() {
	name, err := os.Executable()
	how, is := strings.CutPrefix(filepath.Base(name), prefix)
	if err != nil || !is || len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	unfiltered := confine()
	if how == "probes" {
		serve(descriptor(0), descriptor(1), errors.Join(append(probes(), unfiltered)...))
		os.Exit(0)
	}
	_ = writeFrame(descriptor(1), hello{Version: version})
	if how == "reads nothing" {
		sleep()
	}
	for {
		var r request
		var buffer []byte
		if readFrame(descriptor(0), maxRequest, &r) != nil {
			os.Exit(0)
		}
		files, err := contents(descriptor(0), r.Files, &buffer)
		if err != nil {
			os.Exit(0)
		}
		for _, f := range files {
			if strings.HasPrefix(f.Name, "bad") {
				fail(how, r.Limits)
			} else if writeFrame(descriptor(1), answer{r.Limits, attach.Inspect(f, &r.Limits)}) != nil {
				os.Exit(1)
			}
		}
	}
}

var sink [][]byte

func fail(how string, limits attach.Limits) {
	reply := answer{Limits: limits, Report: attach.Report{Kind: "png"}}
	switch how {
	case "dies":
		os.Exit(3)
	case "writes rubbish":
		_, _ = descriptor(1).Write(bytes.Repeat([]byte{0, 0, 0, 9, 0xff, 0xff}, 20))
		sleep()
	case "grows":
		for {
			sink = append(sink, bytes.Repeat([]byte{1}, 16<<20))
		}
	case "spins":
		for i := 0; ; i++ {
			if i < 0 {
				sink = nil
			}
		}
	case "recurses":
		sink = make([][]byte, recurse(1))
	case "sleeps":
		sleep()
	case "trickles":
		_, _ = descriptor(1).Write([]byte{0, 0x10, 0, 0})
		for {
			_, _ = descriptor(1).Write([]byte{0})
			time.Sleep(50 * time.Millisecond)
		}
	case "sends a huge frame":
		_, _ = descriptor(1).Write([]byte{0x7f, 0xff, 0xff, 0xff})
		sleep()
	case "raises the limits":
		reply.Limits.Bytes++
	case "invents a code":
		reply.Report.Findings = []attach.Finding{{ID: "Not A Code", Text: "x"}}
	case "says it stopped":
		reply.Report.Stopped = "I say so."
	}
	_ = writeFrame(descriptor(1), reply)
}

func sleep() { time.Sleep(time.Hour) }

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + recurse(n+2)
}

// probes tries what a child must not be able to do, and tells what it could.
func probes() (could []error) {
	for what, try := range map[string]func() error{
		"read a file":     func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"list a folder":   func() error { _, err := os.ReadDir("/"); return err },
		"make a file":     func() error { return os.WriteFile("/tmp/clawback-confined-probe", nil, 0o600) },
		"make a folder":   func() error { return os.Mkdir("/tmp/clawback-confined-probe", 0o700) },
		"remove a file":   func() error { return os.Remove("/tmp/clawback-confined-probe") },
		"open a socket":   func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err },
		"open a Unix one": func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0); return err },
		"dial":            func() error { _, err := net.DialTimeout("tcp", "127.0.0.1:25", time.Second); return err },
		"run a program":   func() error { return exec.Command("/bin/true").Run() },
		"become another":  func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) },
		"fork":            fork,
		"signal parent":   func() error { return unix.Kill(unix.Getppid(), 0) },
		"trace parent":    func() error { return unix.PtraceAttach(unix.Getppid()) },
		"open a pipe":     func() error { return unix.Pipe(make([]int, 2)) },
		"copy its output": func() error { _, err := unix.Dup(1); return err },
		"map code": func() error {
			_, err := unix.Mmap(-1, 0, 4096, unix.PROT_EXEC|unix.PROT_READ, unix.MAP_ANON|unix.MAP_PRIVATE)
			return err
		},
		"raise a limit": func() error {
			return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100})
		},
		"write to standard error": func() error { _, err := descriptor(2).Write([]byte("x")); return err },
		"use another descriptor":  others,
		"read its environment":    readEnvironment,
	} {
		if try() == nil {
			could = append(could, errors.New(what))
		}
	}
	return could
}

func fork() error {
	_, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func others() error {
	open := 0
	for fd := 2; fd < 1000; fd++ {
		if _, _, errno := syscall.Syscall(unix.SYS_READ, uintptr(fd), 0, 0); errno != unix.EBADF {
			open++
		}
	}
	if open > 2 { // the runtime's epoll and event descriptors
		return nil
	}
	return unix.EBADF
}

func readEnvironment() error {
	if len(os.Environ()) == 0 {
		return io.EOF
	}
	return nil
}

// A child is left with computing, and with reading and writing its two pipes.
func TestChild_canDoNothingElse(t *testing.T) {
	t.Setenv("SECRET", "x")
	p := open(t, Options{Program: misbehaving(t, "probes")})
	if could := p.idle[0].filter; could != "" {
		t.Errorf("a child could:\n%s", could)
	}
	limits := attach.Default()
	if r := p.Inspect(t.Context(), []attach.File{{Name: "a.pdf", Body: mailgen.PDF("https://a.example/")}}, &limits); len(r[0].Links) != 1 {
		t.Errorf("after that it does not work any more: %+v", r)
	}
	if _, err := os.Stat("/tmp/clawback-confined-probe"); err == nil {
		t.Error("it made a file")
	}
}

// The thread that starts a child restricts it before its program runs, whether or not the kernel has filters.
func TestRestrictThread_holdsForTheChild(t *testing.T) {
	folder := t.TempDir()
	made := filepath.Join(folder, "made")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cmd := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "grep -q 'NoNewPrivs:.1' /proc/self/status || exit 7; echo x 2>/dev/null >" + made},
		Stdin: null, Stdout: null, Stderr: null}
	if err := startRestricted(cmd); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() == 7 {
		t.Error("no_new_privs is not set")
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0,
		unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
		needs.Ability(t, "a kernel with Landlock", errno)
	}
	if _, statErr := os.Stat(made); err == nil || statErr == nil {
		t.Errorf("it made a file: %v", err)
	}
	if err := os.WriteFile(made, nil, 0o600); err != nil {
		t.Errorf("this process is restricted too: %v", err)
	}
}

func TestLandlockRules_growWithItsVersion(t *testing.T) {
	var last unix.LandlockRulesetAttr
	for v := 1; v <= 8; v++ {
		rules := landlockRules(v)
		if rules.Handled_access_fs < last.Handled_access_fs || rules.Handled_access_net < last.Handled_access_net ||
			rules.Scoped < last.Scoped {
			t.Errorf("version %d handles less than the one before: %+v", v, rules)
		}
		last = rules
	}
	if last.Handled_access_net == 0 || last.Scoped == 0 || fmt.Sprintf("%#x", last.Handled_access_fs) != "0xfff2" {
		t.Errorf("%+v", last)
	}
}
