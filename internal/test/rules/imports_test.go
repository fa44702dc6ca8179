// Package rules holds the tests of what the packages may import: the architecture that `ls` shows.
package rules

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport says for each package which of ours it may import: one line for each, sorted. A package that is not here is
// red, and so is an import that is not in its line; before a line is changed, docs/flow.md says whether the direction
// is right. What lies below internal/test is for tests, and may import everything.
var mayImport = map[string]string{
	"alert":                    "bounce config internal/bolt internal/mailaddr internal/publicnet internal/visible store verdict",
	"api":                      "alert config intel intel/feed intel/indicator intel/rejudge intel/submission internal/mailaddr internal/visible journal query queue retract retract/job score/engines/rdap score/learn score/rules spool store store/index verdict",
	"api/client":               "api api/routes",
	"api/idempotency":          "api store",
	"api/openid":               "api api/session",
	"api/rest":                 "api api/idempotency api/routes",
	"api/routes":               "api api/idempotency",
	"api/session":              "api store",
	"api/socket":               "api api/idempotency api/routes",
	"api/token":                "api store",
	"backup":                   "",
	"bounce":                   "config internal/mailaddr queue",
	"cmd/clawback":             "alert api api/client backup bounce config config/exchange config/reference config/regions intel intel/feed internal/daemon internal/demo internal/mailaddr internal/test/graphsim internal/visible journal query queue retract retract/graph retract/graph/consent retract/job score score/attach/confined score/engines/rdap score/learn score/rules smtpd/certs smtpd/networks store store/pebble systemd verdict",
	"config":                   "internal/keyfile internal/mailaddr internal/tomlpos verdict",
	"config/exchange":          "config",
	"config/reference":         "config",
	"config/regions":           "config internal/mailaddr",
	"intel":                    "config internal/visible journal score score/engines score/extract score/learn score/rules spool store verdict verdict/history",
	"intel/brake":              "retract/policy store",
	"intel/feed":               "config internal/lastgood internal/mailaddr internal/publicnet internal/visible score/lists score/web verdict",
	"intel/indicator":          "config intel intel/brake internal/mailaddr internal/publicnet query score/lists score/web store verdict",
	"intel/rejudge":            "config intel intel/brake intel/indicator retract/brake retract/campaign score store verdict",
	"intel/sighting":           "intel/feed internal/lastgood query store verdict",
	"intel/submission":         "config intel internal/mailaddr journal journal/identity score/web spool store verdict",
	"console":                  "api api/session config internal/visible query store verdict",
	"internal/bolt":            "",
	"internal/cfb":             "",
	"internal/daemon":          "alert api api api/idempotency api/openid api/rest api/session api/socket api/token backup bounce config config/regions console intel intel/feed intel/indicator intel/rejudge intel/sighting intel/submission internal/bolt internal/failpoint internal/lastgood internal/mailaddr journal pipeline query queue queue/bolt retract retract/exchange retract/graph retract/job retract/policy score score/attach/confined score/engines/rdap smtpd smtpd/admission smtpd/certs smtpd/networks spool store store/index store/loghead store/pebble systemd",
	"internal/demo":            "api api/client internal/test/graphsim internal/test/smtpload internal/test/testbed internal/visible testdata",
	"internal/failpoint":       "",
	"internal/keyfile":         "",
	"internal/lastgood":        "",
	"internal/mailaddr":        "",
	"internal/nospace":         "",
	"internal/publicnet":       "",
	"internal/tomlpos":         "",
	"internal/visible":         "",
	"journal":                  "internal/mailaddr internal/visible rfc822",
	"journal/identity":         "internal/cfb internal/mailaddr journal/identity/outlook rfc822",
	"journal/identity/outlook": "internal/cfb",
	"pipeline":                 "bounce config intel/submission internal/mailaddr internal/nospace journal journal/identity queue score spool store verdict/history",
	"query":                    "internal/mailaddr score/web verdict",
	"queue":                    "internal/mailaddr spool",
	"queue/bolt":               "internal/bolt internal/nospace queue spool",
	"queue/memory":             "queue spool",
	"queue/queuetest":          "queue spool",
	"retract":                  "config internal/mailaddr journal retract/addresses retract/brake retract/campaign retract/exchange retract/fault retract/intent retract/limit retract/match retract/policy store verdict",
	"retract/addresses":        "config internal/mailaddr",
	"retract/brake":            "config retract/campaign store",
	"retract/campaign":         "config internal/mailaddr query retract/addresses score/lists score/web store verdict",
	"retract/exchange":         "retract/fault",
	"retract/fault":            "",
	"retract/graph":            "config internal/keyfile internal/mailaddr retract/exchange retract/fault retract/graph/transport retract/limit",
	"retract/graph/consent":    "internal/mailaddr retract/fault",
	"retract/graph/transport":  "internal/mailaddr retract/fault",
	"retract/intent":           "retract/addresses retract/exchange store",
	"retract/job":              "config retract retract/policy store verdict",
	"retract/limit":            "retract/exchange retract/fault store",
	"retract/match":            "internal/mailaddr journal/identity retract/exchange rfc822 store",
	"retract/policy":           "config journal retract/addresses retract/exchange retract/intent store verdict",
	"retract/retracttest":      "retract/exchange retract/fault",
	"rfc822":                   "internal/mailaddr",
	"score":                    "config internal/mailaddr journal score/attach score/attach/qr score/engines score/extract score/learn score/lists score/rules score/web score/words verdict verdict/history",
	"score/attach":             "internal/cfb rfc822 score/attach/qr",
	"score/attach/confined":    "score/attach",
	"score/attach/qr":          "",
	"score/engines":            "",
	"score/engines/rdap":       "config internal/lastgood internal/publicnet score/engines",
	"score/extract":            "internal/mailaddr rfc822 score/page score/web",
	"score/learn":              "",
	"score/lists":              "",
	"score/page":               "score/web",
	"score/rules":              "internal/tomlpos",
	"score/web":                "",
	"score/words":              "score/lists",
	"smtpd":                    "config internal/mailaddr queue",
	"smtpd/admission":          "config queue",
	"smtpd/certs":              "config internal/keyfile internal/mailaddr",
	"smtpd/networks":           "config internal/lastgood",
	"spool":                    "",
	"spool/spooltest":          "spool",
	"store":                    "internal/mailaddr internal/nospace journal query spool store/rows verdict verdict/history",
	"store/bolt":               "internal/bolt store store/rows",
	"store/index":              "query store",
	"store/loghead":            "",
	"store/memory":             "store/rows",
	"store/packed":             "",
	"store/pebble":             "internal/nospace store store/bolt store/packed store/rows",
	"store/rows":               "",
	"store/storetest":          "journal spool store store/rows verdict verdict/history",
	"systemd":                  "internal/visible",
	"verdict":                  "internal/mailaddr",
	"verdict/history":          "internal/mailaddr",
}

