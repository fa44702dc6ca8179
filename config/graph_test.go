package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGraph_endOfTheClientSecret(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		lines   string
		want    time.Time
		problem string
	}{
		{"client_secret_file = \"secret\"", time.Time{}, ""},
		{"client_secret_file = \"secret\"\nclient_secret_ends = 2027-06-30", day, ""},
		{"client_secret_file = \"secret\"\nclient_secret_ends = \"2027-06-30\"", day, ""},
		{"client_secret_file = \"secret\"\nclient_secret_ends = \"soon\"", time.Time{}, "client_secret_ends"},
		{"managed_identity = true\nclient_secret_ends = 2027-06-30", day, "without client_secret_file"},
	} {
		cfg, r := parse(filepath.Join(dir, "clawback.toml"),
			[]byte(strings.Replace(brakeTenant, "[tenant.brake]\n", "[tenant.graph]\n"+c.lines+"\n", 1)))
		problems := ""
		for _, p := range r.problems {
			if p.Key == "tenant.graph.client_secret_ends" {
				problems += p.Key + " " + p.Text
			}
		}
		if c.problem == "" && problems != "" || !strings.Contains(problems, c.problem) {
			t.Errorf("%s: problems %q, want %q", c.lines, problems, c.problem)
		}
		if got := cfg.Tenants[0].Graph.ClientSecretEnds; !got.UTC().Equal(c.want) {
			t.Errorf("%s: ends %s, want %s", c.lines, got, c.want)
		}
	}
}
