package interop

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"clawback/internal/test/needs"
)

var askTestssl = flag.Bool("tls", false, "let testssl.sh look at the listener")

// excused are the findings that nothing the listener does makes a difference to. That the certificate's chain ends in
// no known authority would be one more; it is given to testssl.sh as an authority instead.
var excused = map[string]string{
	"cert_revocation": "a self-made certificate has no authority that could revoke it, and so no address to ask",
	"engine_problem":  "about the openssl program that testssl.sh itself uses",
}

// finding is one line of what testssl.sh writes.
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Finding  string `json:"finding"`
}

// testssl.sh has nothing to say against the listener, of LOW or worse.
func TestTestssl_findsNothing(t *testing.T) {
	needs.Target(t, *askTestssl, "takes minutes", "make tls")
	program := needs.Program(t, "testssl", "testssl.sh")
	bed := start(t, "")
	file := filepath.Join(t.TempDir(), "findings.json")
	cmd := exec.Command(program, "--starttls", "smtp", "--jsonfile", file, "--quiet", "--warnings", "batch", "--color",
		"0", "--nodns", "none",
		"--add-ca", bed.File("cert.crt"), bed.Address)
	out, _ := cmd.CombinedOutput() // its exit code counts findings
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var list []finding
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("read what testssl.sh wrote: %v\n%s", err, text)
	}
	judge(t, list)
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// judge wants that enough was looked at, and nothing found that is not excused.
func judge(t *testing.T, list []finding) {
	t.Helper()
	seen, severities := map[string]bool{}, map[string]int{}
	for _, f := range list {
		seen[f.ID] = true
		severities[f.Severity]++
		bad := slices.Contains([]string{"LOW", "MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"}, f.Severity)
		switch why, ok := excused[f.ID]; {
		case bad && ok:
			t.Logf("excused: %s (%s) %s: %s", f.ID, f.Severity, f.Finding, why)
		case bad:
			t.Errorf("%s (%s): %s", f.ID, f.Severity, f.Finding)
		}
	}
	t.Logf("findings by severity: %v", severities)
	for _, id := range []string{"TLS1", "TLS1_2", "TLS1_3", "heartbleed", "secure_client_renego", "PFS", "cipherlist_NULL", "ROBOT", "DROWN"} {
		if !seen[id] {
			t.Errorf("testssl.sh did not look at %s", id)
		}
	}
}
