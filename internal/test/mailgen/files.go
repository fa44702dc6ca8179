package mailgen

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Zip packs files into an archive. Encrypted marks them so; their content is then not to be read.
func Zip(encrypted bool, files ...File) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		w, err := z.Create(f.Name)
		if err != nil {
			continue // an in-memory archive does not fail
		}
		w.Write(f.Body)
	}
	z.Close()
	if encrypted {
		return markEncrypted(out.Bytes())
	}
	return out.Bytes()
}

// markEncrypted sets the flag of APPNOTE 4.4.4 in every header of an archive.
func markEncrypted(b []byte) []byte {
	for i := 0; i+10 < len(b); i++ {
		switch {
		case bytes.HasPrefix(b[i:], []byte("PK\x03\x04")):
			b[i+6] |= 1
		case bytes.HasPrefix(b[i:], []byte("PK\x01\x02")):
			b[i+8] |= 1
		}
	}
	return b
}

// QR draws a QR code.
func QR(text string) []byte {
	matrix, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(text, gozxing.BarcodeFormat_QR_CODE, 220, 220)
	if err != nil {
		return nil
	}
	picture := image.NewGray(image.Rect(0, 0, 220, 220))
	for x := range 220 {
		for y := range 220 {
			shade := uint8(255)
			if matrix.Get(x, y) {
				shade = 0
			}
			picture.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil
	}
	return out.Bytes()
}

// PDF is a page with one link.
func PDF(link string) []byte {
	return fmt.Appendf(nil, "%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages "+
		"/Kids [3 0 R] /Count 1 >>\nendobj\n"+
		"3 0 obj\n<< /Type /Page /Parent 2 0 R /Annots [4 0 R] >>\nendobj\n4 0 obj\n<< /Type /Annot /Subtype /Link "+
		"/A << /S /URI /URI (%s) >> >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%%%EOF\n", link)
}

// Docx is a document whose relationships name what it fetches.
func Docx(kind, target string) []byte {
	return Zip(false,
		File{Name: "[Content_Types].xml", Body: []byte(`<?xml version="1.0"?><Types/>`)},
		File{Name: "word/document.xml", Body: []byte(`<w:document><w:body><w:p><w:r><w:t>See the form.</w:t></w:r></w:p></w:body></w:document>`)},
		File{Name: "word/_rels/settings.xml.rels",
			Body: fmt.Appendf(nil, `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s" TargetMode="External"/></Relationships>`, kind, target)},
	)
}

// Calendar is an invitation.
func Calendar(organizer, summary, description string) []byte {
	return fmt.Appendf(nil, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{hex}\r\nORGANIZER:mailto:%s\r\nSUMMARY:%s\r\nDESCRIPTION:%s\r\nDTSTART:20261105T090000Z\r\nDTEND:20261105T093000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", organizer, summary, description)
}
