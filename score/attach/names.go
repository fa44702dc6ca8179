package attach

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName bounds how much of a name is looked at: from its end, since that says what is opened.
const maxName = 1024

// Name judges a file by a name alone: one that the message gives it beside the name that File has, or one that cannot
// be read.
func Name(name string) []Finding {
	w := &work{report: &Report{}}
	w.judgeName(name, "", 0)
	return w.report.Findings
}

// filename is what a name says of the file, as the programs read it that open the file.
type filename struct {
	shown     string // lower case
	extension string // by which the file is opened; "" is none
	inner     string // the extension before that one
	padded    bool   // blanks push the last extension out of sight
	reversed  bool   // characters turn the direction of writing
}

// parseName takes a name apart. Programs disagree on some names, so that more than one reading may follow.
func parseName(name string) []filename {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[len(name)-maxName:], "")
	}
	lower := strings.ToLower(name)
	reversed := turned(lower)
	var all []filename
	for _, reading := range readings(lower) {
		f := filename{shown: lower, reversed: reversed}
		stem, extension := splitName(reading)
		f.extension = extension
		trimmed := strings.TrimRightFunc(stem, blank)
		f.padded = len(stem)-len(trimmed) >= 8
		_, f.inner = splitName(trimmed)
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// readings are what different programs make of a name in lower case.
func readings(name string) []string {
	var all []string
	add := func(s string) {
		s = s[strings.LastIndexAny(s, `/\`)+1:]
		if s = strings.TrimRightFunc(s, blank); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	add(visible(name))
	if before, _, cut := strings.Cut(name, "\x00"); cut { // where C ends a string
		add(visible(before))
	}
	for stream := range strings.SplitSeq(visible(name), ":") { // NTFS: a file and its streams, "a.js::$data"
		add(stream)
	}
	return all
}

// visible drops what takes no room, and writes forms of letters and dots that are made for other widths as the
// ordinary ones.
func visible(s string) string {
	if !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < 0x20 || c >= 0x7f }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u3002' || r == '\uff61' || r == '\u2024': // dots
			return '.'
		case r != '\ufffd' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector) || r == '\u034f':
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// blank reports whether a rune shows nothing, or is a dot: Windows drops dots and blanks at the end of a name.
func blank(r rune) bool {
	switch r {
	case '.', '\u2800', '\u3164', '\u115f', '\u1160', '\uffa0': // blank letters of Braille and Hangul
		return true
	}
	return unicode.IsSpace(r)
}

// splitName cuts a name before its last dot.
func splitName(name string) (stem, extension string) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return name, ""
	}
	return name[:at], strings.TrimSpace(name[at+1:])
}

// turned reports whether characters turn the direction in which a name is shown, without a reason in its letters.
func turned(name string) bool {
	if strings.ContainsRune(name, '\u202e') {
		return true
	}
	return strings.ContainsAny(name, "\u202a\u202b\u202d\u2066\u2067\u2068") &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana)
		})
}

// judgeName compares what a file calls itself with what it is.
func (w *work) judgeName(name, kind string, depth int) {
	inside := depth > 0
	for _, f := range parseName(name) {
		w.kindByName(f, kind, inside)
		w.disguise(f, kind)
	}
}

const runsSomething = "The file %q runs something or leads elsewhere when it is opened%s."

// kindByName says what the file does when it is opened.
func (w *work) kindByName(f filename, kind string, inside bool) {
	known := LookUp(f.extension)
	if f.extension == "com" && noProgram(kind) { // "papers of example.com"
		known = Extension{}
	}
	switch {
	case known.Class == Program || kind == "pe" || kind == "dos" || kind == "elf" || kind == "macho":
		if (kind == "pe" || kind == "dos") && known.Class != Program && document(f.extension) {
			w.addFinding("disguised_program", "The file %q is a Windows program under another name.", f.shown)
		}
		w.addFinding(pick(inside, "archive_executable", "executable"), "The file %q is a program%s.",
			f.shown, parenthesized(known.What))
	case known.Class == Script || kind == "lnk":
		w.addFinding(pick(inside, "archive_executable", "script"), runsSomething, f.shown, parenthesized(known.What))
	case activeWhat(kind) != "" && !harmless(f.extension):
		w.addFinding(pick(inside, "archive_executable", "script"), runsSomething,
			f.shown, parenthesized(activeWhat(kind)))
	case kind == "onenote":
		w.addFinding("script", "The file %q is a OneNote notebook, which can carry programs.", f.shown)
	case known.Class == Image || kind == "iso" || kind == "vhd":
		w.addFinding("disk_image", "The file %q is a disk image, whose content Windows does not mark as foreign.",
			f.shown)
	case known.Class == Data:
		w.addFinding("blocked_type", "The file %q is of a kind that Outlook does not let its user open%s.",
			f.shown, parenthesized(known.What))
	}
}

// noProgram reports whether bytes of a kind do nothing when they are run, whatever their name.
func noProgram(kind string) bool {
	switch kind {
	case "message", "html", "pdf", "zip", "ole", "rtf", "png", "jpeg", "gif", "webp", "tiff":
		return true
	}
	return false
}

// disguise looks for names that are made to be misread.
func (w *work) disguise(f filename, kind string) {
	if f.reversed {
		w.addFinding("reversed_name",
			"The name %q holds a character that turns the direction of writing, to hide its ending.", f.shown)
	}
	active := LookUp(f.extension).Class.active()
	switch {
	case active && f.padded:
		w.addFinding("double_extension", "The file %q hides its kind behind blanks.", f.shown)
	case harmless(f.inner) && active || document(f.inner) && page(f.extension):
		w.addFinding("double_extension", "The file %q hides its kind behind a second extension.", f.shown)
	}
	if activeWhat(kind) != "" {
		kind = "text"
	}
	if want := expected(f.extension); want != "" && kind != "" && !strings.Contains(want, kind) {
		w.addFinding("type_mismatch", "The file %q is not what its name says: it is %s.", f.shown, kind)
	}
}

// parenthesized puts what is known of a kind behind a sentence.
func parenthesized(what string) string {
	if what == "" {
		return ""
	}
	return " (" + what + ")"
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}
