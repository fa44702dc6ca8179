package e2e

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/verdict"
)

// registry knows one domain, fabrikam.example, that was registered two days ago.
func registry(t *testing.T) (server *httptest.Server, table string) {
	t.Helper()
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/dns.json":
			fmt.Fprintf(w, `{"version":"1.0","publication":"2026-11-20T20:00:01Z","services":[[["example"],["https://%s/rdap/"]]]}`, q.Host)
		case "/rdap/domain/fabrikam.example":
			fmt.Fprintf(w, `{"objectClassName":"domain","ldhName":"FABRIKAM.EXAMPLE","events":[{"eventAction":"registration","eventDate":%q}]}`,
				time.Now().Add(-50*time.Hour).UTC().Format(time.RFC3339))
		default:
			http.NotFound(w, q)
		}
	}))
	t.Cleanup(server.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return server, fmt.Sprintf("[score]\ndomain_age_malicious = \"7d\"\n\n[rdap]\nenabled = true\nurl = %q\nca_file = %q\nprivate_networks = [\"127.0.0.0/8\"]\n", server.URL+"/dns.json", roots)
}

// The registry's word makes a verdict, outlives a kill and the registry itself, and its absence is said and holds
// nothing up.
func TestDomainAge_byTheRegistrysWord(t *testing.T) {
	server, table := registry(t)
	w := prepare(t, contoso, table)
	check, err := exec.Command(binary, "check", "--online", "--config", w.File("clawback.toml")).CombinedOutput()
	if want := "domain age: " + server.URL + "/dns.json lists servers for 1 suffixes; the age of example.com is not known"; !strings.Contains(string(check), want) {
		t.Errorf("check says (%v):\n%s\nwant %q", err, check, want)
	}
	w.up()
	w.eventually(func() string {
		if out := w.must("status"); !strings.Contains(out, "domain ages: 1 suffix in the list of") {
			return out
		}
		return ""
	})
	report := w.report("03-newsletter.eml")
	box := w.deliver("reception@contoso.example", "", w.original(report))
	w.send(report)
	m := w.verdict(newsletterID)
	text := fmt.Sprintf("fabrikam.example was registered on %s, as %s said on",
		time.Now().Add(-50*time.Hour).UTC().Format(time.DateOnly), server.Listener.Addr())
	if m.Record.Verdict.Disposition != verdict.Malicious || !because(m, "policy.switch") || !because(m, "engine.rdap") {
		t.Errorf("the verdict is %+v", m.Record.Verdict)
	}
	if out := w.must("show", newsletterID); !strings.Contains(out, text) ||
		!strings.Contains(out, "It was 2 days old when the message came.") {
		t.Errorf("show does not say %q:\n%s", text, out)
	}
	w.eventually(func() string {
		if got := w.where(box); got != deletions {
			return "the message is in " + got
		}
		return ""
	})
	w.Kill()
	server.Close()
	w.up()
	w.send(another(report, 8))
	if m := w.verdict(strings.Replace(newsletterID, "demo-0", "demo-8",
		1)); m.Record.Verdict.Disposition != verdict.Malicious {
		t.Errorf("after a restart, and without a registry, it is %+v", m.Record.Verdict)
	}
	w.send(bytes.ReplaceAll(another(report, 9), []byte("fabrikam"), []byte("northwind")))
	m = w.verdict(strings.NewReplacer("demo-0", "demo-9", "fabrikam", "northwind").Replace(newsletterID))
	v := m.Record.Verdict
	if v.Disposition == verdict.Malicious || len(v.Degraded) != 1 ||
		!strings.HasPrefix(v.Degraded[0], "rdap: the age of northwind.example is not known: ask: ") {
		t.Errorf("with nobody to ask it is %+v", v)
	}
}
