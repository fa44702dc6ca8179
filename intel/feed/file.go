package feed

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// Entry is what a file says of one value.
type Entry struct {
	Kind, Value string // as the file writes them; Kind may be ""
	Detail      string
	Until       time.Time // when its publisher ends it; zero: he does not
}

// Passed is what of a file is no entry to be taken, and why.
type Passed struct {
	Value string // "": it has none
	Why   string
}

// FileOptions say how a file is read, where it does not say so itself.
type FileOptions struct {
	Format string // text, csv, misp, stix; "": found out
	Kind   string // of entries that do not say it; "": found out
	Column string // of csv, with the values; "": value, indicator or ioc
}

// ReadFile reads a list that a person has: an event of MISP's or an answer of its API, a bundle of STIX 2.1, CSV whose
// first row names the columns, or text with a value a line. The error is a *Refusal that begins with what is wrong.
func ReadFile(name string, data []byte, o FileOptions) ([]Entry, []Passed, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if o.Format == "" {
		format, err := formatOf(name, data)
		if err != nil {
			return nil, nil, err
		}
		o.Format = format
	}
	to := &fileSink{}
	f := &config.Feed{Format: o.Format, Kind: o.Kind, Comment: "#"}
	var err error
	switch o.Format {
	case "misp":
		err = readEvent(bytes.NewReader(data), int64(len(data)), "", to)
	case "csv":
		if f.Columns, f.Delimiter, err = columnsOf(data, o); err == nil {
			f.Header = "first"
			err = read(bytes.NewReader(data), f, to)
		}
	default:
		err = read(bytes.NewReader(data), f, to)
	}
	if err == nil && len(to.entries)+len(to.passed) == 0 {
		err = refuse(Empty, "has no entries")
	}
	return to.entries, to.passed, err
}

// formatOf finds out the format of a file by what it begins with, and of text by its name.
func formatOf(name string, data []byte) (string, error) {
	if text := bytes.TrimSpace(data); len(text) == 0 || text[0] != '{' {
		if mailaddr.Equal(filepath.Ext(name), ".csv") {
			return "csv", nil
		}
		return "text", nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return "", broken(err, "JSON")
	}
	switch {
	case top["Event"] != nil, top["response"] != nil:
		return "misp", nil
	case top["objects"] != nil:
		return "stix", nil
	}
	return "", refuse(Format, "is JSON, and neither an event of MISP's nor a bundle of STIX 2.1")
}

// columnsOf finds the columns of a CSV by the names that are usual. Where there is none with values, the reader says
// which there are.
func columnsOf(data []byte, o FileOptions) (config.FeedColumns, rune, error) {
	first := ""
	for line := range strings.Lines(string(data[:min(len(data), maxLine)])) {
		if first = strings.TrimSpace(line); first != "" && !strings.HasPrefix(first, "#") {
			break
		}
	}
	delimiter := ','
	if strings.Count(first, ";") > strings.Count(first, ",") {
		delimiter = ';'
	}
	names, err := splitRow(first, delimiter)
	if err != nil {
		return config.FeedColumns{}, delimiter, broken(err, "CSV")
	}
	for i, name := range names {
		names[i] = mailaddr.Lower(strings.Trim(name, " \t\"'"))
	}
	usual := func(known ...string) string {
		for _, name := range known {
			if slices.Contains(names, name) {
				return name
			}
		}
		return ""
	}
	c := config.FeedColumns{Value: o.Column, Kind: usual("type", "kind", "indicator_type", "ioc_type"),
		Detail: usual("comment", "note", "detail", "description")}
	if c.Value == "" {
		if c.Value = usual("value", "indicator", "ioc", "ioc_value", "url", "sha256", "domain", "ip"); c.Value == "" {
			c.Value = "value"
		}
	}
	return c, delimiter, nil
}

// fileSink collects the entries of a file.
type fileSink struct {
	entries []Entry
	passed  []Passed
}

func (s *fileSink) entry(e entry) error {
	if other, is := strings.CutPrefix(e.kind, "other:"); is {
		s.passed = append(s.passed, Passed{e.value, "messages are not searched by " + cut(other, 60)})
		return nil
	}
	if e.kind == "" && guess(e.value) == "hash" {
		s.passed = append(s.passed, Passed{e.value, "messages are searched by no hash but SHA-256"})
		return nil
	}
	if e.withdrawn {
		s.passed = append(s.passed, Passed{e.value, "its publisher took it back"})
		return nil
	}
	s.entries = append(s.entries, Entry{Kind: e.kind, Value: refang(strings.TrimSpace(e.value)),
		Detail: cut(e.detail, 200), Until: e.until})
	return nil
}

// whyPassed says why readers of the formats pass over an entry.
var whyPassed = map[Skip]string{
	SkipUnreadable: "the row has no value",
	SkipFilter:     "its publisher does not mean it for detection",
	SkipPattern:    "its pattern is more than a list of values",
}

func (s *fileSink) pass(skip Skip) {
	s.passed = append(s.passed, Passed{Why: whyPassed[skip]})
}
