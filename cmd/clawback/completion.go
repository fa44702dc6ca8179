package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (c completionCmd) Run(a *app) error {
	_, err := io.WriteString(a.out, completion(newParser(&cli{}, a.out, a.errOut).Model, c.Shell))
	return err
}

// completion is the script by which a shell completes command lines of clawback.
func completion(model *kong.Application, shell string) string {
	switch nodes := completable(model); shell {
	case "bash":
		return bashCompletion(nodes)
	case "zsh":
		return zshCompletion(nodes)
	default:
		return fishCompletion(nodes)
	}
}

// completed is a command, by the words that lead to it, with what may follow.
type completed struct {
	path     string // "", "queue", "queue list"
	commands []*kong.Node
	flags    []*kong.Flag // of it, of those around it, and of every command
	words    []string     // that an argument may be, where these are known
	files    bool         // an argument names a file
}

// completable are all commands, those around before those within.
func completable(model *kong.Application) (all []completed) {
	var visit func(n *kong.Node, path string)
	visit = func(n *kong.Node, path string) {
		c := completed{path: path, commands: shown(n.Children), flags: append(commandFlags(n), model.Flags...)}
		for _, v := range n.Positional {
			c.words = append(c.words, enum(v)...)
			c.files = c.files || isFile(v)
		}
		all = append(all, c)
		for _, child := range c.commands {
			visit(child, strings.TrimSpace(path+" "+child.Name))
		}
	}
	visit(model.Node, "")
	return all
}

// enum are the words that a value may be; none where it may be anything.
func enum(v *kong.Value) (words []string) {
	if v.Enum == "" {
		return nil
	}
	for _, w := range v.EnumSlice() {
		if w != "" {
			words = append(words, w)
		}
	}
	return words
}

// isFile reports whether a value names a file or a directory.
func isFile(v *kong.Value) bool {
	switch {
	case v.Tag != nil && strings.Contains("path existingfile existingdir", v.Tag.Type) && v.Tag.Type != "":
		return true
	}
	name := strings.ToUpper(v.Name)
	return name == "FILE" || name == "FILES" || name == "DIR"
}

// flagValues are the words that a flag's value may be, and whether it names a file.
func flagValues(f *kong.Flag) (words []string, file bool) {
	return enum(f.Value), isFile(f.Value) || f.PlaceHolder == "FILE" || f.PlaceHolder == "DIR" ||
		f.PlaceHolder == "PATH"
}

// names are a flag's spellings.
func names(f *kong.Flag) []string {
	all := []string{"--" + f.Name}
	if f.Short != 0 {
		all = append(all, "-"+string(f.Short))
	}
	return all
}

const bashHead = `# Completion of clawback for bash. Made by: clawback completion bash

_clawback() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= i skip= commands flags words files
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ -n "$skip" ]; then
			skip=
			continue
		fi
		case ${COMP_WORDS[i]} in
`

const bashTail = `	esac
	COMPREPLY=()
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
	elif [ -n "$commands$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands $words" -- "$word")
	elif [ -n "$files" ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
	fi
}
complete -F _clawback clawback
`

func bashCompletion(all []completed) string {
	var b strings.Builder
	b.WriteString(bashHead)
	fmt.Fprintf(&b, "\t\t%s) skip=yes ;;\n\t\t-*) ;;\n", strings.Join(valueFlags(all), " | "))
	b.WriteString("\t\t*)\n\t\t\tcase $path/${COMP_WORDS[i]} in\n\t\t\t")
	var steps []string
	for _, c := range all[1:] {
		around, last := "", c.path
		if i := strings.LastIndexByte(c.path, ' '); i > 0 {
			around, last = c.path[:i], c.path[i+1:]
		}
		steps = append(steps, fmt.Sprintf("%q/%s", around, last))
	}
	b.WriteString(strings.Join(steps, " | \\\n\t\t\t\t") +
		") path=\"${path:+$path }${COMP_WORDS[i]}\" ;;\n\t\t\tesac\n\t\t\t;;\n\t\tesac\n\tdone\n")
	b.WriteString("\tcase $path:$before in\n")
	for _, c := range all {
		for _, f := range c.flags {
			if words, file := flagValues(f); !f.IsBool() {
				bashValue(&b, c.path, f, words, file)
			}
		}
	}
	b.WriteString("\tesac\n\tcase $path in\n")
	for _, c := range all {
		var commands, flags []string
		for _, n := range c.commands {
			commands = append(commands, n.Name)
		}
		for _, f := range c.flags {
			flags = append(flags, "--"+f.Name)
		}
		fmt.Fprintf(&b, "\t%q)\n\t\tcommands=%q flags=%q words=%q files=%s\n\t\t;;\n", c.path,
			strings.Join(commands, " "),
			strings.Join(flags, " "), strings.Join(c.words, " "), map[bool]string{true: "yes"}[c.files])
	}
	b.WriteString(bashTail)
	return b.String()
}

