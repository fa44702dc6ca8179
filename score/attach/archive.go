package attach

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"strings"
)

// enter counts a file inside. It answers false when there were enough.
func (w *work) enter(name string) bool {
	w.files--
	if len(w.report.Files) < 200 {
		w.report.Files = append(w.report.Files, name)
	}
	return w.files > 0
}

// member counts a file inside an archive, and says so when there were enough.
func (w *work) member(archive, name string) bool {
	if w.enter(name) {
		return true
	}
	w.enough(archive)
	return false
}

func (w *work) enough(archive string) {
	w.find("archive_bomb", "The archive %q holds more files than are looked at.", archive)
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
		if !w.member(name, f.Name) {
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
	s, ok := w.zipped(f)
	if !ok || depth >= w.limits.Depth || w.left <= 0 {
		w.name(inner, "", depth+1)
		return
	}
	w.use(s, maxInner, func(b []byte) { w.file(inner, b, depth+1) })
}

// zipped reads a file in a zip archive, where it is packed by a method that can be read (APPNOTE 4.4.5).
func (w *work) zipped(f *zip.File) (stream, bool) {
	raw, err := f.OpenRaw()
	if err != nil || w.left <= 0 {
		return stream{}, false
	}
	switch f.Method {
	case zip.Store:
		return plain(raw), true
	case zip.Deflate:
		return w.deflated(raw), true
	}
	return stream{}, false
}

func (w *work) tar(name string, body []byte, depth int) {
	t := tar.NewReader(bytes.NewReader(body))
	for depth < w.limits.Depth {
		header, err := t.Next()
		if err != nil || !w.member(name, header.Name) {
			return
		}
		if header.Typeflag == tar.TypeReg {
			w.use(plain(t), maxInner, func(b []byte) { w.file(strings.ToLower(header.Name), b, depth+1) })
		}
	}
}
