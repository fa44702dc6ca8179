package score

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"clawback/score/attach"
	"clawback/score/attach/qr"
	"clawback/score/extract"
	"clawback/score/web"
)

// maxPages is how many attached pages of a message are read.
const maxPages = 10

// hashFile notes the file's hash as an indicator. Pictures have none: they are the same in many messages. What only
// calls itself one has.
func (x *inspection) hashFile(a attachment) {
	if !strings.HasPrefix(a.part.Type, "image/") || !attach.Picture(a.file) {
		sum := sha256.Sum256(a.file.Body)
		x.indicate("sha256", hex.EncodeToString(sum[:]))
	}
}

const (
	maxFileName  = 255 // bytes of a file's name that are kept: file systems hold no longer ones
	maxFileNames = 30  // names of a message that are kept, so that they leave room for its links
)

// indicateName keeps the names of a file, by which a person searches for it. They are the sender's choice: no feed
// lists them.
func (x *inspection) indicateName(p *extract.Part) {
	for _, name := range append([]string{p.Name}, p.OtherNames...) {
		if name != "" && !strings.HasPrefix(p.Type, "image/") && x.fileNames < maxFileNames {
			x.fileNames++
			x.indicate("file", strings.ToValidUTF8(name[:min(len(name), maxFileName)], ""))
		}
	}
}

// attachmentName judges a file without content by its name.
func (x *inspection) attachmentName(a attachment) {
	for _, f := range attach.Unopened(a.file).Findings {
		x.note("attachment."+f.ID, a.where, "%s", f.Text)
	}
}

// fileReport turns what was found in a file into signals.
func (x *inspection) fileReport(r attach.Report, p *extract.Part, where string) {
	for _, f := range r.Findings {
		x.note("attachment."+f.ID, where, "%s", f.Text)
	}
	for _, text := range r.NotRead {
		x.notRead(where, text)
	}
	for _, text := range r.Unsearched {
		x.notSearched(where, text)
	}
	if r.Stopped != "" {
		x.note("attachment.stopped", where, "%s", r.Stopped)
	}
	if r.Unreadable != "" {
		x.note("attachment.unreadable", where, "The attached file cannot be read: %s.", r.Unreadable)
	}
	for _, l := range r.Links {
		if l.Again && x.frozen {
			continue
		}
		isCode := l.Where == "QR code"
		embedded := extract.Link{Kind: extract.Embedded, Where: l.Where + " in " + where, File: true}
		if isCode && x.mail.Add(l.URL, embedded) {
			x.note("link.qr", where, "The picture is a QR code that leads to %s.", web.Defang(l.URL))
			x.lastIsOfFile(true)
			continue
		}
		x.mail.Add(l.URL, extract.Link{Kind: extract.Embedded, Where: l.Where + " in " + where, File: true})
	}
	x.messages(r, p, where)
	x.enclosed = append(x.enclosed, r.Text)
	if r.Encrypted && x.direct == "in" {
		x.encrypted(r, where)
	}
	if x.direct != "in" {
		return
	}
	for _, file := range r.Pages {
		x.htmlFile(file.Text, file.Name, where)
	}
	if r.Kind == "pdf" {
		x.pdf(r, p, where)
	}
	stem := strings.TrimSuffix(strings.ToLower(p.Name), path.Ext(p.Name))
	if len(stem) >= 10 && !strings.HasPrefix(p.Type, "image/") && !x.list &&
		web.Random(strings.NewReplacer("_", "", "-", "", " ", "").Replace(stem)) {
		x.note("attachment.random_name", where, "The file's name %q looks as if a machine had made it.", p.Name)
	}
}

// drawnCodes reads the QR codes that the cells of tables draw.
func (x *inspection) drawnCodes() {
	for _, grid := range x.mail.HTML.Grids {
		code, ok := x.drawnCode(grid)
		link := extract.Link{Kind: extract.Embedded, Where: "QR code in text/html"}
		if ok && !(code.Again && x.frozen) && x.mail.Add(code.Text, link) {
			x.note("link.qr", "text/html", "The cells of a table draw a QR code that leads to %s.",
				web.Defang(code.Text))
		}
	}
}

// carriedCodes reads the QR codes of pictures that a page carries in their addresses.
func (x *inspection) carriedCodes(pictures []string, where string, file bool) {
	if x.frozen || x.direct != "in" || x.trusted || x.list {
		return
	}
	var files []attach.File
	for _, address := range pictures {
		if len(address) < smallPicture {
			continue
		}
		kind, body := extract.Carried(address)
		if file := (attach.File{Type: kind, Body: body}); attach.Picture(file) {
			if x.pictures++; x.pictures > maxPictures {
				x.notSearched(where, fmt.Sprintf("Of its pictures the first %d were searched for codes.",
					maxPictures))
				break
			}
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return
	}
	for _, r := range x.options.Inspector.Inspect(x.ctx, files, &x.files) {
		for _, text := range r.Unsearched {
			x.notSearched(where, text)
		}
		for _, l := range r.Links {
			link := extract.Link{Kind: extract.Embedded, Where: "QR code in " + where, File: file}
			if l.Where == "QR code" && x.mail.Add(l.URL, link) {
				x.note("link.qr", where, "A picture of the page is a QR code that leads to %s.", web.Defang(l.URL))
				x.lastIsOfFile(file)
			}
		}
	}
}

// drawnCode reads one. A panic of the reader's is a code that was not read, and not the end of the message.
func (x *inspection) drawnCode(grid [][]bool) (code qr.Code, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			x.notRead("text/html", fmt.Sprintf("A code that a table draws could not be read: %v.", r))
		}
	}()
	return qr.ReadGrid(grid)
}

