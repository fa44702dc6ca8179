package confined

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/needs"
	"clawback/score/attach"
)

// unitVariable holds the system calls that the unit allows, in the process that tries whether children work with these
// alone.
const unitVariable = "CLAWBACK_TEST_UNIT_SYSTEM_CALLS"

// asUnit never returns in that process.
func asUnit() {
	names := os.Getenv(unitVariable)
	if names == "" {
		return
	}
	err := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionAllow, Names: strings.Fields(names)}},
	}})
	if err != nil {
		fmt.Println("set the unit's filter:", err)
		os.Exit(1)
	}
	p, err := Open(Options{Program: program})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	limits := attach.Default()
	r := p.Inspect(context.Background(), []attach.File{{Name: "a.pdf", Body: mailgen.PDF("https://a.example/")}}, &limits)
	fmt.Printf("links %d, filter %q\n", len(r[0].Links), p.idle[0].filter)
	os.Exit(0)
}

// group expands a set of system calls as systemd knows it.
func group(t *testing.T, name string) (all []string) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "syscall-filter", name).Output()
	if err != nil {
		t.Fatalf("systemd-analyze syscall-filter %s: %v", name, err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	lines.Scan() // its name
	for lines.Scan() {
		switch line := strings.TrimSpace(lines.Text()); {
		case strings.HasPrefix(line, "@"):
			all = append(all, group(t, line)...)
		case !strings.HasPrefix(line, "#"):
			all = append(all, line)
		}
	}
	return all
}

// unitCalls are what the unit file allows, of those that this architecture has.
func unitCalls(t *testing.T) (all []string) {
	t.Helper()
	unit, err := os.ReadFile("../../../systemd/clawback.service")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(unit)) {
		value, is := strings.CutPrefix(strings.TrimSpace(line), "SystemCallFilter=")
		names, not := strings.CutPrefix(value, "~")
		for _, name := range strings.Fields(names) {
			set := []string{name}
			if is && strings.HasPrefix(name, "@") {
				set = group(t, name)
			}
			switch {
			case is && not:
				all = slices.DeleteFunc(all, func(s string) bool { return slices.Contains(set, s) })
			case is:
				all = append(all, set...)
			}
		}
	}
	known := map[string]*arch.Info{"amd64": arch.X86_64, "arm64": arch.AARCH64}[runtime.GOARCH]
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { _, has := known.SyscallNames[s]; return !has })
}

// Children start and are filtered within the unit's own filter of system calls.
func TestOpen_withinTheUnitsFilter(t *testing.T) {
	needs.Program(t, "systemd-analyze")
	cmd := exec.Command(string(program))
	cmd.Path, _ = os.Executable()
	cmd.Env = append(os.Environ(), unitVariable+"="+strings.Join(unitCalls(t), " "))
	out, err := cmd.CombinedOutput()
	if got, want := strings.TrimSpace(string(out)), `links 1, filter ""`; err != nil || got != want {
		t.Errorf("%v: %s; want %s", err, got, want)
	}
}
