package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"clawback/internal/tomlpos"

	"github.com/BurntSushi/toml"
)

// maxFile bounds a configuration file: a thousand tenants need about 1 MiB.
const maxFile = 16 << 20

// Load reads and checks a configuration file. What is wrong with its contents is a Problems.
func Load(file string) (*Config, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", file, err)
	}
	return Parse(file, data)
}

// Parse checks the text of a configuration. The name stands in its problems, and files that the text names are
// relative to the name's directory.
func Parse(name string, data []byte) (*Config, error) {
	c, r := parse(name, data)
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return c, nil
}

// parse answers what could be read, and the reader with what was wrong.
func parse(name string, data []byte) (*Config, *reader) {
	r := &reader{file: name, known: map[string]bool{}, keys: map[string]Key{}}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as some editors on Windows begin a file
	values, problem := decode(name, data)
	if problem != nil {
		r.problems = Problems{*problem}
		return nil, r
	}
	r.values, r.at = values, tomlpos.Find(data)
	root := &table{r: r, values: values}
	c := readConfig(root)
	root.finish()
	checkTogether(c, r)
	return c, r
}

// lineHasAddress reports whether a line, or the one before it, may hold a journal address.
func lineHasAddress(data []byte, line int) bool {
	lines := bytes.Split(data, []byte("\n"))
	for i := max(line-2, 0); i < min(line, len(lines)); i++ {
		if bytes.ContainsRune(lines[i], '@') {
			return true
		}
	}
	return false
}

// decode reads TOML into plain values, or says where its syntax is wrong.
func decode(name string, data []byte) (map[string]any, *Problem) {
	if len(data) > maxFile {
		return nil, &Problem{File: name, Text: "is larger than 16 MiB"}
	}
	if !utf8.Valid(data) {
		return nil, &Problem{File: name, Line: 1, Text: "is not UTF-8 text",
			Hint: "save it as UTF-8 without a byte order mark"}
	}
	values := map[string]any{}
	_, err := toml.Decode(string(data), &values)
	var syntax toml.ParseError
	switch {
	case err == nil:
		return values, nil
	case errors.As(err, &syntax):
		text := syntax.Message
		if text == "" {
			text = syntax.Error()
		}
		if lineHasAddress(data, syntax.Position.Line) { // the message quotes what stands there
			text = "see the line"
		}
		return nil, &Problem{File: name, Line: syntax.Position.Line, Key: withoutAddresses(syntax.LastKey),
			Text: "is not TOML here: " + text, Hint: "text stands in quotes, and a table's name in brackets"}
	default:
		return nil, &Problem{File: name, Text: "is not TOML: " + err.Error()}
	}
}
