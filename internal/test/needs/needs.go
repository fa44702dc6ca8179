// Package needs skips a test where something that it needs beside Go is missing, and says what that is and where the
// test is run. `make test` lists what was skipped at its end.
//
// Reads: the environment, and files of the system. Writes: nothing.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// installer installs the programs that tests run, on Debian and Ubuntu.
const installer = "scripts/install-test-servers.sh"

// Program finds the first of some programs that is installed; their names are those of one program.
func Program(t testing.TB, names ...string) (path string) {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("needs %s: %s installs it", names[0], installer)
	return ""
}

// Installed skips a test where a file that is no program, and that the installer fetches, is missing.
func Installed(t testing.TB, path, what string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s: %s installs it", what, installer)
	}
	return path
}

// Time skips a test that is too long for -short. It takes what is said, and is run by `make test`, and by the target of
// its own where there is one.
func Time(t testing.TB, what, target string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("takes %s, and this is -short: %s runs it", what, target)
	}
}

// Target skips a test that is run by a target of its own alone, unless it was asked for.
func Target(t testing.TB, asked bool, why, target string) {
	t.Helper()
	if !asked {
		t.Skipf("%s: %s runs it", why, target)
	}
}

// Root skips a test that needs the rights of root.
func Root(t testing.TB, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("needs root, %s: make test as root runs it", what)
	}
}

// Ability skips a test where the system refuses what it needs, such as a mount. An ordinary Linux, as root, has all
// that tests ask for; containers lack some.
func Ability(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Skipf("needs %s, which an ordinary Linux has for root: %v", what, err)
	}
}

// File reads a file of the system, such as one of /proc.
func File(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	Ability(t, path, err)
	return string(text)
}

// Samples skips a test of real data that is not the project's to publish, and that lies beside a checkout or nowhere.
func Samples(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Skipf("needs %s, which are not the project's to publish, beside the checkout: %v", what, err)
	}
}
