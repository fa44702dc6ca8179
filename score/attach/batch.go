package attach

import (
	"context"
	"strings"
)

// Inline looks into the files of a message within the calling process.
type Inline struct {
	Seen *Seen // nil: no pictures are remembered
}

// Inspect looks into files, in their order, and takes what they used off the limits. It gives a report for each.
func (in Inline) Inspect(_ context.Context, files []File, limits *Limits) []Report {
	reports := make([]Report, len(files))
	for i, f := range files {
		reports[i] = inspect(f, limits, in.Seen)
	}
	return reports
}

// Plain reports whether a file's name and its bytes as they stand say all that Inspect reports of it: no decoder is
// needed for it.
func Plain(f File) bool {
	it := item{name: strings.ToLower(withExtension(f)), body: f.Body}
	kind := Sniff(f.Body)
	switch kind {
	case "message":
	case "html", "svg":
		return !hasData(it)
	case "text":
		if len(uuFiles(it.body)) > 0 || opensAsPage(it.name) && hasData(it) {
			return false
		}
	case "", "xml", "pe", "dos", "elf", "macho", "lnk", "bmp", "tiff", "webp", "riff", "mp3", "mp4", "vhd", "chm":
		if opensAsPage(it.name) && hasData(it) {
			return false
		}
	default:
		if activeWhat(kind) == "" {
			return false
		}
	}
	_, extension := splitName(it.name)
	return hiddenArchive(it, kind, extension) == nil
}

// Picture reports whether a file is a picture and opened as one, going by its name and its first bytes.
func Picture(f File) bool {
	switch Sniff(f.Body) {
	case "png", "jpeg", "gif", "bmp", "tiff", "webp":
	default:
		return false
	}
	for _, name := range parseName(withExtension(f)) {
		_, archived := archiveMarks[name.extension]
		message := webArchive(name.extension) || name.extension == "eml"
		if archived || message || page(name.extension) || LookUp(name.extension).Class != Harmless {
			return false
		}
	}
	return true
}

// Unopened reports what a file's name and its first bytes say, where it could not be looked into.
func Unopened(f File) Report {
	w := &work{report: &Report{Kind: Sniff(f.Body)}}
	w.judgeName(strings.ToLower(f.Name), w.report.Kind, 0)
	return *w.report
}
