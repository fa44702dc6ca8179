package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad_missingFileIsNoProblemOfItsContents(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.toml"))
	if _, ok := errors.AsType[Problems](err); ok || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestSecret_comesFromWhereTheNameSays(t *testing.T) {
	dir, credentials := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "beside"), "beside\r\n", 0o600)
	write(t, filepath.Join(dir, "spaces"), "  kept  \n", 0o600)
	write(t, filepath.Join(credentials, "contoso"), "credential", 0o400)
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	for _, row := range []struct{ name, want string }{
		{"beside", "beside"},
		{filepath.Join(dir, "beside"), "beside"},
		{"./x/../beside", "beside"},
		{"spaces", "  kept  "},
		{"credential:contoso", "credential"},
	} {
		text := strings.Replace(minimal, `"secret"`, `"`+row.name+`"`, 1)
		c, err := Parse(filepath.Join(dir, "clawback.toml"), []byte(text))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := c.Tenants[0].Graph.ClientSecret.Reveal(); got != row.want {
			t.Errorf("%s: secret is %q, want %q", row.name, got, row.want)
		}
	}
}

func TestStateDir_isRelativeToTheFile(t *testing.T) {
	name := inDir(t)
	c, err := Parse(name, []byte(`state_dir = "state/../var"`+"\n"+minimal))
	if err != nil || c.StateDir != filepath.Join(filepath.Dir(name), "var") {
		t.Errorf("state_dir is %+v, %v", c, err)
	}
}

func TestSecret_credentialWithoutSystemdSaysSo(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	text := strings.Replace(minimal, `"secret"`, `"credential:contoso"`, 1)
	_, err := Parse("clawback.toml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), "LoadCredential=contoso:FILE") {
		t.Errorf("error is %v", err)
	}
}

// An administrator's `clawback check` is not run by systemd, and finds what the unit would pass.
func TestSecret_checkFindsWhatTheUnitPasses(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	name := inDir(t)
	if err := os.Mkdir(filepath.Join(filepath.Dir(name), "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(name), "secrets", "contoso"), "from the unit", 0o600)
	c, err := Parse(name, []byte(strings.Replace(minimal, `"secret"`, `"credential:secrets_contoso"`, 1)))
	if err != nil || c.Tenants[0].Graph.ClientSecret.Reveal() != "from the unit" {
		t.Errorf("error is %v", err)
	}
	_, err = Parse(name, []byte(strings.Replace(minimal, `"secret"`, `"credential:secrets_../clawback.toml"`, 1)))
	if err == nil {
		t.Error("a credential's name leads out of its directory")
	}
}

// A file that never ends or never answers must not stop the start.
func TestSecret_devicesAndDirectoriesAreRefused(t *testing.T) {
	for _, name := range []string{"/dev/zero", "/dev/stdin", "/proc", "/"} {
		text := strings.Replace(minimal, `"secret"`, `"`+name+`"`, 1)
		if _, err := Parse("clawback.toml", []byte(text)); err == nil ||
			!strings.Contains(err.Error(), "is not a regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParse_takesWhatEditorsOnWindowsWrite(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(minimal, "\n", "\r\n")
	if _, err := Parse(inDir(t), []byte(text)); err != nil {
		t.Error(err)
	}
	_, err := Parse(inDir(t), []byte(strings.Replace(text, "hostname", "hostnam", 1)))
	problems, _ := errors.AsType[Problems](err)
	if len(problems) != 2 || problems[1].Line != 1 || problems[1].Key != "hostnam" {
		t.Errorf("problems are %v", problems)
	}
	_, err = Parse(inDir(t), []byte("\xff\xfeh\x00o\x00"))
	if err == nil || !strings.Contains(err.Error(), "is not UTF-8 text") {
		t.Errorf("UTF-16: %v", err)
	}
}

// A group that says nothing else does what its tenant does.
func TestGroup_inheritsTheTenantsActions(t *testing.T) {
	text := minimal + `
[tenant.actions]
spoof = { action = "trash", unread_only = true, max_age = "7d" }
spam = "junk"
[[tenant.group]]
name = "board"
mailboxes = ["CEO@contoso.example", "@Board.contoso.example"]
[tenant.group.actions]
malicious = "hard_delete"
`
	c, err := Parse(inDir(t), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tenant, group := c.Tenants[0].Actions, c.Tenants[0].Groups[0]
	for d, rule := range tenant {
		want := rule
		if d.String() == "MALICIOUS" {
			want = Rule{Action: HardDelete}
			if rule.Action != SoftDelete {
				t.Errorf("the group changed the tenant: %v", rule)
			}
		}
		if group.Actions[d] != want {
			t.Errorf("%s: group has %v, want %v", d, group.Actions[d], want)
		}
	}
	if group.Mailboxes[0] != "ceo@contoso.example" || group.Mailboxes[1] != "@board.contoso.example" {
		t.Errorf("mailboxes are %q", group.Mailboxes)
	}
}

// Files with a key or a secret are closed to others; a Graph certificate's has the key in it. What systemd passes is
// exempt.
func TestParse_keysAndSecretsAreClosedToOthers(t *testing.T) {
	name := inDir(t)
	file := filepath.Join(filepath.Dir(name), "open")
	write(t, file, "x", 0o644)
	for _, line := range []string{`client_secret_file = "open"`, `certificate_file = "open"`} {
		text := strings.Replace(minimal, `client_secret_file = "secret"`, line, 1)
		if text == minimal {
			t.Fatal("the minimal configuration has another secret")
		}
		_, err := Parse(name, []byte(text))
		if err == nil || !strings.Contains(err.Error(), "is open to every user of the machine") ||
			!strings.Contains(err.Error(), "chmod 0600") {
			t.Errorf("%s: %v", line, err)
		}
		t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(name))
		if _, err := Parse(name, []byte(strings.Replace(text, `"open"`, `"credential:open"`, 1))); err != nil {
			t.Errorf("%s as a credential: %v", line, err)
		}
		os.Unsetenv("CREDENTIALS_DIRECTORY")
	}
}
