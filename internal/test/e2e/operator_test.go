package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/store"
)

// startCommand runs the command line beside the test, with an input of its own.
func (w *world) startCommand(args ...string) (in *os.File, said func() string, wait func() error) {
	w.t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	log, err := os.Create(w.File("command.log"))
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cmd.Process.Kill(); read.Close(); write.Close(); log.Close() })
	said = func() string {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	return write, said, func() error {
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			w.t.Fatalf("it does not end; it said:\n%s", said())
			return nil
		}
	}
}

// consentPage waits for the address of the consent page, opens it, and gives where it leads back to.
func (w *world) consentPage(said func() string) string {
	w.t.Helper()
	var page string
	w.eventually(func() string {
		_, after, found := strings.Cut(said(), "\n\n  https://")
		line, _, whole := strings.Cut(after, "\n")
		if !found || !whole {
			return "no page yet: " + said()
		}
		page = "https://" + line
		return ""
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.Sim.CA())
	browser := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(page)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Location")
}

// The whole command on a machine without a browser: what the administrator pastes decides, errors first.
func TestConnect_pastedRedirect(t *testing.T) {
	own := func(s string) string { return strings.ReplaceAll(s, graphsim.DefaultTenant().ID, contoso.ID) }
	for name, c := range map[string]struct {
		edit func(string) string // of the answer of another tenant
		ok   bool
		says string
	}{
		"consent":  {own, true, "is connected. Granted: Mail.ReadWrite, User.Read.All"},
		"declined": {func(s string) string { return own(s) + "&error=access_denied&error_description=AADSTS65004" }, false, "declined, or closed the page (AADSTS65004)"},
		"portal":   {func(s string) string { return strings.ReplaceAll(own(s), "&state=", "&was=") }, false, "it has no state"},
		"another":  {func(s string) string { return s }, false, "for another tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, contoso)
			in, said, wait := w.startCommand("connect", "contoso", "--paste", "--config", w.File("clawback.toml"))
			if _, err := in.WriteString(c.edit(w.consentPage(said)) + "\n"); err != nil {
				t.Fatal(err)
			}
			if err := wait(); (err == nil) != c.ok || !strings.Contains(said(), c.says) {
				t.Errorf("%v; it said:\n%s", err, said())
			}
		})
	}
}

// Ctrl-C ends a question that nobody answers.
func TestConnect_interruptedWhileItAsks(t *testing.T) {
	w := start(t, contoso)
	cmd := exec.Command(binary, "connect", "contoso", "--paste", "--config", w.File("clawback.toml"))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	cmd.Process.Signal(syscall.SIGINT)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err == nil || !cmd.ProcessState.Exited() { // by itself, and not by a signal
		t.Errorf("%v:\n%s", err, log.String())
	}
}

// Within a scope of RBAC for Applications a mailbox of it can be named; a secret that ends soon is a warning.
func TestCheck_namedMailboxAndWarning(t *testing.T) {
	w := prepare(t, contoso)
	w.edit("client_secret_file",
		"client_secret_ends = \""+time.Now().AddDate(0, 0, 20).Format(time.DateOnly)+"\"\nclient_secret_file")
	w.up()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"} {
		w.Sim.AddUser(graphsim.User{Tenant: contoso.ID, UPN: name + name + name + "@contoso.example"})
	}
	w.Sim.SetRoles(contoso.ID, "User.Read.All")
	w.Sim.GrantScope(contoso.ID, "sales@contoso.example")
	out, _ := w.cli("check", "--online", "--config", w.File("clawback.toml"), "--mailbox", "sales@contoso.example")
	for _, want := range []string{"by RBAC for Applications; tried with sales@contoso.example", "warning tenant contoso, Microsoft Graph: client secret: expires on"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// All that is held of a message is approved by naming the message.
func TestHeld_approvedByRecord(t *testing.T) {
	tenant := contoso
	tenant.Tables = "\n[tenant.brake]\nmailboxes_per_mail = 1\n"
	w := start(t, tenant)
	report := w.report("01-credential-phish.eml")
	var all []graphsim.Message
	for _, box := range []string{reception, sales, coverBox} {
		m, err := w.Sim.Deliver(graphsim.Delivery{Mailbox: box, MIME: w.original(report), Read: box == sales})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	w.send(report)
	w.eventually(func() string {
		if out := w.must("held", "list", "--each"); strings.Count(out, "mailboxes_per_mail") != 2 {
			return out
		}
		return ""
	})
	if out := w.must("held", "approve", phishID, "--comment", "phish"); !strings.Contains(out, "2 intents: approved") {
		t.Errorf("approved: %s", out)
	}
	w.ends(phishID, map[string]store.Outcome{reception: store.Done, sales: store.Done, cover: store.Done})
	for _, m := range all {
		if at := w.where(m); at != deletions {
			t.Errorf("%s's message is in %s", m.Mailbox, at)
		}
	}
	if out, err := w.cli("held", "approve", phishID); err == nil ||
		!strings.Contains(err.Error(), "nothing of message") {
		t.Errorf("approved again: %v %s", err, out)
	}
	// The read state at retraction is shown.
	if out := w.must("show", phishID); strings.Count(out, "was unread; taken to") != 2 ||
		strings.Count(out, "was read; taken to") != 1 {
		t.Errorf("show says:\n%s", out)
	}
}

// A job over a list of ids; a mailbox that does not have the message yet keeps nobody waiting at the terminal.
func TestBulk_listOfIds(t *testing.T) {
	w := start(t, contoso)
	report := w.report("04-colleague.eml")
	m := w.deliver(sales, "", w.original(report)) // and not to reception
	w.send(report)
	w.eventually(func() string {
		if out := w.must("search", "--subject", "pallets"); !strings.Contains(out, "CLEAN") {
			return out
		}
		return ""
	})
	list := w.File("ids.txt")
	if err := os.WriteFile(list, []byte("<demo-04.20261102@contoso.example>\n\n<nothing@contoso.example>\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	out, err := w.cli("retract", "--ids-from", list, "--to", "trash", "--yes")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") { // a part of it: one of the ids is no message
		t.Errorf("the job ends with %v", err)
	}
	for _, want := range []string{"1 planned, 1 refused", "1 done", "1 pending", "processing"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if at := w.where(m); at != "deleteditems" {
		t.Errorf("the message is in %s", at)
	}
}
