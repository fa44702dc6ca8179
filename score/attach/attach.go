// Package attach looks into attached files: what they are, what they hide, where they lead; pure.
//
// Reads the octets of one file, which a stranger made.
//
// Writes nothing.
//
// Invariants:
//   - I1 bounded: octets unpacked, files, depth and pixels (Limits), and so time, since an octet costs what its decoder needs for it, and
//     one that is taken and gives nothing costs most; a bomb costs what an ordinary file costs.
//   - I2 nothing is executed, rendered or fetched.
//   - I3 a library that panics on broken input is a file that cannot be read, not the end of the message.
//
// On failure: what cannot be read is said in Report.Unreadable; what was found until then stays.
//
// Standards: PKWARE APPNOTE (zip), 7zFormat.txt, RAR 5.0 archive format, MS-CAB, ECMA-119 (CD images), the .xz file format, ECMA-376
// (OOXML), MS-CFB, MS-OVBA, MS-XLS, ISO 32000 (PDF), MS-OXTNEF, MS-ONESTORE, MS-SHLLINK, ISO 18004 (QR).
package attach

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
)

// File is one file to look into. Like Limits and Report it is plain data, so that it can cross to another process.
type File struct {
	Name string // as the message calls it
	Type string // the media type that the message declares, lower case; "" is unknown
	Body []byte
}

// Limits bound the work on the files of one message, whether they lie beside each other or inside each other. What a file uses is
// taken off, so that many files cost no more than one.
type Limits struct {
	Bytes  int64 // unpacked, over all files inside
	Files  int   // looked into
	Depth  int
	Pixels int // of all pictures that are searched for QR codes
}

// Default are the limits that the scorer uses.
func Default() Limits { return Limits{Bytes: 32 << 20, Files: 500, Depth: 3, Pixels: 6 << 20} }

// Finding is one thing that is wrong with a file.
type Finding struct {
	ID   string // "macro_autorun"
	Text string // a sentence
}

// Report is what a file is and holds.
type Report struct {
	Kind       string // what the octets are: "zip", "pdf", "pe", ... or ""
	Findings   []Finding
	Links      []Link
	Files      []string // names of files inside
	Encrypted  bool
	Unreadable string
	Pages      []Page    // HTML and SVG files, for the reader of bodies
	Messages   []Message // mail that lies in the file or is the file, for the reader of mail
	NotRead    []string  // sentences: each names a limit that was reached and what was not read because of it
}

// Page is a file that a browser opens.
type Page struct {
	Name string
	Text string // UTF-8
}

// Message is a mail message or a web archive.
type Message struct {
	Name string
	Raw  []byte
}

// Link is an address inside a file.
type Link struct {
	URL   string
	Where string // "PDF link", "Office relationship", "QR code"
}

// work is the state of looking at one attached file.
type work struct {
	limits Limits
	left   int64
	files  int
	report *Report

	inflate io.ReadCloser   // the one deflate decoder
	spare   []*bytes.Buffer // for what is unpacked
}

// Inspect looks into a file, and takes what it used off the limits.
func Inspect(f File, limits *Limits) Report {
	w := &work{limits: *limits, left: limits.Bytes, files: limits.Files, report: &Report{}}
	w.report.Kind = Sniff(f.Body)
	w.file(strings.ToLower(f.Name), f.Body, 0)
	limits.Bytes, limits.Files, limits.Pixels = w.left, w.files, w.limits.Pixels
	return *w.report
}

func (w *work) find(id, format string, args ...any) {
	for _, f := range w.report.Findings {
		if f.ID == id {
			return
		}
	}
	w.report.Findings = append(w.report.Findings, Finding{id, fmt.Sprintf(format, args...)})
}

func (w *work) link(url, where string) {
	if len(w.report.Links) < 100 && url != "" {
		w.report.Links = append(w.report.Links, Link{url, where})
	}
}

// file looks at one file, which may hold others.
func (w *work) file(name string, body []byte, depth int) {
	defer func() {
		if r := recover(); r != nil { // I3
			w.report.Unreadable = fmt.Sprintf("%s: %v", name, r)
		}
	}()
	kind := Sniff(body)
	w.name(name, kind, depth)
	if open := w.opener(kind); open != nil {
		if w.files <= 0 {
			w.enough(name)
			return
		}
		open(name, body, depth)
		return
	}
	switch kind {
	case "ole":
		w.ole(name, body)
	case "pdf":
		w.pdf(body)
	case "rtf":
		w.rtf(body)
	case "html", "svg":
		if len(w.report.Pages) < 4 {
			w.report.Pages = append(w.report.Pages, Page{name, string(body[:min(len(body), 2<<20)])})
		}
	case "png", "jpeg", "gif":
		w.picture(body)
	}
}