// bashValue completes the value of a flag.
func bashValue(b *strings.Builder, path string, f *kong.Flag, words []string, file bool) {
	var before []string
	for _, name := range names(f) {
		before = append(before, fmt.Sprintf("%q:%s", path, name))
	}
	reply := ":"
	switch {
	case len(words) > 0:
		reply = fmt.Sprintf("mapfile -t COMPREPLY < <(compgen -W %q -- \"$word\")", strings.Join(words, " "))
	case file:
		reply = `mapfile -t COMPREPLY < <(compgen -f -- "$word") && compopt -o filenames 2>/dev/null`
	}
	fmt.Fprintf(b, "\t%s)\n\t\tCOMPREPLY=()\n\t\t%s\n\t\treturn\n\t\t;;\n", strings.Join(before, " | "), reply)
}

// valueFlags are the spellings of all flags after which a value comes, sorted as they are met.
func valueFlags(all []completed) (list []string) {
	seen := map[string]bool{}
	for _, c := range all {
		for _, f := range c.flags {
			for _, name := range names(f) {
				if !f.IsBool() && !seen[name] {
					list = append(list, name)
					seen[name] = true
				}
			}
		}
	}
	return list
}

func zshCompletion(all []completed) string {
	var b strings.Builder
	b.WriteString("#compdef clawback\n# Completion of clawback for zsh. Made by: clawback completion zsh\n\n" +
		"_clawback() {\n\tlocal context state state_descr line curcontext=$curcontext\n\ttypeset -A opt_args\n\tcase $1 in\n")
	for _, c := range all {
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments -C", zshQuote(c.path))
		for _, f := range c.flags {
			b.WriteString(" \\\n\t\t\t" + zshFlag(f))
		}
		switch {
		case len(c.commands) > 0:
			b.WriteString(" \\\n\t\t\t'1: :->command' '*:: :->rest'\n\t\tcase $state in\n\t\tcommand)\n\t\t\tlocal " +
				"-a commands=(")
			for _, n := range c.commands {
				b.WriteString("\n\t\t\t\t" + zshQuote(n.Name+":"+strings.ReplaceAll(n.Help, ":", `\:`)))
			}
			fmt.Fprintf(&b, ")\n\t\t\t_describe command commands\n\t\t\t;;\n\t\trest) _clawback %s\"$line[1]\" "+
				";;\n\t\tesac\n", zshAround(c.path))
		case len(c.words) > 0:
			b.WriteString(" \\\n\t\t\t" + zshQuote("*: :("+strings.Join(c.words, " ")+")") + "\n")
		case c.files:
			b.WriteString(" \\\n\t\t\t'*: :_files'\n")
		default:
			b.WriteString("\n")
		}
		b.WriteString("\t\t;;\n")
	}
	b.WriteString("\tesac\n}\n_clawback \"\"\n")
	return b.String()
}

// zshAround is the path of a command as the beginning of a word.
func zshAround(path string) string {
	if path == "" {
		return ""
	}
	return zshQuote(path + " ")
}

func zshFlag(f *kong.Flag) string {
	what := "[" + strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(f.Help) + "]"
	words, file := flagValues(f)
	value := ""
	switch {
	case f.IsBool():
	case len(words) > 0:
		value = ": :(" + strings.Join(words, " ") + ")"
	case file:
		value = ": :_files"
	default:
		value = ": :"
	}
	return zshQuote("--" + f.Name + what + value)
}

// zshQuote is a text as a shell reads it back, whatever is in it.
func zshQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

const fishHead = `# Completion of clawback for fish. Made by: clawback completion fish

# The words of the command line that are no flags, as far as they name commands, are these.
function __clawback_at
    set -l path
    set -l skip
    for word in (commandline -opc)[2..-1]
        if set -q skip[1]
            set -e skip
            continue
        end
        switch $word
            case %s
                set skip yes
            case '-*'
            case '*'
                set -l longer (string join ' ' $path $word)
                contains -- $longer %s; and set path $path $word
        end
    end
    test "$path" = "$argv[1]"
end
complete -c clawback -f
`

func fishCompletion(all []completed) string {
	var b strings.Builder
	var paths []string
	for _, c := range all[1:] {
		paths = append(paths, zshQuote(c.path))
	}
	fmt.Fprintf(&b, fishHead, strings.Join(valueFlags(all), " "), strings.Join(paths, " "))
	for _, c := range all {
		at := "complete -c clawback -n " + fishQuote("__clawback_at "+fishQuote(c.path))
		for _, n := range c.commands {
			fmt.Fprintf(&b, "%s -a %s -d %s\n", at, n.Name, fishQuote(n.Help))
		}
		for _, w := range c.words {
			fmt.Fprintf(&b, "%s -a %s\n", at, w)
		}
		if c.files {
			fmt.Fprintf(&b, "%s -F\n", at)
		}
		for _, f := range c.flags {
			b.WriteString(at + " -l " + f.Name)
			if f.Short != 0 {
				b.WriteString(" -s " + string(f.Short))
			}
			words, file := flagValues(f)
			switch {
			case f.IsBool():
			case len(words) > 0:
				b.WriteString(" -x -a " + fishQuote(strings.Join(words, " ")))
			case file:
				b.WriteString(" -r -F")
			default:
				b.WriteString(" -x")
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuote(f.Help))
		}
	}
	return b.String()
}

// fishQuote is a text as fish reads it back: within single quotes a backslash and a quote are escaped.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
