package config

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads the file of a provider with a thousand tenants.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	fmt.Fprint(&text, "hostname = \"journal.example.com\"\n[acme]\n")
	for i := range 1000 {
		fmt.Fprintf(&text, `
[[tenant]]
name = "tenant-%[1]d"
id = "6f1c2f3e-0a5b-4c77-9a51-%012[1]d"
domains = ["t%[1]d.example"]
alternate_mailbox = "lost@fabrikam.example"
[[tenant.address]]
address = "j-%[1]d@journal.example.com"
[tenant.graph]
managed_identity = true
[tenant.actions]
malicious = "soft_delete"
`, i)
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse("clawback.toml", data); err != nil {
			b.Fatal(err)
		}
	}
}
