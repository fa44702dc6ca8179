// Package rules runs the operator's own rules: expressions over a message model, read from TOML; pure.
//
// Reads rules/*.toml. A file holds any number of
//
//	[[rule]]
//	id = "invoice-by-free-mail"         # unique over all files
//	mode = "observe"                    # observe (the default): said in the verdict, counts nothing. act: counts
//	when = 'from.free_mail && "invoice" in lower(subject)'
//	text = "An invoice from a free mailbox."
//	threat = 2.5                        # points on the sub-scores: threat, spoof, spam, bulk
//	hard = false                        # true: alone enough for MALICIOUS
//
// Writes nothing.
//
// Invariants:
//   - I1 an expression is type-checked against Model when it is read; one that is wrong keeps its whole set from being
//     used, with file, line and column.
//   - I2 bounded: nodes of an expression; while it runs, turns of its loops, values and text that it makes, and time,
//     which is looked at in each turn and within long matches of regular expressions; and the lists of the model.
//   - I3 no clock and no network: the same message gives the same matches. Only a rule that runs over its time is
//     stopped by a clock.
//
// On failure: Load reports every problem at once; a rule that fails while it runs is reported as a match with an error,
// and counts nothing.
//
// Standards: the language of github.com/expr-lang/expr.
package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"clawback/internal/tomlpos"

	"github.com/BurntSushi/toml"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of one rule (I2).
const (
	maxNodes  = 400
	maxLength = 16 << 10 // octets of an expression: its parser goes as deep as there are brackets
	maxMemory = 200_000  // as expr counts it: values made while the rule runs
	maxRules  = 1000
)

// Rule is one rule as written.
type Rule struct {
	ID     string  `toml:"id"`
	Mode   string  `toml:"mode"`
	When   string  `toml:"when"`
	Text   string  `toml:"text"`
	Threat float64 `toml:"threat"`
	Spoof  float64 `toml:"spoof"`
	Spam   float64 `toml:"spam"`
	Bulk   float64 `toml:"bulk"`
	Hard   bool    `toml:"hard"`

	File string `toml:"-"`
	Line int    `toml:"-"` // of the expression

	column int // in which the expression's first line begins, counted from 0
}

// Acts reports whether the rule counts.
func (r Rule) Acts() bool { return r.Mode == "act" }

// Match is a rule that a message met.
type Match struct {
	Rule
	Err error // the rule failed while it ran
}

// Set is checked rules. It may be used by several goroutines.
type Set struct {
	rules    []Rule
	programs []*vm.Program
	version  string
}

// Load reads and checks all rules of a folder. Every problem is reported.
func Load(dir string) (*Set, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	sort.Strings(files)
	var all []Rule
	var problems []error
	sum := sha256.New()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("read rules: %w", err))
			continue
		}
		sum.Write(text)
		rules, err := Parse(name, string(text))
		problems = append(problems, err)
		all = append(all, rules...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	set, err := New(all)
	if err != nil {
		return nil, err
	}
	set.version = hex.EncodeToString(sum.Sum(nil))[:12]
	return set, nil
}

