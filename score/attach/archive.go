package attach

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/nwaples/rardecode/v2"
)

// maxInner is how much of one file inside an archive is looked at.
const maxInner = 8 << 20

// read unpacks at most what is left of the limit.
func (w *work) read(r io.Reader) []byte {
	most := min(w.left, maxInner)
	if most <= 0 {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(r, most)) // what could be read is looked at
	w.left -= int64(len(out))
	return out
}

// enter counts a file inside. It answers false when there were enough.
func (w *work) enter(name string) bool {
	w.files--
	if len(w.report.Files) < 200 {
		w.report.Files = append(w.report.Files, name)
	}
	return w.files > 0
}

func (w *work) zip(name string, body []byte, depth int) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		w.report.Unreadable = "zip: " + err.Error()
		return
	}
	if office(z) {
		w.ooxml(name, z)
		return
	}
	for _, f := range z.File {
		if !w.enter(f.Name) {
			w.find("archive_bomb", "The archive %q holds more files than are looked at.", name)
			return
		}
		w.zipFile(name, f, depth)
	}
}

func (w *work) zipFile(archive string, f *zip.File, depth int) {
	inner := strings.ToLower(f.Name)
	if f.Flags&1 != 0 { // APPNOTE 4.4.4: encrypted
		w.report.Encrypted = true
		w.name(inner, "", depth+1)
		return
	}
	if f.UncompressedSize64 > 200<<20 && f.CompressedSize64*200 < f.UncompressedSize64 {
		w.find("archive_bomb", "The file %q in %q would unpack to more than two hundred times its size.", f.Name, archive)
		return
	}
	if depth >= w.limits.Depth || w.left <= 0 {
		w.name(inner, "", depth+1)
		return
	}
	r, err := f.Open()
	if err != nil {
		w.name(inner, "", depth+1)
		return
	}
	defer r.Close()
	w.file(inner, w.read(r), depth+1)
}

func (w *work) gzip(name string, body []byte, depth int) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil || depth >= w.limits.Depth {
		return
	}
	inner := strings.ToLower(z.Name)
	if inner == "" {
		inner = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".tgz")
	}
	w.enter(inner)
	w.file(inner, w.read(z), depth+1)
}

func (w *work) tar(body []byte, depth int) {
	t := tar.NewReader(bytes.NewReader(body))
	for depth < w.limits.Depth {
		header, err := t.Next()
		if err != nil || !w.enter(header.Name) {
			return
		}
		if header.Typeflag == tar.TypeReg {
			w.file(strings.ToLower(header.Name), w.read(t), depth+1)
		}
	}
}

// rar reads the names only: unpacking needs memory that the archive itself asks for.
func (w *work) rar(name string, body []byte, depth int) {
	r, err := rardecode.NewReader(bytes.NewReader(body), rardecode.MaxDictionarySize(8<<20))
	if err != nil {
		w.report.Encrypted = strings.Contains(err.Error(), "password")
		w.report.Unreadable = "rar: " + err.Error()
		return
	}
	for {
		header, err := r.Next()
		if err != nil {
			if strings.Contains(err.Error(), "password") {
				w.report.Encrypted = true
			}
			return
		}
		if !w.enter(header.Name) {
			w.find("archive_bomb", "The archive %q holds more files than are looked at.", name)
			return
		}
		w.report.Encrypted = w.report.Encrypted || header.Encrypted
		w.name(strings.ToLower(header.Name), "", depth+1)
	}
}
