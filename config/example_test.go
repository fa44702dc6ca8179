package config

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// example reads the shipped example, with its files moved to a directory where they exist.
func example(t *testing.T) (name, text string) {
	t.Helper()
	data, err := os.ReadFile("clawback.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text = strings.NewReplacer("/etc/clawback/", dir+"/", "/run/secrets/", dir+"/").Replace(string(data))
	for _, m := range regexp.MustCompile(`_(?:file|token) = "([^"]+)"`).FindAllStringSubmatch(text, -1) {
		content := map[string]string{
			"credential:secrets_alert-url": "https://hooks.example.com/1",
			"credential:secrets_alert-key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		}[m[1]]
		write(t, filepath.Join(dir, filepath.Base(strings.TrimPrefix(m[1], "credential:"))), or(content, "x"), 0o600)
	}
	write(t, filepath.Join(dir, "known-good.txt"), "good.example\n", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	return filepath.Join(dir, "clawback.toml"), text
}

func TestExample_isValidAsShipped(t *testing.T) {
	name, text := example(t)
	if _, err := Parse(name, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestExample_namesEveryKey(t *testing.T) {
	name, text := example(t)
	_, r := parse(name, []byte(uncommented(text)))
	documented := map[string]bool{}
	for path := range r.at {
		documented[plain(path)] = true
	}
	for _, key := range slices.Sorted(maps.Keys(r.known)) {
		if !documented[key] {
			t.Errorf("key %s is read but does not stand in clawback.example.toml", key)
		}
	}
	if len(r.known) < 120 {
		t.Errorf("only %d keys are known, the test does not see them all", len(r.known))
	}
}

// With every option on at once, nothing may be wrong but the choices that exclude each other.
func TestExample_optionsAreValid(t *testing.T) {
	name, text := example(t)
	_, r := parse(name, []byte(uncommented(text)))
	exclusive := []string{"feed.file", "alert.url_file", "alert.to", "alert.server", "alert.framing", "tls", "tenant.graph.certificate_file", "tenant.graph.login_url", "tenant.graph.graph_url", "tenant.graph.ca_file"}
	for _, p := range r.problems {
		if !slices.Contains(exclusive, p.Key) {
			t.Error(p)
		}
	}
	if len(r.problems) != len(exclusive) {
		t.Errorf("%d problems, want the %d exclusive choices", len(r.problems), len(exclusive))
	}
}
