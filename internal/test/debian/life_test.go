package debian

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

const configFile = "/etc/clawback/clawback.toml"

// life is a machine with clawback, and the world around it.
type life struct {
	*machine
	bed   *testbed.Bed
	began time.Time // when the first installation began
	next  int       // number of the next letter
	ids   []string  // Message-IDs of what got a 250
}

// From the installation to the purge, in the order of an administrator.
func TestDebian_wholeLife(t *testing.T) {
	needs.Target(t, *deb != "", "needs a Debian that boots, and packages", "make debian")
	lo := exec.Command("ip", "link", "set", "lo", "up")
	if out, err := lo.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := newLife(t)
	bare := l.files()
	for _, step := range []struct {
		name string
		do   func(*life)
	}{
		{"install", (*life).install},
		{"first retraction", (*life).firstRetraction},
		{"upgrade under load", (*life).upgrade}, // what follows is of the later version
		{"exposure", (*life).exposure},
		{"reload", (*life).reload},
		{"refused reload", (*life).refusedReload},
		{"restart under load", func(l *life) { l.underLoad("systemctl", "restart", "clawback") }},
		{"kill", (*life).kill},
		{"backup and another machine", (*life).carryOn},
		{"remove", (*life).remove},
		{"purge", func(l *life) { l.purge(bare) }},
		{"rpm", (*life).throughRPM},
	} {
		began := time.Now()
		if !t.Run(step.name, func(t *testing.T) { l.in(t); step.do(l) }) {
			t.Fatalf("%s failed: what comes after it was not tried", step.name)
		}
		t.Logf("%-28s %s", step.name, time.Since(began).Round(time.Second))
	}
}

func newLife(t *testing.T) *life {
	bed, err := testbed.New(testbed.Options{Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	bed.Address = "127.0.0.1:25"
	for _, name := range []string{"sales", "busy"} {
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: name + "@contoso.example"})
	}
	return &life{machine: newMachine(t), bed: bed}
}

// in has the steps' failures told where they belong.
func (l *life) in(t *testing.T) { l.t = t }

// dpkg installs a package file.
func (l *life) dpkg(file string) string {
	l.t.Helper()
	l.carry(file, "/root/clawback.deb")
	return l.run("dpkg", "-i", "/root/clawback.deb")
}

func (l *life) install() {
	first := *deb
	if *before != "" {
		first = *before
	}
	l.began = time.Now()
	if out := l.dpkg(first); !strings.Contains(out, "clawback init") {
		l.t.Errorf("the installation does not say how to begin:\n%s", out)
	}
	if out, _ := l.try("systemctl", "is-active", "clawback"); strings.TrimSpace(out) != "inactive" {
		l.t.Errorf("before it was configured the unit is %s", out)
	}
	l.configure()
}

