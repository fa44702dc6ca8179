package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maySkip are the files besides package needs that skip a test themselves, and why.
var maySkip = map[string]string{
	"queue/bolt/kill_test.go":  "the child process of another test, which is no test by itself",
	"queue/queuetest/lease.go": "what an engine declares that it cannot do: another engine's run of the contract has it",
}

var skips = regexp.MustCompile(`\b[tb]\.Skip(f|Now)?\(`)

// A test that is skipped says what is missing and where it is run: package needs has the words for both. And each
// program that it names is installed by the script that it names.
func TestSkips_sayWhatIsMissingAndWhereTheTestRuns(t *testing.T) {
	root, met := moduleRoot(t), map[string]bool{}
	installed, err := os.ReadFile(filepath.Join(root, "scripts", "install-test-servers.sh"))
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile(`needs\.Program\(t, "([a-z0-9-]+)"`)
	goFiles(t, func(name, text string) {
		if skips.MatchString(text) && !strings.HasPrefix(name, "internal/test/needs/") {
			if met[name] = true; maySkip[name] == "" {
				t.Errorf("%s skips a test: do it by package internal/test/needs", name)
			}
		}
		for _, m := range program.FindAllStringSubmatch(text, -1) {
			if met[m[1]] = true; !strings.Contains(string(installed), " "+packageOf(m[1])) {
				t.Errorf("%s needs %s, which scripts/install-test-servers.sh does not install", name, m[1])
			}
		}
	})
	for name := range maySkip {
		if !met[name] {
			t.Errorf("%s skips nothing any more: take it out here", name)
		}
	}
	if !met["mandoc"] {
		t.Error("no test was found that needs mandoc: the test looks for the wrong thing")
	}
}

// packageOf is Debian's package that has a program.
func packageOf(program string) string {
	switch program {
	case "systemd-analyze", "journalctl":
		return "systemd"
	case "testssl":
		return "testssl.sh"
	}
	return program
}
