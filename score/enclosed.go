package score

import (
	"fmt"
	"maps"
	"strings"

	"clawback/score/attach"
	"clawback/score/extract"
)

// maxPictures is how many pictures of a message are searched for QR codes.
const maxPictures = 12

// smallPicture is how many bytes, encoded, a picture has at least that holds a QR code.
const smallPicture = 400

// pictureHead is how much of a picture is decoded to see that it is one.
const pictureHead = 1 << 10

// attachment is a part that a mail program shows as a file.
type attachment struct {
	part  *extract.Part
	file  attach.File // its name in lower case, its content decoded
	where string
}

// detectAttachments looks at the files that the message carries, and adds the links in them to the message's.
// Messages that lie in files are taken apart, and their files looked at in turn.
func detectAttachments(x *inspection) {
	for from := 0; from < len(x.mail.Parts); {
		all := x.attachments(from)
		from = len(x.mail.Parts)
		x.lookInto(all)
	}
	x.drawnCodes()
	x.carriedCodes(x.mail.HTML.Pictures, "text/html", false)
	x.onlyFile()
	x.gatherEnclosed()
}

// ofFile is what phrases count in what is attached, which the reader has to open.
const ofFile = 0.8

// gatherEnclosed adds the topics of attached messages, events and documents to those of the text. Those that only they
// have are found by looking at files, and are witnesses of that.
func (x *inspection) gatherEnclosed() {
	whole := strings.TrimSpace(x.mail.Enclosed + "\n" + strings.Join(x.enclosed, "\n"))
	if len(whole) > maxText {
		x.notSearched("message", fmt.Sprintf("Of what its files say the first %d bytes were searched for words.",
			maxText))
	}
	text := cut(whole, maxText)
	if text == "" || x.bounce {
		return
	}
	x.enclosed = []string{text}
	folded := x.lexicon.Fold(withoutURLs(text))
	own := maps.Clone(x.topics)
	for _, hit := range x.lexicon.Find(folded.Text) {
		x.merge(hit, ofFile*density(folded.Words))
		x.fileTopics[hit.Topic] = own[hit.Topic].Weight < topicFrom(hit.Topic)
	}
}

// lookInto looks into files, all at once, since that may take place in another process.
func (x *inspection) lookInto(all []attachment) {
	var files []attach.File
	for _, a := range all {
		if len(a.file.Body) > 0 {
			files = append(files, a.file)
		}
	}
	var reports []attach.Report
	if len(files) > 0 {
		reports = x.options.Inspector.Inspect(x.ctx, files, &x.files)
	}
	for _, a := range all {
		x.indicateName(a.part)
		if len(a.file.Body) == 0 {
			x.attachmentName(a)
			x.otherNames(a)
			continue
		}
		x.hashFile(a)
		x.fileReport(reports[0], a.part, a.where)
		x.otherNames(a)
		reports = reports[1:]
	}
}

// otherNames judges a file by the further names that the message gives it.
func (x *inspection) otherNames(a attachment) {
	for _, name := range a.part.OtherNames {
		for _, f := range attach.Name(strings.ToLower(name)) {
			if !x.sawAt("attachment."+f.ID, a.where) {
				x.note("attachment."+f.ID, a.where, "%s", f.Text)
			}
		}
	}
}

// sawAt reports whether a signal was noted at a place.
func (x *inspection) sawAt(id, where string) bool {
	for _, f := range x.found {
		if f.ID == id && f.where == where {
			return true
		}
	}
	return false
}

// attachments are the files that are looked into, in order, from one part on.
func (x *inspection) attachments(from int) []attachment {
	var all []attachment
	for i := from; i < len(x.mail.Parts); i++ {
		p := &x.mail.Parts[i]
		if x.bounce && p.Nested || !p.Attached() && !p.Page() {
			continue
		}
		file := attach.File{Name: strings.ToLower(strings.TrimSpace(p.Name)), Type: p.Type, In: p.Files}
		a := attachment{p, file, "part " + p.Path}
		if p.Name != "" {
			a.where += ", " + p.Name
		}
		switch {
		case x.needlessPicture(&a):
			x.attachmentName(a)
			x.otherNames(a)
			continue
		case a.file.Name == "" && body(p):
			continue
		}
		a.file.Body = p.Body()
		all = append(all, a)
	}
	return all
}

// body reports whether a part without a name is a text of the message, and no file.
func body(p *extract.Part) bool {
	return !p.Page() && p.Disposition != "attachment" &&
		(strings.HasPrefix(p.Type, "text/") || strings.HasPrefix(p.Type, "multipart/"))
}

// needlessPicture reports whether a file is a picture in which no QR code is looked for: small ones and those after
// the first few, and those of senders who send none. What only calls itself a picture is looked into as any other
// file.
func (x *inspection) needlessPicture(a *attachment) bool {
	p := a.part
	if !strings.HasPrefix(p.Type, "image/") || strings.HasPrefix(p.Type, "image/svg") {
		return false
	}
	head := a.file
	if head.Body = p.Head(pictureHead); !attach.Picture(head) {
		return false
	}
	if x.direct != "in" || x.trusted || x.list || p.Encoded() < smallPicture {
		return true
	}
	if x.pictures++; x.pictures > maxPictures {
		x.notSearched(a.where, fmt.Sprintf("Of its pictures the first %d were searched for codes.", maxPictures))
		return true
	}
	return false
}

// messages takes the messages apart that lie in a file.
func (x *inspection) messages(r attach.Report, p *extract.Part, where string) {
	if x.bounce && p.Report {
		return // what was returned
	}
	for _, m := range r.Messages {
		if p.Files >= x.files.Depth {
			x.notRead(where, fmt.Sprintf("The message %q was not read: it lies in too many files.", m.Name))
			continue
		}
		x.files.Bytes -= int64(len(m.Raw))
		if x.files.Bytes < 0 {
			x.notRead(where, fmt.Sprintf("The message %q was not read: too much was unpacked before it.", m.Name))
			continue
		}
		x.mail.Attach(m.Raw, extract.Enclosed{Path: p.Path, Name: m.Name, Files: p.Files + m.Depth + 1})
	}
}
