// Package attach looks into attached files: what they are, what they hide, where they lead; pure.
//
// Reads the bytes of one file, which a stranger made.
//
// Writes nothing.
//
// Invariants:
//   - I1 bounded: bytes unpacked, files, names, depth and pixels (Limits), and so time, since a byte costs what its
//     decoder needs for it, and one that is read and gives nothing costs most; a bomb costs what an ordinary file
//     costs. A limit that was reached is in Report.NotRead or Report.Unsearched.
//   - I2 nothing is executed, rendered or fetched.
//   - I3 a library that panics on broken input is a file that cannot be read, not the end of the message.
//   - I4 what programs read in more than one way is read in each: several directories, several names, one archive
//     behind another. Where the readings differ, the finding two_readings says so.
//
// On failure: what cannot be read is said in Report.Unreadable; what was found until then stays.
//
// Standards: PKWARE APPNOTE (zip), 7zFormat.txt, RAR 5.0 archive format, MS-CAB, ECMA-119 (CD images), the .xz file
// format, POSIX.1-2024 (pax), ECMA-376 (OOXML), MS-CFB, MS-OVBA, MS-XLS, MS-OXMSG, ISO 32000 (PDF), RFC 5652
// (S/MIME), MS-OXTNEF, MS-ONESTORE, MS-SHLLINK, ISO 18004 (QR), RFC 2397 (data addresses), RFC 2557 (web archives).
package attach

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"clawback/score/attach/qr"
)

// File is one file to look into. Like Limits and Report it is plain data, so that it can cross to another process.
type File struct {
	Name string // as the message calls it
	Type string // the media type that the message declares, lower case; "" is unknown
	Body []byte
	In   int // how many files it lies in, where the message that it is part of lies in a file
}

// Limits bound the work on the files of one message, whether they lie beside each other or inside each other. What a
// file uses is taken off, so that many files cost no more than one.
type Limits struct {
	Bytes  int64 // unpacked, over all files inside
	Files  int   // looked into
	Names  int   // of files inside archives, long ones as several
	Depth  int
	Pixels int // of all pictures that are searched for QR codes
}

// Default are the limits that the scorer uses.
func Default() Limits {
	return Limits{Bytes: 32 << 20, Files: 500, Names: 20_000, Depth: 5, Pixels: 6 << 20}
}

// Finding is one thing that is wrong with a file.
type Finding struct {
	ID   string // "macro_autorun"
	Text string // a sentence
}

// Report is what a file is and holds.
type Report struct {
	Kind       string // what the bytes are: "zip", "pdf", "pe", ... or ""
	Findings   []Finding
	Links      []Link
	Files      []string // names of files inside
	Encrypted  bool
	Unreadable string
	Pages      []Page    // HTML and SVG files, for the reader of bodies
	Messages   []Message // mail that lies in the file or is the file, for the reader of mail
	Text       string    // what a document says, as far as it is judged
	NotRead    []string  // sentences: each names a limit that was reached and what was not read because of it
	Unsearched []string  // the same of limits that honest files reach: large pictures, long documents
	Stopped    string    // a sentence: looking into the file ended the process that did it, or had to be ended; else ""
}

// Page is a file that a browser opens.
type Page struct {
	Name string
	Text string // UTF-8
}

// Message is a mail message or a web archive.
type Message struct {
	Name  string
	Depth int // how many files it lies in
	Raw   []byte
}

// Link is an address inside a file.
type Link struct {
	URL   string
	Where string // "PDF link", "Office relationship", "QR code"
	Again bool   // a code that took a second look (package qr)
}

// item is a file that is being looked at.
type item struct {
	name  string // lower case
	body  []byte
	depth int
	cut   bool // the body is only its beginning
}

// work is the state of looking at one attached file.
type work struct {
	limits    Limits
	seen      *Seen
	deepest   int // how many files may lie in each other
	left      int64
	files     int
	names     int
	pdfImages int // pictures of PDFs that were searched

	officeImages int // pictures of Office documents that were searched
	handed       int // bytes of pages and messages in the report
	report       *Report

	inflate io.ReadCloser   // the one deflate decoder
	buffer  *bufio.Reader   // of its input
	spare   []*bytes.Buffer // for what is unpacked
}

// Bounds of a report.
const (
	maxLinks    = 2000
	maxListed   = 200 // names
	maxPages    = 6
	maxPage     = 2 << 20
	maxMessages = 20
	maxNotRead  = 10
	maxHanded   = 24 << 20 // bytes of pages and messages together: they cross to another process
)

// Inspect looks into a file, and takes what it used off the limits.
func Inspect(f File, limits *Limits) Report { return inspect(f, limits, nil) }

func inspect(f File, limits *Limits, seen *Seen) Report {
	w := &work{
		limits: *limits, seen: seen, deepest: limits.Depth - f.In, left: limits.Bytes, files: limits.Files,
		names: limits.Names, report: &Report{},
	}
	w.report.Kind = Sniff(f.Body)
	it := item{name: strings.ToLower(withExtension(f)), body: f.Body}
	switch {
	case Plain(f):
		w.file(it)
	case w.files > 0:
		w.files--
		w.file(it)
	default:
		w.judgeName(it.name, w.report.Kind, 0)
		w.tooMany(it.name)
	}
	limits.Bytes, limits.Files, limits.Names, limits.Pixels = w.left, w.files, w.names, w.limits.Pixels
	return *w.report
}

