package rules

import (
	"path"
	"regexp"
	"slices"
	"testing"
)

// In these packages what is compared without case are names of fields, domains, addresses, Message-IDs and GUIDs.
// Unicode's folding makes other letters equal to ASCII ones there (U+017F and s, U+212A and k): package
// internal/mailaddr does not.
var foldASCII = []string{"bounce", "config", "config/regions", "intel/submission", "journal", "journal/identity", "journal/identity/outlook", "pipeline", "retract",
	"retract/graph", "retract/graph/consent", "retract/graph/transport", "rfc822", "smtpd", "store", "verdict"}

var (
	unicodeFold  = regexp.MustCompile(`\b(strings\.(EqualFold|ToLower|ToUpper)|bytes\.EqualFold)\(`)
	unicodeEqual = regexp.MustCompile(`\b(strings|bytes)\.EqualFold\(`)
)

// foldText are files that fold words for people, or ids of our own.
var foldText = []string{"store/search.go", "config/problem.go", "config/policy.go", "config/actions.go"}

func TestFold_namesAreComparedInASCII(t *testing.T) {
	checked := map[string]bool{}
	sources(t, func(file, text string) {
		pkg := path.Dir(file)
		forbidden := unicodeEqual // of score itself: its lower-casing is of words that are judged
		if slices.Contains(foldASCII, pkg) {
			forbidden = unicodeFold
		} else if pkg != "score" {
			return
		}
		checked[pkg] = true
		if found := forbidden.FindString(text); found != "" && !slices.Contains(foldText, file) {
			t.Errorf("%s uses %s): compare with internal/mailaddr", file, found)
		}
	})
	for _, pkg := range foldASCII {
		if !checked[pkg] {
			t.Errorf("there is no package %s any more", pkg)
		}
	}
}
