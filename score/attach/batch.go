package attach

import (
	"context"
	"strings"
)

// Inline looks into the files of a message within the calling process.
type Inline struct{}

// Inspect looks into files, in their order, and takes what they used off the limits. It gives a report for each.
func (Inline) Inspect(_ context.Context, files []File, limits *Limits) []Report {
	reports := make([]Report, len(files))
	for i, f := range files {
		reports[i] = Inspect(f, limits)
	}
	return reports
}

// Plain reports whether a file's name and its first bytes say all that Inspect reports of it: no decoder is needed for it.
func Plain(f File) bool {
	switch Sniff(f.Body) {
	case "", "text", "html", "svg", "xml", "pe", "elf", "macho", "lnk", "bmp", "webp", "vhd":
		return true
	}
	return false
}

// Unopened reports what a file's name and its first bytes say, where it could not be looked into.
func Unopened(f File) Report {
	w := &work{report: &Report{Kind: Sniff(f.Body)}}
	w.name(strings.ToLower(f.Name), w.report.Kind, 0)
	return *w.report
}
