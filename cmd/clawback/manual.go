package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"clawback/config/reference"
)

// manualDate stands in the foot of every page. It is the day on which what the pages say beside the model was last
// looked over: a page that is made from the same code is the same page, whenever it is made.
const manualDate = "November 29, 2026"

type manualCmd struct {
	Dir string `arg:"" type:"path" help:"Directory to write them to; it is made."`
}

func (c manualCmd) Run(a *app) error {
	pages := manual(newParser(&cli{}, a.out, a.errOut).Model)
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write page: %w", err)
		}
	}
	a.warnf("wrote %s to %s\n", plural(len(pages), "page"), c.Dir)
	return nil
}

// manual are the pages by their file names: clawback.1, one for each command, and clawback.toml.5.
func manual(model *kong.Application) map[string]string {
	pages := map[string]string{"clawback.1": mainPage(model), "clawback.toml.5": configPage()}
	for _, n := range shown(model.Children) {
		pages["clawback-"+n.Name+".1"] = commandPage(n)
	}
	return pages
}

// shown are the nodes that are not hidden.
func shown(nodes []*kong.Node) (list []*kong.Node) {
	for _, n := range nodes {
		if !n.Hidden {
			list = append(list, n)
		}
	}
	return list
}

// page is one page in mdoc(7) that is being written.
type page struct{ strings.Builder }

func newPage(name, section, summary string) *page {
	p := &page{}
	fmt.Fprintf(p, ".Dd %s\n.Dt %s %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", manualDate, strings.ToUpper(name), section,
		name,
		strings.TrimSuffix(escape(summary), "."))
	return p
}

// macro writes a line of mdoc with its arguments quoted.
func (p *page) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, arg := range args {
		p.WriteString(` "` + strings.ReplaceAll(escape(arg), `"`, `""`) + `"`)
	}
	p.WriteByte('\n')
}

// text writes running text: each sentence begins a line, as mdoc wants it, and none is taken for a macro.
func (p *page) text(s string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			p.WriteString(".Pp\n")
		}
		words := strings.Join(strings.Fields(paragraph), " ")
		for _, end := range []string{". ", "? ", "! "} {
			words = strings.ReplaceAll(words, end, end[:1]+"\n")
		}
		for line := range strings.Lines(words) {
			p.lines(strings.Fields(line))
		}
	}
}

// lines writes words in lines of a sensible length, none of which begins as a macro does.
func (p *page) lines(words []string) {
	width := 0
	for _, word := range words {
		word = escape(word)
		switch {
		case width > 0 && width+1+len(word) <= 78:
			p.WriteString(" " + word)
			width += 1 + len(word)
			continue
		case width > 0:
			p.WriteByte('\n')
		}
		if strings.HasPrefix(word, ".") || strings.HasPrefix(word, "'") {
			word = `\&` + word
		}
		p.WriteString(word)
		width = len(word)
	}
	if width > 0 {
		p.WriteByte('\n')
	}
}