// encrypted looks for the password in the text: who encrypts in earnest does not send it along.
func (x *inspection) encrypted(r attach.Report, where string) {
	switch {
	case r.Kind == "pdf":
		return // many banks send those
	case x.tellsPassword():
		x.note("attachment.encrypted_password", where, "The attached file is encrypted, and the text tells its password.")
	default:
		x.note("attachment.encrypted", where, "The attached file is encrypted, so that nothing could look into it.")
	}
}

// pdf looks at a PDF in relation to the mail around it.
func (x *inspection) pdf(r attach.Report, p *extract.Part, where string) {
	if x.reply || x.list || p.Nested || x.bounce {
		return
	}
	if x.freeMail && x.body.Words < 80 {
		x.note("attachment.pdf_free_mail", where, "A free mailbox sends a PDF with hardly a word beside it.")
	}
	first := slices.IndexFunc(r.Links, func(l attach.Link) bool { return l.Where != "QR code" }) // a code has a signal of its own
	if first >= 0 && len(r.Links) <= 6 && x.body.Words < 80 && !x.trusted {
		x.note("attachment.pdf_link", where, "The text is short, and the PDF leads to %s.", web.Defang(r.Links[first].URL))
	}
}

// htmlFile looks at an attached page, which opens in the browser with the file's own rights.
func (x *inspection) htmlFile(source, name, where string) {
	if x.pages++; x.pages > maxPages {
		x.notRead(where, fmt.Sprintf("Of the attached pages the first %d were read.", maxPages))
		return
	}
	links := len(x.mail.Links)
	h := x.mail.ReadHTML(source, "attached page, "+where)
	for i := links; i < len(x.mail.Links); i++ {
		l := &x.mail.Links[i]
		l.Kind, l.File = embeddedKind(l.Kind), true
	}
	x.carriedCodes(h.Pictures, where, true)
	x.ofPage("html", where, "The attached file %q opens in a browser.", name)
	lower := strings.ToLower(source)
	switch {
	case h.Passwords > 0:
		x.ofPage("html_login", where, "The attached page %q asks for a password.", name)
	case h.Forms > 0 && h.Scripts > 0:
		x.ofPage("html_form", where, "The attached page %q holds a form.", name)
	}
	x.smuggling(lower, h.Refresh != "", name, where)
}

// ofPage notes a signal of a page once for each attached file, which may be several pages in each other.
func (x *inspection) ofPage(id, where, format string, name string) {
	if !x.sawAt("attachment."+id, where) {
		x.note("attachment."+id, where, format, name)
	}
}

func embeddedKind(k extract.Kind) extract.Kind {
	if k == extract.Image || k == extract.Resource {
		return k
	}
	return extract.Embedded
}

// smuggling looks for pages that build a file or another page out of encoded data when they are opened.
func (x *inspection) smuggling(lower string, leadsOn bool, name, where string) {
	decodes := containsAny(lower, "atob(", "unescape(", "fromcharcode", "decodeuricomponent(", "parseint(", "charcodeat(")
	saves := containsAny(lower, "createobjecturl", "mssaveoropenblob", "mssaveblob", "new blob(", "download=", ".download")
	writes := containsAny(lower, "document.write", "eval(", "innerhtml", "new function(", "window.location",
		"location.href", "location.replace", "settimeout(")
	switch {
	case saves && (decodes || longRun(lower) > 2000) && strings.Contains(lower, "<script"):
		x.ofPage("html_smuggling", where, "The attached page %q builds a file out of encoded data when it is opened.", name)
	case decodes && writes && strings.Contains(lower, "<script"):
		x.ofPage("html_obfuscated", where, "The attached page %q hides what it does in encoded data.", name)
	case leadsOn || containsAny(lower, "window.location", "location.href=", "location.replace"):
		x.ofPage("html_redirect", where, "The attached page %q leads elsewhere at once.", name)
	}
}

func containsAny(s string, all ...string) bool {
	for _, one := range all {
		if strings.Contains(s, one) {
			return true
		}
	}
	return false
}

// longRun is the longest run of letters, digits, + and /.
func longRun(s string) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if alphanumeric(s[i]) || s[i] == '+' || s[i] == '/' {
			run++
			longest = max(longest, run)
			continue
		}
		run = 0
	}
	return longest
}

// onlyFile looks at mail that is a picture or file and nothing else, from a stranger.
func (x *inspection) onlyFile() {
	if x.direct != "in" || x.reply || x.list || x.bounce || x.trusted || x.body.Words > 8 {
		return
	}
	files := 0
	for i := range x.mail.Parts {
		if p := &x.mail.Parts[i]; p.Attached() && p.Name != "" && !p.Nested {
			files++
		}
	}
	if files > 0 && x.freeMail {
		x.note("structure.only_file", "text", "It is a file and hardly a word, from a free mailbox.")
	}
}