// withExtension gives a file an extension by its declared type where its name has none, as mail programs do when they
// save it.
func withExtension(f File) string {
	if _, extension := splitName(f.Name); extension != "" {
		return f.Name
	}
	switch f.Type {
	case "text/html":
		return f.Name + ".html"
	case "application/xhtml+xml":
		return f.Name + ".xhtml"
	case "image/svg+xml":
		return f.Name + ".svg"
	case "application/hta":
		return f.Name + ".hta"
	case "text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript":
		return f.Name + ".js"
	case "application/x-rdp", "application/rdp":
		return f.Name + ".rdp"
	case "message/rfc822", "message/global":
		return f.Name + ".eml"
	case "multipart/related", "application/x-mimearchive":
		return f.Name + ".mht"
	}
	return f.Name
}

func (w *work) addFinding(id, format string, args ...any) {
	for _, f := range w.report.Findings {
		if f.ID == id {
			return
		}
	}
	w.report.Findings = append(w.report.Findings, Finding{id, fmt.Sprintf(format, args...)})
}

func (w *work) addLink(url, where string) { w.add(Link{URL: url, Where: where}) }

// addCode adds what a QR code says.
func (w *work) addCode(code qr.Code) {
	w.add(Link{URL: code.Text, Where: "QR code", Again: code.Again})
}

func (w *work) add(l Link) {
	switch {
	case l.URL == "":
	case len(w.report.Links) < maxLinks:
		w.report.Links = append(w.report.Links, l)
	default:
		w.notRead("Of the links in the file the first %d were read.", maxLinks)
	}
}

// notRead records that a limit was reached.
func (w *work) notRead(format string, args ...any) {
	w.report.NotRead = withSentence(w.report.NotRead, fmt.Sprintf(format, args...))
}

// unsearched records that a limit was reached which honest files reach.
func (w *work) unsearched(format string, args ...any) {
	w.report.Unsearched = withSentence(w.report.Unsearched, fmt.Sprintf(format, args...))
}

func withSentence(all []string, text string) []string {
	if len(all) < maxNotRead && !slices.Contains(all, text) {
		all = append(all, text)
	}
	return all
}

// unreadable records why a file cannot be read. A file of which only the beginning was unpacked is not to blame.
func (w *work) unreadable(it item, why string) {
	if !it.cut && w.report.Unreadable == "" {
		w.report.Unreadable = fmt.Sprintf("%s: %s", it.name, why)
	}
}

// admitToReport reports whether a page or a message is handed on, and counts it.
func (w *work) admitToReport(name string, size, have, most int) bool {
	if have >= most || w.handed+size > maxHanded {
		w.notRead("The file %q was not read: there was too much before it.", name)
		return false
	}
	w.handed += size
	return true
}

// ambiguous records that programs read a file in more than one way.
func (w *work) ambiguous(name, why string) {
	w.addFinding("two_readings", "The file %q can be read in more than one way: %s.", name, why)
}

// file looks at one file, which may hold others.
func (w *work) file(it item) {
	defer func() {
		if r := recover(); r != nil { // I3
			w.unreadable(it, fmt.Sprint(r))
		}
	}()
	kind := Sniff(it.body)
	if kind == "rdp" {
		w.active(it, kind) // says more than the name does
	}
	w.judgeName(it.name, kind, it.depth)
	for _, open := range w.openers(it, kind) {
		open(it)
	}
}

// openers answers what looks into a file: by what its bytes are, and by what its name makes a program take them for.
func (w *work) openers(it item, kind string) []func(item) {
	var all []func(item)
	if open := w.opener(kind); open != nil {
		all = append(all, open)
	}
	_, extension := splitName(strings.TrimRightFunc(it.name, blank))
	switch {
	case page(extension) && kind != "html" && kind != "svg":
		all = append(all, w.page)
	case (extension == "eml" || extension == "nws" || webArchive(extension)) && kind != "message":
		all = append(all, w.message)
	}
	if hidden := hiddenArchive(it, kind, extension); hidden != nil {
		all = append(all, func(it item) { w.hidden(it, kind, *hidden) })
	}
	return all
}

// opener answers what looks into files of a kind.
func (w *work) opener(kind string) func(item) {
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
	case "zstd":
		return w.zstd
	case "iso":
		return w.iso
	case "onenote":
		return w.oneNote
	case "tnef":
		return w.tnef
	case "lzh", "arj", "ace":
		return w.oldArchive
	case "lzip", "compress", "xar", "ar", "wim":
		return func(it item) { w.unreadable(it, "archives of this kind ("+kind+") are not read") }
	}
	return w.reader(kind)
}

// reader answers what looks into files of a kind that is no archive.
func (w *work) reader(kind string) func(item) {
	switch kind {
	case "ole":
		return func(it item) { w.ole(it) }
	case "pdf":
		return w.pdf
	case "rtf":
		return w.rtf
	case "activemime":
		return w.activeMime
	case "html", "svg":
		return w.page
	case "message":
		return w.message
	case "cms":
		return w.cms
	case "text":
		return w.uuencoded
	case "png", "jpeg", "gif":
		return func(it item) { w.picture(it.name, it.body) }
	}
	if activeWhat(kind) != "" && kind != "rdp" {
		return func(it item) { w.active(it, kind) }
	}
	return nil
}
