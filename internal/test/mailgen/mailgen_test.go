package mailgen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGenerate_sameSeedSameMail(t *testing.T) {
	a, b := Generate(7), Generate(7)
	for i := range a {
		if diff := cmp.Diff(string(a[i].Raw), string(b[i].Raw)); diff != "" {
			t.Errorf("%s differs between two runs of one seed", a[i].Template.Name)
		}
	}
	if string(Generate(8)[0].Raw) == string(a[0].Raw) {
		t.Error("two seeds give the same mail")
	}
}

func TestTemplates_areManyAndNamedOnce(t *testing.T) {
	seen, languages, attacks, good := map[string]bool{}, map[string]bool{}, 0, 0
	for _, template := range Templates() {
		if seen[template.Name] {
			t.Errorf("two templates are named %s", template.Name)
		}
		seen[template.Name], languages[template.Language] = true, true
		if template.Attack {
			attacks++
		} else {
			good++
		}
	}
	if attacks+good < 40 || good < 20 || len(languages) < 3 {
		t.Errorf("%d attacks and %d good in %d languages", attacks, good, len(languages))
	}
}
