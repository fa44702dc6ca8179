package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/config"
)

// initFlags are all that init must be told.
var initFlags = []string{"--hostname", "gw.example.com", "--tenant-id", "11111111-2222-4333-8444-555555555555", "--domain", "contoso.example,contoso.test",
	"--alternate-mailbox", "lost@archive.example", "--email", "postmaster@contoso.example"}

func TestInit_writesWhatLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clawback")
	file := filepath.Join(dir, "clawback.toml")
	status, out, errOut := clawback(t, "none", append([]string{"init", "--config", file, "--originator-org", "contoso.onmicrosoft.example"}, initFlags...)...)
	if status != exitOK {
		t.Fatalf("%d %s%s", status, out, errOut)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	x := cfg.Tenants[0]
	if cfg.Hostname != "gw.example.com" || x.Name != "contoso" || x.Mode != "dry-run" ||
		x.AlternateMailbox != "lost@archive.example" ||
		x.Graph.ClientID != unregistered || !slices.Equal(x.Domains, []string{"contoso.example", "contoso.test"}) ||
		!slices.Equal(x.OriginatorOrg, []string{"contoso.example", "contoso.test", "contoso.onmicrosoft.example"}) ||
		!cfg.ACME.Enabled || cfg.ACME.Email != "postmaster@contoso.example" {
		t.Errorf("%+v", cfg)
	}
	if a := x.Addresses[0].Address; len(a) != len("j-")+26+len("@gw.example.com") {
		t.Errorf("the address %s has not %d bits", a, addressBits)
	}
	for path, mode := range map[string]os.FileMode{file: 0o640, dir: 0o750, filepath.Join(dir, "secrets"): 0o700, x.Graph.CertificateFile: 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&^mode != 0 {
			t.Errorf("%s: %v, mode %v, want %v at most", path, err, info.Mode(), mode)
		}
	}
	for _, next := range []string{"clawback setup exchange contoso --config", "clawback check --online", "clawback-acme.socket clawback"} {
		if !strings.Contains(out, next) {
			t.Errorf("%q is not among the next commands:\n%s", next, out)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "graph.crt"), x.Graph.CertificateFile)
	if err != nil {
		t.Fatal(err)
	}
	if key, is := pair.PrivateKey.(*rsa.PrivateKey); !is || key.N.BitLen() != keyBits ||
		pair.Leaf.NotAfter.Before(time.Now().AddDate(0, 11, 0)) {
		t.Errorf("%T until %s", pair.PrivateKey, pair.Leaf.NotAfter)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "graph.crt")); err != nil ||
		bytes.Contains(text, []byte("PRIVATE")) {
		t.Error("the file to hand out has the key", err)
	}
}