// configure answers init, and then edits what a world of simulators needs.
func (l *life) configure() {
	l.carry(l.bed.File("cert.crt"), "/root/smtp.crt")
	l.carry(l.bed.File("cert.secret"), "/root/smtp.key")
	// To this machine the certificate's issuer is a public CA.
	l.run("install", "-D", "-m", "0644", "/root/smtp.crt", "/usr/local/share/ca-certificates/smtp.crt")
	l.run("update-ca-certificates")
	for _, name := range []string{"smtp.crt", "smtp.key"} {
		l.run("install", "-g", "clawback", "-m", "0640", "/root/"+name, "/etc/clawback/"+name)
	}
	l.t.Log(l.run("clawback", "init", "--hostname", testbed.Hostname, "--tenant-id", testbed.Contoso.ID,
		"--domain", testbed.Contoso.Domains[0], "--originator-org", testbed.Contoso.OriginatorOrg[0],
		"--alternate-mailbox", testbed.Alternate, "--email", "postmaster@contoso.example",
		"--client-id", graphsim.DefaultTenant().ClientID,
		"--certificate-file", "/etc/clawback/smtp.crt", "--key-file", "/etc/clawback/smtp.key"))
	if out, status := l.try("clawback", "check"); status != 0 {
		l.t.Errorf("check of what init has written: status %d\n%s", status, out)
	}

	l.carry(l.bed.File("graph-ca.crt"), "/etc/clawback/graph-ca.crt")
	l.write("/etc/clawback/secrets/simulator", string(must(os.ReadFile(l.bed.File("client.secret")))), 0o600)
	text := l.read(configFile)
	credential := regexp.MustCompile(`certificate_file = "credential:[^"]*"`)
	for old, now := range map[string]string{
		`mode = "dry-run"`: `mode = "live"`,
		credential.FindString(text): fmt.Sprintf("cloud = \"custom\"\nlogin_url = %[1]q\ngraph_url = %[1]q\n"+
			"ca_file = \"graph-ca.crt\"\nclient_secret_file = \"credential:secrets_simulator\"", l.bed.Sim.URL()),
		"[tenant.brake]": strings.TrimSpace(testbed.Contoso.Tables),
	} {
		if old == "" || strings.Count(text, old) != 1 {
			l.t.Fatalf("init's configuration has %q %d times:\n%s", old, strings.Count(text, old), text)
		}
		text = strings.Replace(text, old, now, 1)
	}
	host, port, _ := strings.Cut(l.bed.Receiver.Address(), ":")
	text += fmt.Sprintf("\n[[tenant.address]]\naddress = %q\n\n[[listener]]\naddress = \":25\"\n"+
		"networks = [\"127.0.0.0/8\"]\n\n[networks]\nurl = \"\"\n\n[relay]\nhost = %q\nport = %s\ntls = \"starttls\"\n"+
		"ca_file = \"smtp.crt\"\n", testbed.Contoso.Journal(), host, port)
	l.write(configFile, text, 0o640)
	l.run("clawback", "check")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (l *life) firstRetraction() {
	l.run("systemctl", "enable", "--now", "clawback.socket", "clawback")
	l.retracts()
	l.t.Logf("from the installation to the first retraction: %s", time.Since(l.began).Round(time.Second))
}

// retracts delivers a bad message and a good one, reports both, and waits until the bad one alone was moved.
func (l *life) retracts() {
	l.t.Helper()
	keys := map[bool]string{}
	conn, err := l.bed.Dial(l.t.Context())
	if err != nil {
		l.t.Fatalf("%v\n%s", err, l.journal())
	}
	defer conn.Close()
	for _, bad := range []bool{true, false} {
		letter, err := testbed.Write(bad, l.next, "busy@contoso.example")
		if err != nil {
			l.t.Fatal(err)
		}
		l.next++
		if keys[bad], err = l.bed.Deliver(letter); err != nil {
			l.t.Fatal(err)
		}
		if err := testbed.Send(conn, testbed.Contoso, letter.Report); err != nil {
			l.t.Fatal(err)
		}
		l.ids = append(l.ids, letter.MessageID)
	}
	l.eventually("the retraction", func() string {
		if folder := l.folder(keys[true]); folder != "recoverableitemsdeletions" {
			return "the bad message is in " + folder
		}
		return ""
	})
	l.judged()
	if folder := l.folder(keys[false]); folder != "inbox" {
		l.t.Errorf("the good message is in %s", folder)
	}
}

// folder is where a message lies by the simulator's key.
func (l *life) folder(key string) string {
	for _, m := range l.bed.Sim.Messages("busy@contoso.example") {
		if m.Key == key {
			return m.Folder
		}
	}
	return "no folder"
}

// judged waits until no report waits.
func (l *life) judged() {
	l.t.Helper()
	l.eventually("that all is judged", func() string {
		out, status := l.try("clawback", "status", "--json")
		var s struct {
			Queue struct {
				Items map[string]struct{ Count int }
			}
		}
		if err := json.Unmarshal([]byte(out), &s); status != 0 || err != nil {
			return fmt.Sprintf("status %d, %v: %s", status, err, out)
		}
		for _, state := range []string{"ready", "working", "suspect"} {
			if n := s.Queue.Items[state].Count; n > 0 {
				return fmt.Sprintf("%d reports are %s", n, state)
			}
		}
		return ""
	})
}

func (l *life) exposure() {
	out := l.run("systemd-analyze", "security", "--no-pager", "clawback.service")
	found := regexp.MustCompile(`exposure level for clawback.service: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		l.t.Fatalf("no exposure level in:\n%s", out)
	}
	l.t.Logf("exposure %s", found[1])
	if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > 1.1 {
		l.t.Errorf("exposure %s, want 1.1 at most\n%s", found[1], out)
	}
}

// reload changes a key: it is in force, and the audit names it.
func (l *life) reload() {
	l.edit("mailboxes_per_mail = 10000", "mailboxes_per_mail = 10001")
	l.run("systemctl", "reload", "clawback")
	l.eventually("the change in the audit", func() string {
		out, status := l.try("clawback", "audit", "--json")
		if status != 0 || !strings.Contains(out, "mailboxes_per_mail") {
			return fmt.Sprintf("status %d, no mailboxes_per_mail in what audit has", status)
		}
		return ""
	})
	l.retracts()
}

// edit changes the configuration, as an editor would.
func (l *life) edit(old, now string) {
	l.t.Helper()
	text := l.read(configFile)
	if strings.Count(text, old) != 1 {
		l.t.Fatalf("%q stands %d times in the configuration", old, strings.Count(text, old))
	}
	l.write(configFile, strings.Replace(text, old, now, 1), 0o640)
}

// refusedReload breaks the configuration: a person is told, what was in force is, and the mended file is taken.
func (l *life) refusedReload() {
	l.edit("mailboxes_per_mail = 10001", "mailboxes_per_mail = 0")
	l.try("systemctl", "reload", "clawback")
	l.eventually("the refusal in the status", func() string {
		out, status := l.try("clawback", "status", "--check")
		if status != 1 || !strings.Contains(out, "mailboxes_per_mail") {
			return fmt.Sprintf("status %d: %s", status, out)
		}
		return ""
	})
	l.retracts()
	l.edit("mailboxes_per_mail = 0", "mailboxes_per_mail = 10001")
	l.run("systemctl", "reload", "clawback")
	l.eventually("that the refusal is over", func() string {
		if out, _ := l.try("clawback", "status"); strings.Contains(out, "mailboxes_per_mail") {
			return out
		}
		return ""
	})
}

// underLoad runs a command while four senders connect all the time: none is refused, and what got a 250 is there once.
func (l *life) underLoad(command ...string) {
	load := &testbed.Loader{Bed: l.bed, First: l.next}
	ctx, stop := context.WithCancel(l.t.Context())
	var senders sync.WaitGroup
	defer senders.Wait()
	defer stop()
	for range 4 {
		senders.Go(func() { load.Load(ctx) })
	}
	l.eventually("reports before", func() string { return load.Accepted(40) })
	pid := l.pid()
	l.run(command...)
	n := len(load.IDs())
	l.eventually("reports after", func() string { return load.Accepted(n + 40) })
	stop()
	senders.Wait()
	if l.pid() == pid {
		l.t.Errorf("%v left the same process", command)
	}
	l.t.Log(load)
	for _, err := range load.Wrong() {
		l.t.Error(err)
	}
	l.next += 1_000_000
	l.ids = append(l.ids, load.IDs()...)
	l.haveOnce()
	l.retracts()
}

func (l *life) pid() string {
	l.t.Helper()
	return strings.TrimSpace(l.run("systemctl", "show", "--property=MainPID", "--value", "clawback"))
}

// haveOnce requires one record of one report for each 250.
func (l *life) haveOnce() {
	l.t.Helper()
	l.judged()
	control := client.New(fmt.Sprintf("/proc/%d/root/run/clawback/control.sock", l.init))
	for _, id := range l.ids {
		m, err := client.Do(l.t.Context(), control, api.ShowMessage, api.MessageRef{Key: id})
		if err != nil || len(m.Record.Variants) != 1 {
			l.t.Errorf("%s: %d reports, %v", id, len(m.Record.Variants), err)
		}
	}
}

// kill ends the process as nothing in order would: systemd starts it again, and nothing is lost.
func (l *life) kill() {
	pid := l.pid()
	l.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "clawback")
	l.eventually("another process", func() string {
		if now := l.pid(); now == pid || now == "0" {
			return "main pid " + now
		}
		return ""
	})
	l.retracts()
	l.haveOnce()
}

func (l *life) upgrade() {
	needs.Target(l.t, *before != "", "needs the package of an earlier version", "make debian BEFORE=FILE")
	old := l.run("clawback", "version")
	l.carry(*deb, "/root/clawback.deb")
	l.underLoad("dpkg", "-i", "/root/clawback.deb")
	if now := l.run("clawback", "version"); now == old {
		l.t.Errorf("it is %s still", now)
	}
}

// carryOn restores a backup on another machine, which carries on.
func (l *life) carryOn() {
	l.run("clawback", "backup", "/root")
	backups := must(filepath.Glob(l.file("/root/clawback-*.tar")))
	if len(backups) != 1 {
		l.t.Fatalf("backups: %v", backups)
	}
	l.run("systemctl", "stop", "clawback.socket", "clawback")
	l.halt()

	other := newMachine(l.t)
	first := l.machine
	l.machine = other
	l.dpkg(*deb)
	if out, err := exec.Command("cp", "-a", first.file("/etc/clawback"), l.file("/etc")).CombinedOutput(); err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
	l.run("chown", "--recursive", "root:clawback", "/etc/clawback")
	l.carry(backups[0], "/root/backup.tar")
	l.run("clawback", "restore-backup", "/root/backup.tar")
	l.run("clawback", "store", "check")
	l.run("systemctl", "enable", "--now", "clawback.socket", "clawback")
	l.haveOnce()
	until := len(l.ids)
	l.retracts()
	l.run("systemctl", "stop", "clawback.socket", "clawback")
	l.halt()

	l.machine, l.ids = first, l.ids[:until] // what the other one took is not here
	l.boot()                                // and the first one starts by itself
	l.retracts()
}

// remove leaves configuration and state, with which another installation carries on.
func (l *life) remove() {
	l.run("dpkg", "--remove", "clawback")
	if _, err := os.Stat(l.file("/usr/bin/clawback")); err == nil {
		l.t.Error("the program is still there")
	}
	l.read(configFile)
	l.dpkg(*deb)
	l.run("systemctl", "start", "clawback.socket", "clawback")
	l.haveOnce()
	l.retracts()
}

// purge takes what is the package's, and leaves accepted mail and secrets.
func (l *life) purge(bare map[string]bool) {
	out := l.run("dpkg", "--purge", "clawback")
	for _, kept := range []string{"/etc/clawback/secrets", "/var/lib/clawback"} {
		if !strings.Contains(out, kept+" is kept") {
			l.t.Errorf("purge does not say that %s is kept:\n%s", kept, out)
		}
		if _, err := os.Stat(l.file(kept)); err != nil {
			l.t.Error(err)
		}
	}
	ours := regexp.MustCompile(`^/(etc/clawback|var/lib/clawback)(/|$)|^/root/|^/var/(log|cache|lib/(dpkg|systemd))/`)
	for _, path := range slices.Sorted(maps.Keys(l.files())) {
		if !bare[path] && strings.Contains(path, "clawback") && !ours.MatchString(path) {
			l.t.Errorf("%s is left", path)
		}
	}
}

// files are the paths of everything on the machine's disk.
func (l *life) files() map[string]bool {
	l.t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(l.dir, func(path string, _ os.DirEntry, err error) error {
		all[strings.TrimPrefix(path, l.dir)] = true
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

// throughRPM installs and erases the other package: its scripts do what Debian's do.
func (l *life) throughRPM() {
	needs.Target(l.t, *rpm != "", "needs the package for rpm", "make debian RPM=FILE")
	l.run("rm", "-rf", "/etc/clawback", "/var/lib/clawback")
	l.carry(*rpm, "/root/clawback.rpm")
	install := []string{"rpm", "--force-debian", "--nodeps", "--install", "/root/clawback.rpm"}
	if out := l.run(install...); !strings.Contains(out, "clawback init") {
		l.t.Errorf("the installation does not say how to begin:\n%s", out)
	}
	l.configure()
	l.run("systemctl", "enable", "--now", "clawback.socket", "clawback")
	l.ids = nil
	l.retracts()
	l.run("rpm", "--force-debian", "--erase", "clawback")
	if out, _ := l.try("systemctl", "is-active", "clawback"); strings.TrimSpace(out) == "active" {
		l.t.Error("the daemon runs still")
	}
	if _, err := os.Stat(l.file("/usr/bin/clawback")); err == nil {
		l.t.Error("the program is still there")
	}
	l.read(configFile)
}
