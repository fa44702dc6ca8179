package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each log event in the code is explained in docs/operations.md.
func TestEvents_areDocumented(t *testing.T) {
	root := moduleRoot(t)
	doc, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`(?:"event", |\.attrs\(|\bevent: )"([a-z_.]+[a-z])"`)
	alert := regexp.MustCompile(`(?:[aA]lert|alertOnce)\("([a-z_.]+[a-z])"`)
	found := 0
	for _, dir := range []string{"smtpd", "queue", "spool", "store", "retract", "retract/graph", "smtpd/certs", "smtpd/networks", "pipeline", "bounce", "alert", "api", "api/idempotency", "api/openid", "api/rest", "api/routes", "api/session", "api/socket", "api/token", "console", "score/engines/rdap", "intel/feed", "intel/sighting", "intel/rejudge", "score/attach/confined", "internal/daemon", "cmd/clawback"} {
		files, _ := filepath.Glob(filepath.Join(root, dir, "*.go"))
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var events []string
			for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
				events = append(events, m[1])
			}
			for _, m := range alert.FindAllStringSubmatch(string(source), -1) {
				events = append(events, "alert."+m[1])
			}
			found += len(events)
			for _, event := range events {
				if !strings.Contains(string(doc), "`"+event+"`") {
					t.Errorf("%s: event %s is not in docs/operations.md", strings.TrimPrefix(file, root), event)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d events were found: the test looks for the wrong thing", found)
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