// Parse reads the rules of one file.
func Parse(name, text string) ([]Rule, error) {
	var parsed struct {
		Rule []Rule `toml:"rule"`
	}
	meta, err := toml.Decode(text, &parsed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	positions := tomlpos.Find([]byte(text))
	problems := unknownKeys(name, meta, positions)
	for i := range parsed.Rule {
		r := &parsed.Rule[i]
		path := fmt.Sprintf("rule[%d]", i)
		r.File, r.Line = name, positions[path].Line
		if when, found := positions[path+".when"]; found {
			r.Line, r.column = locate(text, when.Value)
		}
		if r.Mode == "" {
			r.Mode = "observe"
		}
		problems = append(problems, r.check())
	}
	return parsed.Rule, errors.Join(problems...)
}

// unknownKeys names, in their order, the keys that no rule has, with line and column. Of what is within one of them
// nothing is said.
func unknownKeys(name string, meta toml.MetaData, positions tomlpos.Positions) (problems []error) {
	unknown := map[string]bool{}
	for _, key := range meta.Undecoded() {
		unknown[strings.Join(key, ".")] = true
	}
	var paths []string
	for path := range positions {
		plain := elements.ReplaceAllString(path, "")
		parent := plain[:max(0, strings.LastIndexByte(plain, '.'))]
		if unknown[plain] && !unknown[parent] && positions[path].Column > 0 {
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(positions[a].Line-positions[b].Line, positions[a].Column-positions[b].Column)
	})
	for _, path := range paths {
		at := positions[path]
		problems = append(problems, fmt.Errorf("%s:%d:%d: unknown key %q",
			name, at.Line, at.Column, elements.ReplaceAllString(path, "")))
	}
	if len(problems) == 0 && len(unknown) > 0 { // a place that was not found must not let it pass
		problems = append(problems, fmt.Errorf("%s: unknown keys %v", name, meta.Undecoded()))
	}
	return problems
}

// elements are the numbers of elements in a path.
var elements = regexp.MustCompile(`\[\d+\]`)

// locate finds the line and, counted from 0, the column where the expression begins. at is where the string that holds
// it stands, with its quotes.
func locate(text string, at int) (line, column int) {
	quoted := text[at:]
	at++
	if strings.HasPrefix(quoted, `'''`) || strings.HasPrefix(quoted, `"""`) {
		at += 2
		for _, end := range []string{"\r\n", "\n"} { // TOML: no part of the string, right after three quotes
			if strings.HasPrefix(quoted[3:], end) {
				at += len(end)
				break
			}
		}
	}
	return 1 + strings.Count(text[:at], "\n"), at - 1 - strings.LastIndexByte(text[:at], '\n')
}

func (r *Rule) check() error {
	switch {
	case r.ID == "" || strings.ContainsAny(r.ID, " \t\n"):
		return fmt.Errorf("%s:%d: a rule needs an id without spaces", r.File, r.Line)
	case r.When == "":
		return fmt.Errorf("%s: rule %s has no expression (when)", r.File, r.ID)
	case r.Mode != "observe" && r.Mode != "act":
		return fmt.Errorf("%s: rule %s: mode %q is neither observe nor act", r.File, r.ID, r.Mode)
	}
	return nil
}

// New checks rules against the model.
func New(all []Rule) (*Set, error) {
	if len(all) > maxRules {
		return nil, fmt.Errorf("%d rules: %d is the most", len(all), maxRules)
	}
	set := &Set{rules: all, version: "none"}
	var problems []error
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.ID] {
			problems = append(problems, fmt.Errorf("%s:%d: a second rule %s", r.File, r.Line, r.ID))
		}
		seen[r.ID] = true
		program, err := compile(r.When)
		if err != nil {
			problems = append(problems, r.positioned(err))
			continue
		}
		set.programs = append(set.programs, program)
	}
	return set, errors.Join(problems...)
}

// compile checks an expression as its author wrote it, and then makes the program that pays for its loops.
func compile(when string) (*vm.Program, error) {
	if len(when) > maxLength {
		return nil, fmt.Errorf("the expression has %d octets: %d are the most", len(when), maxLength)
	}
	options := []expr.Option{expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableBuiltin("now"),
		expr.DisableBuiltin("toJSON"), expr.DisableBuiltin("fromJSON")} // of any size, and of no use here
	if _, err := expr.Compile(when, append(options, expr.Env(Model{}))...); err != nil {
		return nil, err
	}
	return expr.Compile(when, append(options, metered()...)...)
}

// positioned puts file, line and column before a problem of an expression.
func (r Rule) positioned(err error) error {
	var at *file.Error
	if errors.As(err, &at) {
		column := at.Column + 1
		if at.Line <= 1 {
			column += r.column
		}
		return fmt.Errorf("%s:%d:%d: rule %s: %s", r.File, r.Line+at.Line-1, column, r.ID, at.Message)
	}
	return fmt.Errorf("%s:%d: rule %s: %w", r.File, r.Line, r.ID, err)
}

// Version names the rules by what is in their files.
func (s *Set) Version() string { return s.version }

// Rules are the rules of the set, in order.
func (s *Set) Rules() []Rule { return s.rules }

// Match answers the rules that a message meets, in order.
func (s *Set) Match(m Model) []Match {
	var all []Match
	for i, program := range s.programs {
		machine := vm.VM{MemoryBudget: maxMemory}
		out, err := machine.Run(program, newEnvironment(m))
		if err != nil {
			all = append(all, Match{s.rules[i], fmt.Errorf("run rule %s: %w", s.rules[i].ID, err)})
			continue
		}
		if hit, ok := out.(bool); ok && hit {
			all = append(all, Match{Rule: s.rules[i]})
		}
	}
	return all
}