// opener answers what opens a kind of file that holds others.
func (w *work) opener(kind string) func(name string, body []byte, depth int) {
	switch kind {
	case "zip":
		return w.zip
	case "rar":
		return w.rar
	case "7z":
		return w.sevenZip
	case "cab":
		return w.cab
	case "tar":
		return w.tar
	case "gzip":
		return w.gzip
	case "bzip2":
		return w.bzip2
	case "xz":
		return w.xz
	case "iso":
		return w.iso
	case "onenote":
		return w.oneNote
	case "tnef":
		return w.tnef
	case "lzh", "arj", "ace":
		return w.oldArchive
	}
	return nil
}

// name compares what a file calls itself with what it is.
func (w *work) name(name, kind string, depth int) {
	extension := strings.TrimPrefix(path.Ext(name), ".")
	inside := depth > 0
	switch {
	case Executable(extension) || kind == "pe" || kind == "elf" || kind == "macho":
		if kind == "pe" && !Executable(extension) {
			w.find("disguised_program", "The file %q is a Windows program under another name.", name)
		}
		w.find(pick(inside, "archive_executable", "executable"), "The file %q is a program.", name)
	case Script(extension) || kind == "lnk":
		w.find(pick(inside, "archive_executable", "script"), "The file %q is a script or a shortcut that runs something.", name)
	case kind == "onenote":
		w.find("script", "The file %q is a OneNote notebook, which can carry programs.", name)
	case DiskImage(extension) || kind == "iso" || kind == "vhd":
		w.find("disk_image", "The file %q is a disk image, whose content Windows does not mark as foreign.", name)
	}
	if strings.ContainsRune(name, '\u202e') {
		w.find("reversed_name", "The name %q holds a character that turns the direction of writing, to hide its ending.", name)
	}
	w.extension(name, extension, kind)
}

func (w *work) extension(name, extension, kind string) {
	stem := strings.TrimSuffix(name, "."+extension)
	if inner := strings.TrimSpace(strings.TrimPrefix(path.Ext(stem), ".")); Document(inner) && (Executable(extension) || Script(extension) || DiskImage(extension) || extension == "html" || extension == "htm") {
		w.find("double_extension", "The file %q hides its kind behind a second extension.", name)
	}
	if want := expected(extension); want != "" && kind != "" && !strings.Contains(want, kind) {
		w.find("type_mismatch", "The file %q is not what its name says: it is %s.", name, kind)
	}
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// Executable reports whether files of that extension run as programs.
func Executable(extension string) bool {
	switch extension {
	case "exe", "scr", "com", "pif", "msi", "msix", "appx", "cpl", "dll", "jar", "bat", "cmd", "ps1", "gadget", "application", "apk", "xll", "msp":
		return true
	}
	return false
}

// Script reports whether files of that extension start something when they are opened.
func Script(extension string) bool {
	switch extension {
	case "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "lnk", "url", "reg", "scf", "msc", "chm", "settingcontent-ms", "iqy", "slk",
		"mobileconfig", "jnlp", "library-ms", "search-ms", "wsc", "sct", "inf", "desktop", "diagcab", "appref-ms", "searchconnector-ms":
		return true
	}
	return false
}

// DiskImage reports whether files of that extension are mounted when they are opened.
func DiskImage(extension string) bool {
	switch extension {
	case "iso", "img", "vhd", "vhdx", "udf", "daa", "dmg":
		return true
	}
	return false
}

// Document reports whether the extension is one of a harmless kind that others hide behind.
func Document(extension string) bool {
	switch extension {
	case "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "rtf", "csv", "zip", "mp3", "mp4", "wav", "docm", "xlsm":
		return true
	}
	return false
}

// expected are the kinds that an extension may be, "" where any may.
func expected(extension string) string {
	switch extension {
	case "pdf":
		return "pdf"
	case "doc", "xls", "ppt":
		return "ole zip rtf html text xml"
	case "docx", "xlsx", "pptx":
		return "zip ole"
	case "jpg", "jpeg", "png", "gif", "bmp":
		return "jpeg png gif bmp webp"
	case "zip":
		return "zip"
	case "txt", "csv":
		return "text html xml"
	}
	return ""
}
