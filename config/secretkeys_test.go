package config

import (
	"os"
	"strings"
	"testing"
)

// However a line with a journal address is broken, no problem shows the address: problems are logged.
func TestParse_problemsShowNoJournalAddress(t *testing.T) {
	const local = "j-7q3k9xw2m4t6"
	whole, err := os.ReadFile("clawback.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	const line = `address = "j-7q3k9xw2@journal.example.com"`
	if !strings.Contains(string(whole), line) {
		t.Fatal("the example has no journal address")
	}
	good := local + "@journal.example.com"
	for _, broken := range []string{
		`address = "` + local + `@@journal.example.com"`,
		`address = "` + local + ` @journal.example.com"`,
		`address = "<` + good + `>"`,
		`address = "Name <` + good + `>"`,
		`address = "` + local + `"`,
		`address = "` + good,
		`address = ` + good,
		`address = '` + good + `"`,
		`address = ` + strings.ReplaceAll(local, "-", "") + `@journal.example.com`,
		`address = "` + good + `\xZZ"`,
		`address = "` + good + `\uZZZZ"`,
		`address = ["` + good + `"]`,
		`address = { local = "` + good + `" }`,
		`"` + good + `" = true`,
		good + ` = true`,
		`[tenant."` + good + `"]`,
		`address "` + good + `"`,
		"address = \"" + good + "\"\naddress = \"" + good + "\"",
		"address = \"" + good + "\"\n[[tenant.address]]\naddress = \"" + strings.ToUpper(good) + "\"",
		"address = \"" + good + "\"\n[[tenant.submission]]\naddress = \"" + good + "\"",
		"address = \"x@y.example\"\n[[tenant.submission]]\naddress = \"" + local + "@\"",
		"address = \"" + good + "\"\nregions = [\"nowhere\"]",
	} {
		_, err := Parse("clawback.toml", []byte(strings.Replace(string(whole), line, broken, 1)))
		if err == nil {
			t.Errorf("%s: passes", broken)
			continue
		}
		text := strings.ToLower(err.Error())
		for _, word := range []string{local, "7q3k9xw2m4t6"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: the problem shows the address:\n%s", broken, text)
			}
		}
	}
	_, err = Parse("clawback.toml",
		[]byte("recovery_address = \""+local+"@@x\"\n[[tenant]]\nrecovery_address = \""+local+"@@x\"\n"))
	if err == nil || strings.Contains(err.Error(), local) {
		t.Errorf("a recovery address: %v", err)
	}
}
