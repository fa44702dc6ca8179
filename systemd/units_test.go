package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"clawback/internal/test/needs"
)

func TestService_exposureIsLow(t *testing.T) {
	tool := needs.Program(t, "systemd-analyze")
	out, err := exec.Command(tool, "security", "--offline=true", "./clawback.service").CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for clawback\.service: ([\d.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no exposure level (%v) in:\n%s", err, out)
	}
	if level, _ := strconv.ParseFloat(string(m[1]), 64); level > 1.1 {
		t.Errorf("exposure is %s, want 1.1 at most:\n%s", m[1], out)
	}
}

func TestUnits_areKnownToSystemd(t *testing.T) {
	tool := needs.Program(t, "systemd-analyze")
	dir := t.TempDir()
	for _, name := range []string{"clawback.service", "clawback.socket", "clawback-acme.socket"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "/usr/bin/clawback", "/bin/true") // which is installed
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(tool, "verify", "--man=no", "clawback.service", "clawback.socket", "clawback-acme.socket")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "clawback") && !strings.Contains(line, "Failed to open credential") {
			t.Error(line)
		}
	}
	if err != nil && len(out) == 0 {
		t.Error(err)
	}
}

func TestUnits_namesFitTheConfiguration(t *testing.T) {
	for file, want := range map[string][]string{
		"clawback.service":     {"Type=notify", "WatchdogSec=", "StateDirectoryMode=0700", "LoadCredential=", "Sockets=clawback.socket clawback-acme.socket"},
		"clawback.socket":      {"FileDescriptorName=smtp", "ListenStream=25"},
		"clawback-acme.socket": {"FileDescriptorName=acme", "ListenStream=80", "Service=clawback.service"},
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(string(data), "\n"+line) {
				t.Errorf("%s has no line %s", file, line)
			}
		}
	}
}

// What the daemon takes is bounded before it takes the machine along, and it is slowed down before it is ended.
func TestService_memoryIsBounded(t *testing.T) {
	data, err := os.ReadFile("clawback.service")
	if err != nil {
		t.Fatal(err)
	}
	percent := func(key string) int {
		m := regexp.MustCompile(`(?m)^` + key + `=(\d+)%$`).FindSubmatch(data)
		if m == nil {
			t.Fatalf("no %s in percent of the machine", key)
		}
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	high, most := percent("MemoryHigh"), percent("MemoryMax")
	if high < 50 || high+10 > most || most > 90 {
		t.Errorf("MemoryHigh is %d %%, MemoryMax %d %%", high, most)
	}
	if example, err := os.ReadFile("../config/clawback.example.toml"); err != nil ||
		!strings.Contains(string(example), "\n#max_memory = \"128MiB\"\n") {
		t.Errorf("the default of smtp.max_memory is not the one that the unit reckons with: %v", err)
	}
	if !strings.Contains(string(data), "\nOOMPolicy=continue\n") {
		t.Error("the kernel's end of a file reader ends the daemon")
	}
}

// What the units point to is installed beside them, wherever the prefix is.
func TestUnits_pointToWhatIsInstalled(t *testing.T) {
	for _, prefix := range []string{"/usr", "/opt/claw"} {
		root := t.TempDir()
		cmd := exec.Command("make", "-s", "-C", "..", "install-files", "BINARY=/bin/true", "DESTDIR="+root,
			"PREFIX="+prefix)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/clawback.service"))
		if err != nil {
			t.Fatal(err)
		}
		var wanted []string
		for _, m := range regexp.MustCompile(`file:(\S+)|\nExecStart=(\S+)`).FindAllStringSubmatch(string(unit), -1) {
			wanted = append(wanted, m[1]+m[2])
		}
		for _, m := range regexp.MustCompile(`man:([\w.]+)\((\d)\)`).FindAllStringSubmatch(string(unit), -1) {
			wanted = append(wanted, prefix+"/share/man/man"+m[2]+"/"+m[1]+"."+m[2])
		}
		if len(wanted) < 4 {
			t.Errorf("only %q", wanted)
		}
		for _, path := range wanted {
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Error(err)
			}
		}
	}
}

// What a package's scripts do to an administrator's files is bounded: they remove files by name, and directories only
// when they are empty.
func TestPackages_removeOnlyTheirOwn(t *testing.T) {
	scripts, err := filepath.Glob("../packaging/[dr][ep][bm]/*")
	if err != nil || len(scripts) < 6 {
		t.Fatal(scripts, err)
	}
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "rm ") && (!strings.HasPrefix(line, "rm -f /etc/") ||
				strings.ContainsAny(line, "*?[$")) {
				t.Errorf("%s: %s", script, line)
			}
			if strings.Contains(line, "userdel") || strings.Contains(line, "find ") {
				t.Errorf("%s: %s", script, line)
			}
		}
	}
}

var entryID = regexp.MustCompile(`(?m)^-- ([0-9a-f]{32})$`)

func TestCatalog_explainsEveryEventOnce(t *testing.T) {
	data, err := os.ReadFile("clawback.catalog")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range entryID.FindAllStringSubmatch(string(data), -1) {
		if slices.Contains(ids, m[1]) {
			t.Errorf("%s is explained twice", m[1])
		}
		ids = append(ids, m[1])
	}
	seen := map[string]string{}
	for event, id := range messageIDs {
		if !slices.Contains(ids, id) {
			t.Errorf("event %s has no entry", event)
		}
		if other, twice := seen[id]; twice {
			t.Errorf("events %s and %s have one ID", event, other)
		}
		seen[id] = event
	}
	if len(ids) != len(messageIDs) {
		t.Errorf("%d entries for %d events", len(ids), len(messageIDs))
	}
}

func TestCatalog_compiles(t *testing.T) {
	tool := needs.Program(t, "journalctl")
	data, err := os.ReadFile("clawback.catalog")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, dir := range []string{"usr/lib/systemd/catalog", "var/lib/systemd/catalog"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "usr/lib/systemd/catalog/clawback.catalog"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "--root="+root, "--update-catalog").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(tool, "--root="+root, "--list-catalog").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), " clawback: "); n != len(messageIDs) {
		t.Errorf("%d entries were compiled, want %d:\n%s", n, len(messageIDs), out)
	}
}
