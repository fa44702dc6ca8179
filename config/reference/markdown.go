package reference

import (
	"fmt"
	"strings"
)

// markdown is docs/configuration.md.
func markdown() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"Every key of `clawback.toml`. This page is made from the code that reads the file and from the comments of\n" +
		"[clawback.example.toml](../config/clawback.example.toml), by `go test ./config/reference -update`: edit " +
		"these.\n" +
		"`clawback init` writes a file to begin with; the same as this page is `man clawback.toml`.\n\n")
	intro := Introduction()
	b.WriteString(intro[strings.Index(intro, "\n\n")+2:] + "\n\n") // its first line is the file's own title
	for _, s := range Sections() {
		if s.Name == "" {
			b.WriteString("## Before the first table\n\n")
		} else {
			fmt.Fprintf(&b, "## `%s`\n\n", s.Heading())
		}
		if s.Text != "" {
			b.WriteString(s.Text + "\n\n")
		}
		for _, g := range s.Groups {
			for _, k := range g.Keys {
				fmt.Fprintf(&b, "- `%s`: %s\n", k.Name, k.Facts())
			}
			if g.Text != "" {
				b.WriteString("\n  " + strings.ReplaceAll(g.Text, "\n", "\n  ") + "\n")
			}
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
