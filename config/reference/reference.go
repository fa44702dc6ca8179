// Package reference describes the configuration file, key by key: what kind of value, which default, which bounds.
//
// What it says is read out of the code that reads the file (config.Keys) and out of the comments of the example file,
// so that it cannot differ from either.
//
// Reads: nothing but these. Writes: nothing.
package reference

import (
	"regexp"
	"strings"

	"clawback/config"
)

// Section is one table of the file.
type Section struct {
	Name   string // tenant.graph; "" for what stands before the first table
	Many   bool   // the table may stand there several times: [[tenant]]
	Text   string
	Groups []Group
}

// Heading is the line that begins the table.
func (s Section) Heading() string {
	if s.Many {
		return "[[" + s.Name + "]]"
	}
	return "[" + s.Name + "]"
}

// Group are keys that one comment describes.
type Group struct {
	Text string
	Keys []Key
}

// Key is one key with all that is known of it.
type Key struct {
	Name    string // without its table
	Example string // its value in the example
	config.Key
}

// Facts says in one phrase what may stand there: duration, at least "1s"; default "5m".
func (k Key) Facts() string {
	text := k.Kind
	if k.Least != "" {
		text += ", at least " + k.Least
	}
	switch {
	case k.Required:
		text += "; required"
	case k.Default != "":
		text += "; default " + k.Default
	}
	return text
}

var (
	heading = regexp.MustCompile(`^#?(\[\[?)([a-z_.]+)\]\]?$`)
	setting = regexp.MustCompile(`^#?([a-z_]+) = (.*)$`)
)

// Introduction is what the example says about the whole file: the paragraphs before its first key.
func Introduction() string {
	before, _, _ := strings.Cut(config.Example, "\nhostname = ")
	return strings.TrimSpace(prose(strings.Split(before[:strings.LastIndex(before, "\n\n")], "\n")))
}

// prose takes the comment signs away; an empty line parts paragraphs.
func prose(lines []string) string {
	var out []string
	for _, line := range lines {
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
	}
	return strings.Join(out, "\n")
}

// Sections are the tables in the order of the example, with what their comments say.
func Sections() []Section {
	known := config.Keys()
	sections := []Section{{}}
	var text []string
	for line := range strings.SplitSeq(config.Example, "\n") {
		current := &sections[len(sections)-1]
		switch h, s := heading.FindStringSubmatch(line), setting.FindStringSubmatch(line); {
		case h != nil:
			sections = append(sections, Section{Name: h[2], Many: h[1] == "[[", Text: prose(text)})
		case s != nil:
			name := s[1]
			if current.Name != "" {
				name = current.Name + "." + name
			}
			key := Key{Name: s[1], Example: s[2], Key: known[name]}
			if n := len(current.Groups); len(text) == 0 && n > 0 {
				current.Groups[n-1].Keys = append(current.Groups[n-1].Keys, key)
				continue
			}
			current.Groups = append(current.Groups, Group{Text: prose(text), Keys: []Key{key}})
		case strings.HasPrefix(line, "# "):
			if !strings.HasPrefix(line, "# ----") {
				text = append(text, line)
			}
			continue
		}
		text = nil
	}
	return sections
}
