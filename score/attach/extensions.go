package attach

import (
	_ "embed" // the list of extensions
	"strings"
	"sync"
)

// Class says what becomes of a file when it is opened, as far as its extension tells.
type Class string

// The classes of extensions. Most files have none.
const (
	Harmless Class = ""
	Program  Class = "program" // runs as it is
	Script   Class = "script"  // is run or followed by a program that is already there
	Image    Class = "image"   // is mounted as a disk
	Data     Class = "data"    // Outlook does not let it be opened, and it is seldom more than data
)

// active reports whether a file does something when it is opened.
func (c Class) active() bool { return c == Program || c == Script || c == Image }

// Extension is an entry of the list of extensions.
type Extension struct {
	Name    string // lower case, without the dot
	Class   Class
	Link    bool   // a link to such a file is worth a word
	Sources string // which lists name it: letters that the head of extensions.txt explains
	What    string // what such a file is
}

//go:embed extensions.txt
var extensionsText string

var extensions = sync.OnceValue(func() map[string]Extension {
	all := map[string]Extension{}
	for line := range strings.SplitSeq(extensionsText, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[0] == "#" {
			continue
		}
		all[fields[0]] = Extension{
			Name: fields[0], Class: Class(fields[1]), Link: fields[2] == "link", Sources: fields[3],
			What: strings.Join(fields[4:], " "),
		}
	}
	return all
})

// LookUp finds an extension, given in lower case and without its dot, in the list.
func LookUp(extension string) Extension {
	if strings.HasPrefix(extension, "{") { // Windows takes a class id for an extension, and starts what it names
		return Extension{Name: extension, Class: Script, What: "class id"}
	}
	if found, ok := extensions()[extension]; ok {
		return found
	}
	return Extension{Name: extension}
}

// document reports whether the extension is one of a harmless kind that others hide behind.
func document(extension string) bool {
	switch extension {
	case "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "txt", "rtf", "csv", "zip",
		"mp3", "mp4", "wav", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "odt", "ods":
		return true
	}
	return false
}

// harmless reports whether the extension is one that people open without a thought, documents or not.
func harmless(extension string) bool {
	switch extension {
	case "eml", "msg", "xml", "ics", "vcf", "htm", "html", "log", "json", "md":
		return true
	}
	return document(extension)
}

// page reports whether files of that extension are opened by a browser, which runs what scripts are in them.
func page(extension string) bool {
	switch extension {
	case "htm", "html", "shtm", "shtml", "xhtml", "xht", "xhtm", "svg", "svgz", "dhtml", "stm", "htmls":
		return true
	}
	return false
}

// webArchive reports whether files of that extension are pages with what belongs to them, in the form of a message.
func webArchive(extension string) bool { return extension == "mht" || extension == "mhtml" }

// expected are the kinds that an extension may be, "" where any may.
func expected(extension string) string {
	switch extension {
	case "pdf":
		return "pdf"
	case "doc", "xls", "ppt":
		return "ole zip rtf html text xml message"
	case "docx", "xlsx", "pptx":
		return "zip ole"
	case "jpg", "jpeg", "png", "gif", "bmp":
		return "jpeg png gif bmp webp"
	case "zip":
		return "zip"
	case "txt", "csv":
		return "text html xml message"
	}
	return ""
}