// escape keeps roff from reading anything into text.
func escape(s string) string { return strings.ReplaceAll(s, `\`, `\e`) }

func mainPage(model *kong.Application) string {
	p := newPage("clawback", "1", "take bad mail back out of Microsoft 365 mailboxes after delivery")
	p.WriteString(".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar arguments\n.Sh DESCRIPTION\n")
	_, rest, _ := strings.Cut(model.Help, "\n\n")
	p.text(rest)
	var group string
	for _, n := range shown(model.Children) {
		if title := strings.TrimSuffix(n.Group.Title, ":"); title != group {
			if group != "" {
				p.WriteString(".El\n")
			}
			group = title
			p.macro("Ss", title)
			p.WriteString(".Bl -tag -width restore-backup\n")
		}
		p.WriteString(".It Xr clawback-" + n.Name + " 1\n")
		p.text(n.Help)
	}
	p.WriteString(".El\n.Ss Flags of every command\n")
	p.flags(model.Flags)
	p.WriteString(".Sh ENVIRONMENT\n.Bl -tag -width CREDENTIALS_DIRECTORY\n")
	for _, f := range model.Flags {
		for _, name := range f.Envs {
			p.WriteString(".It Ev " + name + "\n")
			p.text("As --" + f.Name + ".")
		}
	}
	p.WriteString(".It Ev CREDENTIALS_DIRECTORY\n")
	p.text(`Where systemd passes credentials: file names in the configuration that begin with "credential:" are read there.`)
	p.WriteString(".It Ev NO_COLOR\n")
	p.text("Where it is set to anything, nothing is printed in colours.")
	p.WriteString(".El\n.Sh FILES\n.Bl -tag -width /etc/clawback/clawback.toml\n")
	for _, f := range [][2]string{
		{"/etc/clawback/clawback.toml", "The configuration."},
		{"/etc/clawback/secrets", "Secrets, each of which systemd passes to the daemon as the credential secrets_FILE."},
		{"/var/lib/clawback", "Accepted reports, messages, verdicts, retractions and the audit."},
		{"/run/clawback/control.sock", "Where the commands ask the daemon: root and the group clawback may."},
	} {
		p.WriteString(".It Pa " + f[0] + "\n")
		p.text(f[1])
	}
	p.WriteString(".El\n")
	p.exits()
	p.WriteString(".Sh SEE ALSO\n.Xr journalctl 1 ,\n.Xr systemctl 1 ,\n.Xr clawback.toml 5\n")
	return p.String()
}

// exits is the section on exit statuses, which are the same for every command.
func (p *page) exits() {
	p.WriteString(".Sh EXIT STATUS\n.Bl -tag -width 1n\n")
	for _, e := range []struct {
		status int
		means  string
	}{
		{exitOK, "All that was asked for was done."},
		{exitFailed, "Nothing of it was done."},
		{exitUsage, "The command line is wrong, and nothing was done."},
		{exitPartly, "A part of it was done. What was not, because it was refused, failed, or is held, is named."},
	} {
		fmt.Fprintf(p, ".It %d\n", e.status)
		p.text(e.means)
	}
	p.WriteString(".El\n")
}

func commandPage(n *kong.Node) string {
	p := newPage("clawback-"+n.Name, "1", firstLower(n.Help))
	p.WriteString(".Sh SYNOPSIS\n")
	leaves := n.Leaves(true)
	if len(n.Children) == 0 {
		leaves = []*kong.Node{n}
	}
	for i, leaf := range leaves {
		if i > 0 {
			p.WriteString(".Pp\n")
		}
		p.synopsis(leaf)
	}
	p.WriteString(".Sh DESCRIPTION\n")
	p.text(n.Help)
	if n.Detail != "" {
		p.WriteString(".Pp\n")
		p.text(n.Detail)
	}
	for _, leaf := range leaves {
		if leaf != n {
			p.macro("Ss", leaf.Path())
			p.text(strings.Join([]string{leaf.Help, leaf.Detail}, "\n\n"))
		}
		p.arguments(leaf, n)
	}
	p.WriteString(".Pp\n")
	p.text("The flags of every command, such as --json, stand in")
	p.WriteString(".Xr clawback 1 .\n")
	p.exits()
	p.WriteString(".Sh SEE ALSO\n.Xr clawback 1 ,\n.Xr clawback.toml 5\n")
	return p.String()
}

// firstLower begins a sentence in lower case, as the line under NAME does.
func firstLower(s string) string {
	s, _, _ = strings.Cut(s, ". ")
	s, _, _ = strings.Cut(s, ": ")
	if len(s) > 1 && strings.ToUpper(s[:2]) != s[:2] {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// synopsis is the form of one command line.
func (p *page) synopsis(n *kong.Node) {
	p.WriteString(".Nm clawback")
	p.WriteString(" Cm " + strings.Join(strings.Fields(n.Path()), " ") + "\n")
	for _, f := range commandFlags(n) {
		if f.Required {
			fmt.Fprintf(p, ".Fl \\-%s Ar %s\n", f.Name, escape(f.FormatPlaceHolder()))
		}
	}
	p.WriteString(".Op Ar flags\n")
	for _, v := range n.Positional {
		name := v.Name
		if v.IsCumulative() {
			name += " ..."
		}
		if v.Required {
			p.WriteString(".Ar " + name + "\n")
		} else {
			p.WriteString(".Op Ar " + name + "\n")
		}
	}
}

// commandFlags are the flags of a command and of those around it, but for those that every command has.
func commandFlags(n *kong.Node) (flags []*kong.Flag) {
	for ; n != nil && n.Parent != nil; n = n.Parent {
		for _, f := range n.Flags {
			if !f.Hidden {
				flags = append(flags, f)
			}
		}
	}
	return flags
}

// arguments lists what a command takes.
func (p *page) arguments(leaf, top *kong.Node) {
	flags := commandFlags(leaf)
	if len(leaf.Positional)+len(flags) == 0 {
		return
	}
	p.WriteString(".Bl -tag -width Ds\n")
	for _, v := range leaf.Positional {
		p.WriteString(".It Ar " + v.Name + "\n")
		p.text(v.Help)
	}
	p.items(flags)
	p.WriteString(".El\n")
}

func (p *page) flags(flags []*kong.Flag) {
	p.WriteString(".Bl -tag -width Ds\n")
	p.items(flags)
	p.WriteString(".El\n")
}

// items are the entries of flags in a list.
func (p *page) items(flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		p.WriteString(".It ")
		if f.Short != 0 {
			fmt.Fprintf(p, "Fl %c , ", f.Short)
		}
		p.WriteString(`Fl \-` + f.Name)
		if !f.IsBool() {
			p.WriteString(" Ar " + escape(placeholder(f)))
		}
		p.WriteByte('\n')
		p.text(f.Help)
		if f.HasDefault && f.Default != "" && !f.IsBool() && !strings.Contains(f.Help, f.Default) {
			p.text("The default is " + f.Default + ".")
		}
	}
}

// placeholder names a flag's value in one word.
func placeholder(f *kong.Flag) string {
	if f.PlaceHolder != "" {
		return f.PlaceHolder
	}
	return strings.ToUpper(f.Name)
}

// configPage is clawback.toml(5).
func configPage() string {
	p := newPage("clawback.toml", "5", "configuration of the clawback daemon")
	p.WriteString(".Sh DESCRIPTION\n")
	_, intro, _ := strings.Cut(reference.Introduction(), "\n\n")
	p.text(intro)
	for _, s := range reference.Sections() {
		if s.Name == "" {
			p.WriteString(".Ss Before the first table\n")
		} else {
			p.WriteString(".Ss " + s.Heading() + "\\&\n") // else its end is taken for punctuation
		}
		p.text(s.Text)
		p.WriteString(".Bl -tag -width Ds\n")
		for _, g := range s.Groups {
			for i, k := range g.Keys {
				p.WriteString(".It Ic " + k.Name + "\n")
				p.text("(" + k.Facts() + ")")
				if i == len(g.Keys)-1 {
					p.text(g.Text)
				}
			}
		}
		p.WriteString(".El\n")
	}
	p.WriteString(".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/clawback/clawback.toml\n")
	p.text("The configuration. clawback init writes one to begin with.")
	p.WriteString(".It Pa /usr/share/doc/clawback/examples/clawback.example.toml\n")
	p.text("An example with every key.")
	p.WriteString(".El\n.Sh SEE ALSO\n.Xr clawback 1 ,\n.Xr clawback-check 1 ,\n.Xr clawback-init 1\n")
	return p.String()
}