func TestInit_neverWritesOver(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "clawback.toml")
	run := func() (int, string) {
		status, _, errOut := clawback(t, "none", append([]string{"init", "--config", file}, initFlags...)...)
		return status, errOut
	}
	if status, errOut := run(); status != exitOK {
		t.Fatal(errOut)
	}
	first, key := read(t, file), read(t, filepath.Join(dir, "secrets", graphKey))
	if status, errOut := run(); status != exitFailed || !strings.Contains(errOut, "is there already") {
		t.Errorf("%d %s", status, errOut)
	}
	if read(t, file) != first {
		t.Error("the configuration was changed")
	}
	// A new configuration beside a key that is registered already keeps it, and has another address.
	if err := os.Rename(file, file+".old"); err != nil {
		t.Fatal(err)
	}
	if status, errOut := run(); status != exitOK {
		t.Fatal(errOut)
	}
	if read(t, filepath.Join(dir, "secrets", graphKey)) != key ||
		!strings.HasPrefix(key, read(t, filepath.Join(dir, "graph.crt"))) {
		t.Error("the key was replaced")
	}
	if read(t, file) == first {
		t.Error("the journal address is the same")
	}
	// Neither a link that leads nowhere nor a key of another form is written over.
	for name, made := range map[string]func(string) error{
		"link": func(p string) error { return os.Symlink("/nowhere/at-all", p) },
		"dir":  func(p string) error { return os.Mkdir(p, 0o700) },
	} {
		file = filepath.Join(t.TempDir(), name)
		if err := made(file); err != nil {
			t.Fatal(err)
		}
		if status, errOut := run(); status != exitFailed || !strings.Contains(errOut, "is there already") {
			t.Errorf("%s: %d %s", name, status, errOut)
		}
	}
	dir = t.TempDir()
	file = filepath.Join(dir, "clawback.toml")
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secrets", graphKey), []byte("PKCS12"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, errOut := run(); status != exitFailed || !strings.Contains(errOut, "move it away") ||
		read(t, filepath.Join(dir, "secrets", graphKey)) != "PKCS12" {
		t.Errorf("%d %s", status, errOut)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a configuration was written beside a key that cannot be used")
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What is missing or wrong is said at once, by the flag that says it, and nothing is written.
func TestInit_refuses(t *testing.T) {
	with := func(flag, value string) []string {
		args := slices.Clone(initFlags)
		args[slices.Index(args, flag)+1] = value
		return args
	}
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"nothing":   {nil, []string{"--hostname", "--tenant-id", "--domain", "--alternate-mailbox", "--email"}},
		"most":      {initFlags[:8], []string{"not a terminal: say --email"}},
		"id":        {with("--tenant-id", "contoso"), []string{`--tenant-id "contoso" is not a GUID`}},
		"host":      {with("--hostname", "gw"), []string{`--hostname "gw" has no domain`}},
		"alternate": {with("--alternate-mailbox", "lost"), []string{`--alternate-mailbox "lost" is not a mail address`}},
		"domain":    {with("--domain", "contoso.example,not a domain"), []string{"--domain"}},
		"control":   {with("--email", "a\nb@c.example"), []string{"--email"}},
		"quote":     {with("--hostname", "a\"b.example"), []string{"--hostname"}},
		"client":    {append(slices.Clone(initFlags), "--client-id", "me"), []string{"--client-id"}},
		"files":     {append(slices.Clone(initFlags), "--certificate-file", "/nowhere/a.pem", "--key-file", "/nowhere/b.pem"), []string{"--certificate-file", "--key-file"}},
	} {
		file := filepath.Join(t.TempDir(), "clawback.toml")
		status, out, errOut := clawback(t, "none", append([]string{"init", "--config", file}, c.args...)...)
		if status != exitUsage || out != "" {
			t.Errorf("%s: exit status %d, %s", name, status, out)
		}
		for _, w := range c.want {
			if !strings.Contains(errOut, w) {
				t.Errorf("%s: %q does not stand in %s", name, w, errOut)
			}
		}
		if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) > 0 {
			t.Errorf("%s: %v was written, %v", name, entries, err)
		}
	}
}

// A person is asked for what the flags leave open, and again where an answer cannot be right.
func TestInit_asks(t *testing.T) {
	var errOut bytes.Buffer
	in := strings.NewReader("gw\ngw.example.com\n\n11111111-2222-4333-8444-555555555555\ncontoso.example, contoso.test\nx@y.example\nme@contoso.example\n")
	c := initCmd{Config: filepath.Join(t.TempDir(), "clawback.toml")}
	if err := c.ask(&app{ctx: t.Context(), in: in, errOut: &errOut}, "j-x"); err != nil {
		t.Fatal(err, errOut.String())
	}
	if c.Hostname != "gw.example.com" || c.TenantID == "" || !slices.Equal(c.Domain, []string{"contoso.example", "contoso.test"}) ||
		c.AlternateMailbox != "x@y.example" || c.Email != "me@contoso.example" {
		t.Errorf("%+v", c)
	}
	if said := errOut.String(); strings.Count(said, "has no domain") != 1 ||
		strings.Count(said, "an answer is needed") != 1 {
		t.Error(said)
	}
	err := (&initCmd{Config: c.Config}).ask(&app{ctx: t.Context(), in: strings.NewReader("gw.example.com\n"), errOut: &errOut}, "j-x")
	if err == nil || !strings.Contains(err.Error(), "--tenant-id") {
		t.Errorf("the end of the input: %v", err)
	}
}

func TestInit_json(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clawback.toml")
	status, out, errOut := clawback(t, "none", append([]string{"init", "--json", "--client-id", "11111111-2222-4333-8444-666666666666", "--config", file}, initFlags...)...)
	var m made
	if err := json.Unmarshal([]byte(out), &m); err != nil || status != exitOK {
		t.Fatal(status, err, errOut)
	}
	if cfg, err := config.Load(file); err != nil || m.Address != cfg.Tenants[0].Addresses[0].Address ||
		m.Config != file || m.Unfinished {
		t.Errorf("%+v, %v", m, err)
	}
}