// mayImportModule says which packages alone may import what others wrote, by the beginning of the path.
var mayImportModule = map[string]string{
	"github.com/microsoftgraph/msgraph-sdk-go": "retract/graph",
	"github.com/cockroachdb/pebble":            "store/pebble",
	"github.com/coreos/go-oidc":                "api/openid",
	"filippo.io/age":                           "backup cmd/clawback",
	"go.etcd.io/bbolt":                         "alert internal/bolt queue/bolt score/engines/rdap store/bolt",
}

// forTests reports whether a package exists for tests alone.
func forTests(pkg string) bool { return strings.HasPrefix(pkg, "internal/test/") }

// imports are what each package of the module imports; those of ours without the module's name.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	lookAtSources(t)
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`,
		"clawback/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(strings.ReplaceAll(" "+line, " clawback/", " "))
		all[names[0]] = names[1:]
	}
	return all
}

// lookAtSources looks at every source file, so that the go command knows that this test's result depends on them: it
// does not see what go list reads, and would show a result of its cache.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(moduleRoot(t), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImports_areAllowed(t *testing.T) {
	all := imports(t)
	for pkg, imported := range all {
		allowed, known := mayImport[pkg]
		if !known && !forTests(pkg) {
			t.Errorf("package %s is not in the table of who may import whom: give it a line", pkg)
		}
		for _, name := range imported {
			if _, ours := all[name]; ours && !forTests(pkg) && !slices.Contains(strings.Fields(allowed), name) {
				t.Errorf("%s imports %s, which its line in the table does not allow", pkg, name)
			}
			for module, alone := range mayImportModule {
				if strings.HasPrefix(name, module) && !forTests(pkg) && !slices.Contains(strings.Fields(alone), pkg) {
					t.Errorf("%s imports %s, which only %s may", pkg, name, alone)
				}
			}
		}
	}
	for pkg := range mayImport {
		if _, exists := all[pkg]; !exists {
			t.Errorf("the table has a line for %s, which is gone", pkg)
		}
	}
}

// flow reads from docs/flow.md in which row each room stands.
func flow(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "docs", "flow.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Who imports whom\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows, row := map[string]int{}, 0
	for line := range strings.Lines(section) {
		names, indented := strings.CutPrefix(line, "    ")
		if !indented {
			continue
		}
		names, _, _ = strings.Cut(names, "  ")
		row++
		for _, name := range strings.Fields(names) {
			rows[name] = row
		}
	}
	return rows
}

// room is the room of docs/flow.md that a package belongs to: its own line there, or that of the package around it.
func room(rows map[string]int, pkg string) string {
	for name := pkg; name != "."; name = filepath.Dir(name) {
		if rows[name] != 0 {
			return name
		}
	}
	return ""
}

// Each room stands in docs/flow.md, and imports rooms of the rows above its own alone.
func TestImports_followTheFlow(t *testing.T) {
	rows, all := flow(t), imports(t)
	if len(rows) < 15 {
		t.Fatalf("docs/flow.md names only the rooms %v", rows)
	}
	seen := map[string]bool{}
	for pkg, imported := range all {
		from := room(rows, pkg)
		seen[from] = true
		if from == "" && !forTests(pkg) {
			t.Errorf("package %s has no room in docs/flow.md", pkg)
		}
		for _, name := range imported {
			to := room(rows, name)
			if _, ours := all[name]; ours && !forTests(pkg) && !forTests(name) && from != to && rows[to] >= rows[from] {
				t.Errorf("%s imports %s: in docs/flow.md %s stands above %s", pkg, name, from, to)
			}
		}
	}
	for name := range rows {
		if !seen[name] {
			t.Errorf("docs/flow.md names the room %s, which is gone", name)
		}
	}
}

// The SDK's root package doubles the time to compile.
func TestSDK_rootIsNotLinked(t *testing.T) {
	if slices.Contains(deps(t), "github.com/microsoftgraph/msgraph-sdk-go") {
		t.Error("the SDK's root package is linked")
	}
}

// The packages that the program is built on are all linked, each for its own job.
func TestDaemon_linksWhatItIsBuiltOn(t *testing.T) {
	linked := deps(t)
	for _, want := range []string{
		"github.com/emersion/go-smtp", "github.com/emersion/go-message/textproto", "github.com/emersion/go-msgauth/dkim",
		"go.etcd.io/bbolt", "github.com/microsoftgraph/msgraph-sdk-go/users", "github.com/BurntSushi/toml",
		"golang.org/x/crypto/acme/autocert",
	} {
		if !slices.Contains(linked, want) {
			t.Errorf("%s is not linked", want)
		}
	}
}

// deps are all packages that the program links.
func deps(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "clawback/cmd/clawback").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Fields(string(out))
}
