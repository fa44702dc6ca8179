package mailset

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"html"
	"path"
	"slices"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"clawback/internal/test/mailgen"
)

// Message renders a mail as Exchange Online would journal its original. The same mail gives the same bytes.
func (m *Mail) Message() (mailgen.Message, error) {
	t := mailgen.Template{
		Name: m.ID, Language: m.Language, Attack: m.Bad, Auth: mailgen.Auth(m.Auth), From: m.From, Sender: m.Sender,
		ReplyTo: m.ReplyTo, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Headers: m.Headers,
	}
	if m.isReply() {
		t.Headers = append(slices.Clone(t.Headers), "In-Reply-To: <{hex}@contoso.example>")
	}
	if err := m.place(&t); err != nil {
		return mailgen.Message{}, fmt.Errorf("%s-%s %s: %w", m.Language, m.Kind, m.ID, err)
	}
	seed := fnv.New64a()
	if m.Collection == HeldOut {
		fmt.Fprint(seed, m.Collection)
	}
	fmt.Fprint(seed, m.Language, m.Kind, m.ID)
	return mailgen.Make(&t, seed.Sum64()), nil
}

// isReply reports whether a message is a reply within a correspondence. Mail programs mark those, also for whoever
// took the mailbox over.
func (m *Mail) isReply() bool {
	prefix, _, found := strings.Cut(strings.ToLower(m.Subject), ":")
	return found && m.Before == "correspondent" && m.Auth == "pass" &&
		slices.Contains([]string{"re", "aw", "antw", "res", "rép"}, strings.TrimSpace(prefix))
}

// place puts the code and the file where they belong.
func (m *Mail) place(t *mailgen.Template) error {
	code := mailgen.File{Name: "image001.png", Type: "image/png"}
	switch m.Where {
	case "cid":
		code.Body = mailgen.QR(m.QR)
		t.Shown = append(t.Shown, code)
		t.HTML = m.page() + `<img src="cid:image001.png">`
	case "data":
		t.HTML = m.page() + `<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(mailgen.QR(m.QR)) +
			`">`
	case "attached":
		code.Body = mailgen.QR(m.QR)
		t.Files = append(t.Files, code)
	case "table":
		table, err := qrTable(m.QR)
		if err != nil {
			return err
		}
		t.HTML = m.page() + table
	}
	if m.File == "" {
		return nil
	}
	file, err := m.file()
	t.Files = append(t.Files, file)
	return err
}

// page is the HTML body: the one given, or the text.
func (m *Mail) page() string {
	if m.HTML != "" {
		return m.HTML
	}
	return "<p>" + strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>") + "</p>"
}

// file makes the attached file of the kind that its name says.
func (m *Mail) file() (mailgen.File, error) {
	f := mailgen.File{Name: m.File}
	var picture []byte
	if fileOf[m.Where] != "" {
		picture = mailgen.QR(m.QR)
	}
	var err error
	switch path.Ext(m.File) {
	case ".pdf":
		f.Type = "application/pdf"
		f.Body, err = pdf(m.FileText, picture)
	case ".docx":
		f.Type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		f.Body = docx(m.FileText, picture)
	case ".ics":
		f.Type = "text/calendar; method=REQUEST; charset=utf-8"
		f.Body = mailgen.Calendar(address(m.From), m.Subject, strings.ReplaceAll(m.FileText, "\n", `\n`))
	case ".png":
		f.Type, f.Body = "image/png", picture
	case ".txt":
		f.Type, f.Body = "text/plain; charset=utf-8", []byte(m.FileText)
	default:
		err = fmt.Errorf("file %q: make it .pdf, .docx, .ics, .txt or .png", m.File)
	}
	return f, err
}

func address(header string) string {
	if at := strings.LastIndexByte(header, '<'); at >= 0 {
		return strings.Trim(header[at:], "<>")
	}
	return header
}

// pdf is one page: the text, and the picture below it.
func pdf(text string, picture []byte) ([]byte, error) {
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetCatalogSort(true)
	doc.SetCreationDate(now)
	doc.SetModificationDate(now)
	doc.AddPage()
	doc.SetFont("Helvetica", "", 11)
	doc.MultiCell(0, 6, doc.UnicodeTranslatorFromDescriptor("cp1252")(text), "", "L", false)
	if picture != nil {
		options := fpdf.ImageOptions{ImageType: "PNG"}
		doc.RegisterImageOptionsReader("code", options, bytes.NewReader(picture))
		doc.ImageOptions("code", 15, doc.GetY()+8, 60, 60, false, options, 0, "")
	}
	var out bytes.Buffer
	err := doc.Output(&out)
	return out.Bytes(), err
}

const relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

// docx is one document: a paragraph for each line, and the picture below them.
func docx(text string, picture []byte) []byte {
	var body strings.Builder
	for line := range strings.Lines(text) {
		fmt.Fprintf(&body, "<w:p><w:r><w:t>%s</w:t></w:r></w:p>", html.EscapeString(strings.TrimSpace(line)))
	}
	files := []mailgen.File{{Name: "[Content_Types].xml", Body: []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ` +
		`ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)}}
	if picture != nil {
		body.WriteString(`<w:p><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" r:embed="rId1"/></w:drawing></w:r></w:p>`)
		files = append(files,
			mailgen.File{Name: "word/media/image1.png", Body: picture},
			mailgen.File{Name: "word/_rels/document.xml.rels",
				Body: []byte(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
					`<Relationship Id="rId1" Type="` + relationships +
					`/image" Target="media/image1.png"/></Relationships>`)})
	}
	document := `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
		`xmlns:r="` + relationships + `"><w:body>` + body.String() + `</w:body></w:document>`
	files = append(files,
		mailgen.File{Name: "_rels/.rels", Body: []byte(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="` + relationships +
			`/officeDocument" Target="word/document.xml"/></Relationships>`)},
		mailgen.File{Name: "word/document.xml", Body: []byte(document)})
	return mailgen.Zip(false, files...)
}

// qrTable is a code drawn by the cells of a table, as senders do whose pictures are looked at.
func qrTable(text string) (string, error) {
	matrix, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(text, gozxing.BarcodeFormat_QR_CODE, 1, 1)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(`<table cellspacing="0" cellpadding="0" border="0" style="border-collapse:collapse">`)
	for y := range matrix.GetHeight() {
		out.WriteString("<tr>")
		for x := range matrix.GetWidth() {
			shade := "#ffffff"
			if matrix.Get(x, y) {
				shade = "#000000"
			}
			fmt.Fprintf(&out, `<td width="4" height="4" bgcolor="%s"></td>`, shade)
		}
		out.WriteString("</tr>")
	}
	out.WriteString("</table>")
	return out.String(), nil
}
