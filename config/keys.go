package config

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Example is the commented example file. It names every key: those that are optional stand in comments.
//
//go:embed clawback.example.toml
var Example string

// Key is what the code knows of one key of the configuration.
type Key struct {
	Kind     string // of its value, as in "duration"
	Default  string // in TOML; "" where there is none
	Least    string // the least that is allowed, in TOML; "" where there is no bound
	Required bool
}

// Keys are all keys that have a value, by their names without indices, such as tenant.graph.client_id. They are those
// that the code asks for when every table of the example is there.
func Keys() map[string]Key {
	_, r := parse("clawback.toml", []byte(uncommented(Example)))
	return r.keys
}

// optional is the beginning of a line of the example that shows an optional setting or table.
var optional = regexp.MustCompile(`(?m)^#(\[|[a-z_]+ = )`)

// uncommented is the example with every optional setting switched on.
func uncommented(example string) string { return optional.ReplaceAllString(example, "$1") }

// note keeps what is known of a key. Where several functions read one value the outermost, which says it last, counts.
func (t *table) note(key string, k Key) {
	name := plain(t.at(key))
	k.Required = k.Required || t.r.keys[name].Required
	t.r.keys[name] = k
}

// quoted is a text as TOML writes it, "" for none.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

func quotedList(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "[" + choices(list) + "]"
}

func choices(list []string) string {
	var parts []string
	for _, s := range list {
		if s != "" { // the same as a key that is not there
			parts = append(parts, strconv.Quote(s))
		}
	}
	return strings.Join(parts, ", ")
}

func leastSize(n int64) string {
	if n == 0 {
		return ""
	}
	return quoted(strings.ReplaceAll(humanize.IBytes(uint64(n)), " ", ""))
}

func leastTime(d time.Duration) string {
	if d == 0 {
		return ""
	}
	s := d.String() // 1m0s, 1h0m0s
	s = strings.TrimSuffix(strings.TrimSuffix(s, "0s"), "0m")
	if s == "" || !strings.ContainsAny(s[len(s)-1:], "hms") {
		s = fmt.Sprint(d)
	}
	return quoted(s)
}
