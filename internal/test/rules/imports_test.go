// Package rules holds the tests of what the packages may import: the architecture that `ls` shows.
package rules

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// leaves import nothing of ours but what stands here.
var leaves = map[string][]string{
	"verdict":           {"internal/mailaddr"},
	"verdict/history":   {"internal/mailaddr"},
	"internal/mailaddr": nil,
	"rfc822":            nil,
	"journal":           {"rfc822"},
	"journal/identity":  {"internal/cfb", "rfc822"},
	"spool":             nil,
	"systemd":           nil,
	"internal/lastgood": nil,
	"config":            {"verdict", "internal/mailaddr", "internal/tomlpos"},
	"queue":             {"spool", "internal/nospace"},
	"smtpd":             {"queue", "config", "spool", "verdict", "internal/nospace", "internal/mailaddr", "internal/tomlpos"},
	"retract/graph/transport": {"internal/tomlpos", "retract", "config", "journal/identity", "store", "store/rows", "verdict", "verdict/history", "journal", "spool", "internal/nospace",
		"internal/cfb", "journal/identity/outlook", "internal/mailaddr", "rfc822"},
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestLeaves_importOnlyWhatTheyMay(t *testing.T) {
	for leaf, allowed := range leaves {
		for _, dep := range list(t, "-deps", "clawback/"+leaf) {
			name, ours := strings.CutPrefix(dep, "clawback/")
			if ours && name != leaf && !strings.HasPrefix(name, leaf+"/") && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s", leaf, name)
			}
		}
	}
}

func TestSDK_isImportedByGraphAlone(t *testing.T) {
	for _, line := range strings.Split(strings.Join(list(t, "-f", "{{.ImportPath}}={{join .Imports \",\"}}={{join .TestImports \",\"}}", "clawback/..."), "\n"), "\n") {
		pkg, imports, _ := strings.Cut(line, "=")
		if strings.Contains(imports, "msgraph-sdk-go") && pkg != "clawback/retract/graph" {
			t.Errorf("%s imports the Graph SDK", pkg)
		}
	}
	deps := list(t, "-deps", "clawback/cmd/clawback")
	if slices.Contains(deps, "github.com/microsoftgraph/msgraph-sdk-go") {
		t.Error("the SDK's root package is linked: it doubles the time to compile")
	}
}

func TestOrder_isKnownToPipelineAndCommandAlone(t *testing.T) {
	for _, pkg := range []string{"smtpd", "queue", "journal", "score", "store", "retract", "bounce", "api"} {
		if slices.Contains(list(t, "-deps", "clawback/"+pkg), "clawback/pipeline") {
			t.Errorf("%s imports pipeline", pkg)
		}
	}
}

// The packages that the program is built on are all linked, each for its own job.
func TestDaemon_linksWhatItIsBuiltOn(t *testing.T) {
	deps := list(t, "-deps", "clawback/cmd/clawback")
	for _, want := range []string{
		"github.com/emersion/go-smtp", "github.com/emersion/go-message/textproto", "github.com/emersion/go-msgauth/dkim", "go.etcd.io/bbolt",
		"github.com/microsoftgraph/msgraph-sdk-go/users", "github.com/BurntSushi/toml", "golang.org/x/crypto/acme/autocert",
	} {
		if !slices.Contains(deps, want) {
			t.Errorf("%s is not linked", want)
		}
	}
}
