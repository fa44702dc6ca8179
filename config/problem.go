package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is one thing that is wrong in a configuration file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // of the key, or of its table where the key is missing; 0: of no line
	Key  string `json:"key"`  // such as tenant.graph.client_id
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"` // what to do
}

// String is the problem on one line, as compilers print theirs.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems is all that is wrong in a configuration file, in the order of its lines.
type Problems []Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders problems by line, and keeps the order in which they were found within a line.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
	return ps
}

// nearest is the known name that the given one was probably meant to be, or "".
func nearest(name string, known []string) string {
	if len(name) > 64 { // the distance costs the product of both lengths
		return ""
	}
	best, distance := "", 1+max(len(name)/3, 2)
	for _, k := range known {
		if len(name) > 2 && (strings.HasPrefix(k, name) || strings.HasPrefix(name, k)) {
			return k
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// didYouMean is the hint for a name that is not known.
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	sorted := slices.Sorted(slices.Values(known))
	return "known here: " + strings.Join(sorted, ", ")
}
