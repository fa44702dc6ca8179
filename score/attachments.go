package score

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"clawback/score/extract"
)

// detectAttachments looks at the files that the message carries.
func detectAttachments(x *inspection) {
	for i := range x.mail.Parts {
		p := &x.mail.Parts[i]
		if x.bounce && p.Nested || !p.Attached() {
			continue
		}
		x.attachment(p)
	}
}

func (x *inspection) attachment(p *extract.Part) {
	name := strings.ToLower(strings.TrimSpace(p.Name))
	if name == "" && (strings.HasPrefix(p.Type, "image/") || strings.HasPrefix(p.Type, "message/") || strings.HasPrefix(p.Type, "text/") || strings.HasPrefix(p.Type, "multipart/")) {
		return
	}
	where := "part " + p.Path
	if p.Name != "" {
		where += ", " + p.Name
	}
	body := p.Body()
	sum := sha256.Sum256(body)
	if len(x.indicators) < maxIndicators && len(body) > 0 && !strings.HasPrefix(p.Type, "image/") {
		x.indicate("sha256", hex.EncodeToString(sum[:]))
	}
	x.attachmentName(name, where)
}

// attachmentName looks at what the file calls itself.
func (x *inspection) attachmentName(name, where string) {
	extension := strings.TrimPrefix(path.Ext(name), ".")
	switch {
	case executable(extension):
		x.note("attachment.executable", where, "The attached file %q is a program.", name)
	case script(extension):
		x.note("attachment.script", where, "The attached file %q is a script or a shortcut that runs something.", name)
	case diskImage(extension):
		x.note("attachment.disk_image", where, "The attached file %q is a disk image, whose content Windows does not mark as foreign.", name)
	case extension == "html" || extension == "htm" || extension == "shtml" || extension == "xhtml" || extension == "svg":
		if x.direct == "in" {
			x.note("attachment.html", where, "The attached file %q opens in a browser.", name)
		}
	}
	if inner := strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, "."+extension)), "."); document(inner) && (executable(extension) || script(extension)) {
		x.note("attachment.double_extension", where, "The attached file %q hides its kind behind a second extension.", name)
	}
}

func executable(extension string) bool {
	switch extension {
	case "exe", "scr", "com", "pif", "msi", "msix", "appx", "cpl", "dll", "jar", "bat", "cmd", "ps1", "gadget", "application", "apk", "xll":
		return true
	}
	return false
}

func script(extension string) bool {
	switch extension {
	case "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "lnk", "url", "reg", "scf", "msc", "chm", "settingcontent-ms", "iqy", "slk", "one", "mobileconfig", "jnlp", "library-ms", "search-ms", "wsc", "sct", "inf":
		return true
	}
	return false
}

func diskImage(extension string) bool {
	switch extension {
	case "iso", "img", "vhd", "vhdx", "udf", "daa":
		return true
	}
	return false
}

func document(extension string) bool {
	switch extension {
	case "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "rtf", "csv", "zip", "mp3", "mp4", "wav":
		return true
	}
	return false
}
